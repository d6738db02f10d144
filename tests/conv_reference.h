/*
 * Convolutions of one group, strides and dilation 1, by plain loops in double, and how far a way of
 * computing them may be from that. The bounds are derived: every number is a chain of sums of
 * products, whose rounding error is at most the number of roundings in the chain, times half a unit,
 * times the same chain over absolute values (Higham, "Accuracy and stability of numerical
 * algorithms", 3.5). The chains over absolute values are evaluated here, in double.
 *
 * Used by the tests and by nn_bench; needs no test framework.
 */
#ifndef NN__TESTS_CONV_REFERENCE_H
#define NN__TESTS_CONV_REFERENCE_H

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "nn/base.h"

enum { CONV_K = 3, CONV_WINDOW = CONV_K * CONV_K };

/* 3x3 over x[n][h][w][c] with f filters; oh, ow and pad are conv_fitted's. */
typedef struct conv_shape {
    int n, h, w, c, f, same;
    int oh, ow, pad;
} conv_shape;

/* x[n][h][w][c], kernel[3][3][c][f], dy[n][oh][ow][f]. */
typedef struct conv_numbers {
    const nn_real *x, *kernel, *dy;
} conv_numbers;

/* y as dy, dx as x, dkernel as kernel: results, or what each number may be off. */
typedef struct conv_results {
    double *y, *dx, *dkernel;
} conv_results;

static inline conv_shape conv_fitted(conv_shape s)
{
    s.pad = s.same ? 1 : 0;
    s.oh = s.same ? s.h : s.h - CONV_K + 1;
    s.ow = s.same ? s.w : s.w - CONV_K + 1;
    return s;
}

/* Half a unit in the last place of 1. */
static inline double conv_unit(void)
{
    return sizeof(nn_real) == sizeof(float) ? (double)FLT_EPSILON / 2 : DBL_EPSILON / 2;
}

/* Numbers that the whole program ends without. */
static inline double *conv_doubles(size_t count)
{
    double *values = calloc(count, sizeof *values);
    if (values == NULL)
        abort();
    return values;
}

/* ---- Plain loops ---- */

static inline void conv_reference_pixel(conv_results r, conv_numbers v, const conv_shape *s, int k,
                                        size_t y, size_t x)
{
    for (size_t c = 0; c < (size_t)s->c; c++) {
        const size_t at = x * (size_t)s->c + c, w = ((size_t)k * (size_t)s->c + c) * (size_t)s->f;
        const double value = (double)v.x[at];
        double sum = 0;
        for (size_t f = 0; f < (size_t)s->f; f++) {
            const double dy = (double)v.dy[y * (size_t)s->f + f], weight = (double)v.kernel[w + f];
            r.y[y * (size_t)s->f + f] += value * weight;
            r.dkernel[w + f] += dy * value;
            sum += dy * weight;
        }
        r.dx[at] += sum;
    }
}

/* Adds to r, which the caller has zeroed. */
static inline void conv_reference(conv_results r, conv_numbers v, const conv_shape *s)
{
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for (int k = 0; k < CONV_WINDOW; k++) {
                    const int p = i + k / CONV_K - s->pad, q = j + k % CONV_K - s->pad;
                    if (p >= 0 && p < s->h && q >= 0 && q < s->w)
                        conv_reference_pixel(r, v, s, k, (size_t)((n * s->oh + i) * s->ow + j),
                                             (size_t)((n * s->h + p) * s->w + q));
                }
}

/* ---- Winograd's chains over absolute values: F(4x4, 3x3), see lib/kernels/winograd.c ---- */

enum { CONV_S = 6, CONV_T = 4, CONV_POINTS = CONV_S * CONV_S };

/* Roundings of one number in the transforms: two dimensions each. */
enum {
    CONV_OF_INPUTS = 2 * 4,
    CONV_OF_KERNEL = 2 * 3 + 1,
    CONV_OF_OUTPUTS = 2 * 5,
    CONV_OF_GRADIENTS = 2 * 4
};

static const double conv_b[CONV_S][CONV_S] = {{4, 0, 5, 0, 1, 0}, {0, 4, 4, 1, 1, 0},
                                              {0, 4, 4, 1, 1, 0}, {0, 2, 1, 2, 1, 0},
                                              {0, 2, 1, 2, 1, 0}, {0, 4, 0, 5, 0, 1}};
