/* One rate throughout. */
#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_constant_rate_options, learning_rate);

static const nn_option constant_rate_fields[] = {
    NN__GIVEN(nn_constant_rate_options, learning_rate),
};

static double constant_rate_rate(const void *options, double step)
{
    (void)step;
    return ((const nn_constant_rate_options *)options)->learning_rate;
}

const nn_schedule_kind nn__constant_rate_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "constant_rate", "ConstantRate", nn_constant_rate_options,
                     constant_rate_fields),
    .rate = constant_rate_rate,
};

nn_schedule *nn_constant_rate_new(const nn_constant_rate_options *options)
{
    return nn_schedule_new(&nn__constant_rate_schedule, options);
}
