/* One cycle; formula in nn/schedules.h. */
#include "schedules/schedule.h"

NN__NO_TAIL_PADDING(nn_one_cycle_options, final_div_factor);

static const nn_option one_cycle_fields[] = {
    NN__GIVEN(nn_one_cycle_options, max_learning_rate),
    NN__OPTION(nn_one_cycle_options, DOUBLE, total_steps, .rules = NN_REQUIRED | NN_WHOLE,
               .minimum = 1, .maximum = 1e15),
    NN__OPTION(nn_one_cycle_options, DOUBLE, percent_start, .fallback = 0.3, .minimum = 0,
               .maximum = 1),
    NN__OPTION(nn_one_cycle_options, DOUBLE, div_factor, .rules = NN_ABOVE, .fallback = 25,
               .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_one_cycle_options, DOUBLE, final_div_factor, .rules = NN_ABOVE, .fallback = 1e4,
               .minimum = 0, .maximum = 1e30),
};

static double one_cycle_rate(const void *options, double step)
{
    const nn_one_cycle_options *o = options;
    double max = o->max_learning_rate, low = max / o->div_factor;
    double end = low / o->final_div_factor;
    double top = o->percent_start * o->total_steps - 1, last = o->total_steps - 1;
    if (step <= top)
        return top > 0 ? max + (low - max) * nn__half_cosine(step / top) : max;
    if (step >= last)
        return end;
    if (top < 0)
        top = 0;
    return end + (max - end) * nn__half_cosine((step - top) / (last - top));
}

const nn_schedule_kind nn__one_cycle_schedule = {
    .kind =
        NN__KIND(nn_schedule_kind, "one_cycle", "OneCycle", nn_one_cycle_options, one_cycle_fields),
    .rate = one_cycle_rate,
};

nn_schedule *nn_one_cycle_new(const nn_one_cycle_options *options)
{
    return nn_schedule_new(&nn__one_cycle_schedule, options);
}
