/*
 * What Winograd's way of a convolution is made of, on one thread: the transforms of inputs, outputs,
 * gradients and kernels, and the products between them, over all pictures of a batch, TILES tiles at
 * a time as the layer's tasks do it, in matrices with its gaps. A transform's bytes are the numbers that it reads and writes.
 */
#include <stdio.h>

#include "kernels/kernels.h"
#include "layers/conv2d.h"
#include "layers/tiles.h"
#include "model/context.h"
#include "report.h"

enum {
    BATCH = 32,
    TILES = 16,
    TILE = NN__WINOGRAD_TILE,
    POINTS = NN__WINOGRAD_POINTS,
    OUTPUTS = TILE * TILE,
    KERNEL = 9
};

typedef struct winograd {
    nn__window window;
    size_t c, f, tiles;
    size_t v_matrix, m_matrix, u_matrix;
    nn_real *x, *y, *v, *m, *u, *kernel;
} winograd;

static void run_inputs(const winograd *w)
{
    for (size_t t = 0; t < w->tiles; t += TILES)
        nn__kernels->winograd_input(w->v, w->x, &w->window, w->v_matrix, t, t + TILES);
}

static void run_outputs(const winograd *w)
{
    for (size_t t = 0; t < w->tiles; t++)
        nn__kernels->winograd_output(w->y + t * OUTPUTS * w->f, TILE * w->f, w->f,
                                     w->m + t % TILES * w->f, w->m_matrix, NULL, TILE, TILE, w->f);
}

static void run_gradients(const winograd *w)
{
    for (size_t t = 0; t < w->tiles; t += TILES)
        nn__kernels->winograd_gradient(w->m, w->y, &w->window, w->f, w->m_matrix,
                                       (size_t)TILES * NN__PANEL_COLUMNS, t, t + TILES);
}

static void run_kernel(const winograd *w)
{
    nn__kernels->winograd_kernel(w->u, w->u_matrix, w->kernel, w->c, w->f, 0, w->c);
}

static void run_dkernel(const winograd *w)
{
    nn__kernels->winograd_dkernel(w->kernel, w->u, w->u_matrix, w->f, w->c, w->f, 0, w->c);
}

static void run_products(const winograd *w)
{
    for (size_t t = 0; t < w->tiles; t += TILES)
        for (size_t k = 0; k < POINTS; k++)
            nn__kernels->panel_product(w->m + k * w->m_matrix, 0, w->v + k * w->v_matrix, w->c, 1,
                                       w->u + k * w->u_matrix, TILES, w->c, w->f);
}

/* Numbers read and written for each channel or filter of a tile, or each number of the kernel. */
enum of { CHANNELS_OF_TILES, FILTERS_OF_TILES, PAIRS };

static const struct piece {
    const char *name;
    void (*run)(const winograd *w);
    enum of of;
    int numbers; /* 0: a product */
} pieces[] = {
    {"inputs", run_inputs, CHANNELS_OF_TILES, 2 * POINTS},
    {"outputs", run_outputs, FILTERS_OF_TILES, POINTS + OUTPUTS},
    {"gradients", run_gradients, FILTERS_OF_TILES, POINTS + OUTPUTS},
    {"kernel", run_kernel, PAIRS, POINTS + KERNEL},
    {"dkernel", run_dkernel, PAIRS, POINTS + KERNEL},
    {"products", run_products, PAIRS, 0},
};

struct turn {
    const winograd *w;
    const struct piece *piece;
};

static void turn_run(void *arg, int count)
{
    const struct turn *t = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        t->piece->run(t->w);
    nn__run_leave(saved);
}

static void piece_report(struct bench *bench, const winograd *w, const struct piece *piece)
{
    const size_t counts[] = {w->tiles * w->c, w->tiles * w->f, w->c * w->f};
    char name[64];
    snprintf(name, sizeof name, "winograd %dx%dx%zu->%zu %s", w->window.h, w->window.w, w->c, w->f,
             piece->name);
    struct turn turn = {w, piece};
    measured m = {.name = name,
                  .threads = 1,
                  .unit = piece->numbers > 0 ? GB_PER_SECOND : GFLOP_PER_SECOND,
                  .bytes = (double)counts[piece->of] * piece->numbers * sizeof(nn_real)};
    if (piece->numbers == 0)
        m.flops = 2.0 * (double)(POINTS * w->tiles * w->c * w->f);
    timing_measure(&(struct job){turn_run, &turn}, &m.timing, 1, bench->seconds);
    report_measured(bench, &m);
}

/* c and f: whole panels. */
static void winograd_measure(struct bench *bench, int side, int c, int f)
{
    const int across = side / TILE;
    winograd w = {.window = nn__window_over(&(nn_shape){3, {side, side, c}}, (int[]){3, 3},
                                            (int[]){1, 1}, (int[]){1, 1}, NN_SAME),
                  .c = (size_t)c,
                  .f = (size_t)f,
                  .tiles = (size_t)(BATCH * across * across)};
    const size_t pixels = (size_t)BATCH * (size_t)side * (size_t)side;
    w.v_matrix = nn__conv2d_winograd_matrix(TILES, w.c);
    w.m_matrix = nn__conv2d_winograd_matrix(TILES, w.f);
    w.u_matrix = nn__conv2d_winograd_matrix(w.c, w.f);
    const struct {
        nn_real **at;
        size_t count;
    } arrays[] = {{&w.x, pixels * w.c},        {&w.y, pixels * w.f},
                  {&w.v, POINTS * w.v_matrix}, {&w.m, POINTS * w.m_matrix},
                  {&w.u, POINTS * w.u_matrix}, {&w.kernel, KERNEL * w.c * w.f}};
    for (size_t i = 0; i < NN__COUNT(arrays); i++) {
        *arrays[i].at = bench_alloc(arrays[i].count);
        bench_fill(*arrays[i].at, arrays[i].count);
    }
    for (size_t i = 0; i < NN__COUNT(pieces); i++)
        piece_report(bench, &w, &pieces[i]);
    for (size_t i = 0; i < NN__COUNT(arrays); i++)
        nn__free(*arrays[i].at);
}

void bench_winograd(struct bench *bench)
{
    winograd_measure(bench, 32, 32, 32);
    winograd_measure(bench, 16, 32, 64);
    winograd_measure(bench, 8, 64, 128);
}
