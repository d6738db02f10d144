/*
 * Layers. Shapes are written without the row dimension unless it is named; pictures are
 * [height][width][channels] (NHWC, as in Keras). Semantics and defaults are those of Keras 3.
 *
 * A constructor gives a layer to the caller; handing it to a model (nn_sequential, nn_model_add,
 * nn_apply, nn_merge) gives it away, also when that call fails. A layer that never reaches a model
 * is freed with nn_layer_free. Constructors return NULL only for lack of memory; every model
 * function takes such a NULL as that failure.
 */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include "base.h"
#include "initializers.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A layer: its kind's table and its options; its weights belong to the model. */
typedef struct nn_layer nn_layer;

/* Frees a layer that was not handed to a model. NULL is fine. */
NN_API void nn_layer_free(nn_layer *layer);

/*
 * Activation functions, by number (stable). Applied element by element, softmax along the last
 * axis. NaN stays NaN in all of them. At a kink the gradient is that of the flatter side. Training
 * keeps x for the gradients of silu, hard_silu, gelu, gelu_tanh and mish, y for the others'.
 */
typedef enum nn_activation {
    NN_LINEAR = 0,        /* x */
    NN_RELU = 1,          /* x < 0 ? 0 : x                                                   */
    NN_SOFTMAX = 2,       /* exp(x - max) / sum of exp(x - max)                              */
    NN_SIGMOID = 3,       /* 1 / (1 + exp(-x))                                               */
    NN_TANH = 4,          /* tanh(x)                                                         */
    NN_LEAKY_RELU = 5,    /* x > 0 ? x : 0.2 x; other slopes: nn_leaky_relu                  */
    NN_RELU6 = 6,         /* min(max(x, 0), 6)                                               */
    NN_ELU = 7,           /* x > 0 ? x : exp(x) - 1; other factors: nn_elu                   */
    NN_SELU = 8,          /* s (x > 0 ? x : a (exp(x) - 1)), s = 1.0507009..., a = 1.6732632... */
    NN_SOFTPLUS = 9,      /* log(1 + exp(x))                                                 */
    NN_SOFTSIGN = 10,     /* x / (1 + |x|)                                                   */
    NN_EXPONENTIAL = 11,  /* exp(x)                                                          */
    NN_HARD_SIGMOID = 12, /* min(max(x + 3, 0), 6) / 6                                       */
    NN_LOG_SIGMOID = 13,  /* -log(1 + exp(-x))                                               */
    NN_SILU = 14,         /* x / (1 + exp(-x)); also called swish                            */
    NN_SWISH = 14,        /* the same                                                        */
    NN_HARD_SILU = 15,    /* x min(max(x + 3, 0), 6) / 6; also called hard_swish             */
    NN_GELU = 16,         /* x (1 + erf(x / sqrt(2))) / 2                                    */
    NN_GELU_TANH = 17,    /* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2               */
    NN_MISH = 18          /* x tanh(log(1 + exp(x)))                                         */
} nn_activation;

/*
 * Padding of windows of size k, dilation d, stride s over n positions; ke = (k - 1) d + 1.
 *   NN_VALID  out = floor((n - ke) / s) + 1, nothing added; ke > n is NN_ESHAPE
 *   NN_SAME   out = ceil(n / s), total = max((out - 1) s + ke - n, 0) positions added,
 *             floor(total / 2) of them before and the rest after
 */
typedef enum nn_padding {
    NN_VALID = 0, /* windows inside the input only                     */
    NN_SAME = 1   /* as many windows as positions, with strides of 1   */
} nn_padding;

/* ---- Input ----------------------------------------------------------------------------------
 * The shape of one sample. First in nn_sequential; not listed in summaries.
 */

/* The shape is dims[0..rank-1]; nn_input counts them. */
NN_API nn_layer *nn_input_new(const int *dims, int rank);
#ifndef __cplusplus
/* nn_input_new with dimensions counted: nn_input(32, 32, 3). C only. */
#define nn_input(...) nn_input_new(NN_SHAPE(__VA_ARGS__))
#endif

/* ---- How a convolution is computed ------------------------------------------------------------
 * The choice follows from shapes alone, never from a timing.
 *   NN_CONV_AUTO      the one with the least work, counted from shapes and batch by the formulas of
 *                     lib/layers/conv2d_way.c, for the output and each gradient by itself: Winograd
 *                     for most 3x3 windows, direct for few channels and other windows, else GEMM
 *   NN_CONV_GEMM      lowering (im2col) and matrix products; takes every layer
 *   NN_CONV_DIRECT    without lowering; no dilation, one group. The input's gradient is GEMM's
 *   NN_CONV_WINOGRAD  F(4x4, 3x3), a quarter of the multiplications; 3x3, strides and dilation 1,
 *                     one group. Rounds coarser than the others: docs/performance.md has the
 *                     measured and the derived bound
 * One that cannot compute the layer is NN_EINVAL at the build.
 */
