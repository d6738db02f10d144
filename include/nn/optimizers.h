/*
 * Optimizers: how a gradient g changes a weight w. t counts steps from 1. All arithmetic is float
 * and follows Keras 3 to the place of each epsilon. A constructor gives the optimizer to the
 * caller; nn_compile takes it. Ranges are checked by nn_compile (NN_EINVAL).
 */
#ifndef NN_OPTIMIZERS_H
#define NN_OPTIMIZERS_H

#include "base.h"
#include "schedules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An optimizer: its kind's table and its options; slots belong to the model. */
typedef struct nn_optimizer nn_optimizer;

/* Frees an optimizer that was not handed to a model. NULL is fine. */
NN_API void nn_optimizer_free(nn_optimizer *optimizer);

/*
 * What every optimizer can do besides, in Keras's order. One update of the weights is
 *   1. g = the mean of the gradients of gradient_accumulation_steps batches; on all but the last
 *      of them the weights stand still
 *   2. g is clipped: to length clip_norm for each weight (kernel, bias, ...) by itself, or to
 *      -clip_value..clip_value, or all together to length global_clip_norm; only one may be given
 *   3. w -= lr weight_decay w, but for what nn_model_exclude_from_weight_decay named
 *   4. the rule
 * and after every batch
 *   5. with use_ema, average = ema_momentum average + (1 - ema_momentum) w (until the first update
 *      is done, average = w); every ema_overwrite_frequency updates, and at the end of a fit,
 *      w = average
 * t and nn_model_steps count updates, schedules count batches. A schedule is taken by the optimizer,
 * also when that fails; with one the rate cannot be set (nn_model_set_learning_rate: NN_ESTATE).
 */
#define NN_OPTIMIZER_FIELDS                                                                        \
    double clip_norm;                /* > 0; 0: none                                        */     \
    double clip_value;               /* > 0; 0: none                                        */     \
    double global_clip_norm;         /* > 0; 0: none                                        */     \
    int use_ema;                     /* 1: averages of the weights                          */     \
    int reserved_2;                  /* 0                                                   */     \
    double ema_momentum;             /* 0..1; 0 is 0.99, NN_ZERO is 0                       */     \
    int ema_overwrite_frequency;     /* updates; 0: only at the end of a fit                */     \
    int gradient_accumulation_steps; /* batches for one update; 0 is 1                      */     \
    nn_schedule *schedule;           /* in the place of learning_rate, or NULL */

/* ---- SGD --------------------------------------------------------------------------------------
 *   momentum 0:  w -= lr g
 *   momentum u:  v = u v - lr g;  w += v
 *   nesterov:    v = u v - lr g;  w += u v - lr g
 */
typedef struct nn_sgd_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.01, NN_ZERO is 0 */
    double momentum;      /* 0..1; default 0              */
    int nesterov;         /* 1: Nesterov's form           */
    int reserved;         /* 0                            */
    double weight_decay;  /* >= 0; default 0              */
    NN_OPTIMIZER_FIELDS
} nn_sgd_options;
NN_API nn_optimizer *nn_sgd_new(const nn_sgd_options *options);

/* ---- Adam -------------------------------------------------------------------------------------
 *   m += (g - m)(1 - b1);  v += (g^2 - v)(1 - b2)
 *   w -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)
 *   amsgrad:  vh = max(vh, v) in the place of v
 */
typedef struct nn_adam_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    int amsgrad;          /* 1: AMSGrad's form               */
    int reserved;         /* 0                               */
    double weight_decay;  /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_adam_options;
NN_API nn_optimizer *nn_adam_new(const nn_adam_options *options);

/* ---- AdamW ------------------------------------------------------------------------------------
 * Adam with weight decay.
 */
typedef struct nn_adamw_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double weight_decay;  /* >= 0; 0 is 0.004, NN_ZERO is 0  */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    int amsgrad;          /* 1: AMSGrad's form               */
    int reserved;         /* 0                               */
    NN_OPTIMIZER_FIELDS
} nn_adamw_options;
NN_API nn_optimizer *nn_adamw_new(const nn_adamw_options *options);

