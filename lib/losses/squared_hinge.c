/* SquaredHinge: L = mean max(1 - y p, 0)^2. */
#include "losses/elements.h"

static double squared_hinge_element(const void *options, double p, double y, double *slope)
{
    const double margin = 1 - y * p;
    (void)options;
    *slope = margin > 0 ? -2 * y * margin : 0;
    return margin > 0 ? margin * margin : 0;
}

static double squared_hinge_binary(const void *options, double p, double y, double *slope)
{
    return squared_hinge_element(options, p, 2 * y - 1, slope);
}

static void squared_hinge_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, nn__are_binary(pass) ? squared_hinge_binary : squared_hinge_element);
}

const nn_loss_kind nn__squared_hinge_loss = {
    .kind = {sizeof(nn_loss_kind), "squared_hinge", "SquaredHinge", sizeof(nn_loss_options), NULL,
             0},
    .fuses_with = NN_LINEAR,
    .run = squared_hinge_run,
};

nn_loss *nn_squared_hinge_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__squared_hinge_loss, options);
}