typedef enum nn_conv_algorithm {
    NN_CONV_AUTO = 0,    /* by the shapes               */
    NN_CONV_GEMM = 1,    /* lowering and products       */
    NN_CONV_DIRECT = 2,  /* window by window            */
    NN_CONV_WINOGRAD = 3 /* F(4x4, 3x3)                 */
} nn_conv_algorithm;

/* ---- Conv2D ---------------------------------------------------------------------------------
 * x[h][w][c] -> y[oh][ow][filters]; per group g of `groups`:
 *   y[i][j][f] = act(bias[f] + sum over p, q, k of
 *                x[i sh + p dh - top][j sw + q dw - left][g c/groups + k] * kernel[p][q][k][f])
 * Weights: kernel[kh][kw][c / groups][filters], bias[filters].
 * Errors at build: NN_EINVAL (filters < 1, a kernel, stride or dilation < 1, strides and dilation
 * both above 1), NN_ESHAPE (input not a picture, kernel larger than a valid input, c or filters
 * not divisible by groups), NN_ENOTSUP (pictures or kernels beyond 2^28 numbers).
 */
typedef struct nn_conv2d_options {
    size_t struct_size;
    int filters;                       /* number of output channels, >= 1; must be given   */
    int kernel[2];                     /* height, width; must be given                     */
    int strides[2];                    /* {0, 0} is {1, 1}                                 */
    int padding;                       /* NN_VALID (default) or NN_SAME                    */
    int dilation[2];                   /* {0, 0} is {1, 1}                                 */
    int groups;                        /* 0 is 1                                           */
    int activation;                    /* an nn_activation; default NN_LINEAR              */
    int no_bias;                       /* 1: no bias (Keras: use_bias=False)               */
    int reserved;                      /* 0                                                */
    nn_initializer kernel_initializer; /* default NN_GLOROT_UNIFORM                        */
    nn_initializer bias_initializer;   /* default NN_ZEROS                                 */
    const char *name;                  /* NULL: conv2d, conv2d_1, ... counted in the model */
    int algorithm;                     /* an nn_conv_algorithm; default NN_CONV_AUTO       */
    int reserved2;                     /* 0                                                */
    nn_regularizer kernel_regularizer; /* default none                                     */
    nn_regularizer bias_regularizer;   /* default none                                     */
} nn_conv2d_options;
NN_API nn_layer *nn_conv2d_new(const nn_conv2d_options *options);

/* ---- Dense ----------------------------------------------------------------------------------
 * x[..][k] -> y[..][units], y = act(x kernel + bias) along the last axis.
 * Weights: kernel[k][units], bias[units].
 */
typedef struct nn_dense_options {
    size_t struct_size;
    int units;                         /* >= 1; must be given                 */
    int activation;                    /* an nn_activation; default NN_LINEAR */
    int no_bias;                       /* 1: no bias                          */
    int reserved;                      /* 0                                   */
    nn_initializer kernel_initializer; /* default NN_GLOROT_UNIFORM           */
    nn_initializer bias_initializer;   /* default NN_ZEROS                    */
    const char *name;                  /* NULL: dense, dense_1, ...           */
    nn_regularizer kernel_regularizer; /* default none                        */
    nn_regularizer bias_regularizer;   /* default none                        */
} nn_dense_options;
NN_API nn_layer *nn_dense_new(const nn_dense_options *options);

/* ---- MaxPooling2D ---------------------------------------------------------------------------
 * y[i][j][c] = the largest x in the window. Added positions never win. The gradient goes to the
 * first maximum in row-major order; a NaN in the window wins. Errors at build: NN_EINVAL (a side
 * above 32,767), NN_ESHAPE (input not a picture, pool larger than a valid input).
 */
typedef struct nn_max_pool2d_options {
    size_t struct_size;
    int pool[2];      /* height, width; {0, 0} is {2, 2} */
    int strides[2];   /* {0, 0} is pool                  */
    int padding;      /* NN_VALID (default) or NN_SAME   */
    int reserved;     /* 0                               */
    const char *name; /* NULL: max_pooling2d, ...        */
} nn_max_pool2d_options;
NN_API nn_layer *nn_max_pool2d_new(const nn_max_pool2d_options *options);

/* ---- AveragePooling2D -----------------------------------------------------------------------
 * y[i][j][c] = the mean of the x in the window; added positions take no part, so at a border it is
 * the mean of fewer. Each x of a window gets an equal part of its gradient. Errors at build:
 * NN_EINVAL (a side above 32,767), NN_ESHAPE (input not a picture, pool larger than a valid input),
 * NN_ENOTSUP (a picture of more than 2^28 pixels).
 */
typedef struct nn_average_pool2d_options {
    size_t struct_size;
    int pool[2];      /* height, width; {0, 0} is {2, 2} */
    int strides[2];   /* {0, 0} is pool                  */
    int padding;      /* NN_VALID (default) or NN_SAME   */
    int reserved;     /* 0                               */
    const char *name; /* NULL: average_pooling2d, ...    */
} nn_average_pool2d_options;
NN_API nn_layer *nn_average_pool2d_new(const nn_average_pool2d_options *options);

