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

/* A loss: its kind's table and its options. */
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
    nn_loss *const *items; /* the losses; taken */
    size_t count;          /* how many */
} nn_loss_list;

/*
 * How much the loss of each output counts in the sum that is trained: any finite numbers, 0 as well
 * (such an output is watched, not trained). Made by nn_loss_weights(1, 0.2); copied by nn_compile.
 */
typedef struct nn_loss_weight_list {
    const double *items; /* the weights */
    size_t count;        /* how many */
} nn_loss_weight_list;

/* How much rows of each class count: item c for class c, 1 for classes beyond the list. Made by
 * nn_class_weights(1, 5); read during the fit. */
typedef struct nn_class_weight_list {
    const double *items; /* the weights */
    size_t count;        /* how many */
} nn_class_weight_list;

/* ---- Cross-entropy ----------------------------------------------------------------------------
 * Cross-entropy of predictions p[c] and targets y[c]; categorical takes y as one-hot rows [c],
 * sparse as class numbers 0..c-1.
 *
 *   After softmax (the model ends in it), from its inputs z, fused with it as Keras does on
 *   TensorFlow:   L = sum_c y_c (log sum_k exp(z_k - max z) - (z_c - max z)),  dL/dz = softmax(z) - y
 *   from_logits:  the same formula on the model's output (after a softmax that is fused: on its
 *                 inputs, as Keras; with .no_fusion on the probabilities)
 *   otherwise:    categorical: p / sum p, clipped to [1e-7, 1 - 1e-7], L = -sum y log p;
 *                 sparse: p clipped, then the fused formula on log p
 *   label_smoothing s: targets are y (1 - s) + s / c
 *   ignore_class: rows of that class (which need not be one of 0..c-1; the classes of datasets are
 *                 not negative) have no loss and no gradient, and the mean is taken over the
 *                 others; then nothing is fused, as in Keras
 *
 * Categorical takes outputs of several axes, too: [c] is the last one. Errors at compile: NN_EINVAL
 * for an option out of range, NN_ESHAPE where the output of sparse is not a vector. Errors at a
 * step: NN_EINVAL for a class outside 0..c-1, naming the row.
 */
typedef struct nn_crossentropy_options {
    size_t struct_size;
    int from_logits;        /* 1: the model's output are logits, not probabilities */
    int reserved;           /* 0                                                   */
    double label_smoothing; /* 0..1; default 0                                     */
} nn_crossentropy_options;
NN_API nn_loss *nn_categorical_crossentropy_new(const nn_crossentropy_options *options);

typedef struct nn_sparse_crossentropy_options {
    size_t struct_size;
    int from_logits;       /* as above */
    int reserved;          /* 0        */
    nn_maybe ignore_class; /* .ignore_class = NN_SOME(255); default none */
} nn_sparse_crossentropy_options;
NN_API nn_loss *nn_sparse_categorical_crossentropy_new(
    const nn_sparse_crossentropy_options *options);

/* ---- Binary cross-entropy ---------------------------------------------------------------------
 * Every element of the output is a yes or no of its own. L = mean over a row's
 * elements of -(y log p + (1 - y) log(1 - p)).
 *
 *   After sigmoid (the model ends in it), from its inputs z, fused with it as Keras does on
 *   TensorFlow:   max(z, 0) - z y + log(1 + exp(-|z|)),  dL/dz = sigmoid(z) - y
 *   from_logits:  the same formula on the model's output, as above
 *   otherwise:    p is clipped to [1e-7, 1 - 1e-7] (as float32)
 *   label_smoothing s: targets are y (1 - s) + s / 2
 *
 * Targets are values 0..1 shaped like the output; where the output is one number, classes 0 and 1
 * are taken, too. Errors at compile: NN_EINVAL for an option out of range.
 */
typedef struct nn_binary_crossentropy_options {
    size_t struct_size;
    int from_logits;        /* 1: the model's output are logits, not probabilities */
    int reserved;           /* 0                                                   */
    double label_smoothing; /* 0..1; default 0                                     */
} nn_binary_crossentropy_options;
NN_API nn_loss *nn_binary_crossentropy_new(const nn_binary_crossentropy_options *options);

/* ---- Mean squared error -----------------------------------------------------------------------
 * L = mean over the elements of a row of (p - y)^2.
 */
typedef struct nn_mean_squared_error_options {
    size_t struct_size;
    int reserved[2]; /* 0 */
} nn_mean_squared_error_options;
NN_API nn_loss *nn_mean_squared_error_new(const nn_mean_squared_error_options *options);

