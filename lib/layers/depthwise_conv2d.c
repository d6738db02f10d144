/*
 * DepthwiseConv2D: each channel of x[n][h][w][c] has kernels of its own, kernel[kh][kw][c][m], and
 * gives the outputs y[n][oh][ow][c m]; m counts to the depth multiplier.
 *
 *   y[i][j][k m + l] = act(b[k m + l] + sum over p, q of x[..][..][k] kernel[p][q][k][l])
 *   dz = dy act'(y);  db = sum dz;  dkernel and dx are the two adjoints of the sum
 *
 * Forward: a task is a band of rows of one picture. Backward: a group of pictures (tiles.h).
 */
#include <string.h>

#include "layers/depthwise.h"

NN__NO_TAIL_PADDING(nn_depthwise_conv2d_options, name);

static const nn_option depthwise_conv2d_fields[] = {
    NN__OPTION(nn_depthwise_conv2d_options, PAIR, kernel, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_depthwise_conv2d_options, PAIR, strides, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_depthwise_conv2d_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_depthwise_conv2d_options, INT, depth_multiplier, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_depthwise_conv2d_options, PAIR, dilation, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_depthwise_conv2d_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_depthwise_conv2d_options, FLAG, no_bias),
    NN__OPTION(nn_depthwise_conv2d_options, INITIALIZER, depthwise_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_depthwise_conv2d_options, INITIALIZER, bias_initializer,
               .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_depthwise_conv2d_options, REGULARIZER, depthwise_regularizer),
    NN__OPTION(nn_depthwise_conv2d_options, REGULARIZER, bias_regularizer),
    NN__OPTION(nn_depthwise_conv2d_options, STRING, name),
};

static nn_status depthwise_conv2d_infer(nn_infer *infer)
{
    const nn_depthwise_conv2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    nn__depthwise d = NN__DEPTHWISE_OF(o, &infer->inputs[0]);
    NN_TRY(nn__depthwise_infer(infer, &d, "kernel", o->depthwise_initializer,
                               o->depthwise_regularizer));
    const int filters = (int)d.pixel;
    infer->output = (nn_shape){3, {d.window.oh, d.window.ow, filters}};
    infer->activation = o->activation;
    infer->flags = NN_KEEPS_X | NN_EPILOGUE;
    infer->scratch = d.pixel * sizeof(nn_real);
    size_t sums = infer->training ? NN__GROUPS * (d.weights + d.pixel) : 0;
    infer->partials = (d.weights + 2 * d.pixel + sums) * sizeof(nn_real);
    if (o->no_bias)
        return NN_OK;
    return nn__infer_regular(infer, "bias", &filters, 1, o->bias_initializer, o->bias_regularizer);
}

/* One run: partials hold kernel and bias by [m][c], a spare pixel, each group's dkernel and db. */
struct depthwise_conv2d {
    nn__depthwise d;
    int band, bands; /* rows of a band, bands of a picture */
    nn_real *spare, *dkernel, *db;
};

static struct depthwise_conv2d depthwise_conv2d_begin(const nn_pass *pass)
{
    const nn_depthwise_conv2d_options *o = pass->options;
    struct depthwise_conv2d g = {.d = NN__DEPTHWISE_OF(o, pass->x_shape)};
    nn_real *memory = pass->partials;
    g.spare = memory + g.d.weights + g.d.pixel;
    g.band = nn__band_rows(g.d.window.oh, g.d.line, pass->rows);
    g.bands = (int)nn__tiles((size_t)g.d.window.oh, (size_t)g.band);
    nn__depthwise_weights(&g.d, pass->weights[0], o->no_bias ? NULL : pass->weights[1], memory,
                          g.spare);
    return g;
}

static void depthwise_conv2d_forward_band(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct depthwise_conv2d *g = arg;
    const nn__depthwise *d = &g->d;
    size_t n = (size_t)(index / g->bands);
    int first = index % g->bands * g->band,
        last = (int)nn__least((size_t)(first + g->band), (size_t)d->window.oh);
    size_t count = (size_t)(last - first) * d->line;
    nn_real *y = pass->y + n * d->y_count + (size_t)first * d->line;
    nn__depthwise_forward(d, y, pass->x[0] + n * d->x_count, nn_scratch(pass, worker), first, last);
    if (pass->activation != NN_LINEAR)
        nn__kernels->activate(y, pass->activation, count);
}

static void depthwise_conv2d_forward(const nn_pass *pass)
{
    struct depthwise_conv2d g = depthwise_conv2d_begin(pass);
    nn_parallel(pass, pass->rows * g.bands, depthwise_conv2d_forward_band, &g);
}

static void depthwise_conv2d_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct depthwise_conv2d *g = arg;
    const nn__depthwise *d = &g->d;
    size_t first = nn__group_start(pass->rows, index),
           last = nn__group_start(pass->rows, index + 1), pixels = d->y_count / d->pixel;
    nn_real *dz = pass->dy + first * d->y_count;
    nn_real *dkernel = g->dkernel != NULL ? g->dkernel + (size_t)index * d->weights : NULL;
    nn__pixels_dz(pass, nn__group_db(g->db, index, d->pixel), first * pixels, last * pixels,
                  d->pixel);
    if (dkernel != NULL)
        memset(dkernel, 0, d->weights * sizeof *dkernel);
    for (size_t n = first; n < last; n++, dz += d->y_count) {
        nn_real *dx = pass->dx[0] != NULL ? pass->dx[0] + n * d->x_count : NULL;
        if (dx != NULL)
            memset(dx, 0, d->x_count * sizeof *dx);
        nn__depthwise_backward(d, dkernel, dx, pass->x[0] + n * d->x_count, dz,
                               nn_scratch(pass, worker), 0, d->window.oh);
    }
}

static void depthwise_conv2d_backward(const nn_pass *pass)
{
    const nn_depthwise_conv2d_options *o = pass->options;
    struct depthwise_conv2d g = depthwise_conv2d_begin(pass);
    if (pass->trainable) {
        g.dkernel = g.spare + g.d.pixel;
        g.db = o->no_bias ? NULL : g.dkernel + NN__GROUPS * g.d.weights;
    }
    nn_parallel(pass, nn__groups(pass->rows), depthwise_conv2d_backward_group, &g);
    if (g.dkernel != NULL)
        nn__depthwise_gradient(pass, &g.d, pass->gradients[0], g.dkernel, g.spare);
    if (g.db != NULL)
        nn__sum_groups(pass, pass->gradients[1], g.db, g.d.pixel);
}

const nn_layer_kind nn__depthwise_conv2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "depthwise_conv2d", "DepthwiseConv2D",
                     nn_depthwise_conv2d_options, depthwise_conv2d_fields),
    .infer = depthwise_conv2d_infer,
    .forward = depthwise_conv2d_forward,
    .backward = depthwise_conv2d_backward,
};

nn_layer *nn_depthwise_conv2d_new(const nn_depthwise_conv2d_options *options)
{
    return nn_layer_new(&nn__depthwise_conv2d_layer, options);
}
