/* What the callbacks share: the object with its state, and the list of kinds. */
#ifndef NN__CALLBACKS_CALLBACK_H
#define NN__CALLBACKS_CALLBACK_H

#include "base/base.h"
#include "base/registry.h"

struct nn_callback {
    nn__object object;
    void *state; /* kind->state_size bytes, zero at first */
};

#define NN__KIND_OF(name) extern const nn_callback_kind nn__##name##_callback;
#include "callbacks/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__callback_kinds[];

static inline const nn_callback_kind *nn__callback_kind(const nn_callback *callback)
{
    return (const nn_callback_kind *)(const void *)callback->object.kind;
}

#endif