/* ---- Losses without options -------------------------------------------------------------------
 * With predictions p and targets y of one shape. The mean is over all
 * elements of a row; "last" sums over the last axis and takes the mean over the others.
 *
 *   mean_absolute_error             mean |p - y|; the gradient at 0 is 0
 *   mean_absolute_percentage_error  mean 100 |p - y| / max(|y|, 1e-7)
 *   mean_squared_logarithmic_error  mean (log(max(p, 1e-7) + 1) - log(max(y, 1e-7) + 1))^2
 *   log_cosh                        mean log cosh(p - y)
 *   poisson                         mean p - y log(p + 1e-7)
 *   hinge, squared_hinge            mean max(1 - y p, 0), and of its square; y is -1 or 1. Where all
 *                                   targets of a batch are 0 or 1, a 0 is read as -1
 *   categorical_hinge               last: max(1 + max (1 - y) p - sum y p, 0)
 *   kl_divergence                   last: sum y log(y / p), both clipped to [1e-7, 1]
 *   cosine_similarity               last: -sum y' p', x' = x / max(|x|, 1e-7); -1 is best
 */
typedef struct nn_loss_options {
    size_t struct_size;
    int reserved[2]; /* 0 */
} nn_loss_options;
NN_API nn_loss *nn_mean_absolute_error_new(const nn_loss_options *options);
NN_API nn_loss *nn_mean_absolute_percentage_error_new(const nn_loss_options *options);
NN_API nn_loss *nn_mean_squared_logarithmic_error_new(const nn_loss_options *options);
NN_API nn_loss *nn_log_cosh_new(const nn_loss_options *options);
NN_API nn_loss *nn_poisson_new(const nn_loss_options *options);
NN_API nn_loss *nn_hinge_new(const nn_loss_options *options);
NN_API nn_loss *nn_squared_hinge_new(const nn_loss_options *options);
NN_API nn_loss *nn_categorical_hinge_new(const nn_loss_options *options);
NN_API nn_loss *nn_kl_divergence_new(const nn_loss_options *options);
NN_API nn_loss *nn_cosine_similarity_new(const nn_loss_options *options);

/* ---- Huber ------------------------------------------------------------------------------------
 * With d = |p - y|, L = mean over the elements of a row of
 *   d^2 / 2 where d <= delta, and delta d - delta^2 / 2 beyond it
 * so that its slope never exceeds delta. NN_EINVAL at compile: a delta out of range.
 */
typedef struct nn_huber_options {
    size_t struct_size;
    double delta; /* above 0; default 1 */
} nn_huber_options;
NN_API nn_loss *nn_huber_new(const nn_huber_options *options);

#ifndef __cplusplus
/* An nn_loss_list of these losses. C only. */
#define nn_losses(...)                                                                             \
    {                                                                                              \
        (nn_loss *[]){__VA_ARGS__}, sizeof((nn_loss *[]){__VA_ARGS__}) / sizeof(nn_loss *)         \
    }
/* An nn_class_weight_list of these weights, of class 0, 1, ... C only. */
#define nn_class_weights(...)                                                                      \
    {                                                                                              \
        (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)      \
    }
/* An nn_loss_weight_list of these weights, one for each output. C only. */
#define nn_loss_weights(...)                                                                       \
    {                                                                                              \
        (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)      \
    }

#define nn_categorical_crossentropy(...)                                                           \
    nn_categorical_crossentropy_new(NN_OPTIONS(nn_crossentropy_options, __VA_ARGS__))
#define nn_sparse_categorical_crossentropy(...)                                                    \
    nn_sparse_categorical_crossentropy_new(NN_OPTIONS(nn_sparse_crossentropy_options, __VA_ARGS__))
#define nn_mean_squared_error(...)                                                                 \
    nn_mean_squared_error_new(NN_OPTIONS(nn_mean_squared_error_options, __VA_ARGS__))
#define nn_binary_crossentropy(...)                                                                \
    nn_binary_crossentropy_new(NN_OPTIONS(nn_binary_crossentropy_options, __VA_ARGS__))
#define nn_mean_absolute_error() nn_mean_absolute_error_new(NULL)
#define nn_mean_absolute_percentage_error() nn_mean_absolute_percentage_error_new(NULL)
#define nn_mean_squared_logarithmic_error() nn_mean_squared_logarithmic_error_new(NULL)
#define nn_log_cosh() nn_log_cosh_new(NULL)
#define nn_poisson() nn_poisson_new(NULL)
#define nn_hinge() nn_hinge_new(NULL)
#define nn_squared_hinge() nn_squared_hinge_new(NULL)
#define nn_categorical_hinge() nn_categorical_hinge_new(NULL)
#define nn_kl_divergence() nn_kl_divergence_new(NULL)
#define nn_cosine_similarity() nn_cosine_similarity_new(NULL)
#define nn_huber(...) nn_huber_new(NN_OPTIONS(nn_huber_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
