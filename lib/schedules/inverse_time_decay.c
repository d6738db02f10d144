/* InverseTimeDecay; formula in nn/schedules.h. */
#include <math.h>

#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_inverse_time_decay_options, reserved);

static const nn_option inverse_time_decay_fields[] = {
    NN__GIVEN(nn_inverse_time_decay_options, initial_learning_rate),
    NN__GIVEN_ABOVE_0(nn_inverse_time_decay_options, decay_steps),
    NN__GIVEN(nn_inverse_time_decay_options, decay_rate),
    NN__OPTION(nn_inverse_time_decay_options, FLAG, staircase),
};

static double inverse_time_decay_rate(const void *options, double step)
{
    const nn_inverse_time_decay_options *o = options;
    double part = step / o->decay_steps;
    if (o->staircase)
        part = floor(part);
    return o->initial_learning_rate / (1 + o->decay_rate * part);
}

const nn_schedule_kind nn__inverse_time_decay_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "inverse_time_decay", "InverseTimeDecay",
                     nn_inverse_time_decay_options, inverse_time_decay_fields),
    .rate = inverse_time_decay_rate,
};

nn_schedule *nn_inverse_time_decay_new(const nn_inverse_time_decay_options *options)
{
    return nn_schedule_new(&nn__inverse_time_decay_schedule, options);
}
