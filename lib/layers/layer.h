/* What the layers share: the object, and the list of kinds. */
#ifndef NN__LAYERS_LAYER_H
#define NN__LAYERS_LAYER_H

#include "base/base.h"
#include "base/registry.h"

struct nn_layer {
    nn__object object;
};

#define NN__KIND_OF(name) extern const nn_layer_kind nn__##name##_layer;
#include "layers/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__layer_kinds[];

/* Is the slope of this activation told from x, not from y? The list is activations.def. */
int nn__activation_keeps_x(int activation);

static inline const nn_layer_kind *nn__layer_kind(const nn_layer *layer)
{
    return (const nn_layer_kind *)(const void *)layer->object.kind;
}

#endif
