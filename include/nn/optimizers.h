/*
 * Optimizers: how a gradient g changes a weight w. t counts steps from 1. All arithmetic is float
 * and follows Keras 3 to the place of each epsilon. A constructor gives the optimizer to the
 * caller; nn_compile takes it. Ranges are checked by nn_compile (NN_EINVAL).
 */
#ifndef NN_OPTIMIZERS_H
#define NN_OPTIMIZERS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_optimizer nn_optimizer;

/* Frees an optimizer that was not handed to a model. NULL is fine. */
NN_API void nn_optimizer_free(nn_optimizer *optimizer);

/*
 * SGD.  momentum 0:  w -= lr g
 *       momentum u:  v = u v - lr g;  w += v
 *       nesterov:    v = u v - lr g;  w += u v - lr g
 */
typedef struct nn_sgd_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.01, NN_ZERO is 0 */
    double momentum;      /* 0..1; default 0              */
    int nesterov;         /* 1: Nesterov's form           */
    int reserved;         /* 0                            */
} nn_sgd_options;
NN_API nn_optimizer *nn_sgd_new(const nn_sgd_options *options);

/*
 * Adam.  m += (g - m)(1 - b1);  v += (g^2 - v)(1 - b2)
 *        w -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)
 */
typedef struct nn_adam_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
} nn_adam_options;
NN_API nn_optimizer *nn_adam_new(const nn_adam_options *options);

/*
 * Nadam. u_t = b1 (1 - 0.5 * 0.96^t);  P_t = P_{t-1} u_t, P_0 = 1;  m, v as in Adam
 *        mhat = u_{t+1} m / (1 - P_t u_{t+1}) + (1 - u_t) g / (1 - P_t);  vhat = v / (1 - b2^t)
 *        w -= lr mhat / (sqrt(vhat) + epsilon)
 */
typedef struct nn_nadam_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
} nn_nadam_options;
NN_API nn_optimizer *nn_nadam_new(const nn_nadam_options *options);

#ifndef __cplusplus
#define nn_sgd(...) nn_sgd_new(NN_OPTIONS(nn_sgd_options, __VA_ARGS__))
#define nn_adam(...) nn_adam_new(NN_OPTIONS(nn_adam_options, __VA_ARGS__))
#define nn_nadam(...) nn_nadam_new(NN_OPTIONS(nn_nadam_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
