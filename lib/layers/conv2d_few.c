/*
 * Conv2D 3x3 by Winograd's F(4x4, 3x3) for few input channels; see kernels/winograd_few.c. A task of
 * forward takes a band of rows of tiles, the gradient of the kernel goes through a group's pictures;
 * both row by row, in the worker's scratch:
 *
 *   strip[7][line]   v[tiles][36][c]   z[4][ow][f]     a row's inputs, transformed; its outputs or
 *                                                      their gradients where a pooling follows
 *   bias[panels]                                       of forward
 *   m[..]  du[panels][36 c]  db[panels]  du[36][c][f]  of the gradient
 */
#include <string.h>

#include "layers/conv2d.h"
#include "layers/tiles.h"

enum {
    TILE = NN__WINOGRAD_TILE,
    POINTS = NN__WINOGRAD_POINTS,
    KERNEL = 9,
    LINES = 7,        /* of a strip                    */
    BAND_PIXELS = 512 /* of a task of forward, at most */
};

static size_t row_tiles(const nn__window *w)
{
    return nn__tiles((size_t)w->ow, TILE);
}

static int rows_of_tiles(const nn__window *w)
{
    return (w->oh + TILE - 1) / TILE;
}

/* Rows of outputs in row `i` of tiles. */
static int outputs(const nn__window *w, int i)
{
    return w->oh - i * TILE < TILE ? w->oh - i * TILE : TILE;
}

/* Where things lie in scratch, and how many numbers there are in all. */
struct layout {
    size_t v, z, bias, m, du, db, plain, end;
};

static struct layout layout_of(const nn__window *w, int filters)
{
    const size_t c = (size_t)w->c, f = (size_t)filters, whole = nn__conv2d_whole_filters(f);
    struct layout at;
    at.v = nn__conv2d_whole_lines(nn__mul(LINES, nn__few_line(w)));
    at.z =
        nn__add(at.v, nn__conv2d_whole_lines(nn__mul(row_tiles(w), POINTS * c) + NN__FEW_CHANNELS));
    at.bias = nn__add(at.z, nn__conv2d_whole_lines(nn__mul(nn__mul(TILE, (size_t)w->ow), f)));
    at.m = at.bias;
    at.du = nn__add(at.m, NN__FEW_M);
    at.db = nn__add(at.du, nn__mul(POINTS * c, whole));
    at.plain = nn__add(at.db, whole);
    at.end = nn__add(at.plain, nn__mul(POINTS * c, f));
    return at;
}

int nn__conv2d_is_few(const nn__window *w)
{
    return w->c <= NN__FEW_CHANNELS;
}

size_t nn__conv2d_few_scratch(const nn__window *w, int filters)
{
    return layout_of(w, filters).end;
}

static void few_inputs(nn_real *scratch, const struct layout *at, const nn_real *x,
                       const nn__window *w, int i)
{
    int was = nn__numbers_begin(NN_WORK_TRANSFORMS, row_tiles(w) * (2 * POINTS) * (size_t)w->c);
    nn__kernels->winograd_few_input(scratch + at->v, scratch, x, w, i);
    nn__work_end(was);
}

/* The operations of a row's products. */
static int few_products_begin(const nn__window *w, size_t f)
{
    return nn__work_begin(NN_WORK_DIRECT, 2 * (uint64_t)(row_tiles(w) * POINTS * (size_t)w->c * f));
}

/* ---- y ---- */

struct few {
    const nn__winograd *job;
    struct layout at;
    int band, bands; /* rows of tiles of a task, and tasks of a picture */
};

/* A row of tiles, whose outputs begin at pixel `pixel`. */
static void few_outputs(const struct few *t, nn_real *scratch, size_t pixel, int rows)
{
    const nn__winograd *job = t->job;
    const nn__window *w = job->window;
    const nn__epilogue *e = job->after;
    const size_t f = (size_t)job->filters;
    nn_real *y = job->y + pixel * f, *z = e != NULL && e->pool_rows > 0 ? scratch + t->at.z : y;
    int was = few_products_begin(w, f);
    nn__kernels->winograd_few_output(z, scratch + t->at.v, job->u,
                                     nn__conv2d_winograd_matrix((size_t)w->c, f),
                                     scratch + t->at.bias, w, rows, f);
    nn__work_end(was);
    if (e == NULL)
        return;
    nn__epilogue_run(e, z, (size_t)rows * (size_t)w->ow, 0, f);
    if (z == y)
        return;
    const size_t first = pixel / (size_t)(e->pool_rows * e->pool_columns) * f;
    nn__epilogue_pool(e, job->y + first, e->where != NULL ? e->where + first : NULL, z, rows, w->ow,
                      job->filters);
}

