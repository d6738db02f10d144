/*
 * Conv2D 3x3 by Winograd's F(4x4, 3x3): a quarter of the multiplications; see kernels/winograd.c.
 * The tiles of the batch go through in blocks of at most BLOCK_TILES, each in three sweeps over
 * tasks that follow from the shapes alone:
 *
 *   u[36][c][f]        the transformed kernel, once per call
 *   v[36][tiles][c]    inputs                     tasks: a few tiles each
 *   m[36][tiles][f]    m[k] = v[k] u[k]           tasks: one of the 36 products, some of its rows
 *   y                  bias, activation           tasks: a few tiles each
 *
 * dx is the same with dz for x, the mirrored window and the turned kernel. The kernel's gradient
 * takes m from dz, adds du[k] += v[k]' m[k] block by block, and transforms du back.
 */
#include "layers/conv2d.h"
#include "layers/tiles.h"

enum {
    TILE = NN__WINOGRAD_TILE,
    POINTS = NN__WINOGRAD_POINTS,
    BLOCK_TILES = 256,   /* of v and m at a time                             */
    PRODUCT_TILES = 128, /* rows of a product                                */
    SWEEP_TILES = 16,    /* of a task that transforms                        */
    SWEEP_CHANNELS = 8,  /* of a task that transforms the kernel             */
    LEAST_CHANNELS = 16, /* below, the transforms cost more than they save   */
    LEAST_TILES = 64     /* below, the products are too flat                 */
};

static size_t picture_tiles(const nn__window *w)
{
    return (size_t)((w->oh + TILE - 1) / TILE) * (size_t)((w->ow + TILE - 1) / TILE);
}

int nn__conv2d_winograd_can(const nn__conv2d *g)
{
    const nn__window *w = &g->window;
    return w->kh == 3 && w->kw == 3 && w->sh == 1 && w->sw == 1 && w->dh == 1 && w->dw == 1 &&
           g->groups == 1;
}

/* Of whole tiles at least half must be picture. */
int nn__conv2d_winograd_should(const nn__conv2d *g, const nn__window *w, int rows)
{
    size_t tiles = picture_tiles(w);
    return nn__conv2d_winograd_can(g) && g->window.c >= LEAST_CHANNELS &&
           g->filters >= LEAST_CHANNELS && tiles * (size_t)rows >= LEAST_TILES &&
           2 * (size_t)w->oh * (size_t)w->ow >= tiles * TILE * TILE;
}

/* Tiles of a block for so many rows. */
static size_t block_tiles(const nn__window *w, int rows)
{
    size_t tiles = nn__mul(picture_tiles(w), (size_t)rows);
    return tiles < BLOCK_TILES ? tiles : BLOCK_TILES;
}

size_t nn__conv2d_winograd_memory(const nn__conv2d *g, int rows)
{
    size_t c = (size_t)g->window.c, f = (size_t)g->filters;
    size_t forward = block_tiles(&g->window, rows), back = block_tiles(&g->mirror, rows);
    size_t tiles = forward > back ? forward : back;
    return nn__mul(POINTS, nn__add(nn__mul(c, f), nn__mul(tiles, c + f)));
}

struct winograd {
    const nn__winograd *job;
    nn_real *u, *v, *m;
    size_t first, tiles; /* of the block */
    size_t c, f;
    int strips; /* of a product's rows */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int parts(size_t count, size_t part)
{
    return (int)((count + part - 1) / part);
}

/* Each thing reads and writes so many numbers. */
static int transform_begin(size_t things, size_t numbers)
{
    return nn__numbers_begin(NN_WORK_TRANSFORMS, things * numbers);
}

enum { KERNEL = 9, OUTPUTS = TILE * TILE };

static void winograd_kernel_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    size_t first = (size_t)index * SWEEP_CHANNELS;
    (void)pass;
    (void)worker;
    const size_t last = least(first + SWEEP_CHANNELS, t->c);
    int was = transform_begin((last - first) * t->f, KERNEL + POINTS);
    nn__kernels->winograd_kernel(t->u, t->job->kernel, t->c, t->f, first, last);
    nn__work_end(was);
}

static void winograd_input_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    size_t first = (size_t)index * SWEEP_TILES, last = least(first + SWEEP_TILES, t->tiles);
    (void)pass;
    (void)worker;
    int was = transform_begin((last - first) * t->c, POINTS + POINTS);
    nn__kernels->winograd_input(t->v + first * t->c, t->job->x, t->job->window, t->tiles,
                                t->first + first, t->first + last);
    nn__work_end(was);
}

static void winograd_product_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    const size_t point = (size_t)(index / t->strips),
                 first = (size_t)(index % t->strips) * PRODUCT_TILES;
    const size_t rows = least(PRODUCT_TILES, t->tiles - first), at = point * t->tiles + first;
    (void)pass;
    (void)worker;
    nn__gemm(0, 0, (int)rows, (int)t->f, (int)t->c, 1, t->v + at * t->c, (int)t->c,
             t->u + point * t->c * t->f, (int)t->f, 0, t->m + at * t->f, (int)t->f);
}

