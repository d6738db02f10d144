/* The penalties of regularizers: sums over a piece of a weight, and their gradient. */
#include "kernels/kernels.h"

enum { LANES = 16 }; /* sums that run side by side, the same at every level */

void KERNEL(penalty_sums)(double *sums, const nn_real *w, size_t n)
{
    double absolute[LANES] = {0}, squares[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            double x = (double)w[i + l];
            absolute[l] += x < 0 ? -x : x;
            squares[l] += x * x;
        }
    for (size_t l = 0; i + l < n; l++) {
        double x = (double)w[i + l];
        absolute[l] += x < 0 ? -x : x;
        squares[l] += x * x;
    }
    sums[0] = sums[1] = 0;
    for (size_t l = 0; l < LANES; l++) {
        sums[0] += absolute[l];
        sums[1] += squares[l];
    }
}

void KERNEL(penalty_gradient)(nn_real *g, const nn_real *w, nn_real l1, nn_real l2, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        nn_real sign = (nn_real)((w[i] > 0) - (w[i] < 0));
        g[i] += l1 * sign + 2 * l2 * w[i];
    }
}
