/* AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019): Adam's rule. */
#include "optimizers/optimizer.h"

NN__NO_TAIL_PADDING(nn_adamw_options, schedule);

static const nn_option adamw_fields[] = {
    NN__RATE(nn_adamw_options, 0.001),
    NN__AT_LEAST_0(nn_adamw_options, weight_decay, 0.004),
    NN__BETA(nn_adamw_options, beta_1, 0.9),
    NN__BETA(nn_adamw_options, beta_2, 0.999),
    NN__AT_LEAST_0(nn_adamw_options, epsilon, 1e-7),
    NN__OPTION(nn_adamw_options, FLAG, amsgrad),
    NN__OPTIMIZER_ROWS(nn_adamw_options),
};

static int adamw_slot_count(const void *options)
{
    return ((const nn_adamw_options *)options)->amsgrad ? 3 : 2;
}

static void adamw_begin(nn_update *update)
{
    const nn_adamw_options *o = update->options;
    nn__adam_begin(update, (nn__adam){o->beta_1, o->beta_2, o->epsilon});
}

static void adamw_update(const nn_update *update)
{
    nn__adam_update(update, ((const nn_adamw_options *)update->options)->amsgrad);
}

const nn_optimizer_kind nn__adamw_optimizer = {
    .kind = NN__KIND(nn_optimizer_kind, "adamw", "AdamW", nn_adamw_options, adamw_fields),
    .slots = nn__adam_slots,
    .slot_count = adamw_slot_count,
    .begin = adamw_begin,
    .update = adamw_update,
};

nn_optimizer *nn_adamw_new(const nn_adamw_options *options)
{
    return nn_optimizer_new(&nn__adamw_optimizer, options);
}
