/*
 * One row times a matrix: a dense layer on one sample. It costs as much as reading the matrix once,
 * so b is read as it lies, DEPTH rows at a time, the next of which are fetched meanwhile, and nothing is
 * packed.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum { DEPTH = 4, LINE = 64 / sizeof(nn_real) };

/* The same line of the cache of the DEPTH rows after these; past the last ones nothing is read. */
static inline void fetch_next(const nn_real *b, size_t ldb)
{
    for (size_t row = DEPTH; row < 2 * DEPTH; row++)
        __builtin_prefetch((const char *)b + row * ldb * sizeof *b);
}

/* c[n] += a[DEPTH] b[DEPTH][n] */
static inline void add_rows(nn_real *c, const nn_real *a, const nn_real *b, size_t ldb, size_t n)
{
    const nn_real *b1 = b + ldb, *b2 = b1 + ldb, *b3 = b2 + ldb;
    size_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        if (j % LINE == 0)
            fetch_next(b + j, ldb);
        store(c + j, 0,
              load(c + j, 0) + ((a[0] * load(b + j, 0) + a[1] * load(b1 + j, 0)) +
                                (a[2] * load(b2 + j, 0) + a[3] * load(b3 + j, 0))));
    }
    for (; j < n; j++)
        c[j] += (a[0] * b[j] + a[1] * b1[j]) + (a[2] * b2[j] + a[3] * b3[j]);
}

void KERNEL(row_product)(nn_real *c, const nn_real *a, const nn_real *b, int ldb, int adds, int n,
                         int k)
{
    const size_t step = (size_t)ldb;
    int at = 0;
    if (!adds)
        memset(c, 0, (size_t)n * sizeof *c);
    for (; at + DEPTH <= k; at += DEPTH, a += DEPTH, b += DEPTH * step)
        add_rows(c, a, b, step, (size_t)n);
    for (; at < k; at++, a++, b += step)
        for (int j = 0; j < n; j++)
            c[j] += a[0] * b[j];
}
