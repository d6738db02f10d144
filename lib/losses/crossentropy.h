/* What the two cross-entropies share: the choice of the formula. */
#ifndef NN__LOSSES_CROSSENTROPY_H
#define NN__LOSSES_CROSSENTROPY_H

#include "losses/loss.h"

/* Targets are drawn towards 1 / c by smoothing. A row's loss is the mean over its positions. */
void nn__crossentropy_run(const nn_loss_pass *pass, int from_logits, double smoothing);

#endif
