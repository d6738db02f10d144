/*
 * A profile being made: meters (base/meter.h) for each row of the table of nn/profile.h. It belongs to
 * one run of a context, by whose program its rows are numbered:
 *
 *   0            data
 *   1 + time     what runs at that time of the plan (plan.h): forward, the loss, backward
 *   2S + 2       optimizer
 *   2S + 3       other
 *
 * The calling thread is in one row at any moment between start and stop, so its meters add up to the
 * whole. What the other threads have not spent, they have waited.
 */
#ifndef NN__MODEL_PROFILE_H
#define NN__MODEL_PROFILE_H

#include "base/meter.h"

typedef struct nn__profile nn__profile;

/* Where the calling thread is besides the times of the plan. */
enum { NN__AT_DATA = -1, NN__AT_OPTIMIZER = -2, NN__AT_OTHER = -3 };

/* All the memory that it needs, one block, for nn__free. NULL: NN_ENOMEM. The names are the model's. */
nn__profile *nn__profile_new(const nn_context *context, int mode);

/* All but numbers take NULL, where nothing is profiled. Between start and stop time is measured, by the
 * thread that calls them. */
void nn__profile_start(nn__profile *profile);
void nn__profile_stop(nn__profile *profile);
/* The thread is at this time of the plan, or at one of the places above; of so many rows of data,
 * 0 where this is no new pass over them. */
void nn__profile_at(nn__profile *profile, int place, int rows);
/* One more batch. */
void nn__profile_count(nn__profile *profile, int rows);
/* The numbers so far. */
const nn_profile *nn__profile_numbers(nn__profile *profile);

#endif
