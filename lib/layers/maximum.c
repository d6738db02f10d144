/* Maximum: y = the largest of the inputs; see merge.h. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_maximum_options, name);

static const nn_option maximum_fields[] = {
    NN__OPTION(nn_maximum_options, STRING, name),
};

static void maximum_forward(const nn_pass *pass)
{
    nn__extreme_forward(pass, 0);
}

static void maximum_backward(const nn_pass *pass)
{
    nn__extreme_backward(pass);
}

const nn_layer_kind nn__maximum_layer = {
    .kind = NN__KIND(nn_layer_kind, "maximum", "Maximum", nn_maximum_options, maximum_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = nn__extreme_infer,
    .forward = maximum_forward,
    .backward = maximum_backward,
};

nn_layer *nn_maximum_new(const nn_maximum_options *options)
{
    return nn_layer_new(&nn__maximum_layer, options);
}
