/*
 * Sums down the columns, so that a vector holds neighbouring columns and the order of additions
 * within a column is the same at every level.
 */
#include <string.h>

#include "kernels/kernels.h"

enum { LANES = 8, STRIP = 4 * LANES }; /* columns whose sums stay in registers */

/* sums[l] += sum over rows of x[row][l] for skip <= l < width; `width` is a constant where it is
 * inlined. */
static inline void sum_strip(nn_real *restrict sums, const nn_real *restrict x, size_t n, size_t c,
                             size_t width, size_t skip)
{
    nn_real total[STRIP];
    for (size_t l = 0; l < width; l++)
        total[l] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < width; l++)
            total[l] += x[i * c + l];
    for (size_t l = skip; l < width; l++)
        sums[l] += total[l];
}

void KERNEL(add_column_sums)(nn_real *sums, const nn_real *x, size_t n, size_t c)
{
    size_t j = 0;
    for (; j + STRIP <= c; j += STRIP)
        sum_strip(sums + j, x + j, n, c, STRIP, 0);
    for (; j + LANES <= c; j += LANES)
        sum_strip(sums + j, x + j, n, c, LANES, 0);
    if (j < c && c >= LANES) /* the last LANES columns, of which some are done */
        sum_strip(sums + c - LANES, x + c - LANES, n, c, LANES, LANES - (c - j));
    else if (j < c)
        sum_strip(sums, x, n, c, c, 0);
}

enum { PIECE = 1024 }; /* elements of each part summed at a time */

static void add_part(nn_real *restrict y, const nn_real *restrict a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a[i];
}

/*
 * The tree over the parts: 0+1 2+3 4+5 6, then 01+23 45+6, then 0123+456. Piece by piece, so that
 * a piece of each part is read from memory once.
 */
void KERNEL(tree_sum)(nn_real *sums, nn_real *parts, int part_count, size_t count, size_t first,
                      size_t last)
{
    size_t n = (size_t)part_count;
    for (size_t at = first; at < last; at += PIECE) {
        size_t length = last - at < PIECE ? last - at : PIECE;
        for (size_t stride = 1; stride < n; stride *= 2)
            for (size_t p = 0; p + stride < n; p += 2 * stride)
                add_part(parts + p * count + at, parts + (p + stride) * count + at, length);
        memcpy(sums + at, parts + at, length * sizeof *sums);
    }
}