static void few_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct few *t = arg;
    const nn__winograd *job = t->job;
    const nn__window *w = job->window;
    const size_t n = (size_t)(index / t->bands), f = (size_t)job->filters,
                 picture = (size_t)w->h * (size_t)w->w * (size_t)w->c;
    const int first = index % t->bands * t->band,
              last = (int)nn__least((size_t)(first + t->band), (size_t)rows_of_tiles(w));
    nn_real *scratch = nn_scratch(pass, worker), *bias = scratch + t->at.bias;
    memset(scratch, 0, t->at.v * sizeof *scratch);
    memset(bias, 0, nn__conv2d_whole_filters(f) * sizeof *bias);
    if (job->bias != NULL)
        memcpy(bias, job->bias, f * sizeof *bias);
    for (int i = first; i < last; i++) {
        few_inputs(scratch, &t->at, job->x + n * picture, w, i);
        few_outputs(t, scratch, (n * (size_t)w->oh + (size_t)(i * TILE)) * (size_t)w->ow,
                    outputs(w, i));
    }
}

void nn__conv2d_few(const nn_pass *pass, const nn__winograd *job)
{
    const nn__window *w = job->window;
    struct few t = {.job = job, .at = layout_of(w, job->filters)};
    const size_t wanted = nn__tiles(NN__FORWARD_TASKS, (size_t)pass->rows), /* of a picture */
        rows = (size_t)rows_of_tiles(w),
                 most = BAND_PIXELS / TILE / (size_t)w->ow; /* rows of tiles */
    size_t band = nn__least(nn__tiles(rows, wanted), most);
    t.band = band < 1 ? 1 : (int)band;
    t.bands = (int)nn__tiles(rows, (size_t)t.band);
    nn_parallel(pass, pass->rows * t.bands, few_task, &t);
}

/* ---- The kernel's gradient ---- */

/* dz of a row's outputs, where nothing pools them. */
static const nn_real *few_dz(const nn_pass *pass, size_t pixel, size_t pixels, size_t f)
{
    nn__pixels_dz(pass, NULL, pixel, pixel + pixels, f);
    return pass->dy + pixel * f;
}

/* The same of pooled ones: dz of what is pooled, spread over z[rows][ow][f]. */
static const nn_real *few_pooled_dz(const nn_pass *pass, const nn__pooled_dy *pooled, nn_real *z,
                                    size_t pixel, size_t pixels, size_t f)
{
    nn__window rows = *pooled->window;
    const size_t cells = (size_t)(rows.kh * rows.kw), first = pixel / cells;
    rows.h = (int)(pixels / (size_t)rows.w);
    rows.oh = rows.h / rows.kh;
    nn__pixels_dz(pass, NULL, first, first + pixels / cells, f);
    nn__kernels->max_pool_gradient(z, pooled->dy + first * f, pooled->where + first * f, &rows);
    return z;
}

void nn__conv2d_few_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *db,
                       nn_real *scratch, size_t begin, size_t end)
{
    const nn__window *w = &g->window;
    const struct layout at = layout_of(w, g->filters);
    const size_t c = (size_t)w->c, f = (size_t)g->filters,
                 picture = (size_t)w->h * (size_t)w->w * c;
    nn_real *du = scratch + at.du, *plain = scratch + at.plain;
    memset(scratch, 0, at.v * sizeof *scratch);
    memset(du, 0, (at.plain - at.du) * sizeof *du);
    for (size_t n = begin; n < end; n++)
        for (int i = 0; i < rows_of_tiles(w); i++) {
            const size_t pixel = n * (size_t)g->pixels + (size_t)(i * TILE) * (size_t)w->ow,
                         pixels = (size_t)outputs(w, i) * (size_t)w->ow;
            const nn_real *dz = g->pooled == NULL ? few_dz(pass, pixel, pixels, f)
                                                  : few_pooled_dz(pass, g->pooled, scratch + at.z,
                                                                  pixel, pixels, f);
            few_inputs(scratch, &at, pass->x[0] + n * picture, w, i);
            int was = few_products_begin(w, f);
            nn__kernels->winograd_few_gradient(du, scratch + at.db, scratch + at.m, scratch + at.v,
                                               dz, w, outputs(w, i), f);
            nn__work_end(was);
        }
    int was = nn__numbers_begin(NN_WORK_TRANSFORMS, (POINTS + KERNEL) * c * f);
    nn__kernels->unpack_columns(plain, du, POINTS * c, f);
    nn__kernels->winograd_dkernel(dw, plain, c * f, f, c, f, 0, c);
    nn__work_end(was);
    if (db != NULL)
        nn__kernels->add(db, scratch + at.db, f);
}
