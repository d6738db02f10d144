/* Adamax (Kingma and Ba, 2015, section 7); formula in nn/optimizers.h. Slots: m and u. */
#include <math.h>

#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_adamax_options, schedule);

static const nn_option adamax_fields[] = {
    NN__RATE(nn_adamax_options, 0.001),
    NN__BETA(nn_adamax_options, beta_1, 0.9),
    NN__BETA(nn_adamax_options, beta_2, 0.999),
    NN__AT_LEAST_0(nn_adamax_options, epsilon, 1e-7),
    NN__AT_LEAST_0(nn_adamax_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_adamax_options),
};

static const char *const adamax_slots[] = {"m", "u", NULL};

/* 1 - beta_1, beta_2, the rate, 1 - beta_1^t, epsilon. */
enum { A, B, RATE, BIAS, EPSILON };

static void adamax_begin(nn_update *update)
{
    const nn_adamax_options *o = update->options;
    nn_real *k = update->coefficients;
    k[A] = (nn_real)(1 - o->beta_1);
    k[B] = (nn_real)o->beta_2;
    k[RATE] = (nn_real)update->learning_rate;
    k[BIAS] = (nn_real)(1 - pow(o->beta_1, (double)update->step));
    k[EPSILON] = (nn_real)o->epsilon;
}

static void adamax_update(const nn_update *update)
{
    const nn_real *k = update->coefficients;
    nn__kernels->update_adamax(update->weights, update->slots[0], update->slots[1],
                               update->gradients, k[A], k[B], k[RATE], k[BIAS], k[EPSILON],
                               update->count);
}

const nn_optimizer_kind nn__adamax_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "adamax", "Adamax", nn_adamax_options, adamax_fields),
    .slots = adamax_slots,
    .begin = adamax_begin,
    .update = adamax_update,
};

nn_optimizer *nn_adamax_new(const nn_adamax_options *options)
{
    return nn_optimizer_new(&nn__adamax_optimizer, options);
}
