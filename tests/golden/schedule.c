/* Subject "schedule": rates at the given steps, which are double in both builds. */
#include "golden.h"

#include "schedules/schedule.h"

void golden_schedule(golden_case *c)
{
    nn_schedule *schedule =
        golden_object(c, golden_member(c, "schedule"), sizeof(nn_schedule), nn__schedule_kinds);
    golden_check(c, nn__schedule_check(schedule, c->name));
    const nn__tensor_info *tensor = golden_tensor(c, "steps");
    const int32_t *steps = golden_classes(c, tensor);
    double *rates = golden_alloc(c, (size_t)tensor->count, sizeof *rates);
    for (size_t i = 0; i < tensor->count; i++)
        rates[i] = nn__schedule_rate(schedule, (uint64_t)steps[i]);
    c->unit = 0x1p-53;
    golden_compare_doubles(c, rates, (size_t)tensor->count, "rates");
    nn__object_free(schedule);
}
