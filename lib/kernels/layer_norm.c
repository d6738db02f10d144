/*
 * Layer normalization of each row of x[n][c]: mean and biased variance of the row in double, in LANES
 * sums that are added as a fixed tree: the same bits at every level.
 *   y = (x - mean) rstd gamma + beta,  rstd = 1 / sqrt(variance + epsilon)
 *   g = dy gamma,  xhat = (x - mean) rstd
 *   dx = rstd (g - (sum g) / c - xhat (sum g xhat) / c)
 */
#include <math.h>

#include "kernels/kernels.h"

enum { LANES = 16 };

static double tree(double s[LANES])
{
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t l = 0; l < width; l++)
            s[l] += s[l + width];
    return s[0];
}

static double row_sum(const nn_real *restrict x, size_t c)
{
    double s[LANES] = {0};
    size_t j = 0;
    for (; j + LANES <= c; j += LANES)
        for (size_t l = 0; l < LANES; l++)
            s[l] += (double)x[j + l];
    for (size_t l = 0; j + l < c; l++)
        s[l] += (double)x[j + l];
    return tree(s);
}

/* The sum of (x - mean)^2. */
static double row_squares(const nn_real *restrict x, double mean, size_t c)
{
    double s[LANES] = {0};
    size_t j = 0;
    for (; j + LANES <= c; j += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            double d = (double)x[j + l] - mean;
            s[l] += d * d;
        }
    }
    for (size_t l = 0; j + l < c; l++) {
        double d = (double)x[j + l] - mean;
        s[l] += d * d;
    }
    return tree(s);
}

void KERNEL(layer_norm)(nn_real *y, nn_real *statistics, const nn_real *x, const nn_real *gamma,
                        const nn_real *beta, double epsilon, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, y += c, x += c) {
        double mean = row_sum(x, c) / (double)c;
        double rstd = 1 / sqrt(row_squares(x, mean, c) / (double)c + epsilon);
        const nn_real m = (nn_real)mean, r = (nn_real)rstd;
        if (statistics != NULL) {
            statistics[2 * i] = m;
            statistics[2 * i + 1] = r;
        }
        for (size_t j = 0; j < c; j++)
            y[j] = (x[j] - m) * r;
        for (size_t j = 0; gamma != NULL && j < c; j++)
            y[j] *= gamma[j];
        for (size_t j = 0; beta != NULL && j < c; j++)
            y[j] += beta[j];
    }
}

void KERNEL(layer_norm_sums)(nn_real *dgamma, nn_real *dbeta, const nn_real *dy, const nn_real *x,
                             const nn_real *statistics, size_t n, size_t c)
{
    nn_real *restrict g = dgamma, *restrict b = dbeta;
    for (size_t i = 0; i < n; i++, dy += c, x += c) {
        const nn_real m = statistics[2 * i], r = statistics[2 * i + 1];
        for (size_t j = 0; g != NULL && j < c; j++)
            g[j] += dy[j] * ((x[j] - m) * r);
        for (size_t j = 0; b != NULL && j < c; j++)
            b[j] += dy[j];
    }
}

/* sum g and sum g (x - mean) of a row; dx takes g. */
static void row_products(double sums[2], nn_real *dx, const nn_real *dy, const nn_real *x,
                         const nn_real *gamma, double mean, size_t c)
{
    double s[LANES] = {0}, q[LANES] = {0};
    for (size_t j = 0; j < c; j++)
        dx[j] = gamma != NULL ? dy[j] * gamma[j] : dy[j];
    for (size_t j = 0; j < c; j += LANES) {
        size_t width = c - j < LANES ? c - j : LANES;
        for (size_t l = 0; l < width; l++) {
            s[l] += (double)dx[j + l];
            q[l] += (double)dx[j + l] * ((double)x[j + l] - mean);
        }
    }
    sums[0] = tree(s);
    sums[1] = tree(q);
}

void KERNEL(layer_norm_dx)(nn_real *dx, const nn_real *dy, const nn_real *x, const nn_real *gamma,
                           const nn_real *statistics, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, dx += c, dy += c, x += c) {
        const double m = (double)statistics[2 * i], r = (double)statistics[2 * i + 1];
        double sums[2];
        row_products(sums, dx, dy, x, gamma, m, c);
        const nn_real mean = (nn_real)m, a = (nn_real)r, level = (nn_real)(sums[0] / (double)c);
        const nn_real slope = (nn_real)(r * r * sums[1] / (double)c);
        for (size_t j = 0; j < c; j++)
            dx[j] = a * (dx[j] - level - (x[j] - mean) * slope);
    }
}
