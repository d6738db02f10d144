/*
 * Normalization: y = (x - mean) / d, d = max(sqrt(variance), 1e-7); inverted, y = mean + x d. Mean and
 * variance vary along the axes that are kept, the last one unless told otherwise. They are state,
 * set by nn_normalization_adapt, or numbers among the options.
 *   dx = dy / d; inverted, dx = dy d
 * In partials: mean[count] and d[count] spread over a sample, and d as it is kept. A task is a group
 * of rows.
 */
#include "layers/normalization.h"

#include <math.h>

#include "kernels/kernels.h"
#include "layers/broadcast.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_normalization_options, name);

static const nn_option normalization_fields[] = {
    NN__OPTION(nn_normalization_options, SHAPE, axis),
    NN__OPTION(nn_normalization_options, FLAG, no_axis),
    NN__OPTION(nn_normalization_options, MAYBE, mean),
    NN__OPTION(nn_normalization_options, MAYBE, variance),
    NN__OPTION(nn_normalization_options, FLAG, invert),
    NN__OPTION(nn_normalization_options, STRING, name),
};

nn_shape nn__normalization_shape(const nn_normalization_options *o, const nn_shape *x)
{
    unsigned char kept[NN_MAX_RANK] = {0};
    for (int i = 0; i < o->axis.rank; i++)
        kept[o->axis.dims[i] < 0 ? x->rank + o->axis.dims[i] : o->axis.dims[i] - 1] = 1;
    if (o->axis.rank == 0 && !o->no_axis)
        kept[x->rank - 1] = 1;
    return nn__small_shape(x, kept, 0);
}

/* As in Keras the weights have the kept axes only; a single number where there is none. */
static nn_status normalization_weights(nn_infer *infer, const nn_shape *x)
{
    const nn_normalization_options *o = infer->options;
    const nn_initializer zeros = NN_ZEROS, ones = NN_ONES;
    nn_shape small = nn__normalization_shape(o, x), kept = {.rank = 0};
    for (int i = 0; i < x->rank; i++) {
        int listed = o->axis.rank == 0 && !o->no_axis && i == x->rank - 1;
        for (int k = 0; k < o->axis.rank; k++)
            listed = listed || o->axis.dims[k] == i + 1 || o->axis.dims[k] == i - x->rank;
        if (listed)
            kept.dims[kept.rank++] = small.dims[i];
    }
    if (kept.rank == 0)
        kept.dims[kept.rank++] = 1;
    NN_TRY(nn_infer_weight(infer, "mean", kept.dims, kept.rank, zeros, 0));
    NN_TRY(nn_infer_weight(infer, "variance", kept.dims, kept.rank, ones, 0));
    return nn_infer_weight(infer, "count", (const int[]){1}, 1, zeros, 0);
}

static nn_status normalization_infer(nn_infer *infer)
{
    const nn_normalization_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    unsigned char kept[NN_MAX_RANK];
    NN_TRY(nn__axes_mark(infer, &o->axis, "axis", x->rank, kept));
    if (o->no_axis && o->axis.rank > 0)
        return nn_infer_fail(infer, NN_EINVAL, "no_axis and axis exclude each other");
    if (o->mean.present != o->variance.present)
        return nn_infer_fail(infer, NN_EINVAL, "mean and variance must be given together");
    if (o->variance.present && !(o->variance.value >= 0))
        return nn_infer_fail(infer, NN_EINVAL, "variance is %g, it must be at least 0",
                             o->variance.value);
    if (!o->mean.present)
        NN_TRY(normalization_weights(infer, x));
    infer->output = *x;
    infer->flags = NN_Y_OVER_X | NN_DX_OVER_DY;
    infer->partials = nn__mul(nn__shape_count(x), 3 * sizeof(nn_real));
    return NN_OK;
}

struct normalization {
    size_t count; /* of a sample           */
    int rows;     /* of a task             */
    int invert;
    const nn_real *mean, *divisor; /* [count]; mean NULL in backward */
    nn_real *to;
    const nn_real *from;
};

static nn_real normalization_divisor(double variance)
{
    return (nn_real)fmax(sqrt(variance), 1e-7);
}

static struct normalization normalization_begin(const nn_pass *pass)
{
    const nn_normalization_options *o = pass->options;
    const nn_shape *x = &pass->x_shape[0], small = nn__normalization_shape(o, x);
    struct normalization n = {.count = nn__shape_count(x), .invert = o->invert};
    nn_real *mean = pass->partials, *divisor = mean + n.count, *kept = divisor + n.count;
    n.rows = n.count < NN__PIECE ? (int)(NN__PIECE / n.count) : 1;
    n.mean = mean;
    n.divisor = divisor;
    if (o->mean.present) {
        for (size_t i = 0; i < n.count; i++) {
            mean[i] = (nn_real)o->mean.value;
            divisor[i] = normalization_divisor(o->variance.value);
        }
        return n;
    }
    for (size_t i = 0; i < nn__shape_count(&small); i++)
        kept[i] = normalization_divisor((double)pass->weights[1][i]);
    nn__spread(divisor, kept, x, &small);
    nn__spread(mean, pass->weights[0], x, &small);
    return n;
}

static void normalization_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct normalization *n = arg;
    const int first = index * n->rows;
    const int last = pass->rows - first < n->rows ? pass->rows : first + n->rows;
    (void)worker;
    for (size_t row = (size_t)first; row < (size_t)last; row++) {
        nn_real *to = n->to + row * n->count;
        const nn_real *from = n->from + row * n->count;
        if (n->invert)
            nn__kernels->multiply_shift(to, from, n->divisor, n->mean, n->count);
        else
            nn__kernels->center_divide(to, from, n->mean, n->divisor, n->count);
    }
}

static void normalization_run(const nn_pass *pass, struct normalization *n)
{
    nn_parallel(pass, (pass->rows - 1) / n->rows + 1, normalization_task, n);
}

static void normalization_forward(const nn_pass *pass)
{
    struct normalization n = normalization_begin(pass);
    n.to = pass->y;
    n.from = pass->x[0];
    normalization_run(pass, &n);
}

static void normalization_backward(const nn_pass *pass)
{
    if (pass->dx[0] == NULL)
        return;
    struct normalization n = normalization_begin(pass);
    n.mean = NULL;
    n.to = pass->dx[0];
    n.from = pass->dy;
    normalization_run(pass, &n);
}

const nn_layer_kind nn__normalization_layer = {
    .kind = NN__KIND(nn_layer_kind, "normalization", "Normalization", nn_normalization_options,
                     normalization_fields),
    .infer = normalization_infer,
    .forward = normalization_forward,
    .backward = normalization_backward,
};

nn_layer *nn_normalization_new(const nn_normalization_options *options)
{
    return nn_layer_new(&nn__normalization_layer, options);
}
