/*
 * PReLU: y = x > 0 ? x : alpha x, alpha learned for each element of a sample, or one for all
 * along the shared axes.
 *   dx = x > 0 ? dy : x < 0 ? alpha dy : 0,   dalpha = the sum of dy x where x <= 0
 *
 * In partials: alpha spread over a sample, full[count], and in backward dalpha of each of at most
 * GROUPS groups of rows, sums[group][count]; they are added as a fixed tree, and along the shared
 * axes in order.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "layers/broadcast.h"

NN__NO_TAIL_PADDING(nn_prelu_options, name);

enum { GROUPS = 8 };

static const nn_option p_re_lu_fields[] = {
    NN__OPTION(nn_prelu_options, INITIALIZER, alpha_initializer, .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_prelu_options, REGULARIZER, alpha_regularizer),
    NN__OPTION(nn_prelu_options, SHAPE, shared_axes),
    NN__OPTION(nn_prelu_options, STRING, name),
};

static nn_status p_re_lu_infer(nn_infer *infer)
{
    const nn_prelu_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    unsigned char shared[NN_MAX_RANK];
    NN_TRY(nn__axes_mark(infer, &o->shared_axes, "shared_axes", x->rank, shared));
    nn_shape alpha = nn__small_shape(x, shared, 1);
    infer->output = *x;
    infer->flags = NN_KEEPS_X | NN_Y_OVER_X | NN_DX_OVER_DY;
    infer->partials =
        nn__mul(nn__shape_count(x), (infer->training ? GROUPS + 1 : 1) * sizeof(nn_real));
    NN_TRY(nn_infer_weight(infer, "alpha", alpha.dims, alpha.rank, o->alpha_initializer, 1));
    return nn_infer_regularize(infer, o->alpha_regularizer);
}

struct p_re_lu {
    int groups;
    size_t count; /* of a sample */
    nn_shape alpha;
    nn_real *full, *sums;
};

static struct p_re_lu p_re_lu_begin(const nn_pass *pass)
{
    const nn_prelu_options *o = pass->options;
    struct p_re_lu p = {.groups = pass->rows < GROUPS ? pass->rows : GROUPS,
                        .count = nn__shape_count(pass->y_shape),
                        .alpha = *pass->y_shape};
    for (int i = 0; i < o->shared_axes.rank; i++) {
        int axis = o->shared_axes.dims[i];
        p.alpha.dims[axis < 0 ? p.alpha.rank + axis : axis - 1] = 1;
    }
    p.full = pass->partials;
    p.sums = p.full + p.count;
    nn__spread(p.full, pass->weights[0], pass->y_shape, &p.alpha);
    return p;
}

static void p_re_lu_forward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct p_re_lu *p = arg;
    int first = pass->rows * index / p->groups, last = pass->rows * (index + 1) / p->groups;
    (void)worker;
    for (size_t i = (size_t)first; i < (size_t)last; i++)
        nn__kernels->prelu(pass->y + i * p->count, pass->x[0] + i * p->count, p->full, p->count);
}

static void p_re_lu_forward(const nn_pass *pass)
{
    struct p_re_lu p = p_re_lu_begin(pass);
    nn_parallel(pass, p.groups, p_re_lu_forward_group, &p);
}

/* The group's sum is taken before dx is written, since dx may lie over dy. */
static void p_re_lu_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct p_re_lu *p = arg;
    int first = pass->rows * index / p->groups, last = pass->rows * (index + 1) / p->groups;
    nn_real *sums = p->sums + (size_t)index * p->count;
    (void)worker;
    memset(sums, 0, p->count * sizeof *sums);
    for (size_t i = (size_t)first; i < (size_t)last; i++) {
        const nn_real *x = pass->x[0] + i * p->count, *dy = pass->dy + i * p->count;
        if (pass->trainable)
            nn__kernels->prelu_dalpha(sums, dy, x, p->count);
        if (pass->dx[0] != NULL)
            nn__kernels->prelu_dx(pass->dx[0] + i * p->count, dy, x, p->full, p->count);
    }
}

static void p_re_lu_backward(const nn_pass *pass)
{
    struct p_re_lu p = p_re_lu_begin(pass);
    nn_parallel(pass, p.groups, p_re_lu_backward_group, &p);
    if (!pass->trainable)
        return;
    nn__kernels->tree_sum(p.full, p.sums, p.groups, p.count, 0, p.count);
    nn__collect(pass->gradients[0], p.full, pass->y_shape, &p.alpha);
}

const nn_layer_kind nn__p_re_lu_layer = {
    .kind = NN__KIND(nn_layer_kind, "p_re_lu", "PReLU", nn_prelu_options, p_re_lu_fields),
    .infer = p_re_lu_infer,
    .forward = p_re_lu_forward,
    .backward = p_re_lu_backward,
};

nn_layer *nn_prelu_new(const nn_prelu_options *options)
{
    return nn_layer_new(&nn__p_re_lu_layer, options);
}
