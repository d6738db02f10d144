/* Subtract: y = x0 - x1. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_subtract_options, name);

static const nn_option subtract_fields[] = {
    NN__OPTION(nn_subtract_options, STRING, name),
};

static nn_status subtract_infer(nn_infer *infer)
{
    if (infer->input_count != 2)
        return nn_infer_fail(infer, NN_ESHAPE, "it takes two inputs, %d are given",
                             infer->input_count);
    return nn__merge_infer(infer);
}

static void subtract_forward(const nn_pass *pass)
{
    nn__linear_forward(pass, (nn__linear){-1, 1});
}

static void subtract_backward(const nn_pass *pass)
{
    nn__linear_backward(pass, (nn__linear){-1, 1});
}

const nn_layer_kind nn__subtract_layer = {
    .kind = NN__KIND(nn_layer_kind, "subtract", "Subtract", nn_subtract_options, subtract_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = subtract_infer,
    .forward = subtract_forward,
    .backward = subtract_backward,
};

nn_layer *nn_subtract_new(const nn_subtract_options *options)
{
    return nn_layer_new(&nn__subtract_layer, options);
}
