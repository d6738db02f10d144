/* Rescaling: y = x scale + offset, dx = dy scale. */
#include "kernels/kernels.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_rescaling_options, name);

static const nn_option rescaling_fields[] = {
    NN__OPTION(nn_rescaling_options, DOUBLE, scale, .rules = NN_REQUIRED),
    NN__OPTION(nn_rescaling_options, DOUBLE, offset),
    NN__OPTION(nn_rescaling_options, STRING, name),
};

static nn_status rescaling_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    infer->flags = NN_Y_OVER_X | NN_DX_OVER_DY;
    return NN_OK;
}

static void rescaling_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_rescaling_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__kernels->scale_offset(pass->y + first, pass->x[0] + first, (nn_real)o->scale,
                              (nn_real)o->offset, length);
}

static void rescaling_forward(const nn_pass *pass)
{
    nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), rescaling_forward_task,
                NULL);
}

static void rescaling_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_rescaling_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__kernels->scale_offset(pass->dx[0] + first, pass->dy + first, (nn_real)o->scale, 0, length);
}

static void rescaling_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), rescaling_backward_task,
                    NULL);
}

const nn_layer_kind nn__rescaling_layer = {
    .kind =
        NN__KIND(nn_layer_kind, "rescaling", "Rescaling", nn_rescaling_options, rescaling_fields),
    .infer = rescaling_infer,
    .forward = rescaling_forward,
    .backward = rescaling_backward,
};

nn_layer *nn_rescaling_new(const nn_rescaling_options *options)
{
    return nn_layer_new(&nn__rescaling_layer, options);
}
