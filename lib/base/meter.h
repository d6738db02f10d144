/*
 * Meters: what threads spend their time on, while somebody profiles (nn/profile.h).
 *
 * A thread that is measured has a current meter and a current kind of work. Each turn to another kind
 * reads the clock once: what has passed since the last turn was the former kind's. So no moment is
 * lost or counted twice, and turns may be nested.
 *
 * A row of a profile is a list of meters: the calling thread's first, then one for each worker, so
 * that nobody writes to another's. Where no profile is running, all of this is one branch.
 */
#ifndef NN__BASE_METER_H
#define NN__BASE_METER_H

#include <stdatomic.h>

#include "base/base.h"

typedef struct nn__meter {
    _Alignas(64) uint64_t ticks[NN_WORK_KINDS];
    uint64_t work[NN_WORK_KINDS], calls[NN_WORK_KINDS];
    uint64_t since; /* the last turn                                              */
    int kind;       /* of work, now                                               */
    int workers;    /* of a row's first meter: how many follow it; of the others 0 */
    int forked;     /* of a row's first meter: 1 + the kind of the tasks that run; 0: none do */
} nn__meter;

extern atomic_int nn__metering; /* how many profiles are running */

/* The thread goes on in this meter, with this kind of work; NULL: it is not measured. Returns the
 * meter that it had. */
nn__meter *nn__meter_move(nn__meter *to, int kind);
/* Goes on in the meter that move returned, as if nothing had been between. */
void nn__meter_resume(nn__meter *had);

/* Between these two the thread does this kind of work: so many operations or bytes. end gets what begin
 * returned. A second begin goes on with another kind. */
int nn__work_begin(nn_work kind, uint64_t work);
void nn__work_end(int was);

/*
 * Around a job of several threads: fork returns the caller's row, NULL where it is not measured; until
 * join the caller waits but for the tasks that it takes itself. Whoever takes tasks, does so between
 * enter and leave; leave gets what enter returned.
 */
nn__meter *nn__meter_fork(void);
void nn__meter_join(nn__meter *row);
nn__meter *nn__meter_enter(nn__meter *row, int worker);
void nn__meter_leave(nn__meter *row, nn__meter *had);

#endif
