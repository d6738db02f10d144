/*
 * A small array that stands for a sample-sized one: its shape is the sample's, with 1 for each axis
 * along which it does not vary.
 *
 *      sample [2][3][4]        small [1][3][1]:  full[i][j][k] = small[0][j][0]
 *
 * Axes are counted as in Keras: 1 is the first axis of a sample, -1 the last, 0 the rows.
 */
#ifndef NN__LAYERS_BROADCAST_H
#define NN__LAYERS_BROADCAST_H

#include "layers/layer.h"

/* Marks the listed axes of a shape of that rank: marked[0..rank-1]. NN_EINVAL: an axis that is not
 * in -rank..-1 or 1..rank, or stands twice; `what` is the option's name. */
nn_status nn__axes_mark(nn_infer *infer, const nn_shape *axes, const char *what, int rank,
                        unsigned char marked[NN_MAX_RANK]);

/* x's shape with 1 where marked[axis] is `one`. */
nn_shape nn__small_shape(const nn_shape *x, const unsigned char marked[NN_MAX_RANK], int one);

/* full[x's shape] of small. */
void nn__spread(nn_real *full, const nn_real *small, const nn_shape *x,
                const nn_shape *small_shape);

/* small = the sums of full[x's shape] over the axes along which it does not vary, added in order. */
void nn__collect(nn_real *small, const nn_real *full, const nn_shape *x,
                 const nn_shape *small_shape);

#endif
