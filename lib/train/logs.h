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
    int present; /* 0: cleared, its name is kept */
} nn__log;

struct nn_logs {
    nn__log *entries; /* sorted by name */
    size_t stored;    /* present or not */
    size_t capacity;
    size_t count; /* present        */
};

/* Empty logs; NULL: NN_ENOMEM. */
nn_logs *nn__logs_new(void);
void nn__logs_free(nn_logs *logs); /* NULL is fine */
/* No entry any more. */
void nn__logs_clear(nn_logs *logs);
/* A copy of its own; NULL: NN_ENOMEM. */
nn_logs *nn__logs_copy(const nn_logs *logs);
/* `to` gets the entries of `from` and no others. */
nn_status nn__logs_assign(nn_logs *to, const nn_logs *from);

#endif
