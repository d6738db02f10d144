/*
 * SeparableConv2D: a depthwise convolution, then a 1x1 one, without an activation between them.
 *
 *   d[n][oh][ow][c m] = depthwise(x[n][h][w][c], depthwise_kernel[kh][kw][c][m])
 *   y[n][oh][ow][f]   = act(d pointwise_kernel[1][1][c m][f] + bias[f])
 *   dz = dy act'(y);  db = sum dz;  dpointwise = d' dz;  dd = dz pointwise';  then as depthwise
 *
 * d and dd exist for a band of rows at a time, in a worker's scratch; backward makes d anew.
 */
#include <string.h>

#include "layers/depthwise.h"

NN__NO_TAIL_PADDING(nn_separable_conv2d_options, name);

static const nn_option separable_conv2d_fields[] = {
    NN__OPTION(nn_separable_conv2d_options, INT, filters, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 24),
    NN__OPTION(nn_separable_conv2d_options, PAIR, kernel, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_separable_conv2d_options, PAIR, strides, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_separable_conv2d_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_separable_conv2d_options, PAIR, dilation, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_separable_conv2d_options, INT, depth_multiplier, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_separable_conv2d_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_separable_conv2d_options, FLAG, no_bias),
    NN__OPTION(nn_separable_conv2d_options, INITIALIZER, depthwise_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_separable_conv2d_options, INITIALIZER, pointwise_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_separable_conv2d_options, INITIALIZER, bias_initializer,
               .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_separable_conv2d_options, REGULARIZER, depthwise_regularizer),
    NN__OPTION(nn_separable_conv2d_options, REGULARIZER, pointwise_regularizer),
    NN__OPTION(nn_separable_conv2d_options, REGULARIZER, bias_regularizer),
    NN__OPTION(nn_separable_conv2d_options, STRING, name),
};

/*
 * One run. Partials hold the depthwise kernel [kh][kw][m][c], a spare pixel, and each group's three
 * sums; a worker's scratch holds d and dd of a band, and a spare pixel.
 */
struct separable_conv2d {
    nn__depthwise d;
    int filters;
    int band, bands;  /* rows of a band, bands of a picture */
    size_t pointwise; /* weights of the pointwise kernel    */
    nn_real *spare, *dkernel, *dpointwise, *db;
};

enum { MOST_ROWS = NN__FORWARD_TASKS }; /* of a run: from here on bands are not cut for its sake */

static struct separable_conv2d separable_conv2d_geometry(const nn_separable_conv2d_options *o,
                                                         const nn_shape *x, int rows)
{
    struct separable_conv2d g = {.d = NN__DEPTHWISE_OF(o, x), .filters = o->filters};
    if (g.d.window.oh < 1 || g.d.window.ow < 1)
        return g;
    g.band = nn__band_rows(g.d.window.oh, g.d.line, rows);
    g.bands = (int)nn__tiles((size_t)g.d.window.oh, (size_t)g.band);
    g.pointwise = g.d.pixel * (size_t)o->filters;
    return g;
}

static nn_status separable_conv2d_infer(nn_infer *infer)
{
    const nn_separable_conv2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    struct separable_conv2d g = separable_conv2d_geometry(o, &infer->inputs[0], MOST_ROWS);
    nn__depthwise *d = &g.d;
    NN_TRY(nn__depthwise_infer(infer, d, "depthwise_kernel", o->depthwise_initializer,
                               o->depthwise_regularizer));
    if ((double)d->pixel * o->filters > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP, "%zu channels and %d filters are too many",
                             d->pixel, o->filters);
    infer->output = (nn_shape){3, {d->window.oh, d->window.ow, o->filters}};
    infer->activation = o->activation;
    infer->flags = NN_KEEPS_X | NN_EPILOGUE;
    infer->scratch =
        ((infer->training ? 2 : 1) * (size_t)g.band * d->line + d->pixel) * sizeof(nn_real);
    size_t sums = d->weights + g.pointwise + (size_t)o->filters;
    infer->partials =
        (d->weights + d->pixel + (infer->training ? NN__GROUPS * sums : 0)) * sizeof(nn_real);
    NN_TRY(nn__infer_regular(infer, "pointwise_kernel",
                             (const int[]){1, 1, (int)d->pixel, g.filters}, 4,
                             o->pointwise_initializer, o->pointwise_regularizer));
    if (o->no_bias)
        return NN_OK;
    return nn__infer_regular(infer, "bias", &g.filters, 1, o->bias_initializer,
                             o->bias_regularizer);
}

static struct separable_conv2d separable_conv2d_begin(const nn_pass *pass, int rows)
{
    struct separable_conv2d g = separable_conv2d_geometry(pass->options, pass->x_shape, rows);
    nn_real *memory = pass->partials;
    g.spare = memory + g.d.weights;
    nn__depthwise_weights(&g.d, pass->weights[0], NULL, memory, g.spare);
    return g;
}

/* A band of a picture: its rows, its pixels in the batch. */
struct band {
    int first, last;
    size_t pixel; /* the first, counted in the batch */
    int count;    /* of pixels */
};

static struct band separable_conv2d_band(const struct separable_conv2d *g, size_t n, int number)
{
    const nn__window *w = &g->d.window;
    struct band b = {.first = number * g->band};
    b.last = (int)nn__least((size_t)(b.first + g->band), (size_t)w->oh);
    b.pixel = (n * (size_t)w->oh + (size_t)b.first) * (size_t)w->ow;
    b.count = (b.last - b.first) * w->ow;
    return b;
}

