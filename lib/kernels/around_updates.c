/* What stands around every optimizer's rule; nothing here overlaps. */
#include "kernels/kernels.h"
#include "kernels/real.h"

enum { LANES = 16 };

double KERNEL(sum_of_squares)(const nn_real *x, size_t n)
{
    double lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i + l < n; l++)
        lanes[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t stride = LANES / 2; stride > 0; stride /= 2)
        for (size_t l = 0; l < stride; l++)
            lanes[l] += lanes[l + stride];
    return lanes[0];
}

void KERNEL(mean_gradient)(nn_real *g, nn_real *sum, nn_real steps, size_t n)
{
    nn_real *restrict gradient = g, *restrict total = sum;
    for (size_t i = 0; i < n; i++) {
        gradient[i] = (gradient[i] + total[i]) / steps;
        total[i] = 0;
    }
}

void KERNEL(clip)(nn_real *g, nn_real limit, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g[i] = g[i] > limit ? limit : g[i] < -limit ? -limit : g[i];
}

void KERNEL(decay)(nn_real *w, nn_real decay, nn_real rate, size_t n)
{
    for (size_t i = 0; i < n; i++)
        w[i] -= w[i] * decay * rate;
}

void KERNEL(blend)(nn_real *w, const nn_real *old, nn_real factor, size_t n)
{
    nn_real *restrict weight = w;
    for (size_t i = 0; i < n; i++)
        weight[i] = old[i] + factor * (weight[i] - old[i]);
}

void KERNEL(average)(nn_real *a, const nn_real *w, nn_real keep, nn_real rest, size_t n)
{
    nn_real *restrict mean = a;
    for (size_t i = 0; i < n; i++)
        mean[i] = keep * mean[i] + rest * w[i];
}
