#include "optimizers/optimizer.h"

const nn_kind *const nn__optimizer_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_optimizer.kind,
#include "optimizers/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_optimizer *nn_optimizer_new(const nn_optimizer_kind *kind, const void *options)
{
    return nn__object_new(sizeof(nn_optimizer), &kind->kind, options);
}

void nn_optimizer_free(nn_optimizer *optimizer)
{
    nn__object_free(optimizer);
}
