/*
 * Losses. The loss of a batch is the mean over its rows of the loss of each row, added in double.
 * A constructor gives the loss to the caller; nn_compile takes it.
 */
#ifndef NN_LOSSES_H
#define NN_LOSSES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_loss nn_loss;

/* Frees a loss that was not handed to a model. NULL is fine. */
NN_API void nn_loss_free(nn_loss *loss);

/*
 * A counted list of losses for a model with several outputs, in their order, made by
 * nn_losses(a, b, ...). There is one for each output: a loss that stands twice is NN_EINVAL, a NULL
 * is a failed constructor and fails the compile with NN_ENOMEM. nn_compile takes all of them, also
 * when it fails.
 *
 *   .losses = nn_losses(nn_categorical_crossentropy(), nn_mean_squared_error())
 */
typedef struct nn_loss_list {
    nn_loss *const *items;
    size_t count;
} nn_loss_list;

/*
 * How much the loss of each output counts in the sum that is trained: any finite numbers, 0 as well
 * (such an output is watched, not trained). Made by nn_loss_weights(1, 0.2); copied by nn_compile.
 */
typedef struct nn_loss_weight_list {
    const double *items;
    size_t count;
} nn_loss_weight_list;

/*
 * Cross-entropy of predictions p[c] and targets y[c]; categorical takes y as one-hot rows [c],
 * sparse as class numbers 0..c-1.
 *
 *   After softmax (the model ends in it), from its inputs z, fused with it as Keras does on
 *   TensorFlow:   L = sum_c y_c (log sum_k exp(z_k - max z) - (z_c - max z)),  dL/dz = softmax(z) - y
 *   from_logits:  the same formula on the model's output (after a softmax that is fused: on its
 *                 inputs, as Keras; with .no_fusion on the probabilities)
 *   otherwise:    categorical: p / sum p, clipped to [1e-7, 1 - 1e-7], L = -sum y log p;
 *                 sparse: p clipped, then the fused formula on log p
 *
 * Errors at compile: NN_ESHAPE where the output is not a vector. Errors at a step: NN_EINVAL for a
 * class outside 0..c-1, naming the row.
 */
typedef struct nn_crossentropy_options {
    size_t struct_size;
    int from_logits; /* 1: the model's output are logits, not probabilities */
    int reserved;    /* 0                                                   */
} nn_crossentropy_options;
NN_API nn_loss *nn_categorical_crossentropy_new(const nn_crossentropy_options *options);
NN_API nn_loss *nn_sparse_categorical_crossentropy_new(const nn_crossentropy_options *options);

/* Mean squared error: L = mean over the elements of a row of (p - y)^2. */
typedef struct nn_mean_squared_error_options {
    size_t struct_size;
    int reserved[2]; /* 0 */
} nn_mean_squared_error_options;
NN_API nn_loss *nn_mean_squared_error_new(const nn_mean_squared_error_options *options);

#ifndef __cplusplus
#define nn_losses(...)                                                                             \
    {                                                                                              \
        (nn_loss *[]){__VA_ARGS__}, sizeof((nn_loss *[]){__VA_ARGS__}) / sizeof(nn_loss *)         \
    }
#define nn_loss_weights(...)                                                                       \
    {                                                                                              \
        (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)      \
    }
#define nn_categorical_crossentropy(...)                                                           \
    nn_categorical_crossentropy_new(NN_OPTIONS(nn_crossentropy_options, __VA_ARGS__))
#define nn_sparse_categorical_crossentropy(...)                                                    \
    nn_sparse_categorical_crossentropy_new(NN_OPTIONS(nn_crossentropy_options, __VA_ARGS__))
#define nn_mean_squared_error(...)                                                                 \
    nn_mean_squared_error_new(NN_OPTIONS(nn_mean_squared_error_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
