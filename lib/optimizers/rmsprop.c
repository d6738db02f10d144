/* RMSprop (Hinton, lecture notes, 2012), epsilon within the root as in Keras. Slots: v; m with
 * momentum or centered (with momentum 0 it is the last step, as if there were none); a. */
#include "kernels/kernels.h"
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_rmsprop_options, schedule);

static const nn_option rmsprop_fields[] = {
    NN__RATE(nn_rmsprop_options, 0.001),
    NN__OPTION(nn_rmsprop_options, DOUBLE, rho, .fallback = 0.9, .minimum = 0, .maximum = 1),
    NN__OPTION(nn_rmsprop_options, DOUBLE, momentum, .minimum = 0, .maximum = 1),
    NN__AT_LEAST_0(nn_rmsprop_options, epsilon, 1e-7),
    NN__OPTION(nn_rmsprop_options, FLAG, centered),
    NN__AT_LEAST_0(nn_rmsprop_options, weight_decay, 0),
    NN__OPTIMIZER_ROWS(nn_rmsprop_options),
};

static const char *const rmsprop_slots[] = {"velocity", "momentum", "average_gradient", NULL};

static int rmsprop_slot_count(const void *options)
{
    const nn_rmsprop_options *o = options;
    return o->centered ? 3 : o->momentum != 0 ? 2 : 1;
}

enum { RATE, RHO, REST, MOMENTUM, EPSILON };

static void rmsprop_begin(nn_update *update)
{
    const nn_rmsprop_options *o = update->options;
    nn_real *k = update->coefficients;
    k[RATE] = (nn_real)update->learning_rate;
    k[RHO] = (nn_real)o->rho;
    k[REST] = (nn_real)(1 - o->rho);
    k[MOMENTUM] = (nn_real)o->momentum;
    k[EPSILON] = (nn_real)o->epsilon;
}

static void rmsprop_update(const nn_update *update)
{
    const nn_rmsprop_options *o = update->options;
    const nn_real *k = update->coefficients;
    nn_real *m = o->centered || o->momentum != 0 ? update->slots[1] : NULL;
    nn__kernels->update_rmsprop(update->weights, update->slots[0], m,
                                o->centered ? update->slots[2] : NULL, update->gradients, k[RATE],
                                k[RHO], k[REST], k[MOMENTUM], k[EPSILON], update->count);
}

const nn_optimizer_kind nn__rmsprop_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "rmsprop", "RMSprop", nn_rmsprop_options, rmsprop_fields),
    .slots = rmsprop_slots,
    .slot_count = rmsprop_slot_count,
    .begin = rmsprop_begin,
    .update = rmsprop_update,
};

nn_optimizer *nn_rmsprop_new(const nn_rmsprop_options *options)
{
    return nn_optimizer_new(&nn__rmsprop_optimizer, options);
}
