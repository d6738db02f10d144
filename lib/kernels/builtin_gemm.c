/*
 * C = alpha op(A) op(B) + beta C without BLAS, for builds that have none and for sanitizers.
 * Goto's scheme in small: strips of B and blocks of A are copied, transposition resolved, into
 * local panels; a register tile of ROWS x COLUMNS sums over the panel's depth, in the level's
 * vectors, contracted to fused multiply-adds.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"

/* A tile's sums stay in registers: 16 of them, and 32 with AVX-512. */
enum {
    COLUMNS = 16,
    VECTORS = COLUMNS / LANES,
    ROWS = NN__SIMD_BYTES == 64 ? 8
           : VECTORS > 2        ? 2
                                : 4,
    DEPTH = 256
};

/* panel[k][COLUMNS] = op(B)[first_k + k][first_n + j], zero beyond n */
static void pack_b(nn_real *panel, const nn_real *b, int ldb, int transposed, int k, int n)
{
    for (int i = 0; i < k; i++)
        for (int j = 0; j < COLUMNS; j++)
            panel[i * COLUMNS + j] = j >= n       ? (nn_real)0
                                     : transposed ? b[(size_t)j * (size_t)ldb + (size_t)i]
                                                  : b[(size_t)i * (size_t)ldb + (size_t)j];
}

/* panel[k][ROWS] = alpha op(A)[first_m + i][first_k + k], zero beyond m */
static void pack_a(nn_real *panel, const nn_real *a, int lda, int transposed, nn_real alpha, int m,
                   int k)
{
    for (int p = 0; p < k; p++)
        for (int i = 0; i < ROWS; i++)
            panel[p * ROWS + i] =
                i >= m ? (nn_real)0
                       : alpha * (transposed ? a[(size_t)p * (size_t)lda + (size_t)i]
                                             : a[(size_t)i * (size_t)lda + (size_t)p]);
}

/* c[m][n] += the product of two panels of depth k */
static void tile(nn_real *c, int ldc, const nn_real *restrict a, const nn_real *restrict b, int k,
                 int m, int n)
{
    lanes sum[ROWS][VECTORS];
    nn_real sums[ROWS * COLUMNS];
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < VECTORS; v++)
            sum[i][v] = zeros();
    for (int p = 0; p < k; p++)
        for (int i = 0; i < ROWS; i++)
            for (int v = 0; v < VECTORS; v++)
                sum[i][v] += a[p * ROWS + i] * load(b + p * COLUMNS, v);
    for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < VECTORS; v++)
            store(sums + i * COLUMNS, v, sum[i][v]);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            c[(size_t)i * (size_t)ldc + (size_t)j] += sums[i * COLUMNS + j];
}

static void scale_c(nn_real *c, int ldc, nn_real beta, int m, int n)
{
    for (int i = 0; i < m; i++) {
        nn_real *row = c + (size_t)i * (size_t)ldc;
        if (beta == 0)
            memset(row, 0, (size_t)n * sizeof *row);
        else if (beta != 1)
            for (int j = 0; j < n; j++)
                row[j] *= beta;
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

void KERNEL(builtin_gemm)(int transpose_a, int transpose_b, int m, int n, int k, nn_real alpha,
                          const nn_real *a, int lda, const nn_real *b, int ldb, nn_real beta,
                          nn_real *c, int ldc)
{
    nn_real panel_a[ROWS * DEPTH], panel_b[COLUMNS * DEPTH];
    scale_c(c, ldc, beta, m, n);
    for (int p = 0; p < k; p += DEPTH) {
        int depth = least(DEPTH, k - p);
        for (int j = 0; j < n; j += COLUMNS) {
            int columns = least(COLUMNS, n - j);
            size_t b_first = transpose_b ? (size_t)j * (size_t)ldb + (size_t)p
                                         : (size_t)p * (size_t)ldb + (size_t)j;
            pack_b(panel_b, b + b_first, ldb, transpose_b, depth, columns);
            for (int i = 0; i < m; i += ROWS) {
                int rows = least(ROWS, m - i);
                size_t a_first = transpose_a ? (size_t)p * (size_t)lda + (size_t)i
                                             : (size_t)i * (size_t)lda + (size_t)p;
                pack_a(panel_a, a + a_first, lda, transpose_a, alpha, rows, depth);
                tile(c + (size_t)i * (size_t)ldc + j, ldc, panel_a, panel_b, depth, rows, columns);
            }
        }
    }
}
