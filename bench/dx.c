/*
 * The gradient of a convolution's input gathered against scattered, in turns, on the layer's own
 * kernels, tiles and groups of pictures (lib/layers/conv2d.c, which gathers where it can: strides 1
 * and one channel group):
 *
 *   gather    dx = im2col(dy, mirrored window) turned kernel    each number written once
 *   scatter   dx = col2im(dy kernel')                           each number added to kh kw times
 *
 * Both are run without Winograd, and are compared: what they give differs by rounding alone.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "layers/tiles.h"
#include "model/context.h"
#include "report.h"

enum { BATCH = 32 };

/* side x side x c, same padding, stride 1. */
typedef struct dx_shape {
    int side, c, f, kernel, dilation;
} dx_shape;

static const dx_shape shapes[] = {
    {32, 32, 32, 3, 1}, {16, 32, 64, 3, 1}, {8, 64, 128, 3, 1}, {56, 64, 64, 3, 1},
    {32, 8, 16, 3, 1},  {28, 6, 16, 5, 1},  {16, 32, 32, 5, 1}, {16, 32, 64, 3, 2},
};

typedef struct dx {
    nn__window window, mirror;
    int f, depth, mirror_depth;
    size_t scratch; /* numbers of a lowered tile */
    int threads;
    nn_real *dy, *kernel, *turned, *dx, *col; /* col[threads][scratch] */
} dx;

/* ---- Gathered: a group's pixels of x in even tiles ---- */

static void gather_task(void *arg, int index, int worker)
{
    const dx *d = arg;
    const size_t pixels = (size_t)d->window.h * (size_t)d->window.w, c = (size_t)d->window.c,
                 begin = nn__group_start(BATCH, index) * pixels,
                 end = nn__group_start(BATCH, index + 1) * pixels,
                 tile = nn__tile_even(nn__tile_pixels(d->mirror_depth), end - begin, 1);
    nn_real *col = d->col + (size_t)worker * d->scratch;
    for (size_t first = begin; first < end; first += tile) {
        const size_t last = nn__least(first + tile, end);
        nn__lower_pixels(col, d->dy, &d->mirror, 0, d->f, first, last);
        nn__gemm(0, 0, (int)(last - first), d->window.c, d->mirror_depth, 1, col, d->mirror_depth,
                 d->turned, d->window.c, 0, d->dx + first * c, d->window.c);
    }
}

static void gather_run(void *arg, int count)
{
    const dx *d = arg;
    const nn__window *w = &d->window;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++) {
        nn__kernels->turn_kernel(d->turned, d->kernel, w->kh, w->kw, w->c, d->f, 0, w->kh);
        nn__pool_run(d->threads, nn__groups(BATCH), gather_task, arg);
    }
    nn__run_leave(saved);
}

/* ---- Scattered: picture by picture, a picture's outputs in tiles ---- */

static void scatter_picture(const dx *d, nn_real *col, size_t n)
{
    const nn__window *w = &d->window;
    const int pixels = w->oh * w->ow, tile = nn__tile_pixels(d->depth);
    const size_t picture = (size_t)w->h * (size_t)w->w * (size_t)w->c;
    nn_real *to = d->dx + n * picture;
    memset(to, 0, picture * sizeof *to);
    for (int first = 0; first < pixels; first += tile) {
        const int last = first + tile < pixels ? first + tile : pixels;
        const size_t row = n * (size_t)pixels + (size_t)first;
        nn__gemm(0, 1, last - first, d->depth, d->f, 1, d->dy + row * (size_t)d->f, d->f, d->kernel,
                 d->f, 0, col, d->depth);
        nn__raise_pixels(to, col, w, 0, w->c, first, last);
    }
}

static void scatter_task(void *arg, int index, int worker)
{
    const dx *d = arg;
    for (size_t n = nn__group_start(BATCH, index); n < nn__group_start(BATCH, index + 1); n++)
        scatter_picture(d, d->col + (size_t)worker * d->scratch, n);
}

static void scatter_run(void *arg, int count)
{
    const dx *d = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        nn__pool_run(d->threads, nn__groups(BATCH), scatter_task, arg);
    nn__run_leave(saved);
}

