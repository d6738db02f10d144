/* Average: y = (x0 + x1 + ...) / inputs; every dx = dy / inputs. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_average_options, name);

static const nn_option average_fields[] = {
    NN__OPTION(nn_average_options, STRING, name),
};

static void average_forward(const nn_pass *pass)
{
    nn__linear_forward(pass, (nn__linear){1, 1 / (nn_real)pass->input_count});
}

static void average_backward(const nn_pass *pass)
{
    nn__linear_backward(pass, (nn__linear){1, 1 / (nn_real)pass->input_count});
}

const nn_layer_kind nn__average_layer = {
    .kind = NN__KIND(nn_layer_kind, "average", "Average", nn_average_options, average_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = nn__merge_infer,
    .forward = average_forward,
    .backward = average_backward,
};

nn_layer *nn_average_new(const nn_average_options *options)
{
    return nn_layer_new(&nn__average_layer, options);
}
