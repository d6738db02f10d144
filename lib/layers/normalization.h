/* What adapting needs to know of a Normalization layer. */
#ifndef NN__LAYERS_NORMALIZATION_H
#define NN__LAYERS_NORMALIZATION_H

#include "layers/layer.h"

/* The sample's shape with 1 for every axis along which mean and variance do not vary; valid once the
 * layer was built on samples of shape x. */
nn_shape nn__normalization_shape(const nn_normalization_options *o, const nn_shape *x);

#endif