/* ---- Both ---- */

static size_t dx_count(const dx *d)
{
    return (size_t)BATCH * (size_t)d->window.h * (size_t)d->window.w * (size_t)d->window.c;
}

/* The windows as conv2d_geometry makes them. */
static void dx_windows(dx *d, const dx_shape *s)
{
    const int kernel[] = {s->kernel, s->kernel}, dilation[] = {s->dilation, s->dilation};
    const nn_shape x = {3, {s->side, s->side, s->c}};
    d->window = nn__window_over(&x, kernel, (const int[]){1, 1}, dilation, NN_SAME);
    const nn__window *w = &d->window;
    d->mirror = *w;
    d->mirror.h = w->oh;
    d->mirror.w = w->ow;
    d->mirror.c = s->f;
    d->mirror.top = (w->kh - 1) * w->dh - w->top;
    d->mirror.left = (w->kw - 1) * w->dw - w->left;
    d->mirror.oh = w->h;
    d->mirror.ow = w->w;
}

static dx dx_open(const dx_shape *s, int threads)
{
    dx d = {.f = s->f, .threads = threads};
    dx_windows(&d, s);
    d.depth = s->kernel * s->kernel * s->c;
    d.mirror_depth = s->kernel * s->kernel * s->f;
    const size_t gathered = (size_t)d.mirror_depth * (size_t)nn__tile_pixels(d.mirror_depth),
                 scattered = (size_t)d.depth * (size_t)nn__tile_pixels(d.depth),
                 y_count = (size_t)BATCH * (size_t)d.window.oh * (size_t)d.window.ow * (size_t)d.f,
                 w_count = (size_t)d.depth * (size_t)d.f;
    d.scratch = gathered > scattered ? gathered : scattered;
    d.dy = bench_alloc(y_count);
    d.kernel = bench_alloc(w_count);
    d.turned = bench_alloc(w_count);
    d.dx = bench_alloc(dx_count(&d));
    d.col = bench_alloc((size_t)threads * d.scratch);
    bench_fill(d.dy, y_count);
    bench_fill(d.kernel, w_count);
    return d;
}

static void dx_close(dx *d)
{
    nn__free(d->dy);
    nn__free(d->kernel);
    nn__free(d->turned);
    nn__free(d->dx);
    nn__free(d->col);
}

/* Fails where the two ways differ by more than rounding could. */
static void dx_compare(dx *d, const char *name)
{
    const size_t count = dx_count(d);
    const double most = 1e-4 * sqrt(d->mirror_depth);
    nn_real *gathered = bench_alloc(count);
    gather_run(d, 1);
    memcpy(gathered, d->dx, count * sizeof *gathered);
    scatter_run(d, 1);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)gathered[i] - (double)d->dx[i]) <= most))
            bench_fail("%s: dx[%zu] is %.9g gathered and %.9g scattered", name, i,
                       (double)gathered[i], (double)d->dx[i]);
    nn__free(gathered);
}

static void dx_measure(struct bench *bench, const dx_shape *s)
{
    dx d = dx_open(s, bench->threads);
    const struct job jobs[] = {{gather_run, &d}, {scatter_run, &d}};
    struct timing timings[2];
    char name[96], dilation[32] = "";
    if (s->dilation > 1)
        snprintf(dilation, sizeof dilation, " dilation %d", s->dilation);
    snprintf(name, sizeof name, "dx %dx%dx%d->%d %dx%d%s gathered", s->side, s->side, s->c, s->f,
             s->kernel, s->kernel, dilation);
    dx_compare(&d, name);
    timing_measure(jobs, timings, 2, bench->seconds);
    report_measured(
        bench, &(measured){.name = name,
                           .batch = BATCH,
                           .threads = bench->threads,
                           .flops = 2.0 * BATCH * d.window.oh * d.window.ow * d.depth * (double)d.f,
                           .unit = GFLOP_PER_SECOND,
                           .timing = timings[0],
                           .against = "scattered",
                           .another = timings[1]});
    dx_close(&d);
}

void bench_dx(struct bench *bench)
{
    for (size_t i = 0; i < NN__COUNT(shapes); i++)
        dx_measure(bench, &shapes[i]);
}
