/* A callback that ends a fit after so many training steps. */
#ifndef BENCH_LIMIT_H
#define BENCH_LIMIT_H

#include "nn.h"

nn_callback *limit_new(int steps);

#endif
