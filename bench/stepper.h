/* Training steps of a network on one batch that stays the same. */
#ifndef BENCH_STEPPER_H
#define BENCH_STEPPER_H

#include "models.h"

typedef struct stepper {
    nn_model *model;
    nn_context *context;
    int batch;
    nn_real *x;   /* x[batch][32][32][3]     */
    nn_tensor *y; /* y[batch][10], of one 1  */
} stepper;

stepper stepper_new(const struct network *network, int threads, int batch);
void stepper_free(stepper *s);
/* Does `count` steps: forward, backward, update. A job's run, on a stepper. */
void stepper_run(void *arg, int count);

#endif
