/*
 * Dense: y[n][u] = act(x[n][k] kernel[k][u] + bias[u]); n counts all axes but the last.
 *
 * Two cuts into tasks, by shape:
 *
 *   few rows (a training batch)   along k, in chunks: each task reads its own rows of the kernel.
 *                                 forward   parts[chunk] = x[:, chunk] kernel[chunk], then y = the
 *                                           parts' tree sum + bias, act
 *                                 backward  dkernel[chunk] = x[:, chunk]' dz,
 *                                           dx[:, chunk] = dz kernel[chunk]'
 *   many rows                     along n, in blocks: y and dx block by block; dkernel in at most
 *                                 GROUPS groups of rows, added as a fixed tree
 */
#include <string.h>

#include "kernels/kernels.h"
#include "layers/dense.h"

enum { FEW_ROWS = 256, CHUNK = 256, CHUNKS_MOST = 16, GROUPS = 8, SUM_CHUNK = 2048 };

static const nn_option dense_fields[] = {
    NN__OPTION(nn_dense_options, INT, units, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 24),
    NN__OPTION(nn_dense_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_dense_options, FLAG, no_bias),
    NN__OPTION(nn_dense_options, INITIALIZER, kernel_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_dense_options, INITIALIZER, bias_initializer, .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_dense_options, STRING, name),
    NN__OPTION(nn_dense_options, REGULARIZER, kernel_regularizer),
    NN__OPTION(nn_dense_options, REGULARIZER, bias_regularizer),
};
NN__NO_TAIL_PADDING(nn_dense_options, bias_regularizer);

struct dense {
    int n, k, u;
    int few;   /* cut along k                   */
    int chunk; /* of k                          */
    int chunks;
    int blocks; /* of FEW_ROWS rows              */
    int groups; /* of rows, for dkernel          */
    const nn_real *bias;
    nn_real *parts;
    const nn__epilogue *after; /* forward */
};

/* rows of y for `rows` samples of shape x */
static int dense_rows(const nn_shape *x, int rows)
{
    for (int i = 0; i + 1 < x->rank; i++)
        rows *= x->dims[i];
    return rows;
}

static struct dense dense_geometry(const nn_dense_options *o, const nn_shape *x, int rows)
{
    struct dense g = {.n = dense_rows(x, rows), .k = x->dims[x->rank - 1], .u = o->units};
    g.few = g.n <= FEW_ROWS;
    g.chunk = (g.k + CHUNKS_MOST - 1) / CHUNKS_MOST;
    g.chunk = g.chunk < CHUNK ? CHUNK : (g.chunk + 31) / 32 * 32;
    g.chunks = (g.k + g.chunk - 1) / g.chunk;
    g.blocks = (g.n + FEW_ROWS - 1) / FEW_ROWS;
    g.groups = g.blocks < GROUPS ? g.blocks : GROUPS;
    return g;
}

/* Numbers needed between the two halves of forward or backward, for up to `rows` samples. */
static size_t dense_parts(const nn_dense_options *o, const nn_shape *x, int rows, int gradients)
{
    struct dense g = dense_geometry(o, x, rows);
    size_t few_rows = (size_t)(g.n < FEW_ROWS ? g.n : FEW_ROWS);
    size_t forward = (size_t)g.chunks * few_rows * (size_t)g.u;
    size_t backward = (size_t)GROUPS * ((size_t)g.k + 1) * (size_t)g.u;
    if (!gradients || g.few)
        return forward;
    return backward > forward ? backward : forward;
}

