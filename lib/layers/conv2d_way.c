/*
 * Which way computes a convolution where that is left to the library: the one with the least work,
 * told from the shapes alone, in multiplications of a product. A batch has P output pixels (of dx: P
 * pixels of x), each a sum of D products of a window of C channels, for F filters.
 *
 * Forward and dx:
 *   GEMM      P D (max(F, 4) + 14 + 8.8) + 20 P F + 25 D F
 *                 a number is packed (in small products not), lowered (1x1 is not); outputs; the
 *                 kernel is packed
 *   direct    1.1 P' D F' + 30 P C + 66 D F'
 *                 F' fills blocks of 16 filters, P' groups of 4 pixels of a row, fewer than 4 are
 *                 taken one by one; a band is padded; the kernel is packed
 *   Winograd  36 (T (0.8 C F' + 23 C' + 14 F") + 16 C F)
 *                 T tiles of 4x4; to transform their inputs, outputs, and the kernel; F' fills blocks
 *                 of 16, C' and F" are in vectors of 8
 *     few C       T (F' (68 C + 50) + 360 C + 700) + 36 32 C F
 *                 F' is 8 or fills blocks of 16; what is not product is the outputs' and a tile's
 * dW:
 *   GEMM      P D (max(F, 16) + 25) + 33 P F + 8.1 D F
 *                 17 for 25 from 32 channels on, which are copied as they lie
 *   direct    0.95 P D' F' + 1.8 P F' + 21 P C + D' F' (27 B + 4 R)
 *                 D' is even; B bands of 512 pixels, R rows, at each of which sums begin anew; with
 *                 strides S, 32 P S C for 21 P C: between the pixels lies what only costs
 *   Winograd  36 (T (0.8 C F' + 25 C' + 20 F") + 12 C F)
 *     few C       T (20 C F' + 300 C + 2200) + R 36 12 C F'
 *                 R rows of tiles, at each of which sums begin anew
 *
 * The factors are fitted to the times of 42 shapes with AVX2's kernels; `nn_bench choice` measures
 * what that loses. What grows with the batch must be less by Winograd than by the other ways: then more
 * rows never turn it off, and what is planned for the largest batch serves every smaller one.
 */
#include "layers/conv2d.h"

enum { BLOCK = NN__PANEL_COLUMNS, GROUP = 4, BAND = 512, VECTOR = 8, LONG = 32 };

/* The work for one row of the batch, and what comes once. */
typedef struct work {
    double row, once;
} work;

static double whole(int count, int unit)
{
    return (double)((count + unit - 1) / unit) * unit;
}

static double at_least(double least, double count)
{
    return count < least ? least : count;
}

static work work_gemm(const nn__conv2d *g, const nn__window *w, int f, int dw)
{
    const double pixels = (double)w->oh * w->ow, filters = (double)f / g->groups;
    const double depth = (double)w->kh * w->kw * w->c / g->groups;
    const int small = depth <= NN__SMALL_DEPTH && filters >= NN__SMALL_WIDTH;
    const double wide = at_least(dw ? 16 : 4, filters), packed = dw || small ? 0 : 14;
    const double lowered = g->plain ? 0 : !dw ? 8.8 : w->c / g->groups < LONG ? 25 : 17;
    return (work){g->groups * pixels *
                      (depth * (wide + packed + lowered) + (dw ? 33 : 20) * filters),
                  g->groups * (dw ? 8.1 : 25) * depth * filters};
}

static work work_direct(const nn__conv2d *g, const nn__window *w)
{
    const double filters = whole(g->filters, BLOCK), pixels = (double)w->oh * w->ow;
    const double row = w->ow < GROUP ? (double)w->ow * GROUP : whole(w->ow, GROUP);
    return (work){1.1 * w->oh * row * g->depth * filters + 30 * pixels * w->c,
                  66.0 * g->depth * filters};
}

