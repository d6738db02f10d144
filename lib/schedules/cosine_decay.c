/* CosineDecay, with a warm-up in a line; formula in nn/schedules.h. */
#include <math.h>

#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_cosine_decay_options, warmup_steps);

static const nn_option cosine_decay_fields[] = {
    NN__GIVEN(nn_cosine_decay_options, initial_learning_rate),
    NN__GIVEN_ABOVE_0(nn_cosine_decay_options, decay_steps),
    NN__OPTION(nn_cosine_decay_options, DOUBLE, alpha, .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_cosine_decay_options, DOUBLE, warmup_target, .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_cosine_decay_options, DOUBLE, warmup_steps, .minimum = 0, .maximum = 1e30),
};

static double cosine_decay_rate(const void *options, double step)
{
    const nn_cosine_decay_options *o = options;
    double top = o->initial_learning_rate;
    if (o->warmup_target > 0) {
        if (step < o->warmup_steps)
            return top + (o->warmup_target - top) * step / o->warmup_steps;
        top = o->warmup_target;
        step -= o->warmup_steps;
    }
    double cosine = nn__half_cosine(fmin(step, o->decay_steps) / o->decay_steps);
    return top * ((1 - o->alpha) * cosine + o->alpha);
}

const nn_schedule_kind nn__cosine_decay_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "cosine_decay", "CosineDecay", nn_cosine_decay_options,
                     cosine_decay_fields),
    .rate = cosine_decay_rate,
};

nn_schedule *nn_cosine_decay_new(const nn_cosine_decay_options *options)
{
    return nn_schedule_new(&nn__cosine_decay_schedule, options);
}
