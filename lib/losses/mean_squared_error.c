/* MeanSquaredError: L = mean over the elements of a row of (p - y)^2. */
#include "kernels/kernels.h"
#include "losses/loss.h"

NN__NO_TAIL_PADDING(nn_mean_squared_error_options, reserved);

static void mean_squared_error_run(const nn_loss_pass *pass)
{
    nn__kernels->squared_error(pass->losses, pass->gradient, pass->prediction, pass->targets,
                               pass->scale, (size_t)pass->rows, (size_t)pass->width);
}

const nn_loss_kind nn__mean_squared_error_loss = {
    .kind = {sizeof(nn_loss_kind), "mean_squared_error", "MeanSquaredError",
             sizeof(nn_mean_squared_error_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = mean_squared_error_run,
};

nn_loss *nn_mean_squared_error_new(const nn_mean_squared_error_options *options)
{
    return nn_loss_new(&nn__mean_squared_error_loss, options);
}
