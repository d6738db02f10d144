/* Softmax: the activation of that name as a layer; see activation.c. */
#include "layers/layer.h"

NN__NO_TAIL_PADDING(nn_softmax_options, name);

static const nn_option softmax_fields[] = {
    NN__OPTION(nn_softmax_options, STRING, name),
};

static nn_status softmax_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    infer->activation = NN_SOFTMAX;
    infer->flags = NN_IDENTITY;
    return NN_OK;
}

const nn_layer_kind nn__softmax_layer = {
    .kind = NN__KIND(nn_layer_kind, "softmax", "Softmax", nn_softmax_options, softmax_fields),
    .infer = softmax_infer,
};

nn_layer *nn_softmax_new(const nn_softmax_options *options)
{
    return nn_layer_new(&nn__softmax_layer, options);
}
