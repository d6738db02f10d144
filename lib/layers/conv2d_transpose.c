/*
 * Conv2DTranspose: forward is dx of a Conv2D, backward its forward. That Conv2D goes the other way,
 * from y[n][oh][ow][f] to x[n][h][w][c], with kernel[kh][kw][f][c]; `window` is its window.
 *
 *   forward   y = bias;  y += col2im(x kernel');  y = act(y)
 *   backward  dz = dy act'(y);  db = sum dz;  dx = im2col(dz) kernel;  dkernel = im2col(dz)' x
 *
 * Forward: a task is a picture, its x cut into tiles. Backward: a task is a group of pictures, cut
 * into tiles that may cross pictures; both products read the same lowered tile.
 */
#include <string.h>

#include "layers/tiles.h"

NN__NO_TAIL_PADDING(nn_conv2d_transpose_options, name);

static const nn_option conv2d_transpose_fields[] = {
    NN__OPTION(nn_conv2d_transpose_options, INT, filters, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 24),
    NN__OPTION(nn_conv2d_transpose_options, PAIR, kernel, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_transpose_options, PAIR, strides, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_transpose_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_conv2d_transpose_options, PAIR, output_padding, .minimum = -1,
               .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_transpose_options, PAIR, dilation, .fallback = 1, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_transpose_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_conv2d_transpose_options, FLAG, no_bias),
    NN__OPTION(nn_conv2d_transpose_options, INITIALIZER, kernel_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_conv2d_transpose_options, INITIALIZER, bias_initializer,
               .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_conv2d_transpose_options, REGULARIZER, kernel_regularizer),
    NN__OPTION(nn_conv2d_transpose_options, REGULARIZER, bias_regularizer),
    NN__OPTION(nn_conv2d_transpose_options, STRING, name),
};

/* The numbers of one layer on one shape. */
struct transpose {
    nn__window window; /* over y, giving x */
    int c;             /* channels of x    */
    int depth;         /* kh kw f          */
    int tile;          /* the most pixels  */
    size_t x_pixels, y_pixels;
    nn_real *dkernel, *db; /* of each group; NULL where not wanted */
};

/* Positions of y along an axis of n positions of x; more than INT_MAX where it is too large. */
static int64_t transpose_output(const nn_conv2d_transpose_options *o, int n, int axis)
{
    int64_t s = o->strides[axis], more = o->output_padding[axis];
    int64_t extent = (int64_t)(o->kernel[axis] - 1) * o->dilation[axis] + 1;
    if (o->output_padding[0] == 0 && o->output_padding[1] == 0)
        return o->padding == NN_SAME ? n * s : (n - 1) * s + (extent > s ? extent : s);
    more = more < 0 ? 0 : more;
    return (n - 1) * s + (o->padding == NN_SAME ? extent % 2 : extent) + more;
}

static struct transpose transpose_geometry(const nn_conv2d_transpose_options *o, const nn_shape *x)
{
    nn_shape y = {3, {0, 0, o->filters}};
    for (int axis = 0; axis < 2; axis++)
        y.dims[axis] = (int)transpose_output(o, x->dims[axis], axis);
    struct transpose g = {.window =
                              nn__window_over(&y, o->kernel, o->strides, o->dilation, o->padding)};
    g.c = x->dims[2];
    g.depth = o->kernel[0] * o->kernel[1] * o->filters;
    g.tile = nn__tile_pixels(g.depth);
    g.x_pixels = (size_t)x->dims[0] * (size_t)x->dims[1];
    g.y_pixels = (size_t)y.dims[0] * (size_t)y.dims[1];
    return g;
}

