/* Layers that work element by element cut their rows into tasks of PIECE elements. */
#ifndef NN__LAYERS_POINTWISE_H
#define NN__LAYERS_POINTWISE_H

#include "layers/layer.h"

enum { NN__PIECE = 16384 };

/* Elements of all rows of x (or y). */
static inline size_t nn__pass_count(const nn_pass *pass, const nn_shape *shape)
{
    return (size_t)pass->rows * nn__shape_count(shape);
}

static inline int nn__pieces(size_t count)
{
    return (int)((count + NN__PIECE - 1) / NN__PIECE);
}

/* The elements [first, first + length) of task `index`; returns length. */
static inline size_t nn__piece(size_t count, int index, size_t *first)
{
    *first = (size_t)index * NN__PIECE;
    return count - *first < NN__PIECE ? count - *first : NN__PIECE;
}

/* Runs task for every piece of y. */
static inline void nn__pointwise(const nn_pass *pass, nn_task *task, void *arg)
{
    nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), task, arg);
}

#endif
