/* Files in memory that tests put together, and what every reader must survive: each of their
 * beginnings, and each of their bytes changed. */
#ifndef NN__TESTS_DATA_BYTES_H
#define NN__TESTS_DATA_BYTES_H

#include "test.h"

enum { BYTES_MOST = 16384 };

typedef struct bytes {
    unsigned char data[BYTES_MOST];
    size_t size;
} bytes;

static inline void bytes_put(bytes *b, const void *data, size_t size)
{
    ck_assert_uint_le(b->size + size, BYTES_MOST);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

/* A number of `size` bytes, the lowest or the highest first. */
static inline void bytes_number(bytes *b, uint64_t value, int size, int big)
{
    unsigned char p[8];
    for (int i = 0; i < size; i++)
        p[big ? size - 1 - i : i] = (unsigned char)(value >> 8 * i);
    bytes_put(b, p, (size_t)size);
}

static inline void bytes_save(const bytes *b, const char *path)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(b->data, 1, b->size, file), b->size);
    fclose(file);
}

typedef nn_dataset *bytes_read(const void *data, size_t size);

/* Beginnings must be refused with a message; changed bytes must be refused, or give a dataset whose
 * rows can be read. The memory is exactly as long as the data, for the address sanitizer. */
static inline void bytes_sweep(const bytes *b, bytes_read *read, int beginnings_may_pass)
{
    static const unsigned char changes[] = {0x01, 0x80, 0xFF};
    for (size_t size = 0; size < b->size; size++) {
        unsigned char *copy = malloc(size + 1);
        ck_assert_ptr_nonnull(copy);
        copy[size] = 0;
        memcpy(copy, b->data, size);
        nn_dataset *dataset = read(copy, size);
        ck_assert_msg(beginnings_may_pass || dataset == NULL, "%zu bytes were accepted", size);
        if (dataset == NULL)
            ck_assert_str_ne(nn_error_message(), "");
        nn_dataset_free(dataset);
        free(copy);
    }
    for (size_t at = 0; at < b->size; at++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            unsigned char *copy = malloc(b->size);
            ck_assert_ptr_nonnull(copy);
            memcpy(copy, b->data, b->size);
            copy[at] ^= changes[k];
            nn_dataset *dataset = read(copy, b->size);
            if (dataset != NULL) {
                size_t count = 1;
                const nn_shape *shape = nn_dataset_shape(dataset);
                for (int i = 0; i < shape->rank; i++)
                    count *= (size_t)shape->dims[i];
                nn_real *x = malloc(count * sizeof *x);
                ck_assert_ptr_nonnull(x);
                for (size_t row = 0; row < nn_dataset_rows(dataset); row++)
                    ck_assert_int_eq(nn_dataset_row(dataset, row, x, NULL), NN_OK);
                free(x);
            }
            nn_dataset_free(dataset);
            free(copy);
        }
    }
}

/* Row `row` of dataset begins with x[0..count-1] and has that label; rows of at most 256. */
static inline void bytes_row(const nn_dataset *dataset, size_t row, const double *x, size_t count,
                             int label)
{
    nn_real have[256];
    int class_ = -7;
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    size_t size = 1;
    const nn_shape *shape = nn_dataset_shape(dataset);
    for (int i = 0; i < shape->rank; i++)
        size *= (size_t)shape->dims[i];
    ck_assert_uint_le(size, 256);
    ck_assert_uint_le(count, size);
    ck_assert_int_eq(nn_dataset_row(dataset, row, have, &class_), NN_OK);
    ck_assert_int_eq(class_, label);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(have[i] == (nn_real)x[i], "element %zu is %.9g, not %.9g", i, (double)have[i],
                      x[i]);
}

#endif
