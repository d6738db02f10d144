/*
 * Conv2D 3x3 by Winograd's F(4x4, 3x3): a quarter of the multiplications; see kernels/winograd.c.
 *
 *   u[36][panels]      the transformed kernel: where the weights stay, once for many calls
 *
 * A task takes some tiles and some filters all the way, in its worker's scratch, so that what is
 * transformed stays in the second cache:
 *
 *   v[36][tiles][c]        inputs
 *   m[36][tiles][width]    m[k] = v[k] u[k], panel by panel
 *   y                      outputs with bias and epilogue, tile by tile
 *
 * Where there are too few tiles for TASKS of them, the filters are cut, too: each strip transforms
 * the inputs again, which costs little, and reads its own part of u.
 *
 * dx is the same with dz for x, the mirrored window and the turned kernel. The kernel's gradient
 * goes through blocks of tiles in partials: v as above, m[36][panels] from dz, and
 * du[k] += v[k]' m[k], panel by panel; then du is transformed back. db is the columns' sums of m of the point
 * that holds the sum of each tile's gradients.
 */
#include <string.h>

#include "layers/conv2d.h"
#include "layers/tiles.h"

enum {
    TILE = NN__WINOGRAD_TILE,
    POINTS = NN__WINOGRAD_POINTS,
    COLUMNS = NN__PANEL_COLUMNS,
    TASK_FLOATS = 65536, /* of v and m in a task                             */
    TASK_TILES = 8,      /* at least                                         */
    TASKS = NN__FORWARD_TASKS,
    STRIP = 2 * COLUMNS, /* filters of a task, at least                      */
    BLOCK_TILES = 128,   /* of the kernel's gradient                         */
    SWEEP_TILES = 16,    /* of a task of it that transforms                  */
    SWEEP_CHANNELS = 8,  /* of a task that transforms a kernel               */
    GAP = 16             /* between matrices: at powers of two they would meet in the cache */
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

/* Numbers of one of the 36 matrices [rows][columns], with the gap behind it. */
static size_t matrix_count(size_t rows, size_t columns)
{
    return nn__add(nn__mul(rows, columns), GAP);
}

size_t nn__conv2d_winograd_matrix(size_t c, size_t f)
{
    return matrix_count(c, nn__conv2d_whole_filters(f));
}

size_t nn__conv2d_winograd_kernel(int c, int f)
{
    return nn__mul(POINTS, nn__conv2d_winograd_matrix((size_t)c, (size_t)f));
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

/* ---- The transformed kernel ---- */

struct transform {
    nn_real *u;
    const nn_real *kernel;
    size_t c, f;
};

static void winograd_kernel_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct transform *t = arg;
    size_t first = (size_t)index * SWEEP_CHANNELS;
    (void)pass;
    (void)worker;
    const size_t last = nn__least(first + SWEEP_CHANNELS, t->c);
    int was = transform_begin((last - first) * t->f, KERNEL + POINTS);
    nn__kernels->winograd_kernel(t->u, nn__conv2d_winograd_matrix(t->c, t->f), t->kernel, t->c,
                                 t->f, first, last);
    nn__work_end(was);
}

void nn__conv2d_winograd_transform(const nn_pass *pass, nn_real *u, const nn_real *kernel, int c,
                                   int f)
{
    struct transform t = {u, kernel, (size_t)c, (size_t)f};
    nn_parallel(pass, parts(t.c, SWEEP_CHANNELS), winograd_kernel_task, &t);
}

/* ---- y ---- */

struct winograd {
    const nn__winograd *job;
    size_t all, tiles;  /* of the batch; of a task     */
    size_t c, f, width; /* filters, and those of a task, in whole panels */
    size_t strips;
    size_t v_matrix, m_matrix;
};

/* The most tiles of a task. */
static size_t task_tiles(size_t c, size_t f)
{
    size_t tiles = TASK_FLOATS / (POINTS * (c + f)) / 4 * 4;
    return tiles < TASK_TILES ? TASK_TILES : tiles;
}

static struct winograd winograd_cut(const nn_pass *pass, const nn__winograd *job)
{
    struct winograd t = {.job = job, .c = (size_t)job->window->c, .f = (size_t)job->filters};
    t.all = picture_tiles(job->window) * (size_t)pass->rows;
    t.tiles = nn__tile_even((int)task_tiles(t.c, t.f), t.all, 1);
    size_t blocks = nn__tiles(t.all, t.tiles), wanted = nn__tiles(TASKS, blocks);
    t.width = nn__conv2d_whole_filters(nn__tiles(t.f, wanted));
    t.width = t.width < STRIP ? nn__least(STRIP, nn__conv2d_whole_filters(t.f)) : t.width;
    t.strips = nn__tiles(t.f, t.width);
    t.v_matrix = matrix_count(t.tiles, t.c);
    t.m_matrix = matrix_count(t.tiles, t.width);
    return t;
}

/* v, m, one tile's z[4][4][width] and what is pooled of it. */
size_t nn__conv2d_winograd_scratch(const nn__window *w, int f)
{
    if (nn__conv2d_is_few(w))
        return nn__conv2d_few_scratch(w, f);
    const int c = w->c;
    size_t width = nn__conv2d_whole_filters((size_t)f), tiles = task_tiles((size_t)c, (size_t)f);
    size_t matrices = nn__add(matrix_count(tiles, (size_t)c), matrix_count(tiles, width));
    return nn__add(nn__mul(POINTS, matrices), nn__mul(2 * TILE * TILE, width));
}

/* m[36][tiles][width] of the filters from `first` on. */
static void winograd_products(const struct winograd *t, nn_real *m, const nn_real *v, size_t tiles,
                              size_t first, size_t width)
{
    const size_t u_matrix = nn__conv2d_winograd_matrix(t->c, t->f);
    for (size_t k = 0; k < POINTS; k++)
        nn__kernels->panel_product(m + k * t->m_matrix, 0, v + k * t->v_matrix, t->c, 1,
                                   t->job->u + k * u_matrix + first * t->c, tiles, t->c, width);
}

/* Where a tile's outputs lie in y. */
struct place {
    nn_real *y;
    size_t line; /* numbers from row to row */
    int rows, columns;
};

static struct place winograd_place(const struct winograd *t, size_t tile)
{
    const nn__window *w = t->job->window;
    const nn__epilogue *e = t->job->after;
    const size_t tw = (size_t)(w->ow + TILE - 1) / TILE, all = picture_tiles(w);
    int i = (int)(tile % all / tw) * TILE, j = (int)(tile % all % tw) * TILE, oh = w->oh,
        ow = w->ow;
    struct place p = {.rows = oh - i < TILE ? oh - i : TILE,
                      .columns = ow - j < TILE ? ow - j : TILE};
    if (e != NULL && e->pool_rows > 0) {
        i /= e->pool_rows, oh /= e->pool_rows, p.rows /= e->pool_rows;
        j /= e->pool_columns, ow /= e->pool_columns, p.columns /= e->pool_columns;
    }
    p.line = (size_t)ow * t->f;
    p.y = t->job->y + (tile / all * (size_t)oh + (size_t)i) * p.line + (size_t)j * t->f;
    return p;
}

/* One tile of filters from `first` on, in y: the epilogue is done where the outputs then lie. */
static void winograd_finish(const struct winograd *t, const struct place *p, const nn_real *m,
                            const nn_real *bias, size_t first, size_t width)
{
    const nn__epilogue *e = t->job->after;
    const size_t columns = (size_t)p->columns, run = width == t->f ? columns : 1; /* pixels */
    nn_real *y = p->y + first;
    nn__kernels->winograd_output(y, p->line, t->f, m, t->m_matrix, bias, p->rows, p->columns,
                                 width);
    if (e == NULL)
        return;
    int was = nn__numbers_begin(NN_WORK_ELEMENTWISE, 2 * (size_t)p->rows * columns * width);
    for (int i = 0; i < p->rows; i++, y += p->line)
        for (size_t j = 0; j < columns; j += run)
            nn__epilogue_run(e, y + j * t->f, run, first, width);
    nn__work_end(was);
}

/* The same with pooling: the outputs only exist as z[4][4][width]. */
static void winograd_finish_pooled(const struct winograd *t, const struct place *p, nn_real *z,
                                   const nn_real *m, const nn_real *bias, size_t first,
                                   size_t width)
{
    const nn__epilogue *e = t->job->after;
    nn_real *pooled = z + TILE * TILE * width;
    nn__kernels->winograd_output(z, TILE * width, width, m, t->m_matrix, bias, TILE, TILE, width);
    int was = nn__numbers_begin(NN_WORK_ELEMENTWISE, 2 * TILE * TILE * width);
    nn__epilogue_run(e, z, TILE * TILE, first, width);
    nn__epilogue_pool(e, pooled, NULL, z, TILE, TILE, (int)width);
    for (size_t i = 0; i < (size_t)p->rows; i++)
        for (size_t j = 0; j < (size_t)p->columns; j++)
            memcpy(p->y + i * p->line + j * t->f + first,
                   pooled + (i * (TILE / (size_t)e->pool_columns) + j) * width, width * sizeof *z);
    nn__work_end(was);
}

static void winograd_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct winograd *t = arg;
    const nn__winograd *job = t->job;
    const size_t first = (size_t)index % t->strips * t->width,
                 width = nn__least(t->width, t->f - first);
    const size_t tile = (size_t)index / t->strips * t->tiles,
                 tiles = nn__least(t->tiles, t->all - tile);
    const nn_real *bias = job->bias != NULL ? job->bias + first : NULL;
    nn_real *v = nn_scratch(pass, worker), *m = v + POINTS * t->v_matrix;
    nn_real *z = m + POINTS * t->m_matrix;
    int was = transform_begin(tiles * t->c, POINTS + POINTS);
    nn__kernels->winograd_input(v, job->x, job->window, t->v_matrix, tile, tile + tiles);
    nn__work_begin(NN_WORK_GEMM, 2 * (uint64_t)(POINTS * tiles * t->c * width));
    winograd_products(t, m, v, tiles, first, nn__conv2d_whole_filters(width));
    transform_begin(tiles * width, POINTS + OUTPUTS);
    for (size_t k = 0; k < tiles; k++, m += nn__conv2d_whole_filters(width)) {
        const struct place p = winograd_place(t, tile + k);
        if (job->after != NULL && job->after->pool_rows > 0)
            winograd_finish_pooled(t, &p, z, m, bias, first, width);
        else
            winograd_finish(t, &p, m, bias, first, width);
    }
    nn__work_end(was);
}

