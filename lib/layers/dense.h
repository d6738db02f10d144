/* Dense's forward, for the fusion that gives it an epilogue. */
#ifndef NN__LAYERS_DENSE_H
#define NN__LAYERS_DENSE_H

#include "layers/epilogue.h"
#include "layers/layer.h"

/* y = after(x kernel + bias); without pooling. */
void nn__dense_forward(const nn_pass *pass, const nn__epilogue *after);

#endif
