#include "layers/broadcast.h"

#include <string.h>

nn_status nn__axes_mark(nn_infer *infer, const nn_shape *axes, const char *what, int rank,
                        unsigned char marked[NN_MAX_RANK])
{
    memset(marked, 0, NN_MAX_RANK);
    if (axes->rank < 0 || axes->rank > rank)
        return nn_infer_fail(infer, NN_EINVAL, "%s has %d axes, the input %d", what, axes->rank,
                             rank);
    for (int i = 0; i < axes->rank; i++) {
        int axis = axes->dims[i] < 0 ? rank + axes->dims[i] : axes->dims[i] - 1;
        if (axes->dims[i] == 0 || axis < 0 || axis >= rank)
            return nn_infer_fail(infer, NN_EINVAL,
                                 "%s %d is not an axis of a sample: -%d..-1, 1..%d", what,
                                 axes->dims[i], rank, rank);
        if (marked[axis])
            return nn_infer_fail(infer, NN_EINVAL, "%s %d is given twice", what, axes->dims[i]);
        marked[axis] = 1;
    }
    return NN_OK;
}

nn_shape nn__small_shape(const nn_shape *x, const unsigned char marked[NN_MAX_RANK], int one)
{
    nn_shape small = *x;
    for (int i = 0; i < x->rank; i++)
        if (marked[i] == one)
            small.dims[i] = 1;
    return small;
}

/* One axis of a walk through both arrays, the outermost first. */
struct axis {
    int n;
    size_t full, small; /* how far apart its neighbours lie; small 0 along a shared axis */
};

static int axes_of(struct axis *axes, const nn_shape *x, const nn_shape *small_shape)
{
    size_t full = 1, small = 1;
    for (int i = x->rank - 1; i >= 0; i--) {
        axes[i] = (struct axis){x->dims[i], full, small_shape->dims[i] == 1 ? 0 : small};
        full *= (size_t)x->dims[i];
        small *= (size_t)small_shape->dims[i];
    }
    return x->rank;
}

static void spread(nn_real *full, const nn_real *small, const struct axis *axis, int rank)
{
    for (int i = 0; i < axis->n; i++, full += axis->full, small += axis->small)
        if (rank == 1)
            *full = *small;
        else
            spread(full, small, axis + 1, rank - 1);
}

void nn__spread(nn_real *full, const nn_real *small, const nn_shape *x, const nn_shape *small_shape)
{
    struct axis axes[NN_MAX_RANK] = {{0, 0, 0}};
    int rank = axes_of(axes, x, small_shape);
    spread(full, small, axes, rank);
}

static void collect(nn_real *small, const nn_real *full, const struct axis *axis, int rank)
{
    for (int i = 0; i < axis->n; i++, full += axis->full, small += axis->small)
        if (rank == 1)
            *small += *full;
        else
            collect(small, full, axis + 1, rank - 1);
}

void nn__collect(nn_real *small, const nn_real *full, const nn_shape *x,
                 const nn_shape *small_shape)
{
    struct axis axes[NN_MAX_RANK] = {{0, 0, 0}};
    int rank = axes_of(axes, x, small_shape);
    memset(small, 0, nn__shape_count(small_shape) * sizeof *small);
    collect(small, full, axes, rank);
}
