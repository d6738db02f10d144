/* What the two cross-entropies share: options, the check, and the choice of the formula. */
#ifndef NN__LOSSES_CROSSENTROPY_H
#define NN__LOSSES_CROSSENTROPY_H

#include "losses/loss.h"

extern const nn_option nn__crossentropy_fields[1];

/* NN_ESHAPE where the prediction is not a vector. `kind` is the loss's name. */
nn_status nn__crossentropy_check(const char *kind, const char *name, const nn_shape *prediction);

void nn__crossentropy_run(const nn_loss_pass *pass);

#endif
