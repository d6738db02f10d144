/*
 * Batch normalization over the columns (channels) of x[n][c].
 *
 * Statistics are taken in blocks of ROWS rows by STRIP columns that fit the first cache: sums
 * within a block in nn_real, in registers; blocks are joined in double. A block's moments come
 * from two passes: its mean m, then d = x - m with sum d and sum d^2, where
 *   mean = m + sum d / r,   m2 = sum d^2 - (sum d)^2 / r
 * takes back the rounding of m. Two sets of moments (na, a, m2a), (nb, b, m2b) are joined by
 *   mean = a + (b - a) nb / (na + nb),   m2 = m2a + m2b + (b - a)^2 na nb / (na + nb)
 * (Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979). Cut and order follow from n and c: the same bits at every level.
 */
#include "kernels/kernels.h"

enum { ROWS = 64, LANES = 8, STRIP = 4 * LANES };

/* sum d and sum d^2 of a block about `mean`, which the first pass sets. */
static inline void block_moments(nn_real *restrict mean, nn_real *restrict sum,
                                 nn_real *restrict squares, const nn_real *restrict x, size_t rows,
                                 size_t c, size_t width)
{
    nn_real s[STRIP], m[STRIP], q[STRIP];
    for (size_t l = 0; l < width; l++)
        s[l] = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < width; l++)
            s[l] += x[i * c + l];
    for (size_t l = 0; l < width; l++) {
        m[l] = s[l] / (nn_real)rows;
        s[l] = q[l] = 0;
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t l = 0; l < width; l++) {
            nn_real d = x[i * c + l] - m[l];
            s[l] += d;
            q[l] += d * d;
        }
    }
    for (size_t l = 0; l < width; l++) {
        mean[l] = m[l];
        sum[l] = s[l];
        squares[l] = q[l];
    }
}

/* Joins a block of `rows` rows to the moments of the `before` rows above it. */
static void join_moments(double *restrict mean, double *restrict m2, const nn_real *restrict m,
                         const nn_real *restrict sum, const nn_real *restrict squares,
                         size_t before, size_t rows, size_t width)
{
    double r = (double)rows, share = r / (double)(before + rows), weight = share * (double)before;
    for (size_t l = 0; l < width; l++) {
        double s = (double)sum[l], block = (double)m[l] + s / r, delta = block - mean[l];
        mean[l] += delta * share;
        m2[l] += (double)squares[l] - s * s / r + delta * delta * weight;
    }
}

static void moments_strip(double *mean, double *m2, const nn_real *x, size_t before, size_t rows,
                          size_t c, size_t width)
{
    nn_real m[STRIP], sum[STRIP], squares[STRIP];
    if (width == STRIP)
        block_moments(m, sum, squares, x, rows, c, STRIP);
    else if (width == LANES)
        block_moments(m, sum, squares, x, rows, c, LANES);
    else
        block_moments(m, sum, squares, x, rows, c, width);
    join_moments(mean, m2, m, sum, squares, before, rows, width);
}

/* Strips of STRIP columns, then of LANES, then the rest. */
static inline size_t strip_width(size_t left)
{
    return left >= STRIP ? STRIP : left >= LANES ? LANES : left;
}

void KERNEL(column_moments)(double *mean, double *m2, const nn_real *x, size_t n, size_t c)
{
    for (size_t j = 0; j < c; j++)
        mean[j] = m2[j] = 0;
    for (size_t i = 0; i < n; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        for (size_t j = 0, width; j < c; j += width) {
            width = strip_width(c - j);
            moments_strip(mean + j, m2 + j, x + i * c + j, i, rows, c, width);
        }
    }
}

void KERNEL(column_scale_shift)(nn_real *y, const nn_real *x, const nn_real *scale,
                                const nn_real *shift, size_t n, size_t c)
{
    const nn_real *restrict s = scale, *restrict t = shift;
    for (size_t i = 0; i < n; i++, x += c, y += c)
        for (size_t j = 0; j < c; j++)
            y[j] = x[j] * s[j] + t[j];
}

/* sum dy and sum dy (x - mean) of a block. */
static inline void block_sums(nn_real *restrict sum, nn_real *restrict product,
                              const nn_real *restrict dy, const nn_real *restrict x,
                              const nn_real *restrict mean, size_t rows, size_t c, size_t width)
{
    nn_real s[STRIP], q[STRIP], m[STRIP];
    for (size_t l = 0; l < width; l++) {
        s[l] = q[l] = 0;
        m[l] = mean[l];
    }
    for (size_t i = 0; i < rows; i++) {
        for (size_t l = 0; l < width; l++) {
            nn_real g = dy[i * c + l];
            s[l] += g;
            q[l] += g * (x[i * c + l] - m[l]);
        }
    }
    for (size_t l = 0; l < width; l++) {
        sum[l] = s[l];
        product[l] = q[l];
    }
}

static void sums_strip(double *sum_dy, double *sum_dy_xhat, const nn_real *dy, const nn_real *x,
                       const nn_real *mean, size_t rows, size_t c, size_t width)
{
    nn_real sum[STRIP], product[STRIP];
    if (width == STRIP)
        block_sums(sum, product, dy, x, mean, rows, c, STRIP);
    else if (width == LANES)
        block_sums(sum, product, dy, x, mean, rows, c, LANES);
    else
        block_sums(sum, product, dy, x, mean, rows, c, width);
    for (size_t l = 0; l < width; l++) {
        sum_dy[l] += (double)sum[l];
        sum_dy_xhat[l] += (double)product[l];
    }
}

void KERNEL(batch_norm_sums)(double *sum_dy, double *sum_dy_xhat, const nn_real *dy,
                             const nn_real *x, const nn_real *mean, const nn_real *rstd, size_t n,
                             size_t c)
{
    for (size_t j = 0; j < c; j++)
        sum_dy[j] = sum_dy_xhat[j] = 0;
    for (size_t i = 0; i < n; i += ROWS) {
        size_t rows = n - i < ROWS ? n - i : ROWS;
        for (size_t j = 0, width; j < c; j += width) {
            width = strip_width(c - j);
            sums_strip(sum_dy + j, sum_dy_xhat + j, dy + i * c + j, x + i * c + j, mean + j, rows,
                       c, width);
        }
    }
    for (size_t j = 0; j < c; j++)
        sum_dy_xhat[j] *= (double)rstd[j];
}

void KERNEL(batch_norm_dx)(nn_real *dx, const nn_real *dy, const nn_real *x, const nn_real *a,
                           const nn_real *b, const nn_real *d, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, dx += c, dy += c, x += c)
        for (size_t j = 0; j < c; j++)
            dx[j] = a[j] * dy[j] + b[j] * x[j] + d[j];
}