static void separable_conv2d_forward_band(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct separable_conv2d *g = arg;
    const nn_separable_conv2d_options *o = pass->options;
    const nn__depthwise *d = &g->d;
    const size_t n = (size_t)(index / g->bands), f = (size_t)g->filters;
    const struct band b = separable_conv2d_band(g, n, index % g->bands);
    nn_real *y = pass->y + b.pixel * f, *between = nn_scratch(pass, worker);
    nn__depthwise_forward(d, between, pass->x[0] + n * d->x_count,
                          between + (size_t)b.count * d->pixel, b.first, b.last);
    if (!o->no_bias)
        nn__kernels->fill_rows(y, pass->weights[2], (size_t)b.count, f);
    nn__gemm(0, 0, b.count, g->filters, (int)d->pixel, 1, between, (int)d->pixel, pass->weights[1],
             g->filters, o->no_bias ? 0 : 1, y, g->filters);
    if (pass->activation != NN_LINEAR)
        nn__kernels->activate(y, pass->activation, (size_t)b.count * f);
}

static void separable_conv2d_forward(const nn_pass *pass)
{
    struct separable_conv2d g = separable_conv2d_begin(pass, pass->rows);
    nn_parallel(pass, pass->rows * g.bands, separable_conv2d_forward_band, &g);
}

/* A band of picture n: adds to the group's dkernel and dpointwise, and to dx of the picture. */
static void separable_conv2d_backward_band(const nn_pass *pass, const struct separable_conv2d *g,
                                           size_t n, struct band b, int group, int worker)
{
    const nn__depthwise *d = &g->d;
    const int pixel = (int)d->pixel, f = g->filters;
    const nn_real *x = pass->x[0] + n * d->x_count, *dz = pass->dy + b.pixel * (size_t)f;
    nn_real *dx = pass->dx[0] != NULL ? pass->dx[0] + n * d->x_count : NULL, *dkernel = NULL;
    nn_real *between = nn_scratch(pass, worker), *dbetween = between + (size_t)g->band * d->line;
    nn_real *spare = dbetween + (size_t)g->band * d->line;
    if (g->dkernel != NULL) {
        dkernel = g->dkernel + (size_t)group * d->weights;
        nn__depthwise_forward(d, between, x, spare, b.first, b.last);
        nn__gemm(1, 0, pixel, f, b.count, 1, between, pixel, dz, f, 1,
                 g->dpointwise + (size_t)group * g->pointwise, f);
    }
    nn__gemm(0, 1, b.count, pixel, f, 1, dz, f, pass->weights[1], f, 0, dbetween, pixel);
    nn__depthwise_backward(d, dkernel, dx, x, dbetween, spare, b.first, b.last);
}

static void separable_conv2d_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct separable_conv2d *g = arg;
    const nn__depthwise *d = &g->d;
    const size_t first = nn__group_start(pass->rows, index),
                 last = nn__group_start(pass->rows, index + 1), f = (size_t)g->filters,
                 pixels = (size_t)d->window.oh * (size_t)d->window.ow;
    nn__pixels_dz(pass, nn__group_db(g->db, index, f), first * pixels, last * pixels, f);
    if (g->dkernel != NULL) {
        memset(g->dkernel + (size_t)index * d->weights, 0, d->weights * sizeof(nn_real));
        memset(g->dpointwise + (size_t)index * g->pointwise, 0, g->pointwise * sizeof(nn_real));
    }
    if (pass->dx[0] != NULL)
        memset(pass->dx[0] + first * d->x_count, 0, (last - first) * d->x_count * sizeof(nn_real));
    for (size_t n = first; n < last; n++)
        for (int band = 0; band < g->bands; band++)
            separable_conv2d_backward_band(pass, g, n, separable_conv2d_band(g, n, band), index,
                                           worker);
}

static void separable_conv2d_backward(const nn_pass *pass)
{
    const nn_separable_conv2d_options *o = pass->options;
    struct separable_conv2d g = separable_conv2d_begin(pass, MOST_ROWS);
    if (pass->trainable) {
        g.dkernel = g.spare + g.d.pixel;
        g.dpointwise = g.dkernel + NN__GROUPS * g.d.weights;
        g.db = o->no_bias ? NULL : g.dpointwise + NN__GROUPS * g.pointwise;
    }
    nn_parallel(pass, nn__groups(pass->rows), separable_conv2d_backward_group, &g);
    if (g.dkernel != NULL) {
        nn__depthwise_gradient(pass, &g.d, pass->gradients[0], g.dkernel, g.spare);
        nn__sum_groups(pass, pass->gradients[1], g.dpointwise, g.pointwise);
    }
    if (g.db != NULL)
        nn__sum_groups(pass, pass->gradients[2], g.db, (size_t)g.filters);
}

const nn_layer_kind nn__separable_conv2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "separable_conv2d", "SeparableConv2D",
                     nn_separable_conv2d_options, separable_conv2d_fields),
    .infer = separable_conv2d_infer,
    .forward = separable_conv2d_forward,
    .backward = separable_conv2d_backward,
};

nn_layer *nn_separable_conv2d_new(const nn_separable_conv2d_options *options)
{
    return nn_layer_new(&nn__separable_conv2d_layer, options);
}
