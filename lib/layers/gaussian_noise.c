/*
 * GaussianNoise: y = x + stddev z in training, z normal; y = x in inference and with stddev 0; dx = dy.
 * z follows from the element's number in the whole batch (kernels/noise.c), so no cut changes it.
 */
#include "base/random.h"
#include "kernels/kernels.h"
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_gaussian_noise_options, name);

static const nn_option gaussian_noise_fields[] = {
    NN__OPTION(nn_gaussian_noise_options, DOUBLE, stddev, .rules = NN_REQUIRED, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_gaussian_noise_options, STRING, name),
};

static nn_status gaussian_noise_infer(nn_infer *infer)
{
    const nn_gaussian_noise_options *o = infer->options;
    infer->output = infer->inputs[0];
    infer->flags =
        infer->training && o->stddev > 0 ? NN_Y_OVER_X | NN_DX_OVER_DY : (unsigned)NN_IDENTITY;
    return NN_OK;
}

static void gaussian_noise_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_gaussian_noise_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__kernels->gaussian_noise(pass->y + first, pass->x[0] + first, o->stddev, pass->seed,
                                (uint32_t)pass->step, nn__stream(NN__FOR_MASKS, pass->node),
                                pass->first_row * nn__shape_count(pass->y_shape) + first, length);
}

/* A pass in inference mode on a context planned for training copies. */
static void gaussian_noise_forward(const nn_pass *pass)
{
    if (pass->training)
        nn__pointwise(pass, gaussian_noise_forward_task, NULL);
    else
        nn__merge_copy(pass->y, pass->x[0], nn__pass_count(pass, pass->y_shape));
}

static void gaussian_noise_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        nn__merge_copy(pass->dx[0], pass->dy, nn__pass_count(pass, pass->y_shape));
}

const nn_layer_kind nn__gaussian_noise_layer = {
    .kind = NN__KIND(nn_layer_kind, "gaussian_noise", "GaussianNoise", nn_gaussian_noise_options,
                     gaussian_noise_fields),
    .infer = gaussian_noise_infer,
    .forward = gaussian_noise_forward,
    .backward = gaussian_noise_backward,
};

nn_layer *nn_gaussian_noise_new(const nn_gaussian_noise_options *options)
{
    return nn_layer_new(&nn__gaussian_noise_layer, options);
}
