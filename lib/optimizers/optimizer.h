/* What the optimizers share: the object, and the list of kinds. */
#ifndef NN__OPTIMIZERS_OPTIMIZER_H
#define NN__OPTIMIZERS_OPTIMIZER_H

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

#endif
