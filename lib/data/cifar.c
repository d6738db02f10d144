/*
 * Records of pictures: see cifar.h. A few at a time pass through a small buffer, so that nothing
 * beyond the final bytes is held.
 */
#include "data/cifar.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"

enum { SIDE = 32, PLANE = SIDE * SIDE };
enum { BUFFERED = 32 }; /* records read at once */

static size_t record_size(const nn__cifar *cifar)
{
    return (size_t)cifar->labels + 3 * PLANE;
}

static void record_unpack(const unsigned char *planes, unsigned char *pixels)
{
    for (int i = 0; i < PLANE; i++)
        for (int k = 0; k < 3; k++)
            pixels[3 * i + k] = planes[k * PLANE + i];
}

static nn_status batch_open(const char *directory, const char *name, nn__reader **reader)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = nn__alloc(size, "a path");
    if (path == NULL)
        return NN_ENOMEM;
    snprintf(path, size, "%s/%s", directory, name);
    nn_status status = nn__reader_open(path, reader);
    nn__free(path);
    return status;
}

/* How many records the file holds, by its length. */
static nn_status batch_count(const nn__reader *reader, uint64_t record, uint64_t *records)
{
    uint64_t bytes = nn__reader_size(reader);
    if (bytes == 0)
        return nn_fail(NN_EFORMAT, "%s: 0 bytes, no record", nn__reader_path(reader));
    if (bytes % record != 0)
        return nn_fail(NN_EFORMAT, "%s: %llu bytes is no multiple of %llu", nn__reader_path(reader),
                       (unsigned long long)bytes, (unsigned long long)record);
    *records = bytes / record;
    return NN_OK;
}

static nn_status record_check(const nn__cifar *cifar, const nn__reader *reader, uint64_t number,
                              const unsigned char *record)
{
    for (int k = 0; k < cifar->labels; k++)
        if (record[k] >= cifar->classes[k])
            return nn_fail(NN_EFORMAT, "%s: record %llu: %s %d is above %d",
                           nn__reader_path(reader), (unsigned long long)number, cifar->words[k],
                           record[k], cifar->classes[k] - 1);
    return NN_OK;
}

/* Records 0..count-1 of the file into the rows from `row` on. */
static nn_status batch_read(const nn__cifar *cifar, const nn__reader *reader, uint64_t count,
                            nn__pictures *p, size_t row)
{
    const size_t size = record_size(cifar);
    unsigned char *buffer = nn__alloc(BUFFERED * size, "records of CIFAR");
    nn_status status = buffer != NULL ? NN_OK : NN_ENOMEM;
    for (uint64_t done = 0; status == NN_OK && done < count;) {
        uint64_t part = count - done < BUFFERED ? count - done : BUFFERED;
        NN_TRY_GOTO(out, nn__reader_read(reader, done * size, buffer, (size_t)part * size));
        for (uint64_t i = 0; i < part; i++, done++, row++) {
            const unsigned char *record = buffer + i * size;
            NN_TRY_GOTO(out, record_check(cifar, reader, done, record));
            p->labels[row] = record[cifar->which];
            record_unpack(record + cifar->labels, p->pixels + row * p->size);
        }
    }
out:
    nn__free(buffer);
    return status;
}

static void batches_close(nn__reader *readers[NN__CIFAR_FILES])
{
    for (int i = 0; i < NN__CIFAR_FILES; i++)
        nn__reader_close(readers[i]);
}

/* Opens the files, as many as `limit` rows need (0: all), and counts the rows. */
static nn_status batches_open(const nn__cifar *cifar, nn__reader *readers[NN__CIFAR_FILES],
                              uint64_t counts[NN__CIFAR_FILES], uint64_t *rows)
{
    uint64_t limit = cifar->limit;
    for (int i = 0; cifar->files[i] != NULL && (limit == 0 || *rows < limit); i++) {
        NN_TRY(batch_open(cifar->directory, cifar->files[i], &readers[i]));
        NN_TRY(batch_count(readers[i], record_size(cifar), &counts[i]));
        if (limit != 0 && counts[i] > limit - *rows)
            counts[i] = limit - *rows;
        *rows += counts[i];
    }
    return NN_OK;
}

/* The rows in the order of the files; NULL when anything is wrong. */
static nn__pictures *batches_read(const nn__cifar *cifar, const nn_shape *shape)
{
    nn__reader *readers[NN__CIFAR_FILES] = {NULL};
    uint64_t counts[NN__CIFAR_FILES] = {0}, rows = 0;
    nn__pictures *pictures = NULL;
    if (batches_open(cifar, readers, counts, &rows) == NN_OK && rows <= SIZE_MAX)
        pictures = nn__pictures_new((size_t)rows, shape, cifar->classes[cifar->which]);
    size_t row = 0;
    for (int i = 0; pictures != NULL && i < NN__CIFAR_FILES && counts[i] > 0; i++) {
        if (batch_read(cifar, readers[i], counts[i], pictures, row) != NN_OK) {
            nn__pictures_free(pictures);
            pictures = NULL;
        }
        row += (size_t)counts[i];
    }
    batches_close(readers);
    return pictures;
}

nn_dataset *nn__cifar_dataset(const nn__cifar *cifar)
{
    static const nn_shape shape = {3, {SIDE, SIDE, 3}};
    if (nn__dataset_choice(cifar->one_hot, 1, cifar->kind->name, "one_hot") != NN_OK)
        return NULL;
    if (cifar->directory == NULL) {
        nn_fail(NN_EINVAL, "%s: directory must be given", cifar->kind->name);
        return NULL;
    }
    nn__pictures *pictures = batches_read(cifar, &shape);
    if (pictures == NULL)
        return NULL;
    return nn__pictures_dataset(pictures, cifar->kind, &shape, cifar->one_hot, cifar->class_names);
}
