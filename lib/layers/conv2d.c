/*
 * Conv2D by lowering and matrix products.
 *
 *   x[n][h][w][c]  kernel[kh][kw][c/groups][f]  y[n][oh][ow][f]
 *
 * The output pixels of the whole batch are numbered n oh ow + i ow + j and cut into tiles of a few
 * hundred; y is contiguous in that order, whichever pictures a tile touches. Per tile:
 *
 *   forward   y = bias;  y += im2col(x) kernel;  the epilogue                      while y is in cache
 *   backward  dz = dy act'(y);  db += sum dz;  dkernel += im2col(x)' dz;  dx gathered or scattered
 *
 * im2col is recomputed in backward: copying it again costs less than keeping nine times x.
 *
 * Backward cuts the pictures into groups, one task each, with sums of its own that are added as a
 * fixed tree: the same bits for any number of threads. dx of a picture depends on that picture
 * alone, so groups never write to one place:
 *
 *   stride 1, one channel group   dx = im2col(dz, mirrored window) turned kernel   (gather)
 *   otherwise                     dx = col2im(dz kernel')                          (scatter)
 */
#include <limits.h>
#include <string.h>

#include "layers/conv2d.h"
#include "layers/tiles.h"

static const char *const conv2d_algorithms[] = {"auto", "gemm", "direct", "winograd", NULL};

static const nn_option conv2d_fields[] = {
    NN__OPTION(nn_conv2d_options, INT, filters, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 24),
    NN__OPTION(nn_conv2d_options, PAIR, kernel, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_options, PAIR, strides, .fallback = 1, .minimum = 1, .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_conv2d_options, PAIR, dilation, .fallback = 1, .minimum = 1, .maximum = 1 << 15),
    NN__OPTION(nn_conv2d_options, INT, groups, .fallback = 1, .minimum = 1, .maximum = 1 << 24),
    NN__OPTION(nn_conv2d_options, CHOICE, activation, .choices = nn_activation_names),
    NN__OPTION(nn_conv2d_options, FLAG, no_bias),
    NN__OPTION(nn_conv2d_options, INITIALIZER, kernel_initializer,
               .fallback = NN_INIT_GLOROT_UNIFORM),
    NN__OPTION(nn_conv2d_options, INITIALIZER, bias_initializer, .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_conv2d_options, STRING, name),
    NN__OPTION(nn_conv2d_options, CHOICE, algorithm, .choices = conv2d_algorithms),
    NN__OPTION(nn_conv2d_options, REGULARIZER, kernel_regularizer),
    NN__OPTION(nn_conv2d_options, REGULARIZER, bias_regularizer),
};
NN__NO_TAIL_PADDING(nn_conv2d_options, bias_regularizer);

/* The way that was asked for, or the one with the least work. The direct one has no dx. */
static int conv2d_way(const nn_conv2d_options *o, const nn__conv2d *g, int rows, int what)
{
    if (o->algorithm == NN_CONV_AUTO)
        return nn__conv2d_least_work(g, rows, what);
    return o->algorithm == NN_CONV_DIRECT && what == NN__CONV_DX ? NN_CONV_GEMM : o->algorithm;
}

/* Is Winograd's way taken for so many rows, up to the last of what is computed? */
static int conv2d_by_winograd(const nn_conv2d_options *o, const nn__conv2d *g, int rows, int last)
{
    for (int what = NN__CONV_FORWARD; what <= last; what++)
        if (conv2d_way(o, g, rows, what) == NN_CONV_WINOGRAD)
            return 1;
    return 0;
}

/* Is the direct way taken for any number of rows? */
static int conv2d_directly(const nn_conv2d_options *o, const nn__conv2d *g)
{
    return o->algorithm == NN_CONV_DIRECT ||
           (o->algorithm == NN_CONV_AUTO && (nn__conv2d_direct_may_pay(g, NN__CONV_FORWARD) ||
                                             nn__conv2d_direct_may_pay(g, NN__CONV_DW)));
}

