/* MeanAbsolutePercentageError: L = mean 100 |p - y| / max(|y|, 1e-7). */
#include <math.h>

#include "losses/elements.h"

static double mean_absolute_percentage_error_element(const void *options, double p, double y,
                                                     double *slope)
{
    (void)options;
    const double share = 100 / fmax(fabs(y), 1e-7);
    *slope = p > y ? share : p < y ? -share : 0;
    return share * fabs(p - y);
}

static void mean_absolute_percentage_error_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, mean_absolute_percentage_error_element);
}

const nn_loss_kind nn__mean_absolute_percentage_error_loss = {
    .kind = {sizeof(nn_loss_kind), "mean_absolute_percentage_error", "MeanAbsolutePercentageError",
             sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = mean_absolute_percentage_error_run,
};

nn_loss *nn_mean_absolute_percentage_error_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__mean_absolute_percentage_error_loss, options);
}
