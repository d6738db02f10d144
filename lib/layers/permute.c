/*
 * Permute: the axes of a sample in another order. y's axis i is x's axis dims[i] - 1:
 *   y[..][p_i][..] = x[..][p_i at axis dims[i]][..],  dx the other way round
 * A task is a sample.
 */
#include "layers/layer.h"

NN__NO_TAIL_PADDING(nn_permute_options, name);

static const nn_option permute_fields[] = {
    NN__OPTION(nn_permute_options, SHAPE, dims),
    NN__OPTION(nn_permute_options, STRING, name),
};

static nn_status permute_infer(nn_infer *infer)
{
    const nn_permute_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    unsigned seen = 0;
    if (o->dims.rank != x->rank)
        return nn_infer_fail(infer, NN_EINVAL, "dims has %d axes, the input %d", o->dims.rank,
                             x->rank);
    infer->output = *x;
    for (int i = 0; i < x->rank; i++) {
        int axis = o->dims.dims[i] - 1;
        if (axis < 0 || axis >= x->rank || seen >> axis & 1)
            return nn_infer_fail(infer, NN_EINVAL, "dims must have each of 1..%d once, not %d",
                                 x->rank, axis + 1);
        seen |= 1u << axis;
        infer->output.dims[i] = x->dims[axis];
    }
    return NN_OK;
}

/* One axis of y, the outermost first: its length, and how far apart its neighbours lie in x. */
struct permute_axis {
    int n;
    size_t stride;
};

struct permute {
    int backward;
    size_t count; /* of a sample */
    struct permute_axis axes[NN_MAX_RANK];
};

/* Copies between y, in order from *y on, and x. Returns y behind what was copied. */
static nn_real *permute_walk(nn_real *y, nn_real *x, const struct permute_axis *axis, int rank,
                             int backward)
{
    for (int i = 0; i < axis->n; i++, x += axis->stride) {
        if (rank > 1)
            y = permute_walk(y, x, axis + 1, rank - 1, backward);
        else if (backward)
            *x = *y++;
        else
            *y++ = *x;
    }
    return y;
}

static void permute_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct permute *p = arg;
    const size_t first = (size_t)index * p->count;
    const int rank = pass->y_shape->rank;
    (void)worker;
    if (p->backward)
        permute_walk(pass->dy + first, pass->dx[0] + first, p->axes, rank, 1);
    else
        permute_walk(pass->y + first, (nn_real *)(uintptr_t)(pass->x[0] + first), p->axes, rank, 0);
}

static void permute_run(const nn_pass *pass, int backward)
{
    const nn_permute_options *o = pass->options;
    const nn_shape *x = &pass->x_shape[0];
    struct permute p = {.backward = backward, .count = nn__shape_count(x)};
    size_t strides[NN_MAX_RANK], stride = 1;
    for (int i = x->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= (size_t)x->dims[i];
    }
    for (int i = 0; i < x->rank; i++)
        p.axes[i] = (struct permute_axis){pass->y_shape->dims[i], strides[o->dims.dims[i] - 1]};
    nn_parallel(pass, pass->rows, permute_task, &p);
}

static void permute_forward(const nn_pass *pass)
{
    permute_run(pass, 0);
}

static void permute_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        permute_run(pass, 1);
}

const nn_layer_kind nn__permute_layer = {
    .kind = NN__KIND(nn_layer_kind, "permute", "Permute", nn_permute_options, permute_fields),
    .infer = permute_infer,
    .forward = permute_forward,
    .backward = permute_backward,
};

nn_layer *nn_permute_new(const nn_permute_options *options)
{
    return nn_layer_new(&nn__permute_layer, options);
}