static nn_status transpose_check_options(nn_infer *infer)
{
    const nn_conv2d_transpose_options *o = infer->options;
    const int *s = o->strides, *more = o->output_padding;
    if ((s[0] > 1 || s[1] > 1) && (o->dilation[0] > 1 || o->dilation[1] > 1))
        return nn_infer_fail(infer, NN_EINVAL, "strides %dx%d and dilation %dx%d are both above 1",
                             s[0], s[1], o->dilation[0], o->dilation[1]);
    if (more[0] >= s[0] || more[1] >= s[1])
        if (more[0] != 0 || more[1] != 0)
            return nn_infer_fail(infer, NN_EINVAL,
                                 "output_padding %dx%d must be less than the strides %dx%d",
                                 more[0], more[1], s[0], s[1]);
    return NN_OK;
}

/* The picture that a Conv2D of these options takes to x: it must be a picture, and not too large. */
static nn_status transpose_check_shapes(nn_infer *infer)
{
    const nn_conv2d_transpose_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    double depth = (double)o->kernel[0] * o->kernel[1] * (o->filters + (double)x->dims[2]);
    if (depth > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP,
                             "kernel %dx%d of %d channels and %d filters is too large",
                             o->kernel[0], o->kernel[1], x->dims[2], o->filters);
    int64_t oh = transpose_output(o, x->dims[0], 0), ow = transpose_output(o, x->dims[1], 1);
    if ((double)oh * (double)ow > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP, "a picture of %lldx%lldx%d is too large",
                             (long long)oh, (long long)ow, o->filters);
    struct transpose g = {.depth = 0};
    if (oh > 0 && ow > 0)
        g = transpose_geometry(o, x);
    if (g.window.oh != x->dims[0] || g.window.ow != x->dims[1])
        return nn_infer_fail(infer, NN_ESHAPE,
                             "output_padding %dx%d: no picture of %lldx%lld gives the input %dx%d",
                             o->output_padding[0] < 0 ? 0 : o->output_padding[0],
                             o->output_padding[1] < 0 ? 0 : o->output_padding[1], (long long)oh,
                             (long long)ow, x->dims[0], x->dims[1]);
    return NN_OK;
}

static nn_status conv2d_transpose_infer(nn_infer *infer)
{
    const nn_conv2d_transpose_options *o = infer->options;
    NN_TRY(transpose_check_options(infer));
    NN_TRY(nn__infer_picture(infer));
    NN_TRY(transpose_check_shapes(infer));
    struct transpose g = transpose_geometry(o, &infer->inputs[0]);
    infer->output = (nn_shape){3, {g.window.h, g.window.w, o->filters}};
    infer->activation = o->activation;
    infer->flags = NN_KEEPS_X | NN_EPILOGUE;
    infer->scratch = (size_t)g.depth * (size_t)g.tile * sizeof(nn_real);
    size_t weights = (size_t)g.depth * (size_t)g.c;
    if (infer->training)
        infer->partials = NN__GROUPS * (weights + (size_t)o->filters) * sizeof(nn_real);
    NN_TRY(nn__infer_regular(infer, "kernel",
                             (const int[]){o->kernel[0], o->kernel[1], o->filters, g.c}, 4,
                             o->kernel_initializer, o->kernel_regularizer));
    if (o->no_bias)
        return NN_OK;
    return nn__infer_regular(infer, "bias", &o->filters, 1, o->bias_initializer,
                             o->bias_regularizer);
}

/* ---- Forward: one picture per task ---- */

static void conv2d_transpose_forward_picture(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct transpose *g = arg;
    const nn_conv2d_transpose_options *o = pass->options;
    const size_t f = (size_t)g->window.c, tile = nn__tile_even(g->tile, g->x_pixels, 1);
    const nn_real *x = pass->x[0] + (size_t)index * g->x_pixels * (size_t)g->c;
    nn_real *y = pass->y + (size_t)index * g->y_pixels * f, *col = nn_scratch(pass, worker);
    if (o->no_bias)
        memset(y, 0, g->y_pixels * f * sizeof *y);
    else
        nn__kernels->fill_rows(y, pass->weights[1], g->y_pixels, f);
    for (size_t first = 0; first < g->x_pixels; first += tile) {
        size_t last = nn__least(first + tile, g->x_pixels);
        nn__gemm(0, 1, (int)(last - first), g->depth, g->c, 1, x + first * (size_t)g->c, g->c,
                 pass->weights[0], g->c, 0, col, g->depth);
        nn__raise_pixels(y, col, &g->window, 0, g->window.c, (int)first, (int)last);
    }
    if (pass->activation != NN_LINEAR)
        nn__kernels->activate(y, pass->activation, g->y_pixels * f);
}

