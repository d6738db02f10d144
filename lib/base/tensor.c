/* Tensors: a type, a shape, and memory owned or borrowed. */
#include <string.h>

#include "base/tensor.h"

size_t nn__element_size(int dtype)
{
    switch (dtype) {
    case NN_F32:
        return sizeof(nn_real);
    case NN_U8:
        return 1;
    case NN_I32:
        return sizeof(int32_t);
    default:
        return 0;
    }
}

const char *nn__element_name(int dtype)
{
    switch (dtype) {
    case NN_F32:
        return "f32";
    case NN_U8:
        return "u8";
    case NN_I32:
        return "i32";
    default:
        return "unknown";
    }
}

/* A tensor without memory yet. */
static nn_tensor *tensor_make(int dtype, const int *dims, int rank)
{
    nn_shape shape;
    if (nn__element_size(dtype) == 0) {
        nn_fail(NN_EINVAL, "tensor: %d is no element type", dtype);
        return NULL;
    }
    if (nn__shape_make(&shape, dims, rank, "tensor") != NN_OK)
        return NULL;
    nn_tensor *tensor = nn__alloc(sizeof *tensor, "a tensor");
    if (tensor == NULL)
        return NULL;
    tensor->dtype = dtype;
    tensor->shape = shape;
    return tensor;
}

nn_tensor *nn_tensor_new(int dtype, const int *dims, int rank)
{
    nn_tensor *tensor = tensor_make(dtype, dims, rank);
    if (tensor == NULL)
        return NULL;
    tensor->data = nn__alloc_array(nn_tensor_count(tensor), nn__element_size(dtype), "a tensor");
    if (tensor->data == NULL) {
        nn__free(tensor);
        return NULL;
    }
    tensor->read = tensor->data;
    tensor->owns = 1;
    return tensor;
}

nn_tensor *nn_tensor_borrow(int dtype, void *data, const int *dims, int rank)
{
    nn_tensor *tensor = nn_tensor_borrow_const(dtype, data, dims, rank);
    if (tensor != NULL)
        tensor->data = data;
    return tensor;
}

nn_tensor *nn_tensor_borrow_const(int dtype, const void *data, const int *dims, int rank)
{
    if (data == NULL) {
        nn_fail(NN_EINVAL, "tensor: data is NULL");
        return NULL;
    }
    nn_tensor *tensor = tensor_make(dtype, dims, rank);
    if (tensor != NULL)
        tensor->read = data;
    return tensor;
}

nn_tensor *nn_tensor_rows(const nn_tensor *parent, int first, int count)
{
    if (parent == NULL || first < 0 || count < 1 || first > parent->shape.dims[0] - count) {
        nn_fail(NN_EINVAL, "tensor: rows %d to %lld of %d", first, (long long)first + count - 1,
                parent == NULL ? 0 : parent->shape.dims[0]);
        return NULL;
    }
    nn_tensor *view = tensor_make(parent->dtype, parent->shape.dims, parent->shape.rank);
    if (view == NULL)
        return NULL;
    size_t row = nn_tensor_count(parent) / (size_t)parent->shape.dims[0];
    size_t offset = (size_t)first * row * nn__element_size(parent->dtype);
    view->shape.dims[0] = count;
    view->read = (const char *)parent->read + offset;
    if (parent->data != NULL)
        view->data = (char *)parent->data + offset;
    return view;
}

nn_tensor *nn_tensor_reshape(const nn_tensor *parent, const int *dims, int rank)
{
    if (parent == NULL) {
        nn_fail(NN_EINVAL, "tensor: the tensor to reshape is NULL");
        return NULL;
    }
    nn_tensor *view = tensor_make(parent->dtype, dims, rank);
    if (view == NULL)
        return NULL;
    if (nn_tensor_count(view) != nn_tensor_count(parent)) {
        char old_text[NN__SHAPE_TEXT], new_text[NN__SHAPE_TEXT];
        nn_fail(NN_ESHAPE, "tensor: %s cannot become %s",
                nn__shape_text(&parent->shape, old_text, sizeof old_text),
                nn__shape_text(&view->shape, new_text, sizeof new_text));
        nn__free(view);
        return NULL;
    }
    view->data = parent->data;
    view->read = parent->read;
    return view;
}

void nn_tensor_free(nn_tensor *tensor)
{
    if (tensor == NULL)
        return;
    if (tensor->owns)
        nn__free(tensor->data);
    nn__free(tensor);
}

int nn_tensor_dtype(const nn_tensor *tensor)
{
    return tensor == NULL ? 0 : tensor->dtype;
}

int nn_tensor_rank(const nn_tensor *tensor)
{
    return tensor == NULL ? 0 : tensor->shape.rank;
}

int nn_tensor_dim(const nn_tensor *tensor, int axis)
{
    return tensor != NULL && axis >= 0 && axis < tensor->shape.rank ? tensor->shape.dims[axis] : 0;
}

size_t nn_tensor_count(const nn_tensor *tensor)
{
    return tensor == NULL ? 0 : nn__shape_count(&tensor->shape);
}

const void *nn_tensor_read(const nn_tensor *tensor)
{
    return tensor == NULL ? NULL : tensor->read;
}

void *nn_tensor_data(nn_tensor *tensor)
{
    return tensor == NULL ? NULL : tensor->data;
}

nn_tensor *nn_to_categorical(const nn_tensor *y, int classes)
{
    size_t rows = y == NULL ? 0 : nn_tensor_count(y);
    if (y == NULL || classes < 1 || (y->dtype != NN_I32 && y->dtype != NN_U8) ||
        (size_t)y->shape.dims[0] != rows) {
        nn_fail(NN_EINVAL,
                "to_categorical: y must hold one i32 or u8 class per row, "
                "and the number of classes (%d) be at least 1",
                classes);
        return NULL;
    }
    nn_tensor *one_hot = nn_tensor_new(NN_F32, (const int[]){(int)rows, classes}, 2);
    if (one_hot == NULL)
        return NULL;
    nn_real *out = one_hot->data;
    for (size_t i = 0; i < rows; i++) {
        int class =
            y->dtype == NN_U8 ? ((const unsigned char *)y->read)[i] : ((const int32_t *)y->read)[i];
        if (class < 0 || class >= classes) {
            nn_fail(NN_EINVAL, "to_categorical: row %zu: class %d is outside 0..%d", i, class,
                    classes - 1);
            nn_tensor_free(one_hot);
            return NULL;
        }
        out[i * (size_t)classes + (size_t) class] = 1;
    }
    return one_hot;
}