void nn__conv2d_winograd(const nn_pass *pass, const nn__winograd *job)
{
    if (nn__conv2d_is_few(job->window)) {
        nn__conv2d_few(pass, job);
        return;
    }
    struct winograd t = winograd_cut(pass, job);
    nn_parallel(pass, (int)(nn__tiles(t.all, t.tiles) * t.strips), winograd_task, &t);
}

/* ---- The kernel's gradient ---- */

struct gradient {
    const nn_real *x;
    const nn__window *window;
    nn_real *du, *v, *m, *db; /* db[whole], NULL: not wanted */
    size_t first, tiles;      /* of the block */
    size_t c, f, whole, v_matrix, m_matrix, du_matrix;
};

static size_t block_tiles(const nn__window *w, int rows)
{
    return nn__least(nn__mul(picture_tiles(w), (size_t)rows), BLOCK_TILES);
}

size_t nn__conv2d_winograd_dw_memory(const nn__conv2d *g, int rows)
{
    size_t c = (size_t)g->window.c, f = nn__conv2d_whole_filters((size_t)g->filters),
           tiles = block_tiles(&g->window, rows);
    return nn__add(
        f, nn__mul(POINTS, nn__add(matrix_count(c, f),
                                   nn__add(matrix_count(tiles, c), matrix_count(tiles, f)))));
}