/* ---- GlobalAveragePooling2D, GlobalMaxPooling2D ---------------------------------------------
 * x[h][w][c] -> y[c], or y[1][1][c] with keepdims: the mean, and the largest, of each channel. The
 * gradient of the mean goes to all x in equal parts; that of the largest to all x that are as
 * large, in equal parts (as TensorFlow's; MaxPooling2D gives it to the first). A channel with a NaN
 * has the maximum NaN, and NaN gradients. Errors at build: NN_ESHAPE (input not a picture),
 * NN_ENOTSUP (a picture of more than 2^28 pixels).
 */
typedef struct nn_global_average_pool2d_options {
    size_t struct_size;
    int keepdims;     /* 1: y is a picture of one pixel         */
    int reserved;     /* 0                                      */
    const char *name; /* NULL: global_average_pooling2d, ...    */
} nn_global_average_pool2d_options;
NN_API nn_layer *nn_global_average_pool2d_new(const nn_global_average_pool2d_options *options);

typedef struct nn_global_max_pool2d_options {
    size_t struct_size;
    int keepdims;     /* 1: y is a picture of one pixel     */
    int reserved;     /* 0                                  */
    const char *name; /* NULL: global_max_pooling2d, ...    */
} nn_global_max_pool2d_options;
NN_API nn_layer *nn_global_max_pool2d_new(const nn_global_max_pool2d_options *options);

/* ---- DepthwiseConv2D ------------------------------------------------------------------------
 * x[h][w][c] -> y[oh][ow][c m], m = depth_multiplier: each channel has m kernels of its own,
 *   y[i][j][k m + l] = act(bias[k m + l] + sum over p, q of
 *                      x[i sh + p dh - top][j sw + q dw - left][k] * kernel[p][q][k][l])
 * Weights: kernel[kh][kw][c][m], bias[c m]. The initializer's fans are those of that shape: kh*kw*c
 * in, kh*kw*m out. Strides and dilation may both be above 1, and the two strides may differ.
 * Errors at build: NN_EINVAL (a kernel, stride, dilation or multiplier < 1), NN_ESHAPE (input not a
 * picture, kernel larger than a valid input), NN_ENOTSUP (pictures or kernels beyond 2^28 numbers).
 */
typedef struct nn_depthwise_conv2d_options {
    size_t struct_size;
    int kernel[2];                        /* height, width; must be given         */
    int strides[2];                       /* {0, 0} is {1, 1}                     */
    int padding;                          /* NN_VALID (default) or NN_SAME        */
    int depth_multiplier;                 /* 0 is 1                               */
    int dilation[2];                      /* {0, 0} is {1, 1}                     */
    int activation;                       /* an nn_activation; default NN_LINEAR  */
    int no_bias;                          /* 1: no bias                           */
    nn_initializer depthwise_initializer; /* of kernel; default NN_GLOROT_UNIFORM */
    nn_initializer bias_initializer;      /* default NN_ZEROS                     */
    nn_regularizer depthwise_regularizer; /* of kernel; default none              */
    nn_regularizer bias_regularizer;      /* default none                         */
    const char *name;                     /* NULL: depthwise_conv2d, ...          */
} nn_depthwise_conv2d_options;
NN_API nn_layer *nn_depthwise_conv2d_new(const nn_depthwise_conv2d_options *options);

/* ---- SeparableConv2D ------------------------------------------------------------------------
 * A depthwise convolution d[oh][ow][c m] as above, without bias and activation, then
 *   y[i][j][f] = act(bias[f] + sum over k of d[i][j][k] * pointwise_kernel[0][0][k][f])
 * Weights: depthwise_kernel[kh][kw][c][m], pointwise_kernel[1][1][c m][filters], bias[filters].
 * Errors at build: as DepthwiseConv2D; also NN_EINVAL for filters < 1.
 */
typedef struct nn_separable_conv2d_options {
    size_t struct_size;
    int filters;                          /* number of output channels, >= 1; must be given */
    int kernel[2];                        /* height, width; must be given                   */
    int strides[2];                       /* {0, 0} is {1, 1}                               */
    int padding;                          /* NN_VALID (default) or NN_SAME                  */
    int dilation[2];                      /* {0, 0} is {1, 1}                               */
    int depth_multiplier;                 /* 0 is 1                                         */
    int activation;                       /* an nn_activation; default NN_LINEAR            */
    int no_bias;                          /* 1: no bias                                     */
    int reserved;                         /* 0                                              */
    nn_initializer depthwise_initializer; /* default NN_GLOROT_UNIFORM                      */
    nn_initializer pointwise_initializer; /* default NN_GLOROT_UNIFORM                      */
    nn_initializer bias_initializer;      /* default NN_ZEROS                               */
    nn_regularizer depthwise_regularizer; /* default none                                   */
    nn_regularizer pointwise_regularizer; /* default none                                   */
    nn_regularizer bias_regularizer;      /* default none                                   */
    const char *name;                     /* NULL: separable_conv2d, ...                    */
} nn_separable_conv2d_options;
NN_API nn_layer *nn_separable_conv2d_new(const nn_separable_conv2d_options *options);

