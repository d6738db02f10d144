/* Predictions of a network for one batch that stays the same. */
#ifndef BENCH_PREDICTOR_H
#define BENCH_PREDICTOR_H

#include "models.h"

typedef struct predictor {
    nn_context *context;
    nn_real *x; /* x[batch][32][32][3] */
    nn_real *y; /* y[batch][10]        */
    int batch;
} predictor;

/* Takes the context over, which is one for inference of at least `batch` rows. */
predictor predictor_new(nn_context *context, int batch);
void predictor_free(predictor *p);
/* Predicts `count` times. A job's run, on a predictor. */
void predictor_run(void *arg, int count);

#endif