static nn_status dense_infer(nn_infer *infer)
{
    const nn_dense_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    infer->output = *x;
    infer->output.dims[x->rank - 1] = o->units;
    double n = (double)nn__shape_count(x) / x->dims[x->rank - 1] * infer->batch;
    if (n > (double)(1 << 30) || nn__shape_count(&infer->output) > SIZE_MAX / 64)
        return nn_infer_fail(infer, NN_ENOTSUP, "%.0f rows of %d units are too many", n, o->units);
    infer->activation = o->activation;
    infer->flags = NN_EPILOGUE | (infer->trainable ? NN_KEEPS_X : 0); /* dx needs no x */
    int gradients = infer->backward && infer->trainable;
    infer->partials = dense_parts(o, x, infer->batch, gradients) * sizeof(nn_real);
    NN_TRY(nn_infer_weight(infer, "kernel", (const int[]){x->dims[x->rank - 1], o->units}, 2,
                           o->kernel_initializer, 1));
    NN_TRY(nn_infer_regularize(infer, o->kernel_regularizer));
    if (o->no_bias)
        return NN_OK;
    NN_TRY(nn_infer_weight(infer, "bias", &o->units, 1, o->bias_initializer, 1));
    return nn_infer_regularize(infer, o->bias_regularizer);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static size_t area(int rows, int columns)
{
    return (size_t)rows * (size_t)columns;
}

/* ---- Forward ---- */

static void dense_forward_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    int first = index * g->chunk, depth = least(g->chunk, g->k - first);
    (void)worker;
    nn__gemm(0, 0, g->n, g->u, depth, 1, pass->x[0] + first, g->k,
             pass->weights[0] + area(first, g->u), g->u, 0,
             g->parts + (size_t)index * area(g->n, g->u), g->u);
}

/* Rows [first, first + count) of y: the parts' sum, the bias, the epilogue. */
static void dense_finish_rows(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    int rows = SUM_CHUNK / g->u > 0 ? SUM_CHUNK / g->u : 1;
    int first = index * rows, last = least(first + rows, g->n);
    nn_real *y = pass->y + area(first, g->u);
    (void)worker;
    nn__kernels->tree_sum(pass->y, g->parts, g->chunks, area(g->n, g->u), area(first, g->u),
                          area(last, g->u));
    for (int i = 0; g->bias != NULL && i < last - first; i++)
        nn__kernels->add(y + area(i, g->u), g->bias, (size_t)g->u);
    nn__epilogue_run(g->after, y, (size_t)(last - first), 0, (size_t)g->u);
}

static void dense_forward_block(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    int first = index * FEW_ROWS, count = least(FEW_ROWS, g->n - first);
    nn_real *y = pass->y + area(first, g->u);
    (void)worker;
    if (g->bias != NULL)
        nn__kernels->fill_rows(y, g->bias, (size_t)count, (size_t)g->u);
    nn__gemm(0, 0, count, g->u, g->k, 1, pass->x[0] + area(first, g->k), g->k, pass->weights[0],
             g->u, g->bias != NULL ? 1 : 0, y, g->u);
    nn__epilogue_run(g->after, y, (size_t)count, 0, (size_t)g->u);
}

void nn__dense_forward(const nn_pass *pass, const nn__epilogue *after)
{
    const nn_dense_options *o = pass->options;
    struct dense g = dense_geometry(o, pass->x_shape, pass->rows);
    g.bias = o->no_bias ? NULL : pass->weights[1];
    g.parts = pass->partials;
    g.after = after;
    if (!g.few || g.chunks == 1) {
        nn_parallel(pass, g.blocks, dense_forward_block, &g);
        return;
    }
    nn_parallel(pass, g.chunks, dense_forward_chunk, &g);
    int rows = SUM_CHUNK / g.u > 0 ? SUM_CHUNK / g.u : 1;
    nn_parallel(pass, (g.n + rows - 1) / rows, dense_finish_rows, &g);
}

static void dense_forward(const nn_pass *pass)
{
    nn__dense_forward(pass, &(nn__epilogue){.activation = pass->activation});
}

/* ---- Backward; dy is turned into dz = dy act'(y) in place ---- */

