/*
 * Conv2D without lowering, for few input channels: the product of a lowered picture would be only
 * kh kw c deep and hardly wider than a vector, so that copying and packing cost more than
 * arithmetic. See kernels/direct.c for the loops.
 *
 * Forward's tasks are bands of output rows of one picture; the gradient of the kernel goes through
 * a group's pictures band by band. What a band sees is copied into the worker's scratch with its
 * borders:
 *
 *   scratch   padded[rows][width][c]   panel[blocks][depth][columns]   bias[blocks][columns]
 */
#include <string.h>

#include "layers/conv2d.h"
#include "layers/tiles.h"

enum { BAND_PIXELS = 512 };

int nn__conv2d_direct_can(const nn__conv2d *g)
{
    return g->groups == 1 && g->window.dh == 1 && g->window.dw == 1;
}

static int band_rows(const nn__window *w)
{
    int rows = BAND_PIXELS / w->ow;
    return rows < 1 ? 1 : rows < w->oh ? rows : w->oh;
}

/* Filters in whole blocks. */
static size_t whole_filters(const nn__conv2d *g)
{
    return nn__conv2d_whole_filters((size_t)g->filters);
}

static size_t padded_count(const nn__window *w)
{
    size_t rows = (size_t)(band_rows(w) - 1) * (size_t)w->sh + (size_t)w->kh;
    size_t width = (size_t)(w->ow - 1) * (size_t)w->sw + (size_t)w->kw;
    return nn__conv2d_whole_lines(nn__mul(nn__mul(rows, width), (size_t)w->c));
}

size_t nn__conv2d_direct_scratch(const nn__conv2d *g)
{
    return nn__add(padded_count(&g->window), nn__mul((size_t)g->depth + 1, whole_filters(g)));
}

/* The operations of one of the ways over some output rows. */
static uint64_t direct_flops(const nn__conv2d *g, int rows)
{
    return 2 * (uint64_t)rows * (uint64_t)g->window.ow * (uint64_t)g->depth * (uint64_t)g->filters;
}

/* Copying a band with its borders; the weights are little beside it. */
static int padding_begin(const nn__window *w)
{
    return nn__numbers_begin(NN_WORK_LOWERING, 2 * padded_count(w));
}

/* Output rows of a task: whole windows of a pooling. */
static int task_rows(const nn__conv2d *g)
{
    const int pool = g->after->pool_rows, rows = band_rows(&g->window);
    return pool > 0 ? rows / pool * pool : rows;
}

static int tasks_of_picture(const nn__conv2d *g)
{
    return (g->window.oh + task_rows(g) - 1) / task_rows(g);
}

struct direct {
    nn__conv2d g;
    unsigned char packed[NN__MAX_THREADS]; /* are the weights in this worker's scratch? */
};

static void direct_pack(const nn_pass *pass, struct direct *d, nn_real *panel, int worker)
{
    const size_t whole = whole_filters(&d->g), f = (size_t)d->g.filters;
    nn_real *bias = panel + (size_t)d->g.depth * whole;
    if (d->packed[worker])
        return;
    d->packed[worker] = 1;
    nn__kernels->pack_columns(panel, pass->weights[0], (size_t)d->g.depth, f);
    memset(bias, 0, whole * sizeof *bias);
    if (!((const nn_conv2d_options *)pass->options)->no_bias)
        memcpy(bias, pass->weights[1], f * sizeof *bias);
}

