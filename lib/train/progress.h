/*
 * The progress text of Keras 3. On a terminal the line is redrawn in place, at most every 0.05 s:
 *
 *   backspaces over the old line, \r, then
 *    782/1563 ━━━━━━━━━━━━━━━━━━━━ 4s 5ms/step - accuracy: 0.4021 - loss: 1.6402
 *   done/all  20 cells, the done   ETA, at the   running means, in the order in
 *   in bold   ones green           end seconds   which the names were first seen
 *
 * On anything else the same line comes without colours, once at the end of the epoch, and at most
 * every 10 s before it so that a long epoch shows life. With NN_ONE_LINE a line per epoch:
 *
 *   1563/1563 - 9s - 5ms/step - accuracy: 0.6032 - loss: 1.1235
 */
#ifndef NN__TRAIN_PROGRESS_H
#define NN__TRAIN_PROGRESS_H

#include <stdio.h>

#include "base/base.h"
#include "nn/train.h"

typedef struct nn__progress_value {
    char *name;
    double value;
} nn__progress_value;

/* All zero before the first begin. Keeps its memory from epoch to epoch. */
typedef struct nn__progress {
    FILE *stream;
    int verbose; /* an nn_verbose                              */
    int is_terminal;
    int steps;                  /* of the epoch                               */
    double start;               /* seconds: the epoch began                   */
    double first;               /* the first step ended; NaN before that      */
    double drawn;               /* the line was drawn last                    */
    int drawn_width;            /* characters of that line                    */
    nn__progress_value *values; /* first `count` are shown, `stored` have a name */
    size_t count, stored, capacity;
    char *text; /* the line in work, all of it written in one go   */
    size_t length, size;
    int width; /* characters of the line in work                  */
} nn__progress;

/*
 * An epoch begins: time runs from here, and `Epoch 3/20` is printed where there are several. epoch
 * is 0-based; an evaluate or predict passes 0 and 1. steps >= 1. stream NULL is as NN_SILENT.
 */
void nn__progress_begin(nn__progress *progress, FILE *stream, int verbose, int epoch, int epochs,
                        int steps, int is_terminal);
/* `done` batches (1..steps) are done; logs may be NULL. A failure is NN_ENOMEM; a stream that
 * cannot be written to is none. */
nn_status nn__progress_update(nn__progress *progress, int done, const nn_logs *logs);
/* The epoch ends: its last line. Always shows all steps, as Keras does after an early stop. */
nn_status nn__progress_end(nn__progress *progress, const nn_logs *logs);
/* Frees what it holds, not itself. */
void nn__progress_free(nn__progress *progress);

/* 1 where the stream is a terminal. */
int nn__progress_is_terminal(FILE *stream);

#endif
