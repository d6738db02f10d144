/* Several arrays into one, element by element. */
#include "kernels/kernels.h"

void KERNEL(add_scaled)(nn_real *y, const nn_real *x, nn_real factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

/* y may be x. */
void KERNEL(multiply)(nn_real *y, const nn_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= x[i];
}

static void note(unsigned char *restrict where, const nn_real *y, const nn_real *x, int k,
                 int least, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int wins = least ? x[i] < y[i] : x[i] > y[i];
        where[i] = wins || x[i] != x[i] ? (unsigned char)k : where[i];
    }
}

void KERNEL(extreme)(nn_real *y, unsigned char *where, const nn_real *x, int k, int least, size_t n)
{
    if (where != NULL)
        note(where, y, x, k, least, n);
    for (size_t i = 0; i < n; i++) {
        int wins = least ? x[i] < y[i] : x[i] > y[i];
        y[i] = wins || x[i] != x[i] ? x[i] : y[i];
    }
}

void KERNEL(extreme_gradient)(nn_real *dx, const nn_real *dy, const unsigned char *where, int k,
                              size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = where[i] == k ? dy[i] : 0;
}
