/* Adagrad (Duchi, Hazan and Singer, 2011), epsilon within the root as in Keras. Slot: the sum of
 * squares. */
#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_adagrad_options, schedule);

static const nn_option adagrad_fields[] = {
    NN__RATE(nn_adagrad_options, 0.001),
    NN__AT_LEAST_0(nn_adagrad_options, initial_accumulator_value, 0.1),
    NN__AT_LEAST_0(nn_adagrad_options, epsilon, 1e-7),
    NN__AT_LEAST_0(nn_adagrad_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_adagrad_options),
};

static const char *const adagrad_slots[] = {"accumulator", NULL};

static double adagrad_slot_initial(const void *options, int slot)
{
    (void)slot;
    return ((const nn_adagrad_options *)options)->initial_accumulator_value;
}

enum { RATE, EPSILON };

static void adagrad_begin(nn_update *update)
{
    const nn_adagrad_options *o = update->options;
    update->coefficients[RATE] = (nn_real)update->learning_rate;
    update->coefficients[EPSILON] = (nn_real)o->epsilon;
}

static void adagrad_update(const nn_update *update)
{
    const nn_real *k = update->coefficients;
    nn__kernels->update_adagrad(update->weights, update->slots[0], update->gradients, k[RATE],
                                k[EPSILON], update->count);
}

const nn_optimizer_kind nn__adagrad_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "adagrad", "Adagrad", nn_adagrad_options, adagrad_fields),
    .slots = adagrad_slots,
    .slot_initial = adagrad_slot_initial,
    .begin = adagrad_begin,
    .update = adagrad_update,
};

nn_optimizer *nn_adagrad_new(const nn_adagrad_options *options)
{
    return nn_optimizer_new(&nn__adagrad_optimizer, options);
}
