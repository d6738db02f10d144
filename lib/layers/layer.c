#include "layers/layer.h"

const nn_kind *const nn__layer_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_layer.kind,
#include "layers/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_layer *nn_layer_new(const nn_layer_kind *kind, const void *options)
{
    return nn__object_new(sizeof(nn_layer), &kind->kind, options);
}

void nn_layer_free(nn_layer *layer)
{
    nn__object_free(layer);
}
