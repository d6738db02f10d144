/* What the schedules share: the object, and the list of kinds. */
#ifndef NN__SCHEDULES_SCHEDULE_H
#define NN__SCHEDULES_SCHEDULE_H

#include "base/base.h"
#include "base/registry.h"

/* As an option of an optimizer it is copied, freed and checked as the object it begins with. */
struct nn_schedule {
    nn__object object;
};

#define NN__KIND_OF(name) extern const nn_schedule_kind nn__##name##_schedule;
#include "schedules/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__schedule_kinds[];

static inline const nn_schedule_kind *nn__schedule_kind(const nn_schedule *schedule)
{
    return (const nn_schedule_kind *)(const void *)schedule->object.kind;
}

/* Is it whole: made, options in range? The message begins with the name. */
nn_status nn__schedule_check(const nn_schedule *schedule, const char *name);
/* The rate of one that was checked. */
double nn__schedule_rate(const nn_schedule *schedule, uint64_t step);

/* A number that must be given, at least 0 or above it. */
#define NN__GIVEN(struct_, field)                                                                  \
    NN__OPTION(struct_, DOUBLE, field, .rules = NN_REQUIRED, .minimum = 0, .maximum = 1e30)
#define NN__GIVEN_ABOVE_0(struct_, field)                                                          \
    NN__OPTION(struct_, DOUBLE, field, .rules = NN_REQUIRED | NN_ABOVE, .minimum = 0,              \
               .maximum = 1e30)

/* 1 at 0, 0 at 1: half a cosine. */
double nn__half_cosine(double fraction);

#endif
