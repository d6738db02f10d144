/*
 * How the ways of a convolution round: 3x3, same padding, no bias, normal numbers, each way's
 * forward, dX and dW against plain loops in double. Nothing is timed, and every run computes the
 * same.
 *
 * x and dy have deviation 1, the kernel sqrt(2 / 9 c), so that outputs have about 1.4. The bounds
 * are those of tests/conv_reference.h: of Winograd by its own chain, of the others by that of one
 * sum of products in any order, of which a number has 9 c, 9 f, or one for each pixel.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../tests/conv_reference.h"
#include "base/base.h"
#include "base/random.h"
#include "lone.h"
#include "report.h"

static const conv_shape shapes[] = {
    {.n = 8, .h = 32, .w = 32, .c = 3, .f = 10},  {.n = 8, .h = 32, .w = 32, .c = 3, .f = 32},
    {.n = 8, .h = 16, .w = 16, .c = 8, .f = 8},   {.n = 8, .h = 16, .w = 16, .c = 16, .f = 16},
    {.n = 8, .h = 32, .w = 32, .c = 32, .f = 32}, {.n = 8, .h = 16, .w = 16, .c = 32, .f = 64},
    {.n = 1, .h = 56, .w = 56, .c = 64, .f = 64}, {.n = 8, .h = 8, .w = 8, .c = 64, .f = 128},
    {.n = 8, .h = 4, .w = 4, .c = 128, .f = 256}, {.n = 4, .h = 7, .w = 7, .c = 256, .f = 256},
};

/* One shape: the numbers, what they give in double, and what one way gives. */
typedef struct rounding {
    conv_shape s;
    size_t x_count, y_count, w_count;
    nn_real *x, *kernel, *dy;
    nn_real *have[DIRECTIONS]; /* y, dkernel, dx; BACKWARD is the dy that a way overwrites */
    conv_results want, sums, winograd; /* sums, winograd: the bounds */
} rounding;

/* ---- Normal numbers ---- */

static void normal_fill(nn_real *values, size_t count, double deviation, uint32_t stream)
{
    nn__random random = nn__random_begin(1, 0, stream);
    for (size_t i = 0; i < count; i++) { /* Box and Muller */
        const double u = (nn__random_word(&random) + 0.5) / 4294967296.0,
                     v = (nn__random_word(&random) + 0.5) / 4294967296.0;
        values[i] = (nn_real)(deviation * sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v));
    }
}

static conv_results results_new(const rounding *r)
{
    double *all = conv_doubles(r->y_count + r->x_count + r->w_count);
    return (conv_results){all, all + r->y_count, all + r->y_count + r->x_count};
}

/* The bounds of a sum of products in any order: the plain loops over absolute values. */
static void sums_bounds(rounding *r)
{
    const size_t counts[] = {r->x_count, r->w_count, r->y_count};
    const nn_real *const from[] = {r->x, r->kernel, r->dy};
    const conv_shape *s = &r->s;
    nn_real *to[3];
    for (int k = 0; k < 3; k++) {
        to[k] = bench_alloc(counts[k]);
        for (size_t i = 0; i < counts[k]; i++)
            to[k][i] = (nn_real)fabs((double)from[k][i]);
    }
    conv_reference(r->sums, (conv_numbers){to[0], to[1], to[2]}, s);
    for (size_t i = 0; i < r->y_count; i++)
        r->sums.y[i] *= conv_unit() * CONV_WINDOW * s->c;
    for (size_t i = 0; i < r->x_count; i++)
        r->sums.dx[i] *= conv_unit() * CONV_WINDOW * s->f;
    for (size_t i = 0; i < r->w_count; i++)
        r->sums.dkernel[i] *= conv_unit() * s->n * s->oh * s->ow;
    for (int k = 0; k < 3; k++)
        nn__free(to[k]);
}

