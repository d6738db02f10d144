/*
 * Layers that take several inputs of one shape.
 *
 * With two inputs y may lie over the first, also where both are the same array. With more, a later
 * input that is the first again would be read after it was overwritten. dx[0], which may lie over
 * dy, is written last.
 */
#ifndef NN__LAYERS_MERGE_H
#define NN__LAYERS_MERGE_H

#include "kernels/kernels.h"
#include "layers/pointwise.h"

/* Are all inputs of one shape? Answers with it as the output's, and with what may alias. */
nn_status nn__merge_infer(nn_infer *infer);

/* Copies unless it is the same place. */
void nn__merge_copy(nn_real *to, const nn_real *from, size_t count);

/* y = factor (x0 + second x1 + x2 + ...), dx_k = factor dy, dx_1 = second factor dy. */
typedef struct nn__linear {
    nn_real second, factor;
} nn__linear;
void nn__linear_forward(const nn_pass *pass, nn__linear linear);
void nn__linear_backward(const nn_pass *pass, nn__linear linear);

/* The largest or the smallest of the inputs; the first of equals, to which all of dy goes. Kept:
 * where[element], a byte each, the number of the input. */
nn_status nn__extreme_infer(nn_infer *infer);
void nn__extreme_forward(const nn_pass *pass, int least);
void nn__extreme_backward(const nn_pass *pass);

#endif