static void dense_backward_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    int first = index * g->chunk, depth = least(g->chunk, g->k - first);
    (void)worker;
    if (pass->trainable)
        nn__gemm(1, 0, depth, g->u, g->n, 1, pass->x[0] + first, g->k, pass->dy, g->u, 0,
                 pass->gradients[0] + area(first, g->u), g->u);
    if (pass->dx[0] != NULL)
        nn__gemm(0, 1, g->n, depth, g->u, 1, pass->dy, g->u, pass->weights[0] + area(first, g->u),
                 g->u, 0, pass->dx[0] + first, g->k);
}

static void dense_dz(const nn_pass *pass, int u, int first, int count)
{
    if (pass->activation != NN_LINEAR)
        nn__kernels->activate_gradient(pass->dy + area(first, u), pass->y + area(first, u),
                                       pass->activation, area(count, u));
}

static void dense_db(nn_real *db, const nn_real *dz, int rows, int u)
{
    memset(db, 0, (size_t)u * sizeof *db);
    nn__kernels->add_column_sums(db, dz, (size_t)rows, (size_t)u);
}

/* A group of rows: its share of dkernel and db, and its dx. */
static void dense_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    int first = (int)((int64_t)g->n * index / g->groups);
    int count = (int)((int64_t)g->n * (index + 1) / g->groups) - first;
    const nn_real *dz = pass->dy + area(first, g->u);
    (void)worker;
    dense_dz(pass, g->u, first, count);
    if (pass->trainable)
        nn__gemm(1, 0, g->k, g->u, count, 1, pass->x[0] + area(first, g->k), g->k, dz, g->u, 0,
                 g->parts + (size_t)index * area(g->k, g->u), g->u);
    if (pass->trainable && g->bias != NULL)
        dense_db(g->parts + area(GROUPS, g->u) * (size_t)g->k + area(index, g->u), dz, count, g->u);
    if (pass->dx[0] != NULL)
        nn__gemm(0, 1, count, g->k, g->u, 1, dz, g->u, pass->weights[0], g->u, 0,
                 pass->dx[0] + area(first, g->k), g->k);
}

static void dense_sum_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct dense *g = arg;
    size_t count = area(g->k, g->u), first = (size_t)index * SUM_CHUNK;
    size_t last = first + SUM_CHUNK < count ? first + SUM_CHUNK : count;
    (void)worker;
    nn__kernels->tree_sum(pass->gradients[0], g->parts, g->groups, count, first, last);
    if (index == 0 && g->bias != NULL)
        nn__kernels->tree_sum(pass->gradients[1], g->parts + area(GROUPS, g->u) * (size_t)g->k,
                              g->groups, (size_t)g->u, 0, (size_t)g->u);
}

static void dense_backward(const nn_pass *pass)
{
    const nn_dense_options *o = pass->options;
    struct dense g = dense_geometry(o, pass->x_shape, pass->rows);
    g.bias = o->no_bias ? NULL : pass->weights[1];
    g.parts = pass->partials;
    if (!g.few) {
        nn_parallel(pass, g.groups, dense_backward_group, &g);
        if (pass->trainable)
            nn_parallel(pass, (int)((area(g.k, g.u) + SUM_CHUNK - 1) / SUM_CHUNK), dense_sum_chunk,
                        &g);
        return;
    }
    dense_dz(pass, g.u, 0, g.n);
    if (pass->trainable && g.bias != NULL)
        dense_db(pass->gradients[1], pass->dy, g.n, g.u);
    nn_parallel(pass, g.chunks, dense_backward_chunk, &g);
}

const nn_layer_kind nn__dense_layer = {
    .kind = NN__KIND(nn_layer_kind, "dense", "Dense", nn_dense_options, dense_fields),
    .infer = dense_infer,
    .forward = dense_forward,
    .backward = dense_backward,
};

nn_layer *nn_dense_new(const nn_dense_options *options)
{
    return nn_layer_new(&nn__dense_layer, options);
}
