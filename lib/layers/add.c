/* Add: y = x0 + x1 + ..., added in this order; every dx = dy. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_add_options, name);

static const nn_option add_fields[] = {
    NN__OPTION(nn_add_options, STRING, name),
};

static void add_forward(const nn_pass *pass)
{
    nn__linear_forward(pass, (nn__linear){1, 1});
}

static void add_backward(const nn_pass *pass)
{
    nn__linear_backward(pass, (nn__linear){1, 1});
}

const nn_layer_kind nn__add_layer = {
    .kind = NN__KIND(nn_layer_kind, "add", "Add", nn_add_options, add_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = nn__merge_infer,
    .forward = add_forward,
    .backward = add_backward,
};

nn_layer *nn_add_new(const nn_add_options *options)
{
    return nn_layer_new(&nn__add_layer, options);
}
