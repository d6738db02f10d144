/*
 * Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015), epsilon added to the
 * uncorrected sqrt(v) as in Keras, and AMSGrad (Reddi, Kale and Kumar, 2018); formulas in
 * nn/optimizers.h. Slots: m, v, and with AMSGrad the largest v so far.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_adam_options, schedule);

static const nn_option adam_fields[] = {
    NN__RATE(nn_adam_options, 0.001),           NN__BETA(nn_adam_options, beta_1, 0.9),
    NN__BETA(nn_adam_options, beta_2, 0.999),   NN__AT_LEAST_0(nn_adam_options, epsilon, 1e-7),
    NN__OPTION(nn_adam_options, FLAG, amsgrad), NN__AT_LEAST_0(nn_adam_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_adam_options),
};

const char *const nn__adam_slots[] = {"momentum", "velocity", "velocity_hat", NULL};

static int adam_slot_count(const void *options)
{
    return ((const nn_adam_options *)options)->amsgrad ? 3 : 2;
}

/* 1 - beta_1, 1 - beta_2, the step with both bias corrections, epsilon. */
enum { A, B, ALPHA, EPSILON };

void nn__adam_begin(nn_update *update, nn__adam adam)
{
    double t = (double)update->step;
    nn_real *k = update->coefficients;
    k[A] = (nn_real)(1 - adam.beta_1);
    k[B] = (nn_real)(1 - adam.beta_2);
    k[ALPHA] = (nn_real)(update->learning_rate * sqrt(1 - pow(adam.beta_2, t)) /
                         (1 - pow(adam.beta_1, t)));
    k[EPSILON] = (nn_real)adam.epsilon;
}

void nn__adam_update(const nn_update *update, int amsgrad)
{
    const nn_real *k = update->coefficients;
    nn_real *m = update->slots[0], *v = update->slots[1];
    if (amsgrad)
        nn__kernels->update_amsgrad(update->weights, m, v, update->slots[2], update->gradients,
                                    k[A], k[B], k[ALPHA], k[EPSILON], update->count);
    else
        nn__kernels->update_adam(update->weights, m, v, update->gradients, k[A], k[B], k[ALPHA],
                                 k[EPSILON], update->count);
}

static void adam_begin(nn_update *update)
{
    const nn_adam_options *o = update->options;
    nn__adam_begin(update, (nn__adam){o->beta_1, o->beta_2, o->epsilon});
}

static void adam_update(const nn_update *update)
{
    nn__adam_update(update, ((const nn_adam_options *)update->options)->amsgrad);
}

const nn_optimizer_kind nn__adam_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "adam", "Adam", nn_adam_options, adam_fields),
    .slots = nn__adam_slots,
    .slot_count = adam_slot_count,
    .begin = adam_begin,
    .update = adam_update,
};

nn_optimizer *nn_adam_new(const nn_adam_options *options)
{
    return nn_optimizer_new(&nn__adam_optimizer, options);
}
