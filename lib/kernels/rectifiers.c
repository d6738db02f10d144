/*
 * Rectifiers with parameters, for the layers of these names.
 *   rectify   y = x <= threshold ? slope (x - threshold) : min(x, most)
 *   elu       y = x > 0 ? x : alpha (exp(x) - 1)
 *   prelu     y = x > 0 ? x : alpha[i] x
 * NaN stays NaN forward.
 */
#include "kernels/kernels.h"
#include "kernels/real.h"

/* With slope 0 an infinite x must not give NaN. */
void KERNEL(rectify)(nn_real *y, const nn_real *x, const nn__rectifier *r, size_t n)
{
    const nn_real slope = r->slope, threshold = r->threshold, most = r->most;
    for (size_t i = 0; i < n; i++) {
        nn_real v = x[i], below = slope == 0 ? 0 : slope * (v - threshold);
        y[i] = v <= threshold ? below : v > most ? most : v;
    }
}

void KERNEL(rectify_gradient)(nn_real *dx, const nn_real *dy, const nn_real *by,
                              const nn__rectifier *r, size_t n)
{
    const nn_real slope = r->slope, threshold = r->threshold, most = r->most;
    for (size_t i = 0; i < n; i++) {
        nn_real above = by[i] < most ? dy[i] : 0;
        dx[i] = by[i] > threshold ? above : slope * dy[i];
    }
}

void KERNEL(elu)(nn_real *y, const nn_real *x, nn_real alpha, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : alpha * nn__real_expm1(x[i]);
}

void KERNEL(elu_gradient)(nn_real *dx, const nn_real *dy, const nn_real *y, nn_real alpha, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = y[i] > 0 ? dy[i] : dy[i] * (y[i] + alpha);
}

void KERNEL(prelu)(nn_real *y, const nn_real *x, const nn_real *alpha, size_t n)
{
    const nn_real *restrict a = alpha;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : a[i] * x[i];
}

void KERNEL(prelu_dalpha)(nn_real *sums, const nn_real *dy, const nn_real *x, size_t n)
{
    nn_real *restrict s = sums;
    for (size_t i = 0; i < n; i++)
        s[i] += x[i] > 0 ? 0 : dy[i] * x[i];
}

void KERNEL(prelu_dx)(nn_real *dx, const nn_real *dy, const nn_real *x, const nn_real *alpha,
                      size_t n)
{
    const nn_real *restrict a = alpha, *restrict v = x;
    for (size_t i = 0; i < n; i++) {
        nn_real below = v[i] < 0 ? a[i] * dy[i] : 0;
        dx[i] = v[i] > 0 ? dy[i] : below;
    }
}