static void conv2d_transpose_forward(const nn_pass *pass)
{
    struct transpose g = transpose_geometry(pass->options, pass->x_shape);
    nn_parallel(pass, pass->rows, conv2d_transpose_forward_picture, &g);
}

/* ---- Backward: one group of pictures per task ---- */

/* The pixels [first, last) of the batch, counted in x; those from `start` on are the group's. */
static void conv2d_transpose_backward_tile(const nn_pass *pass, const struct transpose *g,
                                           nn_real *dkernel, nn_real *col, size_t start,
                                           size_t first, size_t last)
{
    const int count = (int)(last - first);
    const size_t at = first * (size_t)g->c;
    nn__lower_pixels(col, pass->dy, &g->window, 0, g->window.c, first, last);
    if (dkernel != NULL)
        nn__gemm(1, 0, g->depth, g->c, count, 1, col, g->depth, pass->x[0] + at, g->c,
                 first == start ? 0 : 1, dkernel, g->c);
    if (pass->dx[0] != NULL)
        nn__gemm(0, 0, count, g->c, g->depth, 1, col, g->depth, pass->weights[0], g->c, 0,
                 pass->dx[0] + at, g->c);
}

static void conv2d_transpose_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct transpose *g = arg;
    const size_t f = (size_t)g->window.c, weights = (size_t)g->depth * (size_t)g->c;
    const size_t begin = nn__group_start(pass->rows, index),
                 end = nn__group_start(pass->rows, index + 1);
    const size_t start = begin * g->x_pixels, stop = end * g->x_pixels;
    const size_t tile = nn__tile_even(g->tile, stop - start, 1);
    nn_real *dkernel = g->dkernel != NULL ? g->dkernel + (size_t)index * weights : NULL;
    nn__pixels_dz(pass, nn__group_db(g->db, index, f), begin * g->y_pixels, end * g->y_pixels, f);
    for (size_t first = start; first < stop; first += tile)
        conv2d_transpose_backward_tile(pass, g, dkernel, nn_scratch(pass, worker), start, first,
                                       nn__least(first + tile, stop));
}

static void conv2d_transpose_backward(const nn_pass *pass)
{
    const nn_conv2d_transpose_options *o = pass->options;
    struct transpose g = transpose_geometry(o, pass->x_shape);
    size_t weights = (size_t)g.depth * (size_t)g.c;
    if (pass->trainable) {
        g.dkernel = pass->partials;
        g.db = o->no_bias ? NULL : g.dkernel + NN__GROUPS * weights;
    }
    nn_parallel(pass, nn__groups(pass->rows), conv2d_transpose_backward_group, &g);
    if (g.dkernel != NULL)
        nn__sum_groups(pass, pass->gradients[0], g.dkernel, weights);
    if (g.db != NULL)
        nn__sum_groups(pass, pass->gradients[1], g.db, (size_t)g.window.c);
}

const nn_layer_kind nn__conv2d_transpose_layer = {
    .kind = NN__KIND(nn_layer_kind, "conv2d_transpose", "Conv2DTranspose",
                     nn_conv2d_transpose_options, conv2d_transpose_fields),
    .infer = conv2d_transpose_infer,
    .forward = conv2d_transpose_forward,
    .backward = conv2d_transpose_backward,
};

nn_layer *nn_conv2d_transpose_new(const nn_conv2d_transpose_options *options)
{
    return nn_layer_new(&nn__conv2d_transpose_layer, options);
}
