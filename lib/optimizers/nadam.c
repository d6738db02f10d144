/*
 * Nadam (Dozat, "Incorporating Nesterov momentum into Adam", 2016) with the momentum schedule
 * u_t = b1 (1 - 0.5 * 0.96^t) of Keras; formula in nn/optimizers.h. Slots: m and v. Scalar: the
 * product P_t of all u so far.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_nadam_options, schedule);

static const nn_option nadam_fields[] = {
    NN__RATE(nn_nadam_options, 0.001),
    NN__BETA(nn_nadam_options, beta_1, 0.9),
    NN__BETA(nn_nadam_options, beta_2, 0.999),
    NN__AT_LEAST_0(nn_nadam_options, epsilon, 1e-7),
    NN__AT_LEAST_0(nn_nadam_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_nadam_options),
};

static const char *const nadam_slots[] = {"momentum", "velocity", NULL};
static const char *const nadam_scalars[] = {"u_product", NULL};
static const double nadam_scalars_initial[] = {1};

/* 1 - beta_1, 1 - beta_2, factors of m and g in mhat, 1 - beta_2^t, rate, epsilon. */
enum { A, B, CM, CG, BIAS, RATE, EPSILON };

static double nadam_momentum(double beta_1, double t)
{
    return beta_1 * (1 - 0.5 * pow(0.96, t));
}

static void nadam_begin(nn_update *update)
{
    const nn_nadam_options *o = update->options;
    double t = (double)update->step;
    double u = nadam_momentum(o->beta_1, t), next = nadam_momentum(o->beta_1, t + 1);
    double product = update->scalars[0] * u;
    nn_real *k = update->coefficients;
    update->scalars[0] = product;
    k[A] = (nn_real)(1 - o->beta_1);
    k[B] = (nn_real)(1 - o->beta_2);
    k[CM] = (nn_real)(next / (1 - product * next));
    k[CG] = (nn_real)((1 - u) / (1 - product));
    k[BIAS] = (nn_real)(1 - pow(o->beta_2, t));
    k[RATE] = (nn_real)update->learning_rate;
    k[EPSILON] = (nn_real)o->epsilon;
}

static void nadam_update(const nn_update *update)
{
    const nn_real *k = update->coefficients;
    nn__kernels->update_nadam(update->weights, update->slots[0], update->slots[1],
                              update->gradients, k[A], k[B], k[CM], k[CG], k[BIAS], k[RATE],
                              k[EPSILON], update->count);
}

const nn_optimizer_kind nn__nadam_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "nadam", "Nadam", nn_nadam_options, nadam_fields),
    .slots = nadam_slots,
    .scalars = nadam_scalars,
    .scalars_initial = nadam_scalars_initial,
    .begin = nadam_begin,
    .update = nadam_update,
};

nn_optimizer *nn_nadam_new(const nn_nadam_options *options)
{
    return nn_optimizer_new(&nn__nadam_optimizer, options);
}
