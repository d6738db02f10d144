/*
 * The text of Keras's summary(): a table and the totals. Knows no model: it is given names and
 * numbers.
 */
#ifndef NN__MODEL_SUMMARY_TEXT_H
#define NN__MODEL_SUMMARY_TEXT_H

#include <stdio.h>

#include "base/base.h"

typedef struct nn__summary_row {
    const char *name;       /* "conv2d_1"               */
    const char *class_name; /* "Conv2D"                 */
    const char *shape;      /* "(None, 32, 32, 10)"     */
    size_t parameters;
    const char *connections; /* "conv2d[0][0], add[0][0]"; NULL: the table has no such column */
    const char *trainable;   /* "Y", "N" or "-"; NULL: the table has no such column           */
} nn__summary_row;

typedef struct nn__summary {
    const char *name; /* of the model */
    const nn__summary_row *rows;
    size_t row_count;
    int width;                         /* of the table; 0 is 88                    */
    int with_connections;              /* 1: a column for the rows' connections    */
    int with_trainable;                /* 1: one for trainable                     */
    size_t trainable, trainable_bytes; /* parameters and their memory                        */
    size_t frozen, frozen_bytes;       /* the others                                         */
    int has_optimizer;                 /* 1: a line for the optimizer, and part of the total */
    size_t optimizer, optimizer_bytes; /* its numbers: slots, counters, rate                 */
} nn__summary;

/* Prints. NN_EINVAL: stream is NULL; NN_EIO: it could not be written. */
nn_status nn__summary_print(const nn__summary *summary, FILE *stream);

/* Characters of UTF-8 text, and the bytes of its first `count` ones; at most length bytes. */
int nn__text_width(const char *text, size_t length);
size_t nn__text_bytes(const char *text, size_t length, int count);

/* Room for the shape text of nn__summary_row. */
enum { NN__SUMMARY_SHAPE = 128 };
/* "(None, 32, 32, 10)" for 32x32x10; returns text. */
char *nn__summary_shape(const nn_shape *shape, char text[NN__SUMMARY_SHAPE]);

#endif
