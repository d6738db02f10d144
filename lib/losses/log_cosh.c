/* LogCosh: L = mean log cosh(p - y). */
#include <math.h>

#include "losses/elements.h"

static const double LOG_2 = 0.69314718055994530942;

static double log_cosh_element(const void *options, double p, double y, double *slope)
{
    (void)options;
    const double d = fabs(p - y);
    *slope = tanh(p - y);
    return d + log1p(exp(-2 * d)) - LOG_2;
}

static void log_cosh_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, log_cosh_element);
}

const nn_loss_kind nn__log_cosh_loss = {
    .kind = {sizeof(nn_loss_kind), "log_cosh", "LogCosh", sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = log_cosh_run,
};

nn_loss *nn_log_cosh_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__log_cosh_loss, options);
}
