/* The three networks of the examples and a linear one, ready to train, and what their work is in operations. */
#ifndef BENCH_MODELS_H
#define BENCH_MODELS_H

#include "bench.h"

enum { PICTURE = 32 * 32 * 3, CLASSES = 10 };

struct network {
    const char *name;
    nn_model *(*layers)(void);
    nn_optimizer *(*optimizer)(void);
};

extern const struct network network_linear, network_conv1, network_conv2, network_deep;

/* Built and compiled; the caller frees it. Fails the program where the library does. */
nn_model *network_new(const struct network *network, int threads);
/* A context of the model; the caller frees it. */
nn_context *network_context(nn_model *model, int batch, int training);

/* Floating-point operations of one row: a multiplication and an addition for each weight of a
 * kernel at each place it is used. Everything else is not counted. */
double node_flops(const nn_model *model, int node);
/* Of all layers: forward, and in training dW and, behind the first kernel, dX. */
double network_flops(nn_model *model, int training);

#endif
