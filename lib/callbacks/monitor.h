/* Watching a number of the logs: what EarlyStopping and ReduceLROnPlateau share. */
#ifndef NN__CALLBACKS_MONITOR_H
#define NN__CALLBACKS_MONITOR_H

#include <stdio.h>

#include "base/base.h"

/* The rule. */
typedef struct nn__monitor {
    const char *name; /* of the number                   */
    int max;          /* 1: larger is better             */
    double min_delta; /* what an improvement must exceed */
} nn__monitor;

/* The best number so far. */
typedef struct nn__best {
    double value;
    int known;  /* 0: there is none yet                      */
    int warned; /* the number was missing, and it was said   */
} nn__best;

/* monitor NULL is "val_loss"; mode is an nn_mode, NN_AUTO by the rule of nn/callbacks.h. */
nn__monitor nn__monitor_make(const nn_model *model, const char *monitor, int mode,
                             double min_delta);

/* current beats reference by more than min_delta; never where either is NaN. */
int nn__monitor_beats(const nn__monitor *monitor, double current, double reference);

/* current beats the best, or is the first. A NaN that comes first is the best for ever. */
int nn__monitor_improves(const nn__monitor *monitor, const nn__best *best, double current);

/*
 * 1 where the logs have the number. Where they have not, prints once per fit, to a stream that is
 * not NULL: `before`, the name, which is not available, the names that are, `after`.
 */
int nn__monitor_available(const nn__monitor *monitor, nn__best *best, const nn_event *event,
                          const char *before, const char *after);

/* Both directions of the best number, as nn_state_number. */
void nn__best_state(nn__best *best, nn_state *state);
/* Both directions of a whole number. */
void nn__int_state(nn_state *state, const char *name, int *value);

#endif
