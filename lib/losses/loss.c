#include "losses/loss.h"

const nn_kind *const nn__loss_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_loss.kind,
#include "losses/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_loss *nn_loss_new(const nn_loss_kind *kind, const void *options)
{
    return nn__object_new(sizeof(nn_loss), &kind->kind, options);
}

int nn__loss_ignores(const nn_loss *loss, int class)
{
    const nn_option *option = NULL;
    const nn_maybe *ignored = nn__option_field(&loss->object, "ignore_class", &option);
    return ignored != NULL && option->type == NN_OPTION_MAYBE && ignored->present &&
           ignored->value == (double)class;
}

void nn_loss_free(nn_loss *loss)
{
    nn__object_free(loss);
}
