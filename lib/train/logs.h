/*
 * Named numbers, as nn/callbacks.h shows them: the running means of a batch, the numbers of an
 * epoch. Clearing keeps names and memory, so a loop that sets the same names again and again
 * allocates in its first round only.
 */
#ifndef NN__TRAIN_LOGS_H
#define NN__TRAIN_LOGS_H

#include "base/base.h"

typedef struct nn__log {
    char *name;
    double value;
} nn__log;

struct nn_logs {
    nn__log *entries; /* the first `count` are there; behind them names of former rounds wait */
    size_t count, stored, capacity;
};

/* Empty logs; NULL: NN_ENOMEM. */
nn_logs *nn__logs_new(void);
void nn__logs_free(nn_logs *logs); /* NULL is fine */
/* No entry any more. */
void nn__logs_clear(nn_logs *logs);
/* Brings the entries into alphabetical order; those set afterwards follow behind. */
void nn__logs_sort(nn_logs *logs);
/* A copy of its own; NULL: NN_ENOMEM. */
nn_logs *nn__logs_copy(const nn_logs *logs);
/* `to` gets the entries of `from`, in their order, and no others. */
nn_status nn__logs_assign(nn_logs *to, const nn_logs *from);

#endif