/* ---- Conv2DTranspose ------------------------------------------------------------------------
 * x[h][w][c] -> y[oh][ow][filters], the way back of a Conv2D that takes pictures like y to pictures
 * like x: each x adds x * kernel into the window that it came from,
 *   y[i sh + p dh - top][j sw + q dw - left][f] gets x[i][j][k] * kernel[p][q][f][k]
 * then bias and activation. Along each axis, with ke = (k - 1) d + 1:
 *   no output_padding given   NN_VALID: out = (n - 1) s + max(ke, s)    NN_SAME: out = n s
 *   output_padding a          NN_VALID: out = (n - 1) s + ke + a        NN_SAME: out = (n - 1) s +
 *                             (1 where ke is odd, else 0) + a
 * top and left are those of the Conv2D over y. Weights: kernel[kh][kw][filters][c], bias[filters].
 * Errors at build: NN_EINVAL (filters < 1, a kernel, stride or dilation < 1, strides and dilation
 * both above 1, an output_padding that is not less than its stride), NN_ESHAPE (input not a
 * picture; no Conv2D of these options takes a picture of that size to x), NN_ENOTSUP (pictures or
 * kernels beyond 2^28 numbers).
 */
typedef struct nn_conv2d_transpose_options {
    size_t struct_size;
    int filters;                       /* number of output channels, >= 1; must be given       */
    int kernel[2];                     /* height, width; must be given                         */
    int strides[2];                    /* {0, 0} is {1, 1}                                     */
    int padding;                       /* NN_VALID (default) or NN_SAME                        */
    int output_padding[2];             /* {0, 0} is none given; there, {-1, -1} says two zeros */
    int dilation[2];                   /* {0, 0} is {1, 1}                                     */
    int activation;                    /* an nn_activation; default NN_LINEAR                  */
    int no_bias;                       /* 1: no bias                                           */
    nn_initializer kernel_initializer; /* default NN_GLOROT_UNIFORM                            */
    nn_initializer bias_initializer;   /* default NN_ZEROS                                     */
    nn_regularizer kernel_regularizer; /* default none                                         */
    nn_regularizer bias_regularizer;   /* default none                                         */
    const char *name;                  /* NULL: conv2d_transpose, ...                          */
} nn_conv2d_transpose_options;
NN_API nn_layer *nn_conv2d_transpose_new(const nn_conv2d_transpose_options *options);

/* ---- UpSampling2D ---------------------------------------------------------------------------
 * x[h][w][c] -> y[h sh][w sw][c], {sh, sw} = size.
 *   NN_NEAREST   y[i][j] = x[i / sh][j / sw], rounded down
 *   NN_BILINEAR  y[i][j] lies at row (i + 1/2) / sh - 1/2 and column (j + 1/2) / sw - 1/2 of x,
 *                between four pixels, those at the border doubled; their mean by nearness
 * Errors at build: NN_EINVAL (a size < 1), NN_ESHAPE (input not a picture), NN_ENOTSUP (a picture of
 * more than 2^28 pixels). The enum's numbers are stable.
 */
typedef enum nn_interpolation {
    NN_NEAREST = 0, /* the pixel that lies there        */
    NN_BILINEAR = 1 /* between the four nearest pixels  */
} nn_interpolation;

typedef struct nn_up_sampling2d_options {
    size_t struct_size;
    int size[2];       /* rows, columns; {0, 0} is {2, 2}      */
    int interpolation; /* NN_NEAREST (default) or NN_BILINEAR  */
    int reserved;      /* 0                                    */
    const char *name;  /* NULL: up_sampling2d, ...             */
} nn_up_sampling2d_options;
NN_API nn_layer *nn_up_sampling2d_new(const nn_up_sampling2d_options *options);

/* ---- ZeroPadding2D, Cropping2D --------------------------------------------------------------
 * Rows and columns of zeros added to a picture, or rows and columns taken away:
 * nn_zero_padding2d({top, bottom}, {left, right}). Errors at build: NN_EINVAL (a number < 0),
 * NN_ESHAPE (input not a picture, nothing left of it), NN_ENOTSUP (a picture of more than 2^28
 * pixels).
 */
typedef struct nn_zero_padding2d_options {
    size_t struct_size;
    int rows[2];      /* top, bottom                                     */
    int columns[2];   /* left, right; four zeros are {1, 1} and {1, 1}   */
    const char *name; /* NULL: zero_padding2d, ...                       */
} nn_zero_padding2d_options;
NN_API nn_layer *nn_zero_padding2d_new(const nn_zero_padding2d_options *options);

typedef struct nn_cropping2d_options {
    size_t struct_size;
    int rows[2];      /* top, bottom              */
    int columns[2];   /* left, right              */
    const char *name; /* NULL: cropping2d, ...    */
} nn_cropping2d_options;
NN_API nn_layer *nn_cropping2d_new(const nn_cropping2d_options *options);

