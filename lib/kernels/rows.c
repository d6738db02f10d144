/* Rows of a table by number, and rows by a factor per column. */
#include <string.h>

#include "kernels/kernels.h"

/* The row that x means: -1 where it is none of 0..count-1. */
static inline ptrdiff_t row_of(nn_real x, size_t count)
{
    return x >= 0 && x < (nn_real)count ? (ptrdiff_t)x : -1;
}

void KERNEL(take_rows)(nn_real *y, const nn_real *ids, const nn_real *table, size_t n, size_t count,
                       size_t c)
{
    for (size_t i = 0; i < n; i++, y += c) {
        ptrdiff_t row = row_of(ids[i], count);
        if (row >= 0)
            memcpy(y, table + (size_t)row * c, c * sizeof *y);
        else
            memset(y, 0, c * sizeof *y);
    }
}

void KERNEL(add_to_rows)(nn_real *table, const nn_real *ids, const nn_real *dy, size_t n,
                         size_t count, size_t c, size_t first, size_t last)
{
    memset(table + first * c, 0, (last - first) * c * sizeof *table);
    for (size_t i = 0; i < n; i++, dy += c) {
        ptrdiff_t row = row_of(ids[i], count);
        if (row < (ptrdiff_t)first || row >= (ptrdiff_t)last)
            continue;
        nn_real *restrict to = table + (size_t)row * c;
        for (size_t j = 0; j < c; j++)
            to[j] += dy[j];
    }
}

void KERNEL(column_scale)(nn_real *y, const nn_real *x, const nn_real *scale, size_t n, size_t c)
{
    const nn_real *restrict s = scale;
    for (size_t i = 0; i < n; i++, x += c, y += c)
        for (size_t j = 0; j < c; j++)
            y[j] = s[j] != 0 ? x[j] * s[j] : 0;
}

void KERNEL(center_divide)(nn_real *y, const nn_real *x, const nn_real *mean,
                           const nn_real *divisor, size_t n)
{
    const nn_real *restrict m = mean, *restrict d = divisor;
    for (size_t i = 0; i < n; i++)
        y[i] = (m != NULL ? x[i] - m[i] : x[i]) / d[i];
}

void KERNEL(multiply_shift)(nn_real *y, const nn_real *x, const nn_real *factor,
                            const nn_real *mean, size_t n)
{
    const nn_real *restrict m = mean, *restrict f = factor;
    for (size_t i = 0; i < n; i++)
        y[i] = m != NULL ? m[i] + x[i] * f[i] : x[i] * f[i];
}
