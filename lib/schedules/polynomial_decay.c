/* PolynomialDecay; formula in nn/schedules.h. */
#include <math.h>

#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_polynomial_decay_options, reserved);

static const nn_option polynomial_decay_fields[] = {
    NN__GIVEN(nn_polynomial_decay_options, initial_learning_rate),
    NN__GIVEN_ABOVE_0(nn_polynomial_decay_options, decay_steps),
    NN__OPTION(nn_polynomial_decay_options, DOUBLE, end_learning_rate, .fallback = 1e-4,
               .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_polynomial_decay_options, DOUBLE, power, .fallback = 1, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_polynomial_decay_options, FLAG, cycle),
};

static double polynomial_decay_rate(const void *options, double step)
{
    const nn_polynomial_decay_options *o = options;
    double length = o->decay_steps;
    if (o->cycle && step > 0)
        length *= ceil(step / o->decay_steps);
    double left = 1 - fmin(step, length) / length;
    return (o->initial_learning_rate - o->end_learning_rate) * pow(left, o->power) +
           o->end_learning_rate;
}

const nn_schedule_kind nn__polynomial_decay_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "polynomial_decay", "PolynomialDecay",
                     nn_polynomial_decay_options, polynomial_decay_fields),
    .rate = polynomial_decay_rate,
};

nn_schedule *nn_polynomial_decay_new(const nn_polynomial_decay_options *options)
{
    return nn_schedule_new(&nn__polynomial_decay_schedule, options);
}
