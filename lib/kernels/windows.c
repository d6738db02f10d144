/*
 * Sums over windows, channel by channel: depthwise convolution and average pooling of one picture.
 *
 *   x[h][w][c]   kernel[kh][kw][m][c]   y[oh][ow][m][c]      m: the multiplier's outputs
 *
 * A window's cells inside the picture, and the windows that contain a cell, are both arithmetic
 * progressions along each axis, of places and of taps (places in the window). So forward and its
 * adjoint are one loop over two progressions, with the sums of a strip of channels in registers.
 * Every sum has one order: the multiplier's outputs, then rows, then columns.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/real.h"

enum { LANES = 8, STRIP = 4 * LANES };

/* Places place, place + step, ... and their taps; count of them, 0 or more. */
typedef struct reach {
    int place, step, tap, tap_step, count;
} reach;

static int ceiling(int a, int b)
{
    return a <= 0 ? 0 : (a - 1) / b + 1;
}

static int lesser(int a, int b)
{
    return a < b ? a : b;
}

/* The cells of window `i` that lie in a picture of n positions. */
static NN__ONE_COPY reach cells_of(int i, int n, int kernel, int stride, int dilation, int before)
{
    int start = i * stride - before, first = ceiling(-start, dilation);
    int last = lesser(ceiling(n - start, dilation), kernel);
    return (reach){.place = start + first * dilation,
                   .step = dilation,
                   .tap = first,
                   .tap_step = 1,
                   .count = last > first ? last - first : 0};
}

static int divisor(int a, int b)
{
    while (b != 0) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The windows of [0, n) that contain position u, from the last one down. */
static NN__ONE_COPY reach windows_of(int u, int n, int kernel, int stride, int dilation, int before)
{
    reach r = {.count = 0};
    int common = divisor(stride, dilation), tap = 0, most = lesser(stride / common, kernel);
    while (tap < most && (u + before - tap * dilation) % stride != 0)
        tap++;
    if (tap == most)
        return r;
    r.tap_step = stride / common;
    r.step = -(dilation / common);
    int place = (u + before - tap * dilation) / stride, skip = ceiling(place - (n - 1), -r.step);
    r.place = place + skip * r.step;
    r.tap = tap + skip * r.tap_step;
    if (r.place >= 0 && r.tap < kernel)
        r.count = lesser(r.place / -r.step, (kernel - 1 - r.tap) / r.tap_step) + 1;
    return r;
}

/* What one sum runs over: `planes` by rows by columns; steps in numbers. */
typedef struct walk {
    int planes, rows, columns;
    ptrdiff_t x_plane, x_row, x_column;
    ptrdiff_t w_plane, w_row, w_column;
    size_t w_lane; /* 0: every strip of channels has the same weights */
} walk;

/* y[l] += the sum of x w for l < n; `n` is a constant where it is inlined. */
static inline void sum_strip(nn_real *restrict y, const nn_real *restrict x,
                             const nn_real *restrict w, const walk *k, size_t n)
{
    nn_real sum[STRIP];
    for (size_t l = 0; l < n; l++)
        sum[l] = y[l];
    for (int m = 0; m < k->planes; m++)
        for (int p = 0; p < k->rows; p++) {
            const nn_real *cell = x + m * k->x_plane + p * k->x_row;
            const nn_real *weight = w + m * k->w_plane + p * k->w_row;
            for (int q = 0; q < k->columns; q++, cell += k->x_column, weight += k->w_column)
                for (size_t l = 0; l < n; l++)
                    sum[l] += cell[l] * weight[l];
        }
    for (size_t l = 0; l < n; l++)
        y[l] = sum[l];
}

/* All channels, in strips. One copy of the code for all who call it. */
static NN__ONE_COPY void sum_channels(nn_real *y, const nn_real *x, const nn_real *w, const walk *k,
                                      size_t c)
{
    size_t l = 0;
    for (; l + STRIP <= c; l += STRIP)
        sum_strip(y + l, x + l, w + k->w_lane * l, k, STRIP);
    for (; l + LANES <= c; l += LANES)
        sum_strip(y + l, x + l, w + k->w_lane * l, k, LANES);
    for (; l < c; l++)
        sum_strip(y + l, x + l, w + k->w_lane * l, k, 1);
}

/* A walk over two progressions in rows of `line` numbers and pixels of `pixel`; the taps are those
 * of a kernel with kw pixels of w_pixel numbers in a row. */
static walk walk_over(reach rows, reach columns, size_t line, size_t pixel, int kw, size_t w_pixel)
{
    walk k = {.planes = 1, .rows = rows.count, .columns = columns.count, .w_lane = w_pixel > 0};
    k.x_row = rows.step * (ptrdiff_t)line;
    k.x_column = columns.step * (ptrdiff_t)pixel;
    k.w_row = (ptrdiff_t)rows.tap_step * kw * (ptrdiff_t)w_pixel;
    k.w_column = columns.tap_step * (ptrdiff_t)w_pixel;
    return k;
}

/* ---- Depthwise convolution ---- */

void KERNEL(depthwise)(nn_real *y, const nn_real *x, const nn_real *kernel,
                       const nn__window *window, int multiplier, int first, int last)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, pixel = c * (size_t)multiplier, line = (size_t)s.w * c;
    for (int i = first; i < last; i++) {
        reach rows = cells_of(i, s.h, s.kh, s.sh, s.dh, s.top);
        for (int j = 0; j < s.ow; j++, y += pixel) {
            reach columns = cells_of(j, s.w, s.kw, s.sw, s.dw, s.left);
            walk k = walk_over(rows, columns, line, c, s.kw, pixel);
            const nn_real *cell = x, *weight = kernel;
            if (rows.count > 0 && columns.count > 0) {
                cell += (size_t)rows.place * line + (size_t)columns.place * c;
                weight += ((size_t)rows.tap * (size_t)s.kw + (size_t)columns.tap) * pixel;
            }
            for (size_t m = 0; m < pixel; m += c)
                sum_channels(y + m, cell, weight + m, &k, c);
        }
    }
}

