/*
 * BinaryCrossentropy: mean over a row's elements of -(y log p + (1 - y) log(1 - p)).
 *   from z       max(z, 0) - z y + log(1 + exp(-|z|)),  dz = sigmoid(z) - y
 *   from p       p is clipped to [1e-7, 1 - 1e-7], as float32, where its slope becomes 0
 * Targets are y (1 - smoothing) + smoothing / 2.
 */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"
#include "losses/elements.h"

NN__NO_TAIL_PADDING(nn_binary_crossentropy_options, label_smoothing);

static const nn_option binary_crossentropy_fields[] = {
    NN__OPTION(nn_binary_crossentropy_options, FLAG, from_logits),
    NN__OPTION(nn_binary_crossentropy_options, DOUBLE, label_smoothing, .maximum = 1),
};

static double smoothed(const void *options, double y)
{
    const double smoothing = ((const nn_binary_crossentropy_options *)options)->label_smoothing;
    return y * (1 - smoothing) + smoothing / 2;
}

/* Without *slope, which is written later, from sigmoid(z). */
static double logits_element(const void *options, double z, double y, double *slope)
{
    *slope = 0;
    return (z > 0 ? z : 0) - z * smoothed(options, y) + log1p(exp(-fabs(z)));
}

static double probability_element(const void *options, double p, double y, double *slope)
{
    const double low = (double)1e-7F, high = (double)(1 - 1e-7F), target = smoothed(options, y);
    const double q = p < low ? low : p > high ? high : p;
    *slope = p < low || p > high ? 0 : (1 - target) / (1 - p) - target / p;
    return -(target * log(q) + (1 - target) * log(1 - q));
}

/* Sigmoid goes over z where the loss is fused with it, else to where the gradient will be. */
static void logits_run(const nn_loss_pass *pass)
{
    const size_t count = (size_t)pass->rows * (size_t)pass->width;
    const nn_real factor = (nn_real)(pass->scale / pass->width);
    nn_loss_pass values = *pass;
    nn_real *p = pass->fused ? pass->prediction : pass->gradient;
    values.gradient = NULL;
    nn__elements_mean(&values, logits_element);
    if (p == NULL)
        return;
    if (p != pass->prediction)
        memcpy(p, pass->prediction, count * sizeof *p);
    nn__kernels->activate(p, NN_SIGMOID, count);
    for (size_t i = 0; pass->gradient != NULL && i < count; i++)
        pass->gradient[i] =
            factor * (p[i] - (nn_real)smoothed(pass->options, (double)pass->targets[i]));
}

static void binary_crossentropy_run(const nn_loss_pass *pass)
{
    const nn_binary_crossentropy_options *o = pass->options;
    if (pass->fused || o->from_logits)
        logits_run(pass);
    else
        nn__elements_mean(pass, probability_element);
}

const nn_loss_kind nn__binary_crossentropy_loss = {
    .kind = NN__KIND(nn_loss_kind, "binary_crossentropy", "BinaryCrossentropy",
                     nn_binary_crossentropy_options, binary_crossentropy_fields),
    .fuses_with = NN_SIGMOID,
    .run = binary_crossentropy_run,
};

nn_loss *nn_binary_crossentropy_new(const nn_binary_crossentropy_options *options)
{
    return nn_loss_new(&nn__binary_crossentropy_loss, options);
}
