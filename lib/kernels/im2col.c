/*
 * Lowering a picture to the matrix whose product with the kernel is the convolution, and back.
 *
 *   x[h][w][c]   col[pixel][kh][kw][count_c]: under each output pixel its window, zeros where the
 *                window leaves the picture
 *
 * NHWC makes the q and k of one window row a single run in x whenever the window is not dilated
 * and takes all channels, so most of the work is copying runs of kw * c numbers.
 */
#include <string.h>

#include "kernels/kernels.h"

enum { SHORT = 8 }; /* a run of SHORT..2 SHORT numbers is two copies of SHORT that may overlap */

/* count runs of n numbers, from src every src_step to dst every dst_step. */
static void copy_runs(nn_real *restrict dst, size_t dst_step, const nn_real *restrict src,
                      size_t src_step, size_t n, int count)
{
    if (n >= SHORT && n <= 2 * SHORT)
        for (int i = 0; i < count; i++, dst += dst_step, src += src_step) {
            memcpy(dst, src, SHORT * sizeof *dst);
            memcpy(dst + n - SHORT, src + n - SHORT, SHORT * sizeof *dst);
        }
    else
        for (int i = 0; i < count; i++, dst += dst_step, src += src_step)
            memcpy(dst, src, n * sizeof *dst);
}

/* Row p of the window under output column j: kw * count_c numbers. row is the picture's. */
static void window_row(nn_real *col, const nn_real *row, const nn__window *w, int first_c,
                       int count_c, int j)
{
    for (int q = 0; q < w->kw; q++, col += count_c) {
        int x = j * w->sw + q * w->dw - w->left;
        if (x < 0 || x >= w->w)
            memset(col, 0, (size_t)count_c * sizeof *col);
        else
            memcpy(col, row + (size_t)x * (size_t)w->c + first_c, (size_t)count_c * sizeof *col);
    }
}

/* The output columns [*first, *last) whose windows lie inside the picture from left to right, when
 * they are single runs; none otherwise. */
static void run_columns(const nn__window *w, int count_c, int *first, int *last)
{
    *first = *last = 0;
    if (w->dw != 1 || count_c != w->c || w->w + w->left < w->kw)
        return;
    *first = (w->left + w->sw - 1) / w->sw;
    *last = (w->w + w->left - w->kw) / w->sw + 1;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Window row p of the output columns [j, end) of one output row; col has one pixel per `depth`. */
static void lower_row(nn_real *col, size_t depth, const nn_real *row, const nn__window *w,
                      int first_c, int count_c, int j, int end)
{
    int first, last;
    run_columns(w, count_c, &first, &last);
    first = clamp(first, j, end);
    last = clamp(last, first, end);
    for (; j < first; j++, col += depth)
        window_row(col, row, w, first_c, count_c, j);
    if (first < last)
        copy_runs(col, depth, row + (size_t)(first * w->sw - w->left) * (size_t)w->c,
                  (size_t)w->sw * (size_t)w->c, (size_t)w->kw * (size_t)count_c, last - first);
    col += (size_t)(last - first) * depth;
    for (j = last; j < end; j++, col += depth)
        window_row(col, row, w, first_c, count_c, j);
}

void KERNEL(im2col)(nn_real *restrict col, const nn_real *restrict x, const nn__window *window,
                    int first_c, int count_c, int first, int last)
{
    const nn__window w = *window;
    const size_t run = (size_t)w.kw * (size_t)count_c, depth = run * (size_t)w.kh;
    for (int pixel = first; pixel < last;) {
        int i = pixel / w.ow, j = pixel % w.ow;
        int end = last - pixel < w.ow - j ? j + last - pixel : w.ow;
        for (int p = 0; p < w.kh; p++) {
            int y = i * w.sh + p * w.dh - w.top;
            nn_real *to = col + (size_t)p * run;
            if (y >= 0 && y < w.h)
                lower_row(to, depth, x + (size_t)y * (size_t)w.w * (size_t)w.c, &w, first_c,
                          count_c, j, end);
            else
                for (int k = j; k < end; k++, to += depth)
                    memset(to, 0, run * sizeof *to);
        }
        col += (size_t)(end - j) * depth;
        pixel += end - j;
    }
}

static void add_run(nn_real *restrict x, const nn_real *restrict a, size_t n)
{
    for (size_t k = 0; k < n; k++)
        x[k] += a[k];
}

void KERNEL(col2im)(nn_real *restrict x, const nn_real *restrict col, const nn__window *window,
                    int first_c, int count_c, int first, int last)
{
    const nn__window w = *window;
    for (int pixel = first; pixel < last; pixel++) {
        int i = pixel / w.ow, j = pixel % w.ow;
        for (int p = 0; p < w.kh; p++) {
            int y = i * w.sh + p * w.dh - w.top;
            for (int q = 0; q < w.kw; q++, col += count_c) {
                int z = j * w.sw + q * w.dw - w.left;
                if (y < 0 || y >= w.h || z < 0 || z >= w.w)
                    continue;
                size_t place = ((size_t)y * (size_t)w.w + (size_t)z) * (size_t)w.c;
                add_run(x + place + first_c, col, (size_t)count_c);
            }
        }
    }
}

void KERNEL(turn_kernel)(nn_real *restrict turned, const nn_real *restrict kernel, int kh, int kw,
                         int c, int f, int first, int last)
{
    const size_t size = (size_t)c * (size_t)f;
    for (int p = first; p < last; p++)
        for (int q = 0; q < kw; q++) {
            const nn_real *from =
                kernel + ((size_t)(kh - 1 - p) * (size_t)kw + (size_t)(kw - 1 - q)) * size;
            nn_real *to = turned + ((size_t)p * (size_t)kw + (size_t)q) * size;
            for (int k = 0; k < f; k++)
                for (int j = 0; j < c; j++)
                    to[(size_t)k * (size_t)c + (size_t)j] = from[(size_t)j * (size_t)f + (size_t)k];
        }
}
