/* Losses that are a sum or mean of one function over the elements. */
#ifndef NN__LOSSES_ELEMENTS_H
#define NN__LOSSES_ELEMENTS_H

#include "losses/loss.h"

/* The loss of an element; *slope = its derivative by p. */
typedef double nn__element(const void *options, double p, double y, double *slope);

/* Each row's sum of the element's losses, divided by divisor; the gradient may lie over the
 * prediction. */
void nn__elements_run(const nn_loss_pass *pass, nn__element *element, size_t divisor);

/* The mean over a row's elements. */
static inline void nn__elements_mean(const nn_loss_pass *pass, nn__element *element)
{
    nn__elements_run(pass, element, (size_t)pass->width);
}

/*
 * Losses that are one function of the last axis: the loss of p[c] and y[c], and into dp (NULL where
 * not wanted; may be p) scale times its gradient. A row's loss is the mean over its positions.
 */
typedef double nn__position(nn_real *dp, const nn_real *p, const nn_real *y, double scale,
                            size_t c);
void nn__positions_run(const nn_loss_pass *pass, nn__position *position);

/* Is every target 0 or 1? The hinges read these as -1 and 1. */
int nn__are_binary(const nn_loss_pass *pass);

#endif
