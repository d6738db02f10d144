/* KLDivergence: L = sum y log(y / p), both clipped to [1e-7, 1], over the last axis. */
#include <math.h>

#include "losses/elements.h"

static double clip(double x)
{
    return x < 1e-7 ? 1e-7 : x > 1 ? 1 : x;
}

static double kl_divergence_element(const void *options, double p, double y, double *slope)
{
    const double q = clip(p), target = clip(y);
    (void)options;
    *slope = p < 1e-7 || p > 1 ? 0 : -target / p;
    return target * log(target / q);
}

static void kl_divergence_run(const nn_loss_pass *pass)
{
    nn__elements_run(pass, kl_divergence_element, nn__loss_positions(pass));
}

const nn_loss_kind nn__kl_divergence_loss = {
    .kind = {sizeof(nn_loss_kind), "kl_divergence", "KLDivergence", sizeof(nn_loss_options), NULL,
             0},
    .fuses_with = NN_LINEAR,
    .run = kl_divergence_run,
};

nn_loss *nn_kl_divergence_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__kl_divergence_loss, options);
}
