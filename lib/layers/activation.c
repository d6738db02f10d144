/* Activation: y = act(x). Its own y is x; the activation that follows is the model's step. */
#include "layers/layer.h"

NN__NO_TAIL_PADDING(nn_activation_options, name);

static const nn_option activation_fields[] = {
    NN__OPTION(nn_activation_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_activation_options, STRING, name),
};

static nn_status activation_infer(nn_infer *infer)
{
    const nn_activation_options *o = infer->options;
    infer->output = infer->inputs[0];
    infer->activation = o->activation;
    infer->flags = NN_IDENTITY;
    return NN_OK;
}

const nn_layer_kind nn__activation_layer = {
    .kind = NN__KIND(nn_layer_kind, "activation", "Activation", nn_activation_options,
                     activation_fields),
    .infer = activation_infer,
};

nn_layer *nn_activation_new(const nn_activation_options *options)
{
    return nn_layer_new(&nn__activation_layer, options);
}