/* ---- BatchNormalization ---------------------------------------------------------------------
 * Along the last axis (channels), m = rows * all other axes:
 *   training   y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and biased variance of
 *              the batch; moving = moving * momentum + batch * (1 - momentum)
 *   inference  the same with the moving mean and variance
 * Weights: gamma, beta; state: moving_mean (starts 0), moving_variance (starts 1).
 */
typedef struct nn_batch_norm_options {
    size_t struct_size;
    double momentum;                  /* 0..1; 0 is 0.99, NN_ZERO is 0    */
    double epsilon;                   /* >= 0; 0 is 1e-3, NN_ZERO is 0    */
    int no_center;                    /* 1: no beta                       */
    int no_scale;                     /* 1: no gamma                      */
    nn_initializer beta_initializer;  /* default NN_ZEROS                 */
    nn_initializer gamma_initializer; /* default NN_ONES                  */
    const char *name;                 /* NULL: batch_normalization, ...   */
    nn_regularizer beta_regularizer;  /* default none                     */
    nn_regularizer gamma_regularizer; /* default none                     */
} nn_batch_norm_options;
NN_API nn_layer *nn_batch_norm_new(const nn_batch_norm_options *options);

/* ---- Dropout --------------------------------------------------------------------------------
 * Training: keeps an element with probability 1 - rate and multiplies it by 1 / (1 - rate), else
 * 0; rate 1 gives zeros. Inference: y = x. The mask follows from (seed, step, node, element), the
 * element counted in the whole batch; see lib/base/random.h.
 */
typedef struct nn_dropout_options {
    size_t struct_size;
    double rate;      /* 0..1; must be given  */
    const char *name; /* NULL: dropout, ...   */
} nn_dropout_options;
NN_API nn_layer *nn_dropout_new(const nn_dropout_options *options);

/* ---- Flatten --------------------------------------------------------------------------------
 * x[h][w][c] -> y[h w c], row-major: element (i, j, k) is y[(i w + j) c + k].
 */
typedef struct nn_flatten_options {
    size_t struct_size;
    const char *name; /* NULL: flatten, ... */
} nn_flatten_options;
NN_API nn_layer *nn_flatten_new(const nn_flatten_options *options);

/* ---- Activation, Softmax --------------------------------------------------------------------
 * y = act(x); Softmax is Activation with NN_SOFTMAX under Keras's name for it.
 */
typedef struct nn_activation_options {
    size_t struct_size;
    int activation;   /* an nn_activation; default NN_LINEAR */
    int reserved;     /* 0                                   */
    const char *name; /* NULL: activation, ...               */
} nn_activation_options;
NN_API nn_layer *nn_activation_new(const nn_activation_options *options);

typedef struct nn_softmax_options {
    size_t struct_size;
    const char *name; /* NULL: softmax, ... */
} nn_softmax_options;
NN_API nn_layer *nn_softmax_new(const nn_softmax_options *options);

/* ---- Rescaling ------------------------------------------------------------------------------
 * y = x * scale + offset.
 */
typedef struct nn_rescaling_options {
    size_t struct_size;
    double scale;     /* must be given: 0 is an error, NN_ZERO is 0 */
    double offset;    /* 0                                          */
    const char *name; /* NULL: rescaling, ...                       */
} nn_rescaling_options;
NN_API nn_layer *nn_rescaling_new(const nn_rescaling_options *options);

/* ---- Add ------------------------------------------------------------------------------------
 * The sum of two or more inputs of one shape: nn_merge(nn_add(), a, b).
 */
typedef struct nn_add_options {
    size_t struct_size;
    const char *name; /* NULL: add, ... */
} nn_add_options;
NN_API nn_layer *nn_add_new(const nn_add_options *options);

/* ---- ReLU, LeakyReLU, ELU, PReLU ------------------------------------------------------------
 * Rectifiers with parameters of their own; without, the numbers of nn_activation do. Their names
 * are Keras's: re_lu, leaky_re_lu, elu, p_re_lu.
 *
 * ReLU: y = x <= threshold ? negative_slope (x - threshold) : min(x, max_value). The gradient at
 * the threshold and at max_value is that of the flatter side. Errors at build: NN_EINVAL (a
 * negative option).
 */
typedef struct nn_relu_options {
    size_t struct_size;
    nn_maybe max_value;    /* >= 0, NN_SOME(6); absent: no limit    */
    double negative_slope; /* >= 0; default 0                       */
    double threshold;      /* >= 0; default 0                       */
    const char *name;      /* NULL: re_lu, ...                      */
} nn_relu_options;
NN_API nn_layer *nn_relu_new(const nn_relu_options *options);