static nn__conv2d conv2d_geometry(const nn_conv2d_options *o, const nn_shape *x)
{
    nn__conv2d g = {.filters = o->filters, .groups = o->groups};
    const nn__window *w = &g.window;
    g.window = nn__window_over(x, o->kernel, o->strides, o->dilation, o->padding);
    g.group_c = w->c / g.groups;
    g.group_f = g.filters / g.groups;
    g.depth = w->kh * w->kw * g.group_c;
    g.pixels = w->oh * w->ow;
    g.gather = w->sh == 1 && w->sw == 1 && g.groups == 1;
    g.plain = g.depth == w->c && g.gather && w->oh == w->h && w->ow == w->w;
    g.mirror = (nn__window){.h = w->oh,
                            .w = w->ow,
                            .c = g.filters,
                            .kh = w->kh,
                            .kw = w->kw,
                            .sh = 1,
                            .sw = 1,
                            .dh = w->dh,
                            .dw = w->dw,
                            .top = (w->kh - 1) * w->dh - w->top,
                            .left = (w->kw - 1) * w->dw - w->left,
                            .oh = w->h,
                            .ow = w->w};
    g.mirror_depth = w->kh * w->kw * g.filters;
    g.tile = nn__tile_pixels(g.depth);
    return g;
}

int nn__conv2d_way(const nn_conv2d_options *o, const nn_shape *x, int rows, int what)
{
    const nn__conv2d g = conv2d_geometry(o, x);
    return conv2d_way(o, &g, rows, what);
}

static nn_status conv2d_check(nn_infer *infer, const nn_conv2d_options *o)
{
    const nn_shape *x = &infer->inputs[0];
    NN_TRY(nn__infer_picture(infer));
    if ((o->strides[0] > 1 || o->strides[1] > 1) && (o->dilation[0] > 1 || o->dilation[1] > 1))
        return nn_infer_fail(infer, NN_EINVAL, "strides %dx%d and dilation %dx%d are both above 1",
                             o->strides[0], o->strides[1], o->dilation[0], o->dilation[1]);
    if (x->dims[2] % o->groups != 0 || o->filters % o->groups != 0)
        return nn_infer_fail(infer, NN_ESHAPE,
                             "%d channels and %d filters do not divide into %d groups", x->dims[2],
                             o->filters, o->groups);
    double depth = (double)o->kernel[0] * o->kernel[1] * (o->filters + (double)x->dims[2]);
    if (depth > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP,
                             "kernel %dx%d of %d channels and %d filters is too large",
                             o->kernel[0], o->kernel[1], x->dims[2], o->filters);
    return NN_OK;
}

/* Numbers that the greediest way wants of those that may be taken. */
static size_t conv2d_scratch(const nn_conv2d_options *o, const nn__conv2d *g)
{
    size_t forward = (size_t)g->depth * (size_t)g->tile;
    size_t gather = (size_t)g->mirror_depth * (size_t)nn__tile_pixels(g->mirror_depth);
    size_t direct = 0, winograd = 0;
    if (conv2d_directly(o, g))
        direct = nn__conv2d_direct_scratch(g);
    if (conv2d_by_winograd(o, g, INT_MAX, NN__CONV_INFERENCE)) {
        size_t there = nn__conv2d_winograd_scratch(&g->window, g->filters);
        size_t back = nn__conv2d_winograd_scratch(&g->mirror, g->window.c);
        winograd = there > back ? there : back;
    }
    size_t most = g->gather && gather > forward ? gather : forward;
    most = winograd > most ? winograd : most;
    return nn__conv2d_whole_lines(direct > most ? direct : most);
}

/* Numbers at the head of partials for Winograd: a transformed kernel, or what dw needs. */
static size_t conv2d_winograd_partials(const nn__conv2d *g, int rows)
{
    size_t there = nn__conv2d_winograd_kernel(g->window.c, g->filters);
    size_t back = nn__conv2d_winograd_kernel(g->filters, g->window.c);
    size_t dw = nn__conv2d_is_few(&g->window) ? 0 : nn__conv2d_winograd_dw_memory(g, rows);
    size_t most = there > back ? there : back;
    return dw > most ? dw : most;
}

