/*
 * A product of little depth: C = A' B, as the gradient of a dense layer's weights on one batch. BLAS
 * packs both operands first, which is much of the work where each number is then met so few times.
 * Here A is read as it lies; of B a strip of some vectors, as deep as the product, is copied, and ROWS
 * rows of C by that strip are summed in registers.
 */
#include "kernels/kernels.h"
#include "kernels/lanes.h"

enum {
    ROWS = NN__SIMD_BYTES == 64 ? 8 : 4,
    SPAN = NN__SIMD_BYTES == 16 ? 2 : 3, /* vectors of a strip */
    DEEPEST = NN__SHALLOW_DEPTH
};

#define INLINE static inline __attribute__((always_inline))

/* c[rows][vectors] = a' b: a[k][..] with lda, b[k][vectors]. */
INLINE void tile(nn_real *c, size_t ldc, const nn_real *a, size_t lda, const lanes *b, size_t k,
                 size_t rows, size_t vectors)
{
    lanes sum[ROWS][SPAN];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < vectors; v++)
            sum[i][v] = zeros();
    for (size_t p = 0; p < k; p++, a += lda, b += vectors)
        for (size_t i = 0; i < rows; i++)
            for (size_t v = 0; v < vectors; v++)
                sum[i][v] += a[i] * b[v];
    for (size_t i = 0; i < rows; i++, c += ldc)
        for (size_t v = 0; v < vectors; v++)
            store(c, (int)v, sum[i][v]);
}

INLINE void strip(nn_real *c, size_t ldc, const nn_real *a, size_t lda, const nn_real *b,
                  size_t ldb, size_t m, size_t k, size_t vectors)
{
    lanes copy[DEEPEST * SPAN];
    for (size_t p = 0; p < k; p++, b += ldb)
        for (size_t v = 0; v < vectors; v++)
            copy[p * vectors + v] = load(b, (int)v);
    for (; m >= ROWS; m -= ROWS, c += ROWS * ldc, a += ROWS)
        tile(c, ldc, a, lda, copy, k, ROWS, vectors);
    for (; m > 0; m--, c += ldc, a++)
        tile(c, ldc, a, lda, copy, k, 1, vectors);
}

void KERNEL(shallow_product)(nn_real *c, int ldc, const nn_real *a, int lda, const nn_real *b,
                             int ldb, int m, int n, int k)
{
    const size_t width = (size_t)n;
    size_t j = 0;
    for (; j + SPAN * LANES <= width; j += SPAN * LANES)
        strip(c + j, (size_t)ldc, a, (size_t)lda, b + j, (size_t)ldb, (size_t)m, (size_t)k, SPAN);
    while (j < width) { /* the last vector begins earlier where it would be short */
        j = j + LANES <= width ? j : width - LANES;
        strip(c + j, (size_t)ldc, a, (size_t)lda, b + j, (size_t)ldb, (size_t)m, (size_t)k, 1);
        j += LANES;
    }
}
