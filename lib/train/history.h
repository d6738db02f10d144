/* What a fit logged: a copy of the logs of each epoch. nn/train.h reads it. */
#ifndef NN__TRAIN_HISTORY_H
#define NN__TRAIN_HISTORY_H

#include "base/base.h"
#include "nn/train.h"

/* Empty; NULL: NN_ENOMEM. */
nn_history *nn__history_new(void);
void nn__history_free(nn_history *history); /* NULL is fine */
/* No entry any more: a new fit begins. */
void nn__history_clear(nn_history *history);
/* Adds a copy of an epoch's logs; unaltered on failure. */
nn_status nn__history_append(nn_history *history, const nn_logs *logs);

#endif
