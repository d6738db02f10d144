/*
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015), epsilon added to the
 * uncorrected sqrt(v) as in Keras; formula in nn/optimizers.h. Slots: m and v.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_adam_options, epsilon);

static const nn_option adam_fields[] = {
    NN__OPTION(nn_adam_options, DOUBLE, learning_rate, .fallback = 0.001, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_adam_options, DOUBLE, beta_1, .fallback = 0.9, .rules = NN_BELOW, .minimum = 0,
               .maximum = 1),
    NN__OPTION(nn_adam_options, DOUBLE, beta_2, .fallback = 0.999, .rules = NN_BELOW, .minimum = 0,
               .maximum = 1),
    NN__OPTION(nn_adam_options, DOUBLE, epsilon, .fallback = 1e-7, .minimum = 0, .maximum = 1e30),
};

static const char *const adam_slots[] = {"momentum", "velocity", NULL};

/* 1 - beta_1, 1 - beta_2, the step with both bias corrections, epsilon. */
enum { A, B, ALPHA, EPSILON };

static void adam_begin(nn_update *update)
{
    const nn_adam_options *o = update->options;
    double t = (double)update->step;
    nn_real *k = update->coefficients;
    k[A] = (nn_real)(1 - o->beta_1);
    k[B] = (nn_real)(1 - o->beta_2);
    k[ALPHA] =
        (nn_real)(update->learning_rate * sqrt(1 - pow(o->beta_2, t)) / (1 - pow(o->beta_1, t)));
    k[EPSILON] = (nn_real)o->epsilon;
}

static void adam_update(const nn_update *update)
{
    const nn_real *k = update->coefficients;
    nn__kernels->update_adam(update->weights, update->slots[0], update->slots[1], update->gradients,
                             k[A], k[B], k[ALPHA], k[EPSILON], update->count);
}

const nn_optimizer_kind nn__adam_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "adam", "Adam", nn_adam_options, adam_fields),
    .slots = adam_slots,
    .begin = adam_begin,
    .update = adam_update,
};

nn_optimizer *nn_adam_new(const nn_adam_options *options)
{
    return nn_optimizer_new(&nn__adam_optimizer, options);
}