static nn_status conv2d_infer(nn_infer *infer)
{
    const nn_conv2d_options *o = infer->options;
    NN_TRY(conv2d_check(infer, o));
    nn__conv2d g = conv2d_geometry(o, &infer->inputs[0]);
    const nn__window *w = &g.window;
    if (w->oh < 1 || w->ow < 1)
        return nn_infer_fail(infer, NN_ESHAPE, "kernel %dx%d exceeds the padded input %dx%d",
                             (w->kh - 1) * w->dh + 1, (w->kw - 1) * w->dw + 1, w->h, w->w);
    if (o->algorithm == NN_CONV_DIRECT && !nn__conv2d_direct_can(&g))
        return nn_infer_fail(infer, NN_EINVAL,
                             "algorithm direct takes no dilation and no groups: dilation %dx%d, "
                             "%d groups",
                             w->dh, w->dw, g.groups);
    if (o->algorithm == NN_CONV_WINOGRAD && !nn__conv2d_winograd_can(&g))
        return nn_infer_fail(infer, NN_EINVAL,
                             "algorithm winograd takes 3x3, strides and dilation 1, one group: "
                             "kernel %dx%d, strides %dx%d, dilation %dx%d, %d groups",
                             w->kh, w->kw, w->sh, w->sw, w->dh, w->dw, g.groups);
    infer->output = (nn_shape){3, {w->oh, w->ow, g.filters}};
    infer->activation = o->activation;
    infer->flags = NN_EPILOGUE | (infer->trainable ? NN_KEEPS_X : 0); /* dx needs no x */
    infer->scratch = conv2d_scratch(o, &g) * sizeof(nn_real);
    size_t weights = (size_t)g.depth * (size_t)g.filters;
    if (infer->training && conv2d_by_winograd(o, &g, infer->batch, NN__CONV_DX))
        infer->partials = nn__mul(conv2d_winograd_partials(&g, infer->batch), sizeof(nn_real));
    if (!infer->training && conv2d_way(o, &g, infer->batch, NN__CONV_INFERENCE) == NN_CONV_WINOGRAD)
        infer->prepared = nn__mul(nn__conv2d_winograd_kernel(w->c, g.filters), sizeof(nn_real));
    size_t sums = infer->trainable ? NN__GROUPS * (weights + (size_t)g.filters) : 0;
    if (infer->backward) /* then the turned kernel, each group's dkernel, each group's db */
        infer->partials = nn__add(infer->partials, (weights + sums) * sizeof(nn_real));
    NN_TRY(nn__infer_regular(infer, "kernel", (const int[]){w->kh, w->kw, g.group_c, g.filters}, 4,
                             o->kernel_initializer, o->kernel_regularizer));
    if (o->no_bias)
        return NN_OK;
    return nn__infer_regular(infer, "bias", &g.filters, 1, o->bias_initializer,
                             o->bias_regularizer);
}

/* ---- Forward: one tile per task ---- */

/* z[last - first][filters] = bias + x * kernel of these pixels. */
static void conv2d_product(const nn_pass *pass, const nn__conv2d *g, nn_real *z, nn_real *lowered,
                           size_t first, size_t last)
{
    const nn_conv2d_options *o = pass->options;
    const int count = (int)(last - first);
    if (!o->no_bias)
        nn__kernels->fill_rows(z, pass->weights[1], (size_t)count, (size_t)g->filters);
    for (int group = 0; group < g->groups; group++) {
        const nn_real *col = pass->x[0] + first * (size_t)g->window.c;
        if (!g->plain) {
            nn__lower_pixels(lowered, pass->x[0], &g->window, group * g->group_c, g->group_c, first,
                             last);
            col = lowered;
        }
        nn__gemm(0, 0, count, g->group_f, g->depth, 1, col, g->depth,
                 pass->weights[0] + (size_t)group * (size_t)g->group_f, g->filters,
                 o->no_bias ? 0 : 1, z + group * g->group_f, g->filters);
    }
}

static void conv2d_forward_tile(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__conv2d *g = arg;
    const nn__epilogue *e = g->after;
    const size_t f = (size_t)g->filters, all = (size_t)pass->rows * (size_t)g->pixels;
    const size_t first = (size_t)index * g->forward_tile;
    const size_t last = nn__least(first + g->forward_tile, all);
    nn_real *lowered = nn_scratch(pass, worker), *z = pass->y + first * f;
    if (e->pool_rows > 0)
        z = lowered + g->lowered;
    for (size_t at = first; at < last; at += (size_t)g->tile)
        conv2d_product(pass, g, z + (at - first) * f, lowered, at,
                       nn__least(at + (size_t)g->tile, last));
    nn__epilogue_run(e, z, last - first, 0, f);
    if (e->pool_rows > 0)
        nn__epilogue_pool(e, pass->y + first / (size_t)(e->pool_rows * e->pool_columns) * f, NULL,
                          z, (int)(last - first) / g->window.ow, g->window.ow, g->filters);
}

/* Whole windows of a pooling in each tile. */
static size_t conv2d_pooled_tile(const nn__conv2d *g, size_t tile)
{
    const size_t unit = (size_t)g->after->pool_rows * (size_t)g->window.ow;
    return tile < unit ? unit : tile / unit * unit;
}

