/* What ReLU and LeakyReLU share: the rectifier of kernels.h, element by element. */
#ifndef NN__LAYERS_RECTIFIER_H
#define NN__LAYERS_RECTIFIER_H

#include "kernels/kernels.h"
#include "layers/layer.h"

/* Which of x and y backward reads, and what may alias. y tells the side of the threshold unless
 * there is both a slope and a threshold to subtract. */
unsigned nn__rectifier_flags(const nn__rectifier *r);
void nn__rectifier_forward(const nn_pass *pass, nn__rectifier r);
void nn__rectifier_backward(const nn_pass *pass, nn__rectifier r);

#endif
