#include "schedules/schedule.h"

#include <math.h>
#include <stdio.h>

const nn_kind *const nn__schedule_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_schedule.kind,
#include "schedules/kinds.def"
#undef NN__KIND_OF
    NULL,
};

/* Stands for a constructor that found no memory; never written to and never freed. */
static nn_schedule no_memory = {{.status = NN_ENOMEM}};

nn_schedule *nn_schedule_new(const nn_schedule_kind *kind, const void *options)
{
    nn_schedule *schedule = nn__object_new(sizeof(nn_schedule), &kind->kind, options);
    return schedule == NULL ? &no_memory : schedule;
}

void nn_schedule_free(nn_schedule *schedule)
{
    nn__object_free(schedule);
}

nn_status nn__schedule_check(const nn_schedule *schedule, const char *name)
{
    if (schedule->object.kind == NULL)
        return nn_fail(NN_ENOMEM, "%s: there was no memory for the schedule", name);
    const nn_schedule_kind *kind = nn__schedule_kind(schedule);
    char full[160];
    snprintf(full, sizeof full, "%s: %s", name, kind->kind.name);
    NN_TRY(nn__object_check(&schedule->object, full));
    return kind->check == NULL ? NN_OK : kind->check(schedule->object.options, full);
}

double nn__schedule_rate(const nn_schedule *schedule, uint64_t step)
{
    return nn__schedule_kind(schedule)->rate(schedule->object.options, (double)step);
}

double nn_schedule_rate(const nn_schedule *schedule, uint64_t step)
{
    if (schedule == NULL) {
        nn_fail(NN_EINVAL, "schedule: it is NULL");
        return (double)NAN;
    }
    if (nn__schedule_check(schedule, "schedule") != NN_OK)
        return (double)NAN;
    return nn__schedule_rate(schedule, step);
}

double nn__half_cosine(double fraction)
{
    const double pi = 3.14159265358979323846;
    return 0.5 * (1 + cos(pi * fraction));
}
