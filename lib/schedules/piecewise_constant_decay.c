/* Rates that hold up to boundaries; see nn/schedules.h. */
#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_piecewise_constant_decay_options, values);

static const nn_option piecewise_constant_decay_fields[] = {
    NN__OPTION(nn_piecewise_constant_decay_options, NUMBERS, boundaries, .rules = NN_REQUIRED,
               .minimum = -1e300, .maximum = 1e300),
    NN__OPTION(nn_piecewise_constant_decay_options, NUMBERS, values, .rules = NN_REQUIRED,
               .minimum = 0, .maximum = 1e30),
};

static nn_status piecewise_constant_decay_check(const void *options, const char *name)
{
    const nn_piecewise_constant_decay_options *o = options;
    const size_t count = o->boundaries.count;
    if (o->values.count != count + 1)
        return nn_fail(NN_EINVAL, "%s: %zu boundaries and %zu values, there must be one value more",
                       name, count, o->values.count);
    for (size_t i = 1; i < count; i++)
        if (!(o->boundaries.items[i - 1] < o->boundaries.items[i]))
            return nn_fail(NN_EINVAL, "%s: boundary %.10g follows %.10g, they must grow", name,
                           o->boundaries.items[i], o->boundaries.items[i - 1]);
    return NN_OK;
}

static double piecewise_constant_decay_rate(const void *options, double step)
{
    const nn_piecewise_constant_decay_options *o = options;
    size_t i = 0;
    while (i < o->boundaries.count && step > o->boundaries.items[i])
        i++;
    return o->values.items[i];
}

const nn_schedule_kind nn__piecewise_constant_decay_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "piecewise_constant_decay", "PiecewiseConstantDecay",
                     nn_piecewise_constant_decay_options, piecewise_constant_decay_fields),
    .check = piecewise_constant_decay_check,
    .rate = piecewise_constant_decay_rate,
};

nn_schedule *nn_piecewise_constant_decay_new(const nn_piecewise_constant_decay_options *options)
{
    return nn_schedule_new(&nn__piecewise_constant_decay_schedule, options);
}
