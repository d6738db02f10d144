/* MeanSquaredLogarithmicError: L = mean (log(max(p, e) + 1) - log(max(y, e) + 1))^2, e = 1e-7. */
#include <math.h>

#include "losses/elements.h"

static double mean_squared_logarithmic_error_element(const void *options, double p, double y,
                                                     double *slope)
{
    (void)options;
    const double e = 1e-7, difference = log1p(fmax(p, e)) - log1p(fmax(y, e));
    *slope = p >= e ? 2 * difference / (p + 1) : 0;
    return difference * difference;
}

static void mean_squared_logarithmic_error_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, mean_squared_logarithmic_error_element);
}

const nn_loss_kind nn__mean_squared_logarithmic_error_loss = {
    .kind = {sizeof(nn_loss_kind), "mean_squared_logarithmic_error", "MeanSquaredLogarithmicError",
             sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = mean_squared_logarithmic_error_run,
};

nn_loss *nn_mean_squared_logarithmic_error_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__mean_squared_logarithmic_error_loss, options);
}
