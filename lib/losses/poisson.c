/* Poisson: L = mean (p - y log(p + 1e-7)). */
#include <math.h>

#include "losses/elements.h"

static double poisson_element(const void *options, double p, double y, double *slope)
{
    (void)options;
    *slope = 1 - y / (p + 1e-7);
    return p - y * log(p + 1e-7);
}

static void poisson_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, poisson_element);
}

const nn_loss_kind nn__poisson_loss = {
    .kind = {sizeof(nn_loss_kind), "poisson", "Poisson", sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = poisson_run,
};

nn_loss *nn_poisson_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__poisson_loss, options);
}
