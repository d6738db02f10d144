/* ELU: y = x > 0 ? x : alpha (exp(x) - 1); dx = y > 0 ? dy : dy (y + alpha). */
#include "kernels/kernels.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_elu_options, name);

static const nn_option elu_fields[] = {
    NN__OPTION(nn_elu_options, DOUBLE, alpha, .fallback = 1, .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_elu_options, STRING, name),
};

static nn_status elu_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    infer->flags = NN_KEEPS_Y | NN_Y_OVER_X | NN_DX_OVER_DY;
    return NN_OK;
}

static void elu_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_elu_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__kernels->elu(pass->y + first, pass->x[0] + first, (nn_real)o->alpha, length);
}

static void elu_forward(const nn_pass *pass)
{
    nn__pointwise(pass, elu_forward_task, NULL);
}

static void elu_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_elu_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__kernels->elu_gradient(pass->dx[0] + first, pass->dy + first, pass->y + first,
                              (nn_real)o->alpha, length);
}

static void elu_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        nn__pointwise(pass, elu_backward_task, NULL);
}

const nn_layer_kind nn__elu_layer = {
    .kind = NN__KIND(nn_layer_kind, "elu", "ELU", nn_elu_options, elu_fields),
    .infer = elu_infer,
    .forward = elu_forward,
    .backward = elu_backward,
};

nn_layer *nn_elu_new(const nn_elu_options *options)
{
    return nn_layer_new(&nn__elu_layer, options);
}
