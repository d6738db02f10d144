/*
 * Element by element, without a choice to make. Each result depends on its own element only, so
 * every level and every cut into tasks gives the same bits.
 */
#include "kernels/kernels.h"

/* a may be y: both loops below are in place as they stand. */
void KERNEL(add)(nn_real *y, const nn_real *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a[i];
}

void KERNEL(scale_offset)(nn_real *y, const nn_real *x, nn_real scale, nn_real offset, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * scale + offset;
}

/*
 * Where the divisor is an nn_real, its own division gives the same bits as the double quotient
 * rounded to nn_real: rounding first to 53 bits and then to 24 never differs from rounding once,
 * as 53 >= 2 * 24 + 2 (Figueroa, "When is double rounding innocuous?", 1995).
 */
void KERNEL(bytes_to_real)(nn_real *y, const unsigned char *x, double divisor, size_t n)
{
    nn_real *restrict to = y;
    nn_real exact = (nn_real)divisor;
    if ((double)exact == divisor) {
        for (size_t i = 0; i < n; i++)
            to[i] = (nn_real)x[i] / exact;
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = (nn_real)((double)x[i] / divisor);
    }
}
