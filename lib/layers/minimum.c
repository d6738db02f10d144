/* Minimum: y = the smallest of the inputs; see merge.h. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_minimum_options, name);

static const nn_option minimum_fields[] = {
    NN__OPTION(nn_minimum_options, STRING, name),
};

static void minimum_forward(const nn_pass *pass)
{
    nn__extreme_forward(pass, 1);
}

static void minimum_backward(const nn_pass *pass)
{
    nn__extreme_backward(pass);
}

const nn_layer_kind nn__minimum_layer = {
    .kind = NN__KIND(nn_layer_kind, "minimum", "Minimum", nn_minimum_options, minimum_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = nn__extreme_infer,
    .forward = minimum_forward,
    .backward = minimum_backward,
};

nn_layer *nn_minimum_new(const nn_minimum_options *options)
{
    return nn_layer_new(&nn__minimum_layer, options);
}