static const double conv_g[CONV_S][CONV_K] = {{1. / 4, 0, 0},
                                              {1. / 6, 1. / 6, 1. / 6},
                                              {1. / 6, 1. / 6, 1. / 6},
                                              {1. / 24, 1. / 12, 1. / 6},
                                              {1. / 24, 1. / 12, 1. / 6},
                                              {0, 0, 1}};
static const double conv_a[CONV_T][CONV_S] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}};

/* out[rows][rows] = left in[inner][inner] left'; left[rows][inner], or its transpose as it lies. */
static inline void conv_sandwich(double *out, const double *left, const double *in, int rows,
                                 int inner, int transposed)
{
    const int down = transposed ? 1 : inner, along = transposed ? rows : 1;
    double half[CONV_POINTS];
    for (int i = 0; i < rows; i++)
        for (int q = 0; q < inner; q++) {
            double sum = 0;
            for (int p = 0; p < inner; p++)
                sum += left[i * down + p * along] * in[p * inner + q];
            half[i * inner + q] = sum;
        }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            double sum = 0;
            for (int q = 0; q < inner; q++)
                sum += half[i * inner + q] * left[j * down + q * along];
            out[i * rows + j] = sum;
        }
}

static inline int conv_tiles_across(int outputs)
{
    return (outputs + CONV_T - 1) / CONV_T;
}

static inline int conv_tiles(const conv_shape *s)
{
    return s->n * conv_tiles_across(s->oh) * conv_tiles_across(s->ow);
}

/* The picture and the first output of a tile. */
static inline void conv_tile_at(const conv_shape *s, int tile, int *n, int *i, int *j)
{
    const int across = conv_tiles_across(s->ow), down = conv_tiles_across(s->oh);
    *j = tile % across * CONV_T;
    *i = tile / across % down * CONV_T;
    *n = tile / across / down;
}

/* |values[n][h][w][c]|, 0 outside of the picture. */
static inline double conv_value(const nn_real *values, const int extents[3], int n, int i, int j,
                                int c)
{
    const int h = extents[0], w = extents[1];
    return i < 0 || i >= h || j < 0 || j >= w
               ? 0
               : fabs((double)values[((n * h + i) * w + j) * extents[2] + c]);
}

/* v[c][36] = |B'| |d| |B| of a tile of x. */
static inline void conv_tile_v(double *v, const nn_real *x, const conv_shape *s, int tile)
{
    int n, i, j;
    conv_tile_at(s, tile, &n, &i, &j);
    for (int c = 0; c < s->c; c++) {
        double d[CONV_POINTS];
        for (int k = 0; k < CONV_POINTS; k++)
            d[k] = conv_value(x, (const int[]){s->h, s->w, s->c}, n, i + k / CONV_S - s->pad,
                              j + k % CONV_S - s->pad, c);
        conv_sandwich(v + c * CONV_POINTS, &conv_b[0][0], d, CONV_S, CONV_S, 0);
    }
}

/* w[f][36] = |A| |dy| |A'| of a tile. */
static inline void conv_tile_w(double *w, const nn_real *dy, const conv_shape *s, int tile)
{
    int n, i, j;
    conv_tile_at(s, tile, &n, &i, &j);
    for (int f = 0; f < s->f; f++) {
        double d[CONV_T * CONV_T];
        for (int k = 0; k < CONV_T * CONV_T; k++)
            d[k] = conv_value(dy, (const int[]){s->oh, s->ow, s->f}, n, i + k / CONV_T,
                              j + k % CONV_T, f);
        conv_sandwich(w + f * CONV_POINTS, &conv_a[0][0], d, CONV_S, CONV_T, 1);
    }
}

/* u[c][f][36] = |G| |g| |G'|. */
static inline void conv_kernel_u(double *u, const nn_real *kernel, const conv_shape *s)
{
    for (int at = 0; at < s->c * s->f; at++) {
        double g[CONV_WINDOW];
        for (int k = 0; k < CONV_WINDOW; k++)
            g[k] = fabs((double)kernel[k * s->c * s->f + at]);
        conv_sandwich(u + at * CONV_POINTS, &conv_g[0][0], g, CONV_S, CONV_K, 0);
    }
}

