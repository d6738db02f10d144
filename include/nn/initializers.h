/*
 * What a weight begins with, and what it costs: initializers and regularizers, small values for the
 * options of layers.
 */
#ifndef NN_INITIALIZERS_H
#define NN_INITIALIZERS_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How weights start. fan_in and fan_out follow Keras: (rows, columns) of a matrix; for a
 * convolution kernel [kh][kw][in][out], kh*kw*in and kh*kw*out.
 *   NN_ZEROS, NN_ONES    every element 0, 1
 *   NN_GLOROT_UNIFORM    U(-l, l), l = sqrt(6 / (fan_in + fan_out))
 *   NN_GLOROT_NORMAL     normal cut at two deviations, variance 2 / (fan_in + fan_out)
 *   NN_HE_UNIFORM        U(-l, l), l = sqrt(6 / fan_in)
 *   NN_HE_NORMAL         normal cut at two deviations, variance 2 / fan_in
 *   NN_LECUN_UNIFORM     U(-l, l), l = sqrt(3 / fan_in)
 *   NN_LECUN_NORMAL      normal cut at two deviations, variance 1 / fan_in
 *   NN_ORTHOGONAL        a matrix [all dimensions but the last][the last] with orthonormal columns,
 *                        or rows where these are fewer: the Q of a normal matrix's QR with positive
 *                        diagonal of R. NN_ORTHOGONAL_GAIN(g): times g; 1 unless given
 * With an argument; 0 is 0.05, NN_ZERO is zero:
 *   NN_TRUNCATED_NORMAL(s)  normal with deviation s cut at two deviations; what is left has the
 *                           deviation 0.88 s, as in Keras
 *   NN_RANDOM_NORMAL(s)     normal with deviation s
 *   NN_RANDOM_UNIFORM(l)    U(-l, l)
 *   NN_CONSTANT(c)          every element c (0 is 0)
 * Numbers come from the model's seed, the layer and the weight's place in it, so the same seed
 * draws the same weights on every machine. The enum's numbers are stable.
 */
typedef enum nn_initializer_kind {
    NN_INIT_DEFAULT = 0,           /* the layer's default    */
    NN_INIT_ZEROS = 1,             /* NN_ZEROS */
    NN_INIT_ONES = 2,              /* NN_ONES */
    NN_INIT_GLOROT_UNIFORM = 3,    /* NN_GLOROT_UNIFORM: Glorot and Bengio, 2010 */
    NN_INIT_GLOROT_NORMAL = 4,     /* NN_GLOROT_NORMAL */
    NN_INIT_HE_UNIFORM = 5,        /* NN_HE_UNIFORM: He et al., 2015 */
    NN_INIT_HE_NORMAL = 6,         /* NN_HE_NORMAL */
    NN_INIT_LECUN_UNIFORM = 7,     /* NN_LECUN_UNIFORM: LeCun et al., 1998 */
    NN_INIT_LECUN_NORMAL = 8,      /* NN_LECUN_NORMAL */
    NN_INIT_ORTHOGONAL = 9,        /* NN_ORTHOGONAL: Saxe et al., 2014 */
    NN_INIT_TRUNCATED_NORMAL = 10, /* NN_TRUNCATED_NORMAL(deviation) */
    NN_INIT_RANDOM_NORMAL = 11,    /* NN_RANDOM_NORMAL(deviation) */
    NN_INIT_RANDOM_UNIFORM = 12,   /* NN_RANDOM_UNIFORM(limit) */
    NN_INIT_CONSTANT = 13          /* NN_CONSTANT(value) */
} nn_initializer_kind;

/* An initializer, a small value: .kernel_initializer = NN_HE_NORMAL. All zero is the default. */
typedef struct nn_initializer {
    int kind;     /* an nn_initializer_kind                       */
    int reserved; /* 0                                            */
    double value; /* of kinds with an argument, finite; 0: default */
} nn_initializer;

#ifndef __cplusplus
/* An initializer by the end of its number: NN_INITIALIZER(CONSTANT, 2). */
#define NN_INITIALIZER(kind, value)                                                                \
    {                                                                                              \
        NN_INIT_##kind, 0, (value)                                                                 \
    }

/* Initializers by name, for options of the type nn_initializer; what each draws stands at
 * nn_initializer_kind. C only. */
#define NN_ZEROS NN_INITIALIZER(ZEROS, 0)
#define NN_ONES NN_INITIALIZER(ONES, 0)
#define NN_GLOROT_UNIFORM NN_INITIALIZER(GLOROT_UNIFORM, 0)
#define NN_GLOROT_NORMAL NN_INITIALIZER(GLOROT_NORMAL, 0)
#define NN_HE_UNIFORM NN_INITIALIZER(HE_UNIFORM, 0)
#define NN_HE_NORMAL NN_INITIALIZER(HE_NORMAL, 0)
#define NN_LECUN_UNIFORM NN_INITIALIZER(LECUN_UNIFORM, 0)
#define NN_LECUN_NORMAL NN_INITIALIZER(LECUN_NORMAL, 0)
#define NN_ORTHOGONAL NN_INITIALIZER(ORTHOGONAL, 0)
#define NN_ORTHOGONAL_GAIN(gain) NN_INITIALIZER(ORTHOGONAL, gain)
#define NN_TRUNCATED_NORMAL(deviation) NN_INITIALIZER(TRUNCATED_NORMAL, deviation)
#define NN_RANDOM_NORMAL(deviation) NN_INITIALIZER(RANDOM_NORMAL, deviation)
#define NN_RANDOM_UNIFORM(limit) NN_INITIALIZER(RANDOM_UNIFORM, limit)
#define NN_CONSTANT(value) NN_INITIALIZER(CONSTANT, value)
#endif

/* A penalty on a weight, a small value: l1 sum |w| + l2 sum w^2 is added to the loss of each batch
 * (once, not divided by rows), its gradient to the weight's. All zero is none. */
typedef struct nn_regularizer {
    double l1; /* >= 0 */
    double l2; /* >= 0 */
} nn_regularizer;

#ifndef __cplusplus
/* The sum of |w|, times the factor: .kernel_regularizer = NN_L1(1e-5). C only. */
#define NN_L1(factor) NN_L1_L2(factor, 0)
/* The sum of w^2, times the factor. C only. */
#define NN_L2(factor) NN_L1_L2(0, factor)
/* Both, each times its factor. C only. */
#define NN_L1_L2(l1, l2)                                                                           \
    {                                                                                              \
        (l1), (l2)                                                                                 \
    }
#endif

#ifdef __cplusplus
}
#endif
#endif
