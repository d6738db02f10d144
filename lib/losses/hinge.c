/* Hinge: L = mean max(1 - y p, 0). */
#include "losses/elements.h"

/* The slope at the corner is that of the falling side. */
static double hinge_element(const void *options, double p, double y, double *slope)
{
    const double margin = 1 - y * p;
    (void)options;
    *slope = margin >= 0 ? -y : 0;
    return margin > 0 ? margin : 0;
}

static double hinge_binary(const void *options, double p, double y, double *slope)
{
    return hinge_element(options, p, 2 * y - 1, slope);
}

static void hinge_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, nn__are_binary(pass) ? hinge_binary : hinge_element);
}

const nn_loss_kind nn__hinge_loss = {
    .kind = {sizeof(nn_loss_kind), "hinge", "Hinge", sizeof(nn_loss_options), NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = hinge_run,
};

nn_loss *nn_hinge_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__hinge_loss, options);
}
