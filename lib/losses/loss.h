/* What the losses share: the object, and the list of kinds. */
#ifndef NN__LOSSES_LOSS_H
#define NN__LOSSES_LOSS_H

#include "base/base.h"
#include "base/registry.h"

struct nn_loss {
    nn__object object;
};

#define NN__KIND_OF(name) extern const nn_loss_kind nn__##name##_loss;
#include "losses/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__loss_kinds[];

static inline const nn_loss_kind *nn__loss_kind(const nn_loss *loss)
{
    return (const nn_loss_kind *)(const void *)loss->object.kind;
}

/* Is it the class whose rows have no loss? Its number need not be one of the output's. */
int nn__loss_ignores(const nn_loss *loss, int class);

/* How many last axes a row has: losses over the last axis are averaged over them. */
static inline size_t nn__loss_positions(const nn_loss_pass *pass)
{
    return pass->last_axis > 0 ? (size_t)pass->width / (size_t)pass->last_axis : 1;
}

#endif