static void winograd_gradient_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct gradient *t = arg;
    size_t first = (size_t)index * SWEEP_TILES, last = nn__least(first + SWEEP_TILES, t->tiles);
    (void)worker;
    int was = transform_begin((last - first) * t->c, POINTS + POINTS);
    nn__kernels->winograd_input(t->v + first * t->c, t->x, t->window, t->v_matrix, t->first + first,
                                t->first + last);
    transform_begin((last - first) * t->f, OUTPUTS + POINTS);
    nn__kernels->winograd_gradient(t->m + first * COLUMNS, pass->dy, t->window, t->f, t->m_matrix,
                                   t->tiles * COLUMNS, t->first + first, t->first + last);
    nn__work_end(was);
}

/* db += the columns' sums of m[tiles][panels] of the point that has them. */
static void winograd_add_db(const struct gradient *t)
{
    const nn_real *m = t->m + NN__WINOGRAD_SUM * t->m_matrix;
    int was = nn__numbers_begin(NN_WORK_ELEMENTWISE, t->tiles * t->whole);
    for (size_t first = 0; first < t->whole; first += COLUMNS, m += t->tiles * COLUMNS)
        nn__kernels->add_column_sums(t->db + first, m, t->tiles, COLUMNS);
    nn__work_end(was);
}

