/*
 * One row times a matrix: a dense layer on one sample. It costs as much as reading the matrix once,
 * so b is read as it lies, DEPTH rows at a time, and nothing is packed.
 */
#include <string.h>

#include "kernels/kernels.h"

enum { DEPTH = 4 };

void KERNEL(row_product)(nn_real *c, const nn_real *a, const nn_real *b, int ldb, nn_real beta,
                         int n, int k)
{
    nn_real *restrict y = c;
    int at = 0;
    if (beta == 0)
        memset(y, 0, (size_t)n * sizeof *y);
    for (int j = 0; beta != 0 && beta != 1 && j < n; j++)
        y[j] *= beta;
    for (; at + DEPTH <= k; at += DEPTH, a += DEPTH, b += (size_t)DEPTH * (size_t)ldb) {
        const nn_real *b1 = b + ldb, *b2 = b1 + ldb, *b3 = b2 + ldb;
        for (int j = 0; j < n; j++)
            y[j] += (a[0] * b[j] + a[1] * b1[j]) + (a[2] * b2[j] + a[3] * b3[j]);
    }
    for (; at < k; at++, a++, b += ldb)
        for (int j = 0; j < n; j++)
            y[j] += a[0] * b[j];
}
