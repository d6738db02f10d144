/*
 * Upsampling of one picture x[h][w][c] to y[oh][ow][c], oh = h sh, ow = w sw.
 *   nearest    y[i][j] = x[i / sh][j / sw]
 *   bilinear   output i lies at (i + 1/2) / sh - 1/2 between two rows of x, those at the border
 *              doubled; likewise columns; y is the mean of four, weighted by nearness
 * The adjoint gathers: an x sums over the outputs near it, row by row.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/real.h"

/* Output u size + r is (1 - part) x[low] + part x[high]. */
typedef struct between {
    int low, high;
    nn_real part;
} between;

static between between_of(int u, int r, int n, int size, int bilinear)
{
    between b = {.low = u, .high = u};
    int way = 2 * r + 1 - size; /* from the middle of x[u], in 1 / (2 size) */
    if (!bilinear || way == 0)
        return b;
    if (way < 0)
        b.low--, way += 2 * size;
    else
        b.high++;
    b.low = b.low < 0 ? 0 : b.low;
    b.high = b.high < n ? b.high : n - 1;
    b.part = (nn_real)way / (nn_real)(2 * size);
    return b;
}

static inline nn_real mix(nn_real a, nn_real b, nn_real part)
{
    return a + (b - a) * part;
}

static void mix_pixel(nn_real *restrict y, const nn_real *restrict top,
                      const nn_real *restrict bottom, size_t low, size_t high, nn_real column,
                      nn_real row, size_t c)
{
    for (size_t l = 0; l < c; l++)
        y[l] = mix(mix(top[low + l], top[high + l], column),
                   mix(bottom[low + l], bottom[high + l], column), row);
}

void KERNEL(upsample)(nn_real *y, const nn_real *x, const nn__window *window, int bilinear,
                      int first, int last)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, line = (size_t)s.w * c;
    for (int i = first; i < last; i++) {
        between rows = between_of(i / s.sh, i % s.sh, s.h, s.sh, bilinear);
        const nn_real *top = x + (size_t)rows.low * line, *bottom = x + (size_t)rows.high * line;
        for (int j = 0; j < s.ow; j++, y += c) {
            between columns = between_of(j / s.sw, j % s.sw, s.w, s.sw, bilinear);
            size_t low = (size_t)columns.low * c;
            if (bilinear)
                mix_pixel(y, top, bottom, low, (size_t)columns.high * c, columns.part, rows.part,
                          c);
            else
                memcpy(y, top + low, c * sizeof *y);
        }
    }
}

/* x[u]'s share of an output. */
static nn_real share_of(int u, between b)
{
    return (b.low == u ? 1 - b.part : 0) + (b.high == u ? b.part : 0);
}

static void add_share(nn_real *restrict dx, const nn_real *restrict dy, nn_real part, size_t c)
{
    for (size_t l = 0; l < c; l++)
        dx[l] += dy[l] * part;
}

/* dx[v] of a row += row times its shares of the outputs dy[ow][c]. */
static NN__ONE_COPY void gather_columns(nn_real *dx, const nn_real *dy, const nn__window *s,
                                        int bilinear, int v, nn_real row)
{
    const size_t c = (size_t)s->c;
    for (int b = v > 0 ? v - bilinear : v; b <= v + bilinear && b < s->w; b++)
        for (int r = 0; r < s->sw; r++) {
            nn_real part = row * share_of(v, between_of(b, r, s->w, s->sw, bilinear));
            if (part != 0)
                add_share(dx, dy + ((size_t)b * (size_t)s->sw + (size_t)r) * c, part, c);
        }
}

void KERNEL(upsample_gradient)(nn_real *dx, const nn_real *dy, const nn__window *window,
                               int bilinear, int first, int last)
{
    const nn__window s = *window;
    const size_t c = (size_t)s.c, line = (size_t)s.ow * c;
    memset(dx, 0, (size_t)(last - first) * (size_t)s.w * c * sizeof *dx);
    for (int u = first; u < last; u++, dx += (size_t)s.w * c)
        for (int b = u > 0 ? u - bilinear : u; b <= u + bilinear && b < s.h; b++)
            for (int r = 0; r < s.sh; r++) {
                nn_real row = share_of(u, between_of(b, r, s.h, s.sh, bilinear));
                const nn_real *from = dy + ((size_t)b * (size_t)s.sh + (size_t)r) * line;
                for (int v = 0; v < s.w && row != 0; v++)
                    gather_columns(dx + (size_t)v * c, from, &s, bilinear, v, row);
            }
}
