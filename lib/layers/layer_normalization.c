/*
 * LayerNormalization over the last axes of x[n][c]; n counts the rows and all axes before them.
 *   y = gamma xhat + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + epsilon)
 * with mean and biased variance of each of the n lines; the gradients are in kernels/layer_norm.c.
 *
 * Kept for backward: mean and rstd of each line. Lines are cut into pieces forward, and backward into
 * at most GROUPS groups, each with its own dgamma[c] and dbeta[c] in partials, added as a fixed tree.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "layers/broadcast.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_layer_norm_options, name);

enum { GROUPS = 8 };

static const nn_option layer_normalization_fields[] = {
    NN__OPTION(nn_layer_norm_options, SHAPE, axis),
    NN__OPTION(nn_layer_norm_options, DOUBLE, epsilon, .fallback = 1e-3, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_layer_norm_options, FLAG, no_center),
    NN__OPTION(nn_layer_norm_options, FLAG, no_scale),
    NN__OPTION(nn_layer_norm_options, INITIALIZER, beta_initializer, .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_layer_norm_options, INITIALIZER, gamma_initializer, .fallback = NN_INIT_ONES),
    NN__OPTION(nn_layer_norm_options, REGULARIZER, beta_regularizer),
    NN__OPTION(nn_layer_norm_options, REGULARIZER, gamma_regularizer),
    NN__OPTION(nn_layer_norm_options, STRING, name),
};

struct layer_norm {
    size_t n, c;   /* lines, and their length */
    size_t step;   /* lines of a task, forward */
    size_t groups; /* of lines, backward      */
    const nn_real *gamma, *beta;
    nn_real *statistics; /* [n][2], or NULL             */
    nn_real *sums;       /* [2][groups][c]: dgamma, dbeta */
};

/* How many of the last axes are normalized together. */
static int layer_norm_axes(const nn_layer_norm_options *o)
{
    return o->axis.rank == 0 ? 1 : o->axis.rank;
}

static struct layer_norm layer_norm_cut(const nn_layer_norm_options *o, const nn_shape *x, int rows)
{
    struct layer_norm l = {.n = (size_t)rows, .c = 1};
    for (int i = 0; i < x->rank; i++)
        *(i < x->rank - layer_norm_axes(o) ? &l.n : &l.c) *= (size_t)x->dims[i];
    l.step = NN__PIECE / l.c + 1;
    l.groups = l.n < GROUPS ? l.n : GROUPS;
    return l;
}

static nn_status layer_norm_weights(nn_infer *infer, const int *dims, int rank)
{
    const nn_layer_norm_options *o = infer->options;
    if (!o->no_scale) {
        NN_TRY(nn_infer_weight(infer, "gamma", dims, rank, o->gamma_initializer, 1));
        NN_TRY(nn_infer_regularize(infer, o->gamma_regularizer));
    }
    if (!o->no_center) {
        NN_TRY(nn_infer_weight(infer, "beta", dims, rank, o->beta_initializer, 1));
        NN_TRY(nn_infer_regularize(infer, o->beta_regularizer));
    }
    return NN_OK;
}

static nn_status layer_norm_infer(nn_infer *infer)
{
    const nn_layer_norm_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    const int axes = layer_norm_axes(o), first = x->rank - axes;
    unsigned char marked[NN_MAX_RANK];
    NN_TRY(nn__axes_mark(infer, &o->axis, "axis", x->rank, marked));
    for (int i = first; o->axis.rank > 0 && i < x->rank; i++)
        if (!marked[i])
            return nn_infer_fail(infer, NN_ENOTSUP, "axis must list the last axes: %d..%d here",
                                 first + 1, x->rank);
    NN_TRY(layer_norm_weights(infer, x->dims + first, axes));
    struct layer_norm l = layer_norm_cut(o, x, infer->batch);
    infer->output = *x;
    infer->flags = NN_KEEPS_X | NN_Y_OVER_X | NN_DX_OVER_DY;
    if (infer->training) {
        infer->kept = nn__mul(l.n, 2 * sizeof(nn_real));
        infer->partials = nn__mul(l.c, 2 * GROUPS * sizeof(nn_real));
    }
    return NN_OK;
}

static struct layer_norm layer_norm_begin(const nn_pass *pass)
{
    const nn_layer_norm_options *o = pass->options;
    struct layer_norm l = layer_norm_cut(o, pass->y_shape, pass->rows);
    l.gamma = o->no_scale ? NULL : pass->weights[0];
    l.beta = o->no_center ? NULL : pass->weights[o->no_scale ? 0 : 1];
    l.statistics = pass->kept;
    l.sums = pass->partials;
    return l;
}

static void layer_norm_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_layer_norm_options *o = pass->options;
    const struct layer_norm *l = arg;
    size_t first = (size_t)index * l->step, n = l->n - first < l->step ? l->n - first : l->step;
    (void)worker;
    nn__kernels->layer_norm(pass->y + first * l->c,
                            l->statistics == NULL ? NULL : l->statistics + 2 * first,
                            pass->x[0] + first * l->c, l->gamma, l->beta, o->epsilon, n, l->c);
}

static void layer_norm_forward(const nn_pass *pass)
{
    struct layer_norm l = layer_norm_begin(pass);
    nn_parallel(pass, (int)((l.n - 1) / l.step + 1), layer_norm_forward_task, &l);
}

/* The group's sums are taken before dx is written, since dx may lie over dy. */
static void layer_norm_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct layer_norm *l = arg;
    const size_t first = l->n * (size_t)index / l->groups, c = l->c;
    const size_t n = l->n * (size_t)(index + 1) / l->groups - first;
    const nn_real *x = pass->x[0] + first * c, *dy = pass->dy + first * c;
    const nn_real *statistics = l->statistics + 2 * first;
    nn_real *dgamma = l->gamma == NULL ? NULL : l->sums + (size_t)index * c;
    nn_real *dbeta = l->beta == NULL ? NULL : l->sums + (l->groups + (size_t)index) * c;
    (void)worker;
    if (pass->trainable) {
        if (dgamma != NULL)
            memset(dgamma, 0, c * sizeof *dgamma);
        if (dbeta != NULL)
            memset(dbeta, 0, c * sizeof *dbeta);
        nn__kernels->layer_norm_sums(dgamma, dbeta, dy, x, statistics, n, c);
    }
    if (pass->dx[0] != NULL)
        nn__kernels->layer_norm_dx(pass->dx[0] + first * c, dy, x, l->gamma, statistics, n, c);
}

static void layer_norm_backward(const nn_pass *pass)
{
    struct layer_norm l = layer_norm_begin(pass);
    nn_parallel(pass, (int)l.groups, layer_norm_backward_group, &l);
    if (!pass->trainable)
        return;
    if (l.gamma != NULL)
        nn__kernels->tree_sum(pass->gradients[0], l.sums, (int)l.groups, l.c, 0, l.c);
    if (l.beta != NULL)
        nn__kernels->tree_sum(pass->gradients[l.gamma != NULL ? 1 : 0], l.sums + l.groups * l.c,
                              (int)l.groups, l.c, 0, l.c);
}

const nn_layer_kind nn__layer_normalization_layer = {
    .kind = NN__KIND(nn_layer_kind, "layer_normalization", "LayerNormalization",
                     nn_layer_norm_options, layer_normalization_fields),
    .infer = layer_norm_infer,
    .forward = layer_norm_forward,
    .backward = layer_norm_backward,
};

nn_layer *nn_layer_norm_new(const nn_layer_norm_options *options)
{
    return nn_layer_new(&nn__layer_normalization_layer, options);
}
