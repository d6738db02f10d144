/*
 * One layer by itself: its passes as a training step of a small model leaves them, to be run again
 * and again. The layer stands behind a batch norm, so that its dX is wanted; nothing is fused.
 */
#ifndef BENCH_LONE_H
#define BENCH_LONE_H

#include "bench.h"

enum { FORWARD, DW, DX, BACKWARD, DIRECTIONS }; /* BACKWARD is DW and DX as a step does them */
extern const char *const direction_names[DIRECTIONS];

/* One direction of one layer. */
typedef struct lone_pass {
    void (*run)(const nn_pass *pass);
    nn_pass pass;
} lone_pass;

typedef struct lone {
    nn_model *model;
    nn_context *context;
    lone_pass directions[DIRECTIONS];
} lone;

/* x[h][w][c] is the layer's input. Fails the program where the library does. */
void lone_open(lone *l, nn_layer *layer, const int x[3], int batch, int threads);
void lone_close(lone *l);

/* A job of timing.h: arg is a lone_pass. */
void lone_run(void *arg, int count);

#endif
