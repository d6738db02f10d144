/*
 * IDX, the format of MNIST (http://yann.lecun.com/exdb/mnist): two zero bytes, the element's type, the
 * number of dimensions, the dimensions as 4 bytes each, the elements; the highest byte first.
 */
#include "formats/array_file.h"

static nn_status idx_type(const nn__source *source, int code, nn__array *array)
{
    static const struct {
        int code;
        char kind;
        int size;
    } types[] = {{0x08, 'u', 1}, {0x09, 'i', 1}, {0x0B, 'i', 2},
                 {0x0C, 'i', 4}, {0x0D, 'f', 4}, {0x0E, 'f', 8}};
    for (size_t i = 0; i < NN__COUNT(types); i++) {
        if (types[i].code != code)
            continue;
        array->kind = types[i].kind;
        array->size = types[i].size;
        return NN_OK;
    }
    return nn_fail(NN_EFORMAT, "%s: byte 2: element type 0x%02x is none of IDX", source->name,
                   (unsigned)code);
}

nn_status nn__idx_header(const nn__source *source, nn__array *array)
{
    unsigned char head[4 + 4 * NN_MAX_RANK];
    uint64_t dims[NN_MAX_RANK];
    *array = (nn__array){.big = 1};
    if (source->size < 4)
        return nn_fail(NN_EFORMAT, "%s: %llu bytes are no IDX header", source->name,
                       (unsigned long long)source->size);
    NN_TRY(nn__source_read(source, 0, head, 4));
    if (head[0] == 0x1F && head[1] == 0x8B)
        return nn_fail(NN_ENOTSUP, "%s: packed by gzip; nn_files_idx (libnn_files) reads it",
                       source->name);
    if (head[0] != 0 || head[1] != 0)
        return nn_fail(NN_EFORMAT, "%s: begins with 0x%02x 0x%02x, an IDX file with 0 0",
                       source->name, head[0], head[1]);
    NN_TRY(idx_type(source, head[2], array));
    int rank = head[3];
    array->first = 4 + 4 * (uint64_t)rank;
    if (rank >= 1 && rank <= NN_MAX_RANK) {
        NN_TRY(nn__source_read(source, 4, head + 4, 4 * (size_t)rank));
        for (int i = 0; i < rank; i++)
            dims[i] = nn__bytes_big(head + 4 + 4 * i, 4);
    }
    return nn__array_shape(array, source, dims, rank);
}