static void conv2d_by_gemm(const nn_pass *pass, nn__conv2d *g)
{
    size_t all = (size_t)pass->rows * (size_t)g->pixels;
    g->forward_tile = nn__tile_even(g->tile, all, NN__FORWARD_TASKS);
    if (g->after->pool_rows > 0) {
        g->forward_tile = conv2d_pooled_tile(g, g->forward_tile);
        g->lowered = (size_t)g->depth * (size_t)g->tile;
    }
    nn_parallel(pass, (int)nn__tiles(all, g->forward_tile), conv2d_forward_tile, g);
}

void nn__conv2d_forward(const nn_pass *pass, const nn__epilogue *after)
{
    const nn_conv2d_options *o = pass->options;
    nn__conv2d g = conv2d_geometry(o, pass->x_shape);
    nn_real *u = pass->prepared != NULL ? pass->prepared : pass->partials;
    const int prepared = pass->prepared != NULL;
    int way = conv2d_way(o, &g, pass->rows, prepared ? NN__CONV_INFERENCE : NN__CONV_FORWARD);
    if (pass->training && after->pool_rows > 0)
        way = NN_CONV_WINOGRAD; /* the only one for that, also where the last batch is short */
    g.after = after;
    if (prepared ? pass->renew : way == NN_CONV_WINOGRAD)
        nn__conv2d_winograd_transform(pass, u, pass->weights[0], g.window.c, g.filters);
    if (way == NN_CONV_DIRECT)
        nn__conv2d_direct_forward(pass, &g);
    else if (way == NN_CONV_WINOGRAD)
        nn__conv2d_winograd(pass, &(nn__winograd){.y = pass->y,
                                                  .x = pass->x[0],
                                                  .u = u,
                                                  .bias = o->no_bias ? NULL : pass->weights[1],
                                                  .window = &g.window,
                                                  .filters = g.filters,
                                                  .after = nn__epilogue_any(after) ? after : NULL});
    else
        conv2d_by_gemm(pass, &g);
}

static void conv2d_forward(const nn_pass *pass)
{
    nn__conv2d_forward(pass, &(nn__epilogue){.activation = pass->activation});
}

/* A pooled tile's z lies in scratch: of all ways at most this many pixels. */
enum { POOLED_PIXELS = 512 };

size_t nn__conv2d_pooled_scratch(const nn_conv2d_options *o)
{
    return (size_t)o->filters * POOLED_PIXELS * sizeof(nn_real);
}

static int pool_divides(const nn__window *pool)
{
    return pool->sh == pool->kh && pool->sw == pool->kw && pool->h % pool->kh == 0 &&
           pool->w % pool->kw == 0;
}

int nn__conv2d_can_pool(const nn_conv2d_options *o, const nn__window *pool)
{
    int winograd = o->kernel[0] == 3 && o->kernel[1] == 3 && o->algorithm != NN_CONV_GEMM &&
                   o->algorithm != NN_CONV_DIRECT; /* may be taken */
    return pool_divides(pool) && pool->kh * pool->w <= POOLED_PIXELS &&
           (!winograd || (NN__WINOGRAD_TILE % pool->kh == 0 && NN__WINOGRAD_TILE % pool->kw == 0));
}

int nn__conv2d_can_pool_training(const nn_conv2d_options *o, const nn_shape *x, int rows,
                                 const nn__window *pool)
{
    const nn__conv2d g = conv2d_geometry(o, x);
    return nn__conv2d_is_few(&g.window) &&
           conv2d_way(o, &g, rows, NN__CONV_FORWARD) == NN_CONV_WINOGRAD &&
           conv2d_way(o, &g, rows, NN__CONV_DW) == NN_CONV_WINOGRAD && pool_divides(pool) &&
           NN__WINOGRAD_TILE % pool->kh == 0;
}

/* ---- Backward: one group of pictures per task ---- */

struct conv2d_backward {
    nn__conv2d g;
    int winograd_dx, winograd_dw; /* computed by Winograd, after all groups */
    int direct_dw, few_dw;
    int has_bias;    /* whose gradient is wanted                     */
    nn_real *turned; /* turned kernel[kh][kw][f][c], for the gather  */
    nn_real *dw;     /* dkernel of each group                        */
    nn_real *db;     /* db of each group; NULL: none, or Winograd's  */
};

static size_t conv2d_weights(const nn__conv2d *g)
{
    return (size_t)g->depth * (size_t)g->filters;
}

