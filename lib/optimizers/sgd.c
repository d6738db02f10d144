/* SGD, plain, with momentum or Nesterov's; formulas in nn/optimizers.h. Slot: the velocity v. */
#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_sgd_options, schedule);

static const nn_option sgd_fields[] = {
    NN__RATE(nn_sgd_options, 0.01),
    NN__OPTION(nn_sgd_options, DOUBLE, momentum, .minimum = 0, .maximum = 1),
    NN__OPTION(nn_sgd_options, FLAG, nesterov),
    NN__AT_LEAST_0(nn_sgd_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_sgd_options),
};

static const char *const sgd_slots[] = {"momentum", NULL};

static int sgd_slot_count(const void *options)
{
    const nn_sgd_options *o = options;
    return o->momentum != 0;
}

enum { RATE, MOMENTUM };

static void sgd_begin(nn_update *update)
{
    const nn_sgd_options *o = update->options;
    update->coefficients[RATE] = (nn_real)update->learning_rate;
    update->coefficients[MOMENTUM] = (nn_real)o->momentum;
}

static void sgd_update(const nn_update *update)
{
    const nn_sgd_options *o = update->options;
    const nn_real *k = update->coefficients;
    if (o->momentum != 0)
        nn__kernels->update_momentum(update->weights, update->slots[0], update->gradients, k[RATE],
                                     k[MOMENTUM], o->nesterov, update->count);
    else
        nn__kernels->update_sgd(update->weights, update->gradients, k[RATE], update->count);
}

const nn_optimizer_kind nn__sgd_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "sgd", "SGD", nn_sgd_options, sgd_fields),
    .slots = sgd_slots,
    .slot_count = sgd_slot_count,
    .begin = sgd_begin,
    .update = sgd_update,
};

nn_optimizer *nn_sgd_new(const nn_sgd_options *options)
{
    return nn_optimizer_new(&nn__sgd_optimizer, options);
}
