/* Elements of array files into tensors: see array_file.h. */
#include "formats/array_file.h"

#include <limits.h>

enum { CHUNK = 8192 }; /* elements on their way at once */

nn_status nn__array_shape(nn__array *array, const nn__source *source, const uint64_t *dims,
                          int rank)
{
    if (rank < 1 || rank > NN_MAX_RANK)
        return nn_fail(NN_ENOTSUP, "%s: %d dimensions; 1..%d are supported", source->name, rank,
                       NN_MAX_RANK);
    size_t bytes = (size_t)array->size;
    array->shape = (nn_shape){rank, {0}};
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 1 || dims[i] > INT_MAX)
            return nn_fail(dims[i] < 1 ? NN_EFORMAT : NN_ENOTSUP,
                           "%s: dimension %d is %llu; it must be 1..%d", source->name, i,
                           (unsigned long long)dims[i], INT_MAX);
        array->shape.dims[i] = (int)dims[i];
        bytes = nn__mul(bytes, (size_t)dims[i]);
    }
    uint64_t have = source->size - array->first;
    if (bytes == SIZE_MAX || bytes != have) {
        char text[NN__SHAPE_TEXT];
        return nn_fail(NN_EFORMAT, "%s: %llu bytes after the header; %s of %d bytes need %s%zu",
                       source->name, (unsigned long long)have,
                       nn__shape_text(&array->shape, text, sizeof text), array->size,
                       bytes == SIZE_MAX ? "at least " : "", bytes);
    }
    return NN_OK;
}

static uint64_t element_bits(const nn__array *a, const unsigned char *p)
{
    return a->big ? nn__bytes_big(p, a->size) : nn__bytes_little(p, a->size);
}

static int64_t element_signed(uint64_t bits, int size)
{
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    uint64_t magnitude = bits & (sign - 1);
    return bits & sign ? (int64_t)magnitude - (int64_t)(sign - 1) - 1 : (int64_t)magnitude;
}

static double element_value(const nn__array *a, const unsigned char *p)
{
    uint64_t bits = element_bits(a, p);
    if (a->kind == 'i')
        return (double)element_signed(bits, a->size);
    if (a->kind != 'f')
        return (double)bits;
    if (a->size == 4) {
        uint32_t word = (uint32_t)bits;
        float value;
        memcpy(&value, &word, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Element `at` of the tensor from the bytes at p. */
static nn_status element_store(const nn__array *a, const nn__source *source, const unsigned char *p,
                               nn_tensor *tensor, size_t at)
{
    void *data = nn_tensor_data(tensor);
    if (nn_tensor_dtype(tensor) == NN_F32) {
        ((nn_real *)data)[at] = (nn_real)element_value(a, p);
        return NN_OK;
    }
    if (nn_tensor_dtype(tensor) == NN_U8) {
        ((unsigned char *)data)[at] = *p;
        return NN_OK;
    }
    uint64_t bits = element_bits(a, p);
    int64_t value = a->kind == 'i' ? element_signed(bits, a->size) : 0;
    if (a->kind == 'i' ? value < INT32_MIN || value > INT32_MAX : bits > INT32_MAX)
        return nn_fail(NN_EFORMAT, "%s: element %zu is %s%llu; that does not fit 32 bits",
                       source->name, at, value < 0 ? "-" : "",
                       (unsigned long long)(value < 0 ? 0 - bits : bits));
    ((int32_t *)data)[at] = (int32_t)(a->kind == 'i' ? value : (int64_t)bits);
    return NN_OK;
}

/* Where elements go: their indices, and where those stand in row-major order. */
typedef struct walk {
    int index[NN_MAX_RANK];
    size_t stride[NN_MAX_RANK];
    size_t at;
} walk;

/* The next index in the order of Fortran: the first dimension runs fastest. */
static void walk_on(walk *w, const nn_shape *shape)
{
    for (int i = 0; i < shape->rank; i++) {
        w->at += w->stride[i];
        if (++w->index[i] < shape->dims[i])
            return;
        w->at -= w->stride[i] * (size_t)shape->dims[i];
        w->index[i] = 0;
    }
}

static nn_status array_fill(const nn__array *a, const nn__source *source, nn_tensor *tensor)
{
    unsigned char buffer[CHUNK];
    size_t size = (size_t)a->size, chunk = CHUNK / size, rows = (size_t)nn_tensor_dim(tensor, 0);
    size_t count = a->fortran ? nn__shape_count(&a->shape) : nn_tensor_count(tensor);
    walk w = {{0}, {0}, 0};
    w.stride[a->shape.rank - 1] = 1;
    for (int i = a->shape.rank - 1; i > 0; i--)
        w.stride[i - 1] = w.stride[i] * (size_t)a->shape.dims[i];
    for (size_t done = 0; done < count;) {
        size_t part = count - done < chunk ? count - done : chunk;
        NN_TRY(nn__source_read(source, a->first + done * size, buffer, part * size));
        for (size_t i = 0; i < part; i++, done++) {
            if (!a->fortran)
                w.at = done;
            if (!a->fortran || (size_t)w.index[0] < rows)
                NN_TRY(element_store(a, source, buffer + i * size, tensor, w.at));
            if (a->fortran)
                walk_on(&w, &a->shape);
        }
    }
    return NN_OK;
}

nn_status nn__array_load(const nn__array *array, const nn__source *source, int rows, int dtype,
                         nn_tensor **tensor)
{
    nn_shape shape = array->shape;
    shape.dims[0] = rows;
    nn_tensor *t = nn_tensor_new(dtype, shape.dims, shape.rank);
    if (t == NULL)
        return NN_ENOMEM;
    nn_status status =
        dtype == NN_U8 && !array->fortran
            ? nn__source_read(source, array->first, nn_tensor_data(t), nn_tensor_count(t))
            : array_fill(array, source, t);
    if (status != NN_OK) {
        nn_tensor_free(t);
        return status;
    }
    *tensor = t;
    return NN_OK;
}
