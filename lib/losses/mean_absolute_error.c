/* MeanAbsoluteError: L = mean |p - y|; the slope at 0 is 0. */
#include <math.h>

#include "losses/elements.h"

static double mean_absolute_error_element(const void *options, double p, double y, double *slope)
{
    (void)options;
    *slope = p > y ? 1 : p < y ? -1 : 0;
    return fabs(p - y);
}

static void mean_absolute_error_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, mean_absolute_error_element);
}

const nn_loss_kind nn__mean_absolute_error_loss = {
    .kind = {sizeof(nn_loss_kind), "mean_absolute_error", "MeanAbsoluteError",
             sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = mean_absolute_error_run,
};

nn_loss *nn_mean_absolute_error_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__mean_absolute_error_loss, options);
}
