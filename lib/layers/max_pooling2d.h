/* MaxPooling2D's window, for the fusions that pool elsewhere. */
#ifndef NN__LAYERS_MAX_POOLING2D_H
#define NN__LAYERS_MAX_POOLING2D_H

#include "kernels/kernels.h"
#include "layers/layer.h"

/* The window over x[h][w][c], whose options have been checked. */
nn__window nn__max_pooling2d_window(const nn_max_pool2d_options *options, const nn_shape *x);

#endif