/* The activation of one tile's outputs, while they are in cache. */
static void winograd_activate(const struct winograd *t, size_t tile)
{
    const nn__window *w = t->job->window;
    const size_t tw = (size_t)(w->ow + TILE - 1) / TILE, all = picture_tiles(w);
    const int i = (int)(tile % all / tw) * TILE, j = (int)(tile % all % tw) * TILE;
    const int columns = w->ow - j < TILE ? w->ow - j : TILE;
    for (int p = i; p < i + TILE && p < w->oh; p++) {
        size_t pixel = (tile / all * (size_t)w->oh + (size_t)p) * (size_t)w->ow + (size_t)j;
        nn__kernels->activate(t->job->y + pixel * t->f, t->job->activation, (size_t)columns * t->f);
    }
}

static void winograd_output_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    size_t first = (size_t)index * SWEEP_TILES, last = least(first + SWEEP_TILES, t->tiles);
    (void)pass;
    (void)worker;
    int was = transform_begin((last - first) * t->f, POINTS + OUTPUTS);
    nn__kernels->winograd_output(t->job->y, t->m + first * t->f, t->job->bias, t->job->window, t->f,
                                 t->tiles, t->first + first, t->first + last);
    nn__work_end(was);
    for (size_t tile = first; tile < last && t->job->activation != NN_LINEAR; tile++)
        winograd_activate(t, t->first + tile);
}

static struct winograd winograd_begin(const nn_pass *pass, const nn__winograd *job)
{
    struct winograd t = {.job = job, .c = (size_t)job->window->c, .f = (size_t)job->filters};
    t.u = job->memory;
    t.v = t.u + POINTS * t.c * t.f;
    t.m = t.v + POINTS * block_tiles(job->window, pass->rows) * t.c;
    return t;
}

void nn__conv2d_winograd(const nn_pass *pass, const nn__winograd *job)
{
    const size_t all = picture_tiles(job->window) * (size_t)pass->rows;
    const size_t block = block_tiles(job->window, pass->rows);
    struct winograd t = winograd_begin(pass, job);
    nn_parallel(pass, parts(t.c, SWEEP_CHANNELS), winograd_kernel_task, &t);
    for (t.first = 0; t.first < all; t.first += block) {
        t.tiles = least(block, all - t.first);
        t.strips = parts(t.tiles, PRODUCT_TILES);
        nn_parallel(pass, parts(t.tiles, SWEEP_TILES), winograd_input_task, &t);
        nn_parallel(pass, POINTS * t.strips, winograd_product_task, &t);
        nn_parallel(pass, parts(t.tiles, SWEEP_TILES), winograd_output_task, &t);
    }
}

/* ---- The kernel's gradient ---- */

static void winograd_gradient_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    size_t first = (size_t)index * SWEEP_TILES, last = least(first + SWEEP_TILES, t->tiles);
    winograd_input_task(pass, arg, index, worker);
    int was = transform_begin((last - first) * t->f, OUTPUTS + POINTS);
    nn__kernels->winograd_gradient(t->m + first * t->f, pass->dy, t->job->window, t->f, t->tiles,
                                   t->first + first, t->first + last);
    nn__work_end(was);
}

static void winograd_du_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    const size_t point = (size_t)index, at = point * t->tiles;
    (void)pass;
    (void)worker;
    nn__gemm(1, 0, (int)t->c, (int)t->f, (int)t->tiles, 1, t->v + at * t->c, (int)t->c,
             t->m + at * t->f, (int)t->f, t->first == 0 ? 0 : 1, t->u + point * t->c * t->f,
             (int)t->f);
}

static void winograd_dkernel_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    size_t first = (size_t)index * SWEEP_CHANNELS;
    (void)worker;
    const size_t last = least(first + SWEEP_CHANNELS, t->c);
    int was = transform_begin((last - first) * t->f, POINTS + KERNEL);
    nn__kernels->winograd_dkernel(pass->gradients[0], t->u, t->c, t->f, first, last);
    nn__work_end(was);
}

void nn__conv2d_winograd_dw(const nn_pass *pass, const nn__winograd *job)
{
    const size_t all = picture_tiles(job->window) * (size_t)pass->rows;
    const size_t block = block_tiles(job->window, pass->rows);
    struct winograd t = winograd_begin(pass, job);
    for (t.first = 0; t.first < all; t.first += block) {
        t.tiles = least(block, all - t.first);
        nn_parallel(pass, parts(t.tiles, SWEEP_TILES), winograd_gradient_task, &t);
        nn_parallel(pass, POINTS, winograd_du_task, &t);
    }
    nn_parallel(pass, parts(t.c, SWEEP_CHANNELS), winograd_dkernel_task, &t);
}
