/*
 * Schedules: the learning rate as a function of s, the number of batches trained before this one
 * (Keras's optimizer.iterations). Given to an optimizer instead of a rate:
 *
 *   nn_adam(.schedule = nn_cosine_decay(.initial_learning_rate = 0.01, .decay_steps = 5000))
 *
 * The optimizer takes the schedule, also when it fails. A constructor never returns NULL, since NULL
 * in an optimizer's options means no schedule: where memory is lacking it returns a schedule that
 * stands for the failure, and the compile then ends with NN_ENOMEM. Options are checked by
 * nn_compile (NN_EINVAL). Arithmetic is double.
 */
#ifndef NN_SCHEDULES_H
#define NN_SCHEDULES_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A schedule: its kind's table and its options. */
typedef struct nn_schedule nn_schedule;

/* Frees a schedule that was not handed to an optimizer. NULL is fine. */
NN_API void nn_schedule_free(nn_schedule *schedule);

/* The rate at s, for tables and plots. NaN where the options are wrong: NN_EINVAL, NN_ENOMEM. */
NN_API double nn_schedule_rate(const nn_schedule *schedule, uint64_t step);

/* ---- Constant rate ----------------------------------------------------------------------------
 * The same rate throughout; unlike an optimizer's learning_rate it cannot be set later.
 */
typedef struct nn_constant_rate_options {
    size_t struct_size;
    double learning_rate; /* >= 0; must be given (NN_ZERO is 0) */
} nn_constant_rate_options;
NN_API nn_schedule *nn_constant_rate_new(const nn_constant_rate_options *options);

/* ---- PiecewiseConstantDecay -------------------------------------------------------------------
 * values[0] for s <= boundaries[0], values[1] for boundaries[0] < s <= boundaries[1], ..., the last
 * one after the last boundary: one value more than boundaries, which grow.
 *   nn_piecewise_constant_decay(.boundaries = nn_numbers(1000, 2000),
 *                               .values = nn_numbers(0.1, 0.01, 0.001))
 */
typedef struct nn_piecewise_constant_decay_options {
    size_t struct_size;
    nn_number_list boundaries; /* must be given  */
    nn_number_list values;     /* each >= 0      */
} nn_piecewise_constant_decay_options;
NN_API nn_schedule *nn_piecewise_constant_decay_new(
    const nn_piecewise_constant_decay_options *options);

/* ---- ExponentialDecay -------------------------------------------------------------------------
 * initial r^(s / D); with staircase, s / D is rounded down.
 */
typedef struct nn_exponential_decay_options {
    size_t struct_size;
    double initial_learning_rate; /* >= 0; must be given                       */
    double decay_steps;           /* D > 0; must be given                      */
    double decay_rate;            /* r >= 0; must be given                     */
    int staircase;                /* 1: in steps                               */
    int reserved;                 /* 0                                         */
} nn_exponential_decay_options;
NN_API nn_schedule *nn_exponential_decay_new(const nn_exponential_decay_options *options);

/* ---- PolynomialDecay --------------------------------------------------------------------------
 * (initial - end) (1 - min(s, D) / D)^power + end. With cycle, D is multiplied by the smallest whole
 * number, at least 1, that makes it s or more, and the rate jumps up each time.
 */
typedef struct nn_polynomial_decay_options {
    size_t struct_size;
    double initial_learning_rate; /* >= 0; must be given            */
    double decay_steps;           /* D > 0; must be given           */
    double end_learning_rate;     /* >= 0; 0 is 1e-4, NN_ZERO is 0  */
    double power;                 /* >= 0; 0 is 1, NN_ZERO is 0     */
    int cycle;                    /* 1: start over after D steps    */
    int reserved;                 /* 0                              */
} nn_polynomial_decay_options;
NN_API nn_schedule *nn_polynomial_decay_new(const nn_polynomial_decay_options *options);

/* ---- InverseTimeDecay -------------------------------------------------------------------------
 * initial / (1 + r s / D); with staircase, s / D is rounded down.
 */
typedef struct nn_inverse_time_decay_options {
    size_t struct_size;
    double initial_learning_rate; /* >= 0; must be given  */
    double decay_steps;           /* D > 0; must be given */
    double decay_rate;            /* r >= 0; must be given */
    int staircase;                /* 1: in steps          */
    int reserved;                 /* 0                    */
} nn_inverse_time_decay_options;
NN_API nn_schedule *nn_inverse_time_decay_new(const nn_inverse_time_decay_options *options);