/* LeakyReLU: y = x > 0 ? x : negative_slope x. */
typedef struct nn_leaky_relu_options {
    size_t struct_size;
    double negative_slope; /* >= 0; 0 is 0.3, NN_ZERO is 0 */
    const char *name;      /* NULL: leaky_re_lu, ...       */
} nn_leaky_relu_options;
NN_API nn_layer *nn_leaky_relu_new(const nn_leaky_relu_options *options);

/* ELU: y = x > 0 ? x : alpha (exp(x) - 1). */
typedef struct nn_elu_options {
    size_t struct_size;
    double alpha;     /* >= 0; 0 is 1, NN_ZERO is 0 */
    const char *name; /* NULL: elu, ...             */
} nn_elu_options;
NN_API nn_layer *nn_elu_new(const nn_elu_options *options);

/* PReLU: y = x > 0 ? x : alpha x; the gradient at 0 is 0. Weight: alpha, of a sample's shape, with 1
 * for each shared axis: pictures with .shared_axes = NN_DIMS(1, 2) have alpha[1][1][c]. Errors at
 * build: NN_EINVAL (no such axis, one given twice). */
typedef struct nn_prelu_options {
    size_t struct_size;
    nn_initializer alpha_initializer; /* default NN_ZEROS                                    */
    nn_regularizer alpha_regularizer; /* default none                                        */
    nn_shape shared_axes;             /* Keras's numbers: 1 is a sample's first axis, -1 its
                                         last; default none                                  */
    int reserved;                     /* 0                                                   */
    const char *name;                 /* NULL: p_re_lu, ...                                  */
} nn_prelu_options;
NN_API nn_layer *nn_prelu_new(const nn_prelu_options *options);

/* ---- Subtract, Multiply, Average, Maximum, Minimum ------------------------------------------
 * Of inputs of one shape, element by element, as Add: nn_merge(nn_multiply(), a, b). Subtract takes
 * two, a - b, the others two or more. Of equal numbers Maximum and Minimum take the first input's,
 * and all of the gradient goes there; NaN wins. Errors at build: NN_ESHAPE (shapes or the number of
 * inputs).
 */
typedef struct nn_subtract_options {
    size_t struct_size;
    const char *name; /* NULL: subtract, ... */
} nn_subtract_options;
NN_API nn_layer *nn_subtract_new(const nn_subtract_options *options);
typedef struct nn_multiply_options {
    size_t struct_size;
    const char *name; /* NULL: multiply, ... */
} nn_multiply_options;
NN_API nn_layer *nn_multiply_new(const nn_multiply_options *options);
typedef struct nn_average_options {
    size_t struct_size;
    const char *name; /* NULL: average, ... */
} nn_average_options;
NN_API nn_layer *nn_average_new(const nn_average_options *options);
typedef struct nn_maximum_options {
    size_t struct_size;
    const char *name; /* NULL: maximum, ... */
} nn_maximum_options;
NN_API nn_layer *nn_maximum_new(const nn_maximum_options *options);
typedef struct nn_minimum_options {
    size_t struct_size;
    const char *name; /* NULL: minimum, ... */
} nn_minimum_options;
NN_API nn_layer *nn_minimum_new(const nn_minimum_options *options);

/* ---- Concatenate ----------------------------------------------------------------------------
 * Two or more inputs one after the other along an axis; along the others they are alike:
 * nn_merge(nn_concatenate(), a, b) of pictures puts b's channels behind a's. Errors at build:
 * NN_EINVAL (no such axis), NN_ESHAPE (another axis differs).
 */
typedef struct nn_concatenate_options {
    size_t struct_size;
    int axis;         /* Keras's number: 1 is a sample's first axis, -1 its last; 0 is -1 */
    int reserved;     /* 0                                                                */
    const char *name; /* NULL: concatenate, ...                                           */
} nn_concatenate_options;
NN_API nn_layer *nn_concatenate_new(const nn_concatenate_options *options);

/* ---- Reshape --------------------------------------------------------------------------------
 * The same numbers in row-major order under another shape: nn_reshape(NN_DIMS(8, 8, -1)). Errors at
 * build: NN_EINVAL (a dimension below 1 that is not the one -1), NN_ESHAPE (it does not fit).
 */
typedef struct nn_reshape_options {
    size_t struct_size;
    nn_shape target_shape; /* without the rows; one dimension may be -1: what is left; must be
                              given                                                        */
    int reserved;          /* 0                                                            */
    const char *name;      /* NULL: reshape, ...                                           */
} nn_reshape_options;
NN_API nn_layer *nn_reshape_new(const nn_reshape_options *options);

/* ---- Permute --------------------------------------------------------------------------------
 * The axes of a sample in another order: nn_permute(NN_DIMS(3, 1, 2)) makes [c][h][w] of [h][w][c].
 * Errors at build: NN_EINVAL (not each axis once).
 */
typedef struct nn_permute_options {
    size_t struct_size;
    nn_shape dims;    /* for each axis of y the axis of x, from 1; must be given */
    int reserved;     /* 0                                                       */
    const char *name; /* NULL: permute, ...                                      */
} nn_permute_options;
NN_API nn_layer *nn_permute_new(const nn_permute_options *options);

