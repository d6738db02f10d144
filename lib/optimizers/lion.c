/* Lion (Chen and others, "Symbolic discovery of optimization algorithms", 2023). Slot: m. */
#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_lion_options, schedule);

static const nn_option lion_fields[] = {
    NN__RATE(nn_lion_options, 0.001),        NN__BETA(nn_lion_options, beta_1, 0.9),
    NN__BETA(nn_lion_options, beta_2, 0.99), NN__AT_LEAST_0(nn_lion_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_lion_options),
};

static const char *const lion_slots[] = {"momentum", NULL};

/* The rate, beta_1, 1 - beta_1, beta_2, 1 - beta_2. */
enum { RATE, B1, REST1, B2, REST2 };

static void lion_begin(nn_update *update)
{
    const nn_lion_options *o = update->options;
    nn_real *k = update->coefficients;
    k[RATE] = (nn_real)update->learning_rate;
    k[B1] = (nn_real)o->beta_1;
    k[REST1] = (nn_real)1 - k[B1];
    k[B2] = (nn_real)o->beta_2;
    k[REST2] = (nn_real)1 - k[B2];
}

static void lion_update(const nn_update *update)
{
    const nn_real *k = update->coefficients;
    nn__kernels->update_lion(update->weights, update->slots[0], update->gradients, k[RATE], k[B1],
                             k[REST1], k[B2], k[REST2], update->count);
}

const nn_optimizer_kind nn__lion_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "lion", "Lion", nn_lion_options, lion_fields),
    .slots = lion_slots,
    .begin = lion_begin,
    .update = lion_update,
};

nn_optimizer *nn_lion_new(const nn_lion_options *options)
{
    return nn_optimizer_new(&nn__lion_optimizer, options);
}