/* ---- CosineDecay ------------------------------------------------------------------------------
 * top ((1 - alpha) (1 + cos(pi min(s', D) / D)) / 2 + alpha).  Without warm-up s' = s and top is
 * initial. With warmup_target the rate first rises in a line, initial + (warmup_target - initial)
 * s / warmup_steps for s < warmup_steps; then top is warmup_target and s' = s - warmup_steps.
 */
typedef struct nn_cosine_decay_options {
    size_t struct_size;
    double initial_learning_rate; /* >= 0; must be given (NN_ZERO is 0)           */
    double decay_steps;           /* D > 0; must be given                         */
    double alpha;                 /* >= 0, the last rate as a part of top; default 0 */
    double warmup_target;         /* > 0; 0: no warm-up                           */
    double warmup_steps;          /* >= 0; default 0                              */
} nn_cosine_decay_options;
NN_API nn_schedule *nn_cosine_decay_new(const nn_cosine_decay_options *options);

/* ---- CosineDecayRestarts ----------------------------------------------------------------------
 * Cosine decay that starts over: run i = 0, 1, ... lasts first_decay_steps t_mul^i batches. Within
 * it f goes from 0 to 1:  initial ((1 - alpha) m_mul^i (1 + cos(pi f)) / 2 + alpha)
 */
typedef struct nn_cosine_decay_restarts_options {
    size_t struct_size;
    double initial_learning_rate; /* >= 0; must be given          */
    double first_decay_steps;     /* > 0; must be given           */
    double t_mul;                 /* >= 1; 0 is 2                 */
    double m_mul;                 /* >= 0; 0 is 1, NN_ZERO is 0   */
    double alpha;                 /* >= 0; default 0              */
} nn_cosine_decay_restarts_options;
NN_API nn_schedule *nn_cosine_decay_restarts_new(const nn_cosine_decay_restarts_options *options);

/* ---- One cycle --------------------------------------------------------------------------------
 * Smith and Topin, "Super-convergence", 2017, which Keras does not have: the shape of
 * PyTorch's OneCycleLR by default. With low = max / div_factor, end = low / final_div_factor and
 * p = percent_start total_steps - 1, half cosines lead
 *   from low at s = 0 to max at s = p, then to end at s = total_steps - 1, which is kept afterwards.
 */
typedef struct nn_one_cycle_options {
    size_t struct_size;
    double max_learning_rate; /* >= 0; must be given                                   */
    double total_steps;       /* whole, > 0: batches of the whole training; must be given */
    double percent_start;     /* 0..1, the part in which the rate rises; 0 is 0.3      */
    double div_factor;        /* > 0; 0 is 25                                          */
    double final_div_factor;  /* > 0; 0 is 1e4                                         */
} nn_one_cycle_options;
NN_API nn_schedule *nn_one_cycle_new(const nn_one_cycle_options *options);

#ifndef __cplusplus
#define nn_constant_rate(...)                                                                      \
    nn_constant_rate_new(NN_OPTIONS(nn_constant_rate_options, __VA_ARGS__))
#define nn_piecewise_constant_decay(...)                                                           \
    nn_piecewise_constant_decay_new(NN_OPTIONS(nn_piecewise_constant_decay_options, __VA_ARGS__))
#define nn_exponential_decay(...)                                                                  \
    nn_exponential_decay_new(NN_OPTIONS(nn_exponential_decay_options, __VA_ARGS__))
#define nn_polynomial_decay(...)                                                                   \
    nn_polynomial_decay_new(NN_OPTIONS(nn_polynomial_decay_options, __VA_ARGS__))
#define nn_inverse_time_decay(...)                                                                 \
    nn_inverse_time_decay_new(NN_OPTIONS(nn_inverse_time_decay_options, __VA_ARGS__))
#define nn_cosine_decay(...) nn_cosine_decay_new(NN_OPTIONS(nn_cosine_decay_options, __VA_ARGS__))
#define nn_cosine_decay_restarts(...)                                                              \
    nn_cosine_decay_restarts_new(NN_OPTIONS(nn_cosine_decay_restarts_options, __VA_ARGS__))
#define nn_one_cycle(...) nn_one_cycle_new(NN_OPTIONS(nn_one_cycle_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
