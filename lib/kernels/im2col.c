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

enum { SHORT_RUN = 16 };

/* Copies n numbers; short runs with one fixed-size copy where reading and writing beyond is
 * harmless: the caller writes the numbers behind dst later, and src has SHORT_RUN to read. */
static inline void copy_run(nn_real *dst, const nn_real *src, size_t n, int room)
{
    if (n <= SHORT_RUN && room)
        memcpy(dst, src, SHORT_RUN * sizeof *dst);
    else
        memcpy(dst, src, n * sizeof *dst);
}

/* Row p of the window under output column j: kw * count_c numbers. y is the picture's row. */
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

void KERNEL(im2col)(nn_real *restrict col, const nn_real *restrict x, const nn__window *window,
                    int first_c, int count_c, int first, int last)
{
    const nn__window w = *window;
    const size_t run = (size_t)w.kw * (size_t)count_c;
    const nn_real *col_end = col + (size_t)(last - first) * (size_t)w.kh * run;
    const nn_real *x_end = x + (size_t)w.h * (size_t)w.w * (size_t)w.c;
    int whole = w.dw == 1 && count_c == w.c;
    int i = first / w.ow, j = first % w.ow;
    for (int pixel = first; pixel < last; pixel++) {
        int left = j * w.sw - w.left;
        int inside = whole && left >= 0 && left + w.kw <= w.w;
        for (int p = 0; p < w.kh; p++, col += run) {
            int y = i * w.sh + p * w.dh - w.top;
            if (y < 0 || y >= w.h) {
                memset(col, 0, run * sizeof *col);
                continue;
            }
            const nn_real *row = x + (size_t)y * (size_t)w.w * (size_t)w.c;
            if (!inside) {
                window_row(col, row, &w, first_c, count_c, j);
                continue;
            }
            const nn_real *src = row + (size_t)left * (size_t)w.c;
            copy_run(col, src, run, x_end - src >= SHORT_RUN && col_end - col >= SHORT_RUN);
        }
        if (++j == w.ow) {
            j = 0;
            i++;
        }
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
