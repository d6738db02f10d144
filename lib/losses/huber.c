/* Huber: with d = |p - y|, L = mean (d <= delta ? d^2 / 2 : delta d - delta^2 / 2). */
#include <math.h>

#include "losses/elements.h"

NN__NO_TAIL_PADDING(nn_huber_options, delta);

static const nn_option huber_fields[] = {
    NN__OPTION(nn_huber_options, DOUBLE, delta, .fallback = 1, .maximum = 1e30, .rules = NN_ABOVE),
};

static double huber_element(const void *options, double p, double y, double *slope)
{
    const double delta = ((const nn_huber_options *)options)->delta, d = fabs(p - y);
    *slope = d <= delta ? p - y : p > y ? delta : -delta;
    return d <= delta ? d * d / 2 : delta * d - delta * delta / 2;
}

static void huber_run(const nn_loss_pass *pass)
{
    nn__elements_mean(pass, huber_element);
}

const nn_loss_kind nn__huber_loss = {
    .kind = NN__KIND(nn_loss_kind, "huber", "Huber", nn_huber_options, huber_fields),
    .fuses_with = NN_LINEAR,
    .run = huber_run,
};

nn_loss *nn_huber_new(const nn_huber_options *options)
{
    return nn_loss_new(&nn__huber_loss, options);
}