/* ---- LayerNormalization ---------------------------------------------------------------------
 * Over the last axes of each sample, c numbers at a time, with their mean and biased variance:
 *   y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 * Weights: gamma, beta, of the shape of these axes. Training and inference are the same. Errors at
 * build: NN_EINVAL (no such axis), NN_ENOTSUP (axes that are not the last ones).
 */
typedef struct nn_layer_norm_options {
    size_t struct_size;
    nn_shape axis;                    /* default NN_DIMS(-1); of pictures also NN_DIMS(1, 2, 3) */
    int reserved;                     /* 0                                                      */
    double epsilon;                   /* >= 0; 0 is 1e-3, NN_ZERO is 0                          */
    int no_center;                    /* 1: no beta                                             */
    int no_scale;                     /* 1: no gamma                                            */
    nn_initializer beta_initializer;  /* default NN_ZEROS                                       */
    nn_initializer gamma_initializer; /* default NN_ONES                                        */
    nn_regularizer beta_regularizer;  /* default none                                           */
    nn_regularizer gamma_regularizer; /* default none                                           */
    const char *name;                 /* NULL: layer_normalization, ...                         */
} nn_layer_norm_options;
NN_API nn_layer *nn_layer_norm_new(const nn_layer_norm_options *options);

/* ---- Normalization --------------------------------------------------------------------------
 * y = (x - mean) / max(sqrt(variance), 1e-7), with numbers known beforehand: those of a dataset, by
 * nn_normalization_adapt (nn/train.h), or options. State, unless mean and variance are options: mean
 * and variance, of the shape of the kept axes (until then 0 and 1), and count[1], how many numbers
 * each mean is of. Errors at build: NN_EINVAL (no such axis; mean without variance; a negative
 * variance).
 */
typedef struct nn_normalization_options {
    size_t struct_size;
    nn_shape axis;     /* the axes along which mean and variance vary; default NN_DIMS(-1)     */
    int no_axis;       /* 1: one mean and variance for all numbers (Keras: axis=None)          */
    nn_maybe mean;     /* NN_SOME(0.5): for all numbers; absent: state                         */
    nn_maybe variance; /* >= 0; with mean                                                      */
    int invert;        /* 1: the way back, y = mean + x max(sqrt(variance), 1e-7)              */
    int reserved;      /* 0                                                                    */
    const char *name;  /* NULL: normalization, ...                                             */
} nn_normalization_options;
NN_API nn_layer *nn_normalization_new(const nn_normalization_options *options);

/* ---- GaussianNoise --------------------------------------------------------------------------
 * Training: y = x + stddev z, z normal, from (seed, step, node, element) as Dropout's masks.
 * Inference: y = x.
 */
typedef struct nn_gaussian_noise_options {
    size_t struct_size;
    double stddev;    /* >= 0; must be given: 0 is an error, NN_ZERO is 0 */
    const char *name; /* NULL: gaussian_noise, ...                        */
} nn_gaussian_noise_options;
NN_API nn_layer *nn_gaussian_noise_new(const nn_gaussian_noise_options *options);

/* ---- SpatialDropout2D -----------------------------------------------------------------------
 * Dropout of whole channels of pictures [h][w][c]: training keeps a channel of a sample with
 * probability 1 - rate. Errors at build: NN_EINVAL, NN_ESHAPE (input not a picture).
 */
typedef struct nn_spatial_dropout2d_options {
    size_t struct_size;
    double rate;      /* 0..1; must be given             */
    const char *name; /* NULL: spatial_dropout2d, ...    */
} nn_spatial_dropout2d_options;
NN_API nn_layer *nn_spatial_dropout2d_new(const nn_spatial_dropout2d_options *options);

/* ---- Embedding ------------------------------------------------------------------------------
 * x[..] -> y[..][output_dim]: for each number its row of the table. Weight:
 * embeddings[input_dim][output_dim]. Numbers are 0..input_dim-1 as datasets and tensors give them:
 * bytes, int32 or floats, whose fraction is cut off. What is no such number, NaN included, gives a
 * row of zeros and no gradient. x has the gradient 0.
 */
typedef struct nn_embedding_options {
    size_t struct_size;
    int input_dim;                         /* 1..2^24; must be given         */
    int output_dim;                        /* 1..2^24; must be given         */
    nn_initializer embeddings_initializer; /* default NN_RANDOM_UNIFORM(0.05) */
    nn_regularizer embeddings_regularizer; /* default none                   */
    const char *name;                      /* NULL: embedding, ...           */
} nn_embedding_options;
NN_API nn_layer *nn_embedding_new(const nn_embedding_options *options);

#ifndef __cplusplus
/* Keyword arguments: a pointer to options of that type, with struct_size set; see nn/base.h. C
 * only. */
#define NN_OPTIONS(type, ...) (&(type){.struct_size = sizeof(type), __VA_ARGS__})