/* dz of the pixels, then their share of dkernel; `first` is `start` for the first tile of a group. */
static void conv2d_dw_tile(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *db,
                           nn_real *col, size_t start, size_t first, size_t last)
{
    nn__pixels_dz(pass, db, first, last, (size_t)g->filters);
    for (int group = 0; group < g->groups; group++) {
        const nn_real *lowered = pass->x[0] + first * (size_t)g->window.c;
        if (!g->plain) {
            nn__lower_pixels(col, pass->x[0], &g->window, group * g->group_c, g->group_c, first,
                             last);
            lowered = col;
        }
        int f = group * g->group_f;
        nn__gemm(1, 0, g->depth, g->group_f, (int)(last - first), 1, lowered, g->depth,
                 pass->dy + first * (size_t)g->filters + f, g->filters, first == start ? 0 : 1,
                 dw + f, g->filters);
    }
}

/* dx of pixels [first, last) of the batch, counted in x. */
static void conv2d_dx_gather(const nn_pass *pass, const struct conv2d_backward *b, nn_real *col,
                             size_t first, size_t last)
{
    const nn__conv2d *g = &b->g;
    const nn_real *lowered = pass->dy + first * (size_t)g->filters;
    if (!g->plain) {
        nn__lower_pixels(col, pass->dy, &g->mirror, 0, g->filters, first, last);
        lowered = col;
    }
    nn__gemm(0, 0, (int)(last - first), g->window.c, g->mirror_depth, 1, lowered, g->mirror_depth,
             b->turned, g->window.c, 0, pass->dx[0] + first * (size_t)g->window.c, g->window.c);
}

/* dx of one picture. */
static void conv2d_dx_scatter(const nn_pass *pass, const nn__conv2d *g, nn_real *col, size_t n)
{
    const nn__window *w = &g->window;
    size_t picture = (size_t)w->h * (size_t)w->w * (size_t)w->c;
    nn_real *dx = pass->dx[0] + n * picture;
    memset(dx, 0, picture * sizeof *dx);
    for (int first = 0; first < g->pixels; first += g->tile) {
        int last = first + g->tile < g->pixels ? first + g->tile : g->pixels;
        size_t row = n * (size_t)g->pixels + (size_t)first;
        for (int group = 0; group < g->groups; group++) {
            int f = group * g->group_f;
            nn__gemm(0, 1, last - first, g->depth, g->group_f, 1,
                     pass->dy + row * (size_t)g->filters + f, g->filters, pass->weights[0] + f,
                     g->filters, 0, col, g->depth);
            nn__raise_pixels(dx, col, w, group * g->group_c, g->group_c, first, last);
        }
    }
}

static void conv2d_dx(const nn_pass *pass, const struct conv2d_backward *b, nn_real *col,
                      size_t begin, size_t end)
{
    if (!b->g.gather) {
        for (size_t n = begin; n < end; n++)
            conv2d_dx_scatter(pass, &b->g, col, n);
        return;
    }
    size_t pixels = (size_t)b->g.window.h * (size_t)b->g.window.w;
    size_t tile = nn__tile_even(nn__tile_pixels(b->g.mirror_depth), (end - begin) * pixels, 1);
    for (size_t first = begin * pixels; first < end * pixels; first += tile)
        conv2d_dx_gather(pass, b, col, first, nn__least(first + tile, end * pixels));
}

static void conv2d_backward_group(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct conv2d_backward *b = arg;
    const nn__conv2d *g = &b->g;
    const size_t f = (size_t)g->filters, pixels = (size_t)g->pixels;
    const size_t begin = nn__group_start(pass->rows, index),
                 end = nn__group_start(pass->rows, index + 1);
    const size_t start = begin * pixels, stop = end * pixels;
    const size_t tile = nn__tile_even(g->tile, stop - start, 1);
    nn_real *col = nn_scratch(pass, worker), *db = nn__group_db(b->db, index, f);
    nn_real *dw = b->dw != NULL ? b->dw + (size_t)index * conv2d_weights(g) : NULL;
    if (dw == NULL)
        nn__pixels_dz(pass, db, start, stop, f);
    else if (b->direct_dw)
        nn__conv2d_direct_dw(pass, g, dw, db, col, begin, end);
    else if (b->few_dw)
        nn__conv2d_few_dw(pass, g, dw, db, col, begin, end);
    else
        for (size_t first = start; first < stop; first += tile)
            conv2d_dw_tile(pass, g, dw, db, col, start, first, nn__least(first + tile, stop));
    if (pass->dx[0] != NULL && !b->winograd_dx)
        conv2d_dx(pass, b, col, begin, end);
}

