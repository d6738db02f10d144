/*
 * CosineDecayRestarts (Loshchilov and Hutter, "SGDR", 2017); formula in nn/schedules.h. With
 * q = t_mul run i begins after (q^i - 1) / (q - 1) times the first length.
 */
#include <math.h>

#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_cosine_decay_restarts_options, alpha);

static const nn_option cosine_decay_restarts_fields[] = {
    NN__GIVEN(nn_cosine_decay_restarts_options, initial_learning_rate),
    NN__GIVEN_ABOVE_0(nn_cosine_decay_restarts_options, first_decay_steps),
    NN__OPTION(nn_cosine_decay_restarts_options, DOUBLE, t_mul, .fallback = 2, .minimum = 1,
               .maximum = 1e30),
    NN__OPTION(nn_cosine_decay_restarts_options, DOUBLE, m_mul, .fallback = 1, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_cosine_decay_restarts_options, DOUBLE, alpha, .minimum = 0, .maximum = 1e30),
};

/* The run that `part` (in first lengths) lies in; *fraction is the place within it. Where rounding
 * would end a run late, the next one has begun: its fraction is then a hair below 0. */
static double cosine_decay_restarts_run(double part, double q, double *fraction)
{
    double run = floor(1e-9 + (q == 1 ? part : log(1 + part * (q - 1)) / log(q)));
    double begin = q == 1 ? run : (pow(q, run) - 1) / (q - 1);
    *fraction = (part - begin) / pow(q, run);
    return run;
}

static double cosine_decay_restarts_rate(const void *options, double step)
{
    const nn_cosine_decay_restarts_options *o = options;
    double fraction;
    double run = cosine_decay_restarts_run(step / o->first_decay_steps, o->t_mul, &fraction);
    double cosine = pow(o->m_mul, run) * nn__half_cosine(fraction);
    return o->initial_learning_rate * ((1 - o->alpha) * cosine + o->alpha);
}

const nn_schedule_kind nn__cosine_decay_restarts_schedule = {
    .kind = NN__KIND(nn_schedule_kind, "cosine_decay_restarts", "CosineDecayRestarts",
                     nn_cosine_decay_restarts_options, cosine_decay_restarts_fields),
    .rate = cosine_decay_restarts_rate,
};

nn_schedule *nn_cosine_decay_restarts_new(const nn_cosine_decay_restarts_options *options)
{
    return nn_schedule_new(&nn__cosine_decay_restarts_schedule, options);
}