#define nn_conv2d(...) nn_conv2d_new(NN_OPTIONS(nn_conv2d_options, __VA_ARGS__))
#define nn_dense(...) nn_dense_new(NN_OPTIONS(nn_dense_options, __VA_ARGS__))
#define nn_max_pool2d(...) nn_max_pool2d_new(NN_OPTIONS(nn_max_pool2d_options, __VA_ARGS__))
#define nn_average_pool2d(...)                                                                     \
    nn_average_pool2d_new(NN_OPTIONS(nn_average_pool2d_options, __VA_ARGS__))
#define nn_global_average_pool2d(...)                                                              \
    nn_global_average_pool2d_new(NN_OPTIONS(nn_global_average_pool2d_options, __VA_ARGS__))
#define nn_global_max_pool2d(...)                                                                  \
    nn_global_max_pool2d_new(NN_OPTIONS(nn_global_max_pool2d_options, __VA_ARGS__))
#define nn_depthwise_conv2d(...)                                                                   \
    nn_depthwise_conv2d_new(NN_OPTIONS(nn_depthwise_conv2d_options, __VA_ARGS__))
#define nn_separable_conv2d(...)                                                                   \
    nn_separable_conv2d_new(NN_OPTIONS(nn_separable_conv2d_options, __VA_ARGS__))
#define nn_conv2d_transpose(...)                                                                   \
    nn_conv2d_transpose_new(NN_OPTIONS(nn_conv2d_transpose_options, __VA_ARGS__))
#define nn_up_sampling2d(...)                                                                      \
    nn_up_sampling2d_new(NN_OPTIONS(nn_up_sampling2d_options, __VA_ARGS__))
#define nn_zero_padding2d(...)                                                                     \
    nn_zero_padding2d_new(NN_OPTIONS(nn_zero_padding2d_options, __VA_ARGS__))
#define nn_cropping2d(...) nn_cropping2d_new(NN_OPTIONS(nn_cropping2d_options, __VA_ARGS__))
#define nn_batch_norm(...) nn_batch_norm_new(NN_OPTIONS(nn_batch_norm_options, __VA_ARGS__))
#define nn_dropout(...) nn_dropout_new(NN_OPTIONS(nn_dropout_options, __VA_ARGS__))
#define nn_flatten(...) nn_flatten_new(NN_OPTIONS(nn_flatten_options, __VA_ARGS__))
#define nn_activation(...) nn_activation_new(NN_OPTIONS(nn_activation_options, __VA_ARGS__))
#define nn_softmax(...) nn_softmax_new(NN_OPTIONS(nn_softmax_options, __VA_ARGS__))
#define nn_rescaling(...) nn_rescaling_new(NN_OPTIONS(nn_rescaling_options, __VA_ARGS__))
#define nn_add(...) nn_add_new(NN_OPTIONS(nn_add_options, __VA_ARGS__))
#define nn_relu(...) nn_relu_new(NN_OPTIONS(nn_relu_options, __VA_ARGS__))
#define nn_leaky_relu(...) nn_leaky_relu_new(NN_OPTIONS(nn_leaky_relu_options, __VA_ARGS__))
#define nn_elu(...) nn_elu_new(NN_OPTIONS(nn_elu_options, __VA_ARGS__))
#define nn_prelu(...) nn_prelu_new(NN_OPTIONS(nn_prelu_options, __VA_ARGS__))
#define nn_subtract(...) nn_subtract_new(NN_OPTIONS(nn_subtract_options, __VA_ARGS__))
#define nn_multiply(...) nn_multiply_new(NN_OPTIONS(nn_multiply_options, __VA_ARGS__))
#define nn_average(...) nn_average_new(NN_OPTIONS(nn_average_options, __VA_ARGS__))
#define nn_maximum(...) nn_maximum_new(NN_OPTIONS(nn_maximum_options, __VA_ARGS__))
#define nn_minimum(...) nn_minimum_new(NN_OPTIONS(nn_minimum_options, __VA_ARGS__))
#define nn_concatenate(...) nn_concatenate_new(NN_OPTIONS(nn_concatenate_options, __VA_ARGS__))
#define nn_reshape(...) nn_reshape_new(NN_OPTIONS(nn_reshape_options, __VA_ARGS__))
#define nn_permute(...) nn_permute_new(NN_OPTIONS(nn_permute_options, __VA_ARGS__))
#define nn_layer_norm(...) nn_layer_norm_new(NN_OPTIONS(nn_layer_norm_options, __VA_ARGS__))
#define nn_normalization(...)                                                                      \
    nn_normalization_new(NN_OPTIONS(nn_normalization_options, __VA_ARGS__))
#define nn_gaussian_noise(...)                                                                     \
    nn_gaussian_noise_new(NN_OPTIONS(nn_gaussian_noise_options, __VA_ARGS__))
#define nn_spatial_dropout2d(...)                                                                  \
    nn_spatial_dropout2d_new(NN_OPTIONS(nn_spatial_dropout2d_options, __VA_ARGS__))
#define nn_embedding(...) nn_embedding_new(NN_OPTIONS(nn_embedding_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