static void conv2d_turn_row(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct conv2d_backward *b = arg;
    const nn__window *w = &b->g.window;
    (void)worker;
    int was = nn__numbers_begin(NN_WORK_LOWERING, 2 * conv2d_weights(&b->g) / (size_t)w->kh);
    nn__kernels->turn_kernel(b->turned, pass->weights[0], w->kh, w->kw, w->c, b->g.filters, index,
                             index + 1);
    nn__work_end(was);
}

/* What Winograd computes, from dz in pass->dy. */
static void conv2d_backward_winograd(const nn_pass *pass, const struct conv2d_backward *b)
{
    const nn__conv2d *g = &b->g;
    nn_real *u = pass->partials;
    if (b->winograd_dw)
        nn__conv2d_winograd_dw(pass, g, b->has_bias ? pass->gradients[1] : NULL, u);
    if (!b->winograd_dx)
        return;
    nn__conv2d_winograd_transform(pass, u, b->turned, g->filters, g->window.c);
    nn__conv2d_winograd(
        pass,
        &(nn__winograd){
            .y = pass->dx[0], .x = pass->dy, .u = u, .window = &g->mirror, .filters = g->window.c});
}

/* Which ways are taken, and where in pass->partials everything lies. */
static struct conv2d_backward conv2d_backward_begin(const nn_pass *pass,
                                                    const nn__pooled_dy *pooled)
{
    const nn_conv2d_options *o = pass->options;
    struct conv2d_backward b = {.g = conv2d_geometry(o, pass->x_shape)};
    const size_t weights = conv2d_weights(&b.g);
    const int dx_way = conv2d_way(o, &b.g, pass->rows, NN__CONV_DX),
              dw_way =
                  pooled != NULL ? NN_CONV_WINOGRAD : conv2d_way(o, &b.g, pass->rows, NN__CONV_DW);
    b.g.pooled = pooled;
    b.winograd_dx = dx_way == NN_CONV_WINOGRAD && pass->dx[0] != NULL;
    b.few_dw = dw_way == NN_CONV_WINOGRAD && nn__conv2d_is_few(&b.g.window);
    b.winograd_dw = dw_way == NN_CONV_WINOGRAD && !b.few_dw && pass->trainable;
    b.direct_dw = dw_way == NN_CONV_DIRECT;
    b.turned = pass->partials;
    if (dw_way == NN_CONV_WINOGRAD || dx_way == NN_CONV_WINOGRAD)
        b.turned += conv2d_winograd_partials(&b.g, pass->rows);
    nn_real *dw = b.turned + weights;
    b.dw = pass->trainable && !b.winograd_dw ? dw : NULL;
    b.has_bias = pass->trainable && !o->no_bias;
    b.db = b.has_bias && !b.winograd_dw ? dw + NN__GROUPS * weights : NULL;
    return b;
}

/* Is there anything that Winograd does not compute from the dz that is there? */
static int conv2d_has_groups(const nn_pass *pass, const struct conv2d_backward *b)
{
    return pass->activation != NN_LINEAR || b->dw != NULL || b->db != NULL ||
           (pass->dx[0] != NULL && !b->winograd_dx);
}

void nn__conv2d_backward(const nn_pass *pass, const nn__pooled_dy *pooled)
{
    struct conv2d_backward b = conv2d_backward_begin(pass, pooled);
    if (pass->dx[0] != NULL && b.g.gather)
        nn_parallel(pass, b.g.window.kh, conv2d_turn_row, &b);
    if (conv2d_has_groups(pass, &b))
        nn_parallel(pass, nn__groups(pass->rows), conv2d_backward_group, &b);
    if (b.dw != NULL)
        nn__sum_groups(pass, pass->gradients[0], b.dw, conv2d_weights(&b.g));
    if (b.db != NULL)
        nn__sum_groups(pass, pass->gradients[1], b.db, (size_t)b.g.filters);
    conv2d_backward_winograd(pass, &b);
}

static void conv2d_backward(const nn_pass *pass)
{
    nn__conv2d_backward(pass, NULL);
}

const nn_layer_kind nn__conv2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "conv2d", "Conv2D", nn_conv2d_options, conv2d_fields),
    .infer = conv2d_infer,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
};

nn_layer *nn_conv2d_new(const nn_conv2d_options *options)
{
    return nn_layer_new(&nn__conv2d_layer, options);
}
