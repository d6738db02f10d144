/*
 * Convolution without lowering, for few input channels, where a lowered product is too shallow and
 * too narrow for GEMM. Filters go side by side in blocks of COLUMNS; a group of GROUP sums of one
 * block each stays in registers while the window is walked through:
 *
 *   forward   GROUP output pixels      y[j + t][block] += padded[.. + t sw c + e] panel[e][block]
 *   dW        GROUP or LONG numbers of depth
 *                                      panel[e + t][block] += padded[.. + e + t] dy[j][block]
 *
 * The part of the picture that a band of output rows sees lies in `padded`, its borders filled with
 * zeros, so that no loop asks where the picture ends.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    COLUMNS = NN__PANEL_COLUMNS,
    VECTORS = COLUMNS / LANES,
    GROUP = (NN__SIMD_BYTES == 64 ? 16 : 8) / VECTORS > 0
                ? (NN__SIMD_BYTES == 64 ? 16 : 8) / VECTORS
                : 1,
    HALF = GROUP > 1 ? GROUP / 2 : 1,
    LONG = GROUP > 1 ? GROUP + HALF : 1 /* dW's, where registers allow */
};

void KERNEL(pad_rows)(nn_real *padded, const nn_real *x, const nn__window *w, int first, int last)
{
    const size_t c = (size_t)w->c, width = (size_t)((w->ow - 1) * w->sw + w->kw);
    const int left = w->left, right = (int)width - w->left < w->w ? (int)width - w->left : w->w;
    const int top = first * w->sh - w->top, rows = (last - 1 - first) * w->sh + w->kh;
    for (int i = 0; i < rows; i++, padded += width * c) {
        if (top + i < 0 || top + i >= w->h || right <= 0) {
            memset(padded, 0, width * c * sizeof *padded);
            continue;
        }
        size_t before = (size_t)left * c, inside = (size_t)right * c;
        memset(padded, 0, before * sizeof *padded);
        memcpy(padded + before, x + (size_t)(top + i) * (size_t)w->w * c, inside * sizeof *padded);
        memset(padded + before + inside, 0, (width * c - before - inside) * sizeof *padded);
    }
}

/* ---- Forward ---- */

/* `group` pixels of one block, the first at y; numbers beyond a narrow block's filters may spill
 * into the next pixel, which is written later, but not beyond `end`. */
static inline __attribute__((always_inline)) void forward_group(
    nn_real *y, const nn_real *end, const nn_real *padded, const nn_real *panel,
    const nn_real *bias, const nn__window *w, size_t f, size_t spill, int group)
{
    const size_t width = (size_t)((w->ow - 1) * w->sw + w->kw) * (size_t)w->c,
                 step = (size_t)w->sw * (size_t)w->c;
    const int run = w->kw * w->c;
    lanes sum[GROUP][VECTORS];
    for (int t = 0; t < group; t++)
        for (int v = 0; v < VECTORS; v++)
            sum[t][v] = load(bias, v);
    for (int p = 0; p < w->kh; p++, padded += width) {
        const nn_real *fours[(GROUP + 3) / 4];
        for (int t = 0; t < group; t += 4)
            fours[t / 4] = padded + (size_t)t * step;
        for (int e = 0; e < run; e++, panel += COLUMNS) {
            for (int t = 0; t < group; t++)
                for (int v = 0; v < VECTORS; v++)
                    sum[t][v] += fours[t / 4][(size_t)(t % 4) * step + (size_t)e] * load(panel, v);
        }
    }
    for (int t = 0; t < group; t++, y += f) {
        if (spill == COLUMNS && end - y >= COLUMNS) {
            for (int v = 0; v < VECTORS; v++)
                store(y, v, sum[t][v]);
            continue;
        }
        nn_real narrow[COLUMNS] = {0};
        for (int v = 0; v < VECTORS; v++)
            store(narrow, v, sum[t][v]);
        memcpy(y, narrow, (spill < (size_t)(end - y) ? spill : (size_t)(end - y)) * sizeof *y);
    }
}

/* One row of output pixels of one block. Where the last group would be short it begins earlier and
 * writes some pixels twice, with the same bits. */
static void forward_row(nn_real *y, const nn_real *end, const nn_real *padded, const nn_real *panel,
                        const nn_real *bias, const nn__window *w, size_t f, size_t spill)
{
    const size_t step = (size_t)w->sw * (size_t)w->c;
    if (w->ow < GROUP) {
        for (int j = 0; j < w->ow; j++)
            forward_group(y + (size_t)j * f, end, padded + (size_t)j * step, panel, bias, w, f,
                          spill, 1);
        return;
    }
    for (int j = 0; j < w->ow; j += GROUP) {
        size_t first = (size_t)(j + GROUP <= w->ow ? j : w->ow - GROUP);
        forward_group(y + first * f, end, padded + first * step, panel, bias, w, f, spill, GROUP);
    }
}