/* A band from output pixel `pixel` on, window row by window row, so that z stays in the first cache. */
static void direct_forward_pooled(const nn_pass *pass, const nn__conv2d *g, nn_real *padded,
                                  size_t pixel, int rows)
{
    const nn__window *w = &g->window;
    const nn__epilogue *e = g->after;
    const size_t f = (size_t)g->filters, ow = (size_t)w->ow, pool = (size_t)e->pool_rows;
    nn_real *panel = padded + padded_count(w), *bias = panel + (size_t)g->depth * whole_filters(g);
    nn_real *z = bias + whole_filters(g);
    nn_real *y = pass->y + pixel / (pool * (size_t)e->pool_columns) * f;
    for (int i = 0; i < rows; i += e->pool_rows) {
        int was = nn__work_begin(NN_WORK_DIRECT, direct_flops(g, e->pool_rows));
        nn__kernels->direct_forward(z, padded, panel, bias, w, e->pool_rows, f);
        nn__work_end(was);
        nn__epilogue_run(e, z, pool * ow, 0, f);
        nn__epilogue_pool(e, y, NULL, z, e->pool_rows, w->ow, g->filters);
        padded += pool * (size_t)w->sh * ((ow - 1) * (size_t)w->sw + (size_t)w->kw) * (size_t)w->c;
        y += ow / (size_t)e->pool_columns * f;
    }
}

static void direct_forward_band(const nn_pass *pass, void *arg, int index, int worker)
{
    struct direct *d = arg;
    const nn__conv2d *g = &d->g;
    const nn__window *w = &g->window;
    const nn__epilogue *e = g->after;
    const size_t n = (size_t)(index / tasks_of_picture(g)), f = (size_t)g->filters;
    const int first = index % tasks_of_picture(g) * task_rows(g);
    const int last = first + task_rows(g) < w->oh ? first + task_rows(g) : w->oh;
    const size_t pixel = n * (size_t)g->pixels + (size_t)first * (size_t)w->ow;
    nn_real *padded = nn_scratch(pass, worker), *panel = padded + padded_count(w);
    nn_real *bias = panel + (size_t)g->depth * whole_filters(g);
    nn_real *z = pass->y + pixel * f;
    int was = padding_begin(w);
    nn__kernels->pad_rows(padded, pass->x[0] + n * (size_t)w->h * (size_t)w->w * (size_t)w->c, w,
                          first, last);
    direct_pack(pass, d, panel, worker);
    nn__work_end(was);
    if (e->pool_rows > 0) {
        direct_forward_pooled(pass, g, padded, pixel, last - first);
        return;
    }
    was = nn__work_begin(NN_WORK_DIRECT, direct_flops(g, last - first));
    nn__kernels->direct_forward(z, padded, panel, bias, w, last - first, f);
    nn__work_end(was);
    nn__epilogue_run(e, z, (size_t)(last - first) * (size_t)w->ow, 0, f);
}

void nn__conv2d_direct_forward(const nn_pass *pass, const nn__conv2d *g)
{
    struct direct d = {.g = *g};
    nn_parallel(pass, pass->rows * tasks_of_picture(g), direct_forward_band, &d);
}

void nn__conv2d_direct_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *db,
                          nn_real *scratch, size_t begin, size_t end)
{
    const nn__window *w = &g->window;
    const size_t f = (size_t)g->filters, picture = (size_t)w->h * (size_t)w->w * (size_t)w->c;
    nn_real *padded = scratch, *panel = padded + padded_count(w);
    memset(panel, 0, (size_t)g->depth * whole_filters(g) * sizeof *panel);
    for (size_t n = begin; n < end; n++)
        for (int first = 0; first < w->oh; first += band_rows(w)) {
            int last = first + band_rows(w) < w->oh ? first + band_rows(w) : w->oh;
            const size_t pixel = n * (size_t)g->pixels + (size_t)first * (size_t)w->ow;
            nn__pixels_dz(pass, db, pixel, pixel + (size_t)(last - first) * (size_t)w->ow, f);
            int was = padding_begin(w);
            nn__kernels->pad_rows(padded, pass->x[0] + n * picture, w, first, last);
            nn__work_begin(NN_WORK_DIRECT, direct_flops(g, last - first));
            nn__kernels->direct_dw(panel, padded, pass->dy + pixel * f, w, last - first, f);
            nn__work_end(was);
        }
    nn__kernels->unpack_columns(dw, panel, (size_t)g->depth, f);
}