void KERNEL(depthwise_dx)(nn_real *dx, const nn_real *dy, const nn_real *kernel,
                          const nn__window *window, int multiplier, int first, int last)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, pixel = c * (size_t)multiplier, line = (size_t)s.ow * pixel;
    for (int u = 0; u < s.h; u++) {
        reach rows = windows_of(u + s.top - first * s.sh, last - first, s.kh, s.sh, s.dh, 0);
        for (int v = 0; v < s.w && rows.count > 0; v++) {
            reach columns = windows_of(v, s.ow, s.kw, s.sw, s.dw, s.left);
            walk k = walk_over(rows, columns, line, pixel, s.kw, pixel);
            if (columns.count == 0)
                continue;
            k.planes = multiplier;
            k.x_plane = k.w_plane = s.c;
            sum_channels(dx + ((size_t)u * (size_t)s.w + (size_t)v) * c,
                         dy + (size_t)rows.place * line + (size_t)columns.place * pixel,
                         kernel + ((size_t)rows.tap * (size_t)s.kw + (size_t)columns.tap) * pixel,
                         &k, c);
        }
    }
}

/* The windows whose tap `tap` lies in the picture: [*first, *last). */
static void whole_for_tap(int tap, int n, int out, int stride, int dilation, int before, int *first,
                          int *last)
{
    int shift = tap * dilation - before;
    *first = ceiling(-shift, stride);
    *last = lesser(ceiling(n - shift, stride), out);
}