void KERNEL(direct_forward)(nn_real *y, const nn_real *padded, const nn_real *panel,
                            const nn_real *bias, const nn__window *w, int rows, size_t f)
{
    const size_t width = (size_t)((w->ow - 1) * w->sw + w->kw) * (size_t)w->c,
                 depth = (size_t)w->kh * (size_t)w->kw * (size_t)w->c;
    const nn_real *end = y + (size_t)rows * (size_t)w->ow * f;
    for (size_t first = 0; first < f; first += COLUMNS) {
        /* A single narrow block may be stored whole: what spills is the next pixel's own. */
        size_t left = f - first, spill = left >= COLUMNS || f < COLUMNS ? COLUMNS : left;
        for (int i = 0; i < rows; i++)
            forward_row(y + (size_t)i * (size_t)w->ow * f + first, end,
                        padded + (size_t)i * (size_t)w->sh * width, panel, bias + first, w, f,
                        spill);
        panel += depth * COLUMNS;
    }
}

/* ---- Gradient of the kernel ---- */

/* How many of a row's pixels have a whole block of numbers before `end`. */
static size_t whole_blocks(const nn_real *dy, const nn_real *end, size_t pixels, size_t f)
{
    while (pixels > 0 && end - dy - (ptrdiff_t)((pixels - 1) * f) < COLUMNS)
        pixels--;
    return pixels;
}

/* The first `count` of `group` numbers of depth, at `offsets` from a pixel's window, of one block;
 * all output pixels of the band. */
static inline __attribute__((always_inline)) void dw_group(nn_real *panel, int count,
                                                           const nn_real *padded,
                                                           const size_t *offsets, const nn_real *dy,
                                                           const nn_real *end, const nn__window *w,
                                                           int rows, size_t f, int group)
{
    const size_t width = (size_t)((w->ow - 1) * w->sw + w->kw) * (size_t)w->c,
                 step = (size_t)w->sw * (size_t)w->c;
    lanes sum[LONG][VECTORS];
    const nn_real *x[LONG];
    for (int t = 0; t < group; t++)
        for (int v = 0; v < VECTORS; v++)
            sum[t][v] = zeros();
    for (int i = 0; i < rows; i++, dy += (size_t)w->ow * f) {
        size_t whole = whole_blocks(dy, end, (size_t)w->ow, f), at = 0;
        for (int t = 0; t < group; t++)
            x[t] = padded + (size_t)i * (size_t)w->sh * width + offsets[t];
        for (size_t j = 0; j < whole; j++, at += step)
            for (int first = 0; first < group; first += HALF)
                for (int t = first; t < first + HALF; t++)
                    for (int v = 0; v < VECTORS; v++)
                        sum[t][v] += x[t][at] * load(dy + j * f, v);
        for (size_t j = whole; j < (size_t)w->ow; j++, at += step) {
            nn_real narrow[COLUMNS] = {0};
            memcpy(narrow, dy + j * f, (size_t)(end - dy - (ptrdiff_t)(j * f)) * sizeof *dy);
            for (int t = 0; t < group; t++)
                for (int v = 0; v < VECTORS; v++)
                    sum[t][v] += x[t][at] * load(narrow, v);
        }
    }
    for (int t = 0; t < count; t++)
        for (int v = 0; v < VECTORS; v++)
            store(panel + t * COLUMNS, v, load(panel + t * COLUMNS, v) + sum[t][v]);
}

/* Groups of both lengths that together are hardly longer than what is left. */
static inline int next_group(int left)
{
    return (left + HALF - 1) / HALF % 3 == 0 ? LONG : GROUP;
}

/* All numbers of depth of one block. What a group has too many is computed and dropped. */
static void dw_block(nn_real *panel, const nn_real *padded, const nn_real *dy, const nn_real *end,
                     const nn__window *w, int rows, size_t f)
{
    const size_t width = (size_t)((w->ow - 1) * w->sw + w->kw) * (size_t)w->c;
    const int run = w->kw * w->c, depth = w->kh * run;
    for (int e = 0, group; e < depth; e += group, panel += group * COLUMNS) {
        size_t offsets[LONG];
        group = next_group(depth - e);
        const int count = group < depth - e ? group : depth - e;
        for (int t = 0; t < group; t++) {
            const int tap = t < count ? e + t : e;
            offsets[t] = (size_t)(tap / run) * width + (size_t)(tap % run);
        }
        if (group == LONG)
            dw_group(panel, count, padded, offsets, dy, end, w, rows, f, LONG);
        else
            dw_group(panel, count, padded, offsets, dy, end, w, rows, f, GROUP);
    }
}

void KERNEL(direct_dw)(nn_real *panel, const nn_real *padded, const nn_real *dy,
                       const nn__window *w, int rows, size_t f)
{
    const nn_real *end = dy + (size_t)rows * (size_t)w->ow * f;
    const size_t depth = (size_t)w->kh * (size_t)w->kw * (size_t)w->c;
    for (size_t first = 0; first < f; first += COLUMNS, panel += depth * COLUMNS)
        dw_block(panel, padded, dy + first, end, w, rows, f);
}