/* ---- Nadam ------------------------------------------------------------------------------------
 *   u_t = b1 (1 - 0.5 * 0.96^t);  P_t = P_{t-1} u_t, P_0 = 1;  m, v as in Adam
 *   mhat = u_{t+1} m / (1 - P_t u_{t+1}) + (1 - u_t) g / (1 - P_t);  vhat = v / (1 - b2^t)
 *   w -= lr mhat / (sqrt(vhat) + epsilon)
 */
typedef struct nn_nadam_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    double weight_decay;  /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_nadam_options;
NN_API nn_optimizer *nn_nadam_new(const nn_nadam_options *options);

/* ---- RMSprop ----------------------------------------------------------------------------------
 *   v = rho v + (1 - rho) g^2;  d = v + epsilon
 *   centered:    a = rho a + (1 - rho) g;  d = v - a^2 + epsilon
 *   momentum 0:  w -= lr g / sqrt(d)
 *   momentum u:  m = u m + lr g / sqrt(d);  w -= m
 */
typedef struct nn_rmsprop_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double rho;           /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double momentum;      /* 0..1; default 0                 */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    int centered;         /* 1: by the variance of g         */
    int reserved;         /* 0                               */
    double weight_decay;  /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_rmsprop_options;
NN_API nn_optimizer *nn_rmsprop_new(const nn_rmsprop_options *options);

/* ---- Adamax -----------------------------------------------------------------------------------
 *   m += (g - m)(1 - b1);  u = max(b2 u, |g|)
 *   w -= lr m / ((1 - b1^t)(u + epsilon))
 */
typedef struct nn_adamax_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.999, NN_ZERO is 0  */
    double epsilon;       /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    double weight_decay;  /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_adamax_options;
NN_API nn_optimizer *nn_adamax_new(const nn_adamax_options *options);

/* ---- Adagrad ----------------------------------------------------------------------------------
 *   a += g^2, from initial_accumulator_value;  w -= lr g / sqrt(a + epsilon)
 */
typedef struct nn_adagrad_options {
    size_t struct_size;
    double learning_rate;             /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double initial_accumulator_value; /* >= 0; 0 is 0.1, NN_ZERO is 0    */
    double epsilon;                   /* >= 0; 0 is 1e-7, NN_ZERO is 0   */
    double weight_decay;              /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_adagrad_options;
NN_API nn_optimizer *nn_adagrad_new(const nn_adagrad_options *options);

/* ---- Lion -------------------------------------------------------------------------------------
 *   w -= lr sign(b1 m + (1 - b1) g);  m = b2 m + (1 - b2) g
 */
typedef struct nn_lion_options {
    size_t struct_size;
    double learning_rate; /* > 0; 0 is 0.001, NN_ZERO is 0   */
    double beta_1;        /* 0..1; 0 is 0.9, NN_ZERO is 0    */
    double beta_2;        /* 0..1; 0 is 0.99, NN_ZERO is 0   */
    double weight_decay;  /* >= 0; default 0                 */
    NN_OPTIMIZER_FIELDS
} nn_lion_options;
NN_API nn_optimizer *nn_lion_new(const nn_lion_options *options);

#ifndef __cplusplus
#define nn_sgd(...) nn_sgd_new(NN_OPTIONS(nn_sgd_options, __VA_ARGS__))
#define nn_adam(...) nn_adam_new(NN_OPTIONS(nn_adam_options, __VA_ARGS__))
#define nn_adamw(...) nn_adamw_new(NN_OPTIONS(nn_adamw_options, __VA_ARGS__))
#define nn_rmsprop(...) nn_rmsprop_new(NN_OPTIONS(nn_rmsprop_options, __VA_ARGS__))
#define nn_adamax(...) nn_adamax_new(NN_OPTIONS(nn_adamax_options, __VA_ARGS__))
#define nn_adagrad(...) nn_adagrad_new(NN_OPTIONS(nn_adagrad_options, __VA_ARGS__))
#define nn_lion(...) nn_lion_new(NN_OPTIONS(nn_lion_options, __VA_ARGS__))
#define nn_nadam(...) nn_nadam_new(NN_OPTIONS(nn_nadam_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