/* Row i of y, dy[ow][m][c], and window row p: all of dk[kw][m][c]. */
static void dkernel_row(nn_real *dk, const nn_real *row, const nn_real *dy, const nn__window *s,
                        size_t multiplier)
{
    const size_t c = (size_t)s->c, pixel = c * multiplier;
    for (int q = 0; q < s->kw; q++, dk += pixel) {
        int first, last;
        whole_for_tap(q, s->w, s->ow, s->sw, s->dw, s->left, &first, &last);
        if (first >= last)
            continue;
        const nn_real *x = row + (size_t)(first * s->sw + q * s->dw - s->left) * c;
        walk k = {.planes = 1, .rows = 1, .columns = last - first, .w_lane = 1};
        k.x_column = (ptrdiff_t)(s->sw * (ptrdiff_t)c);
        k.w_column = (ptrdiff_t)pixel;
        for (size_t m = 0; m < pixel; m += c)
            sum_channels(dk + m, x, dy + (size_t)first * pixel + m, &k, c);
    }
}

void KERNEL(depthwise_dkernel)(nn_real *dkernel, const nn_real *x, const nn_real *dy,
                               const nn__window *window, int multiplier, int first, int last)
{
    const nn__window s = *window;
    const size_t pixel = (size_t)s.c * (size_t)multiplier;
    for (int i = first; i < last; i++, dy += (size_t)s.ow * pixel) {
        reach rows = cells_of(i, s.h, s.kh, s.sh, s.dh, s.top);
        for (int p = 0; p < rows.count; p++)
            dkernel_row(dkernel + (size_t)(rows.tap + p) * (size_t)s.kw * pixel,
                        x + (size_t)(rows.place + p * rows.step) * (size_t)s.w * (size_t)s.c, dy,
                        &s, (size_t)multiplier);
    }
}

void KERNEL(transpose_pixels)(nn_real *restrict y, nn_real *restrict spare, size_t n, size_t a,
                              size_t b)
{
    for (size_t i = 0; i < n; i++, y += a * b) {
        memcpy(spare, y, a * b * sizeof *y);
        for (size_t j = 0; j < a; j++)
            for (size_t k = 0; k < b; k++)
                y[k * a + j] = spare[j * b + k];
    }
}

/* ---- Average pooling: all weights are 1 ---- */

static const nn_real ones[STRIP] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static void divide(nn_real *restrict y, nn_real count, size_t c)
{
    for (size_t l = 0; l < c; l++)
        y[l] /= count;
}

void KERNEL(average_pool)(nn_real *y, const nn_real *x, const nn__window *window, int first,
                          int last)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, line = (size_t)s.w * c;
    for (int i = first; i < last; i++) {
        reach rows = cells_of(i, s.h, s.kh, s.sh, 1, s.top);
        for (int j = 0; j < s.ow; j++, y += c) {
            reach columns = cells_of(j, s.w, s.kw, s.sw, 1, s.left);
            walk k = walk_over(rows, columns, line, c, s.kw, 0);
            memset(y, 0, c * sizeof *y);
            sum_channels(y, x + (size_t)rows.place * line + (size_t)columns.place * c, ones, &k, c);
            divide(y, (nn_real)rows.count * (nn_real)columns.count, c);
        }
    }
}

void KERNEL(average_pool_gradient)(nn_real *dx, nn_real *dy, const nn__window *window)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, line = (size_t)s.ow * c;
    for (int i = 0; i < s.oh; i++) {
        reach rows = cells_of(i, s.h, s.kh, s.sh, 1, s.top);
        for (int j = 0; j < s.ow; j++) {
            reach columns = cells_of(j, s.w, s.kw, s.sw, 1, s.left);
            divide(dy + (size_t)i * line + (size_t)j * c,
                   (nn_real)rows.count * (nn_real)columns.count, c);
        }
    }
    for (int u = 0; u < s.h; u++) {
        reach rows = windows_of(u, s.oh, s.kh, s.sh, 1, s.top);
        for (int v = 0; v < s.w; v++, dx += c) {
            reach columns = windows_of(v, s.ow, s.kw, s.sw, 1, s.left);
            walk k = walk_over(rows, columns, line, c, s.kw, 0);
            const nn_real *from = dy;
            if (rows.count > 0 && columns.count > 0)
                from += (size_t)rows.place * line + (size_t)columns.place * c;
            else
                k.rows = 0;
            memset(dx, 0, c * sizeof *dx);
            sum_channels(dx, from, ones, &k, c);
        }
    }
}
