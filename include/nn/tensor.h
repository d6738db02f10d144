/*
 * Tensors: an element type, a shape, and memory that is owned or borrowed. Row-major, dense; the
 * first dimension counts the rows (samples). Pictures are [rows][height][width][channels].
 */
#ifndef NN_TENSOR_H
#define NN_TENSOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. The numbers are stable. */
typedef enum nn_dtype {
    NN_F32 = 1, /* float (nn_real)       */
    NN_U8 = 2,  /* unsigned char, 0..255 */
    NN_I32 = 3  /* int32_t               */
} nn_dtype;

/* The largest number of dimensions of a tensor, the row dimension included. */
#define NN_MAX_RANK 8

/* A shape: rank dimensions, each at least 1. Where a text says "without the row dimension", it
 * describes one sample: {3, {32, 32, 3}}. */
typedef struct nn_shape {
    int rank;              /* how many dimensions, 0..NN_MAX_RANK */
    int dims[NN_MAX_RANK]; /* dims[0..rank-1]; the rest is not read */
} nn_shape;

/* An array with a type, a shape, and memory of its own or the caller's. */
typedef struct nn_tensor nn_tensor;

#ifndef __cplusplus
/* NN_SHAPE(10, 32, 32, 3): the two arguments (dims, rank) of the functions below. */
#define NN_SHAPE(...)                                                                              \
    (const int[]){__VA_ARGS__}, (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
/* NN_DIMS(4, 4, -1): an nn_shape, as an option that lists dimensions or axes. */
#define NN_DIMS(...)                                                                               \
    {                                                                                              \
        (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int)),                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#endif

/*
 * A tensor with its own memory, set to zero, aligned to 64 bytes. The caller frees it.
 * dims[0..rank-1], each >= 1; 1 <= rank <= NN_MAX_RANK. NULL: NN_EINVAL, NN_ENOMEM.
 */
NN_API nn_tensor *nn_tensor_new(int dtype, const int *dims, int rank);

/*
 * A tensor over the caller's memory, which must hold the product of dims elements and outlive the
 * tensor. Nothing is copied. The caller frees the tensor and, afterwards, the memory.
 */
NN_API nn_tensor *nn_tensor_borrow(int dtype, void *data, const int *dims, int rank);

/* As nn_tensor_borrow, over memory that will only be read: nn_tensor_data gives NULL for it. */
NN_API nn_tensor *nn_tensor_borrow_const(int dtype, const void *data, const int *dims, int rank);

/*
 * A view of rows [first, first + count) of parent; shares its memory, so the parent must outlive
 * it. The caller frees the view. NULL with NN_EINVAL where the rows do not exist.
 */
NN_API nn_tensor *nn_tensor_rows(const nn_tensor *parent, int first, int count);

/* A view of all of parent under another shape with as many elements; else NULL with NN_ESHAPE. */
NN_API nn_tensor *nn_tensor_reshape(const nn_tensor *parent, const int *dims, int rank);

/* Frees the tensor, and its memory where it owns it. NULL is fine. */
NN_API void nn_tensor_free(nn_tensor *tensor);

/* Getters accept NULL and answer 0 or NULL. An nn_dtype: */
NN_API int nn_tensor_dtype(const nn_tensor *tensor);
/* The number of dimensions, 1..NN_MAX_RANK. */
NN_API int nn_tensor_rank(const nn_tensor *tensor);
/* Dimension axis, 0 <= axis < rank; 0 where there is none. */
NN_API int nn_tensor_dim(const nn_tensor *tensor, int axis);
/* The number of elements. */
NN_API size_t nn_tensor_count(const nn_tensor *tensor);
/* The elements, for reading; lent. */
NN_API const void *nn_tensor_read(const nn_tensor *tensor);
/* The elements, for writing; lent. NULL for a tensor over const memory and for views of one. */
NN_API void *nn_tensor_data(nn_tensor *tensor);

/*
 * Classes as one-hot rows: y[n] (NN_I32 or NN_U8, shape [n] or [n][1]) becomes an NN_F32 tensor
 * [n][classes] that the caller frees. A class outside 0..classes-1 is NN_EINVAL and is named with
 * its row. The rule is Keras's to_categorical(y, classes).
 */
NN_API nn_tensor *nn_to_categorical(const nn_tensor *y, int classes);

#ifdef __cplusplus
}
#endif
#endif