static work work_direct_dw(const nn__conv2d *g, const nn__window *w)
{
    const double filters = whole(g->filters, BLOCK), pixels = (double)w->oh * w->ow;
    const int rows = w->ow < BAND ? BAND / w->ow : 1;
    const double bands = whole(w->oh, rows) / rows, depth = at_least(GROUP, whole(g->depth, 2));
    const double strides = (double)w->sh * w->sw, padded = strides > 1 ? 32 * strides : 21;
    return (work){pixels * (0.95 * depth * filters + 1.8 * filters + padded * w->c) +
                      depth * filters * (27 * bands + 4.0 * w->oh),
                  0};
}

static double tile_rows(const nn__window *w)
{
    return whole(w->oh, NN__WINOGRAD_TILE) / NN__WINOGRAD_TILE;
}

static double tiles(const nn__window *w)
{
    return tile_rows(w) * whole(w->ow, NN__WINOGRAD_TILE) / NN__WINOGRAD_TILE;
}

/* To transform the kernel. Inference has that already, and only reads it. */
static double work_transform(const nn__window *w, int f, int what)
{
    return NN__WINOGRAD_POINTS * (what == NN__CONV_INFERENCE ? 8.0 : 16.0) * w->c * f;
}

static work work_few(const nn__window *w, int f, int what)
{
    const double c = w->c, filters = f <= VECTOR ? VECTOR : whole(f, BLOCK);
    if (what == NN__CONV_DW)
        return (work){tiles(w) * (20 * c * filters + 300 * c + 2200) +
                          tile_rows(w) * NN__WINOGRAD_POINTS * 12 * c * filters,
                      0};
    return (work){tiles(w) * (filters * (68 * c + 50) + 360 * c + 700), work_transform(w, f, what)};
}

static work work_winograd(const nn__window *w, int f, int what)
{
    const double channels = whole(w->c, VECTOR), filters = whole(f, VECTOR);
    const double each = NN__WINOGRAD_POINTS * tiles(w), products = 0.8 * w->c * whole(f, BLOCK);
    if (nn__conv2d_is_few(w))
        return work_few(w, f, what);
    if (what == NN__CONV_DW)
        return (work){each * (products + 25 * channels + 20 * filters),
                      NN__WINOGRAD_POINTS * 12.0 * w->c * f};
    return (work){each * (products + 23 * channels + 14 * filters), work_transform(w, f, what)};
}

/* Of everything computed without Winograd; `direct` is GEMM's where there is no direct way. */
struct plain_work {
    work gemm, direct;
};

static struct plain_work work_without_winograd(const nn__conv2d *g, int what)
{
    const int dw = what == NN__CONV_DW, dx = what == NN__CONV_DX;
    struct plain_work of;
    of.gemm = work_gemm(g, dx ? &g->mirror : &g->window, dx ? g->window.c : g->filters, dw);
    of.direct = of.gemm;
    if (nn__conv2d_direct_can(g) && !dx)
        of.direct = dw ? work_direct_dw(g, &g->window) : work_direct(g, &g->window);
    return of;
}

static double work_of(const work *w, int rows)
{
    return rows * w->row + w->once;
}

int nn__conv2d_direct_may_pay(const nn__conv2d *g, int what)
{
    const struct plain_work of = work_without_winograd(g, what);
    return of.direct.row < of.gemm.row || work_of(&of.direct, 1) < work_of(&of.gemm, 1);
}

int nn__conv2d_least_work(const nn__conv2d *g, int rows, int what)
{
    const int dx = what == NN__CONV_DX;
    const struct plain_work of = work_without_winograd(g, what);
    const double gemm = work_of(&of.gemm, rows), direct = work_of(&of.direct, rows);
    if (nn__conv2d_winograd_can(g)) {
        const work w =
            work_winograd(dx ? &g->mirror : &g->window, dx ? g->window.c : g->filters, what);
        const double winograd = work_of(&w, rows);
        if (w.row < of.gemm.row && w.row < of.direct.row && winograd < gemm && winograd < direct)
            return NN_CONV_WINOGRAD;
    }
    return direct < gemm ? NN_CONV_DIRECT : NN_CONV_GEMM;
}