/* The 4x4 outputs of a tile and a filter, in units of the roundings. */
static inline void conv_tile_outputs(double *y, const double *u, const double *v,
                                     const conv_shape *s, int f)
{
    double m[CONV_POINTS] = {0};
    for (int c = 0; c < s->c; c++)
        for (int k = 0; k < CONV_POINTS; k++)
            m[k] += u[(c * s->f + f) * CONV_POINTS + k] * v[c * CONV_POINTS + k];
    conv_sandwich(y, &conv_a[0][0], m, CONV_T, CONV_S, 0);
}

/* bound[n][oh][ow][f] of x * kernel. */
static inline void conv_winograd_outputs(double *bound, const nn_real *x, const nn_real *kernel,
                                         const conv_shape *s)
{
    const double unit = conv_unit() * (CONV_OF_INPUTS + CONV_OF_KERNEL + s->c + CONV_OF_OUTPUTS);
    double *u = conv_doubles((size_t)s->c * (size_t)s->f * CONV_POINTS),
           *v = conv_doubles((size_t)s->c * CONV_POINTS), y[CONV_T * CONV_T];
    conv_kernel_u(u, kernel, s);
    for (int tile = 0; tile < conv_tiles(s); tile++) {
        int n, i, j;
        conv_tile_at(s, tile, &n, &i, &j);
        conv_tile_v(v, x, s, tile);
        for (int f = 0; f < s->f; f++) {
            conv_tile_outputs(y, u, v, s, f);
            for (int p = 0; p < CONV_T && i + p < s->oh; p++)
                for (int q = 0; q < CONV_T && j + q < s->ow; q++)
                    bound[((n * s->oh + i + p) * s->ow + j + q) * s->f + f] =
                        unit * y[p * CONV_T + q];
        }
    }
    free(u);
    free(v);
}

/* bound[3][3][c][f] of dkernel. */
static inline void conv_winograd_kernel(double *bound, const nn_real *x, const nn_real *dy,
                                        const conv_shape *s)
{
    const int tiles = conv_tiles(s), count = s->c * s->f;
    const double unit = conv_unit() * (CONV_OF_INPUTS + CONV_OF_GRADIENTS + tiles + CONV_OF_KERNEL);
    double *m = conv_doubles((size_t)count * CONV_POINTS),
           *v = conv_doubles((size_t)s->c * CONV_POINTS),
           *w = conv_doubles((size_t)s->f * CONV_POINTS), g[CONV_WINDOW];
    for (int tile = 0; tile < tiles; tile++) {
        conv_tile_v(v, x, s, tile);
        conv_tile_w(w, dy, s, tile);
        for (int at = 0; at < count; at++)
            for (int k = 0; k < CONV_POINTS; k++)
                m[at * CONV_POINTS + k] +=
                    v[at / s->f * CONV_POINTS + k] * w[at % s->f * CONV_POINTS + k];
    }
    for (int at = 0; at < count; at++) {
        conv_sandwich(g, &conv_g[0][0], m + at * CONV_POINTS, CONV_K, CONV_S, 1);
        for (int k = 0; k < CONV_WINDOW; k++)
            bound[k * count + at] = unit * g[k];
    }
    free(m);
    free(v);
    free(w);
}

/* dx is the output of a mirrored problem: dy for x, the turned kernel. */
static inline void conv_winograd_mirrored(double *bound, const nn_real *dy, const nn_real *kernel,
                                          const conv_shape *s)
{
    const conv_shape m = {s->n, s->oh, s->ow, s->f, s->c, s->same, s->h, s->w, CONV_K - 1 - s->pad};
    nn_real *turned = calloc((size_t)(CONV_WINDOW * s->c * s->f), sizeof *turned);
    if (turned == NULL)
        abort();
    for (int k = 0; k < CONV_WINDOW; k++)
        for (int at = 0; at < s->c * s->f; at++)
            turned[(k * s->f + at % s->f) * s->c + at / s->f] =
                kernel[(CONV_WINDOW - 1 - k) * s->c * s->f + at];
    conv_winograd_outputs(bound, dy, turned, &m);
    free(turned);
}

/* What each number may be off where Winograd computes it. */
static inline void conv_winograd_bounds(conv_results bound, conv_numbers v, const conv_shape *s)
{
    conv_winograd_outputs(bound.y, v.x, v.kernel, s);
    conv_winograd_mirrored(bound.dx, v.dy, v.kernel, s);
    conv_winograd_kernel(bound.dkernel, v.x, v.dy, s);
}

#endif