static rounding rounding_open(const conv_shape *shape)
{
    rounding r = {.s = *shape};
    const conv_shape *s = &r.s;
    r.s.same = 1;
    r.s = conv_fitted(r.s);
    r.x_count = (size_t)s->n * (size_t)s->h * (size_t)s->w * (size_t)s->c;
    r.y_count = (size_t)s->n * (size_t)s->oh * (size_t)s->ow * (size_t)s->f;
    r.w_count = (size_t)CONV_WINDOW * (size_t)s->c * (size_t)s->f;
    r.x = bench_alloc(r.x_count);
    r.kernel = bench_alloc(r.w_count);
    r.dy = bench_alloc(r.y_count);
    normal_fill(r.x, r.x_count, 1, 0);
    normal_fill(r.kernel, r.w_count, sqrt(2.0 / (CONV_WINDOW * s->c)), 1);
    normal_fill(r.dy, r.y_count, 1, 2);
    r.have[FORWARD] = bench_alloc(r.y_count);
    r.have[DW] = bench_alloc(r.w_count);
    r.have[DX] = bench_alloc(r.x_count);
    r.have[BACKWARD] = bench_alloc(r.y_count);
    r.want = results_new(&r);
    r.sums = results_new(&r);
    r.winograd = results_new(&r);
    conv_reference(r.want, (conv_numbers){r.x, r.kernel, r.dy}, s);
    sums_bounds(&r);
    conv_winograd_bounds(r.winograd, (conv_numbers){r.x, r.kernel, r.dy}, s);
    return r;
}

static void rounding_close(rounding *r)
{
    nn__free(r->x);
    nn__free(r->kernel);
    nn__free(r->dy);
    for (int i = 0; i < DIRECTIONS; i++)
        nn__free(r->have[i]);
    free(r->want.y);
    free(r->sums.y);
    free(r->winograd.y);
}

/* ---- One way ---- */

/* The layer's own passes, on these numbers. */
static void rounding_run(const rounding *r, int algorithm, int threads)
{
    const conv_shape *s = &r->s;
    lone l;
    lone_open(
        &l,
        nn_conv2d(s->f, {CONV_K, CONV_K}, .padding = NN_SAME, .no_bias = 1, .algorithm = algorithm),
        (const int[]){s->h, s->w, s->c}, s->n, threads);
    for (int direction = FORWARD; direction <= BACKWARD; direction += BACKWARD - FORWARD) {
        lone_pass *d = &l.directions[direction];
        d->pass.x = (const nn_real *const[]){r->x};
        d->pass.weights = (nn_real *const[]){r->kernel};
        d->pass.gradients = (nn_real *const[]){r->have[DW]};
        d->pass.dx = (nn_real *const[]){r->have[DX]};
        d->pass.y = r->have[FORWARD];
        d->pass.dy = r->have[BACKWARD];
        memcpy(r->have[BACKWARD], r->dy, r->y_count * sizeof *r->dy);
        lone_run(d, 1);
    }
    lone_close(&l);
}

static struct errors errors_of(const nn_real *have, const double *want, const double *bound,
                               size_t count)
{
    struct errors e = {0};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)have[i] - want[i]);
        squares += want[i] * want[i];
        e.largest = fmax(e.largest, error);
        e.bound = fmax(e.bound, bound[i]);
        e.of_bound = bound[i] > 0 ? fmax(e.of_bound, error / bound[i]) : e.of_bound;
    }
    e.rms = sqrt(squares / (double)count);
    return e;
}

static void rounding_way(struct bench *bench, const rounding *r, int algorithm, const char *way)
{
    const conv_results *bound = algorithm == NN_CONV_WINOGRAD ? &r->winograd : &r->sums;
    const double *const want[] = {r->want.y, r->want.dkernel, r->want.dx};
    const double *const bounds[] = {bound->y, bound->dkernel, bound->dx};
    const size_t counts[] = {r->y_count, r->w_count, r->x_count};
    rounding_run(r, algorithm, bench->threads);
    for (int direction = FORWARD; direction <= DX; direction++) {
        char name[96];
        if (algorithm == NN_CONV_DIRECT && direction == DX)
            continue; /* it is GEMM's */
        const struct errors e =
            errors_of(r->have[direction], want[direction], bounds[direction], counts[direction]);
        snprintf(name, sizeof name, "rounding %dx%dx%d->%d %s %s", r->s.h, r->s.w, r->s.c, r->s.f,
                 direction_names[direction], way);
        report_errors(bench, name, r->s.n, &e);
    }
}

void bench_rounding(struct bench *bench)
{
    for (size_t i = 0; i < NN__COUNT(shapes); i++) {
        rounding r = rounding_open(&shapes[i]);
        rounding_way(bench, &r, NN_CONV_GEMM, "GEMM");
        rounding_way(bench, &r, NN_CONV_DIRECT, "direct");
        rounding_way(bench, &r, NN_CONV_WINOGRAD, "Winograd");
        rounding_close(&r);
    }
}