static void winograd_du_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct gradient *t = arg;
    const size_t point = (size_t)index;
    (void)pass;
    (void)worker;
    int was = nn__work_begin(NN_WORK_GEMM, 2 * (uint64_t)(t->tiles * t->c * t->f));
    nn__kernels->panel_product(t->du + point * t->du_matrix, t->first > 0,
                               t->v + point * t->v_matrix, 1, t->c, t->m + point * t->m_matrix,
                               t->c, t->tiles, t->whole);
    nn__work_end(was);
    if (point == NN__WINOGRAD_SUM && t->db != NULL)
        winograd_add_db(t);
}

static void winograd_dkernel_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct gradient *t = arg;
    size_t first = (size_t)index * SWEEP_CHANNELS;
    (void)worker;
    const size_t last = nn__least(first + SWEEP_CHANNELS, t->c);
    int was = transform_begin((last - first) * t->f, POINTS + KERNEL);
    nn__kernels->winograd_dkernel(pass->gradients[0], t->du, t->du_matrix, t->whole, t->c, t->f,
                                  first, last);
    nn__work_end(was);
}

void nn__conv2d_winograd_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *db, nn_real *memory)
{
    const size_t all = picture_tiles(&g->window) * (size_t)pass->rows;
    const size_t block = block_tiles(&g->window, pass->rows);
    struct gradient t = {.x = pass->x[0],
                         .window = &g->window,
                         .du = memory,
                         .c = (size_t)g->window.c,
                         .f = (size_t)g->filters,
                         .whole = nn__conv2d_whole_filters((size_t)g->filters)};
    t.v_matrix = matrix_count(block, t.c);
    t.m_matrix = matrix_count(block, t.whole);
    t.du_matrix = matrix_count(t.c, t.whole);
    t.v = memory + POINTS * t.du_matrix;
    t.m = t.v + POINTS * t.v_matrix;
    t.db = db == NULL ? NULL : memset(t.m + POINTS * t.m_matrix, 0, t.whole * sizeof *db);
    for (t.first = 0; t.first < all; t.first += block) {
        t.tiles = nn__least(block, all - t.first);
        nn_parallel(pass, parts(t.tiles, SWEEP_TILES), winograd_gradient_task, &t);
        nn_parallel(pass, POINTS, winograd_du_task, &t);
    }
    nn_parallel(pass, parts(t.c, SWEEP_CHANNELS), winograd_dkernel_task, &t);
    if (db != NULL)
        memcpy(db, t.db, t.f * sizeof *db);
}
