#include "base/meter.h"

atomic_int nn__metering;

static _Thread_local nn__meter *current; /* the thread's; NULL: it is not measured */

/* What has passed since the last turn was the present kind's. A processor's counter may be a little
 * behind another's: a thread that has moved loses nothing. */
static void meter_lap(nn__meter *meter, uint64_t now)
{
    if (now > meter->since)
        meter->ticks[meter->kind] += now - meter->since;
    meter->since = now;
}

nn__meter *nn__meter_move(nn__meter *to, int kind)
{
    nn__meter *had = current;
    const uint64_t now = nn__ticks();
    if (had != NULL)
        meter_lap(had, now);
    if (to != NULL) {
        to->since = now;
        to->kind = kind;
    }
    current = to;
    return had;
}

void nn__meter_resume(nn__meter *had)
{
    nn__meter_move(NULL, 0);
    current = had;
}

static int meter_turn(int kind)
{
    nn__meter *meter = current;
    meter_lap(meter, nn__ticks());
    const int was = meter->kind;
    meter->kind = kind;
    return was;
}

/* Where nobody profiles, the look at one's own meter, which the system finds, is spared. */
static int is_measured(void)
{
    return atomic_load_explicit(&nn__metering, memory_order_relaxed) != 0 && current != NULL;
}

int nn__work_begin(nn_work kind, uint64_t work)
{
    if (!is_measured())
        return 0;
    current->calls[kind]++;
    current->work[kind] += work;
    return meter_turn((int)kind);
}

void nn__work_end(int was)
{
    if (is_measured())
        meter_turn(was);
}

/* A task's own jobs belong to the task. */
nn__meter *nn__meter_fork(void)
{
    if (!is_measured())
        return NULL;
    nn__meter *row = current;
    if (row->workers == 0 || row->forked != 0)
        return NULL;
    row->forked = 1 + nn__work_begin(NN_WORK_WAITING, 0);
    return row;
}

void nn__meter_join(nn__meter *row)
{
    if (row == NULL)
        return;
    meter_turn(row->forked - 1);
    row->forked = 0;
}

nn__meter *nn__meter_enter(nn__meter *row, int worker)
{
    if (row == NULL)
        return NULL;
    nn__meter *own = current == row ? row : worker < row->workers ? row + 1 + worker : NULL;
    return nn__meter_move(own, row->forked - 1);
}

void nn__meter_leave(nn__meter *row, nn__meter *had)
{
    if (row == NULL)
        return;
    if (had == row)
        meter_turn(NN_WORK_WAITING);
    else
        nn__meter_resume(had);
}
