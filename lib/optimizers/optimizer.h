/* What the optimizers share: the object, and the list of kinds. */
#ifndef NN__OPTIMIZERS_OPTIMIZER_H
#define NN__OPTIMIZERS_OPTIMIZER_H

#include <limits.h>

#include "base/base.h"
#include "base/registry.h"

struct nn_optimizer {
    nn__object object;
};

#define NN__KIND_OF(name) extern const nn_optimizer_kind nn__##name##_optimizer;
#include "optimizers/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__optimizer_kinds[];

static inline const nn_optimizer_kind *nn__optimizer_kind(const nn_optimizer *optimizer)
{
    return (const nn_optimizer_kind *)(const void *)optimizer->object.kind;
}

/* Table rows that the kinds share: a number in 0..1 or at least 0; a beta is below 1. */
#define NN__RATE(struct_, fallback_)                                                               \
    NN__OPTION(struct_, DOUBLE, learning_rate, .fallback = fallback_, .minimum = 0, .maximum = 1e30)
#define NN__BETA(struct_, field, fallback_)                                                        \
    NN__OPTION(struct_, DOUBLE, field, .rules = NN_BELOW, .fallback = fallback_, .minimum = 0,     \
               .maximum = 1)
#define NN__AT_LEAST_0(struct_, field, fallback_)                                                  \
    NN__OPTION(struct_, DOUBLE, field, .fallback = fallback_, .minimum = 0, .maximum = 1e30)
/* Those of NN_OPTIMIZER_FIELDS, which stand around the rule (lib/model/update.c). */
#define NN__OPTIMIZER_ROWS(struct_)                                                                \
    NN__AT_LEAST_0(struct_, clip_norm, 0), NN__AT_LEAST_0(struct_, clip_value, 0),                 \
        NN__AT_LEAST_0(struct_, global_clip_norm, 0), NN__OPTION(struct_, FLAG, use_ema),          \
        NN__OPTION(struct_, DOUBLE, ema_momentum, .fallback = 0.99, .minimum = 0, .maximum = 1),   \
        NN__OPTION(struct_, INT, ema_overwrite_frequency, .minimum = 0, .maximum = INT_MAX),       \
        NN__OPTION(struct_, INT, gradient_accumulation_steps, .minimum = 0, .maximum = INT_MAX),   \
        NN__OPTION(struct_, SCHEDULE, schedule)

/* Adam's rule serves AdamW, too: their tables and options differ, not these numbers. */
typedef struct nn__adam {
    double beta_1, beta_2, epsilon;
} nn__adam;
void nn__adam_begin(nn_update *update, nn__adam adam);
void nn__adam_update(const nn_update *update, int amsgrad);
extern const char *const nn__adam_slots[];

#endif
