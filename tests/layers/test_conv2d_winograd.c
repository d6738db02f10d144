/*
 * Conv2D by Winograd against plain loops in double. The bound is derived: every number is a chain
 * of sums of products, whose rounding error is at most the number of roundings in the chain, times
 * half a unit, times the same chain over absolute values (Higham, "Accuracy and stability of
 * numerical algorithms", 3.5). The chains over absolute values are evaluated here, in double.
 */
#include <float.h>
#include <math.h>

#include "layers/conv2d.h"
#include "model/context.h"
#include "probe.h"

enum { S = 6, T = 4, K = 3 };

static const double B[S][S] = {{4, 0, 5, 0, 1, 0}, {0, 4, 4, 1, 1, 0}, {0, 4, 4, 1, 1, 0},
                               {0, 2, 1, 2, 1, 0}, {0, 2, 1, 2, 1, 0}, {0, 4, 0, 5, 0, 1}};
static const double G[S][K] = {{1. / 4, 0, 0},
                               {1. / 6, 1. / 6, 1. / 6},
                               {1. / 6, 1. / 6, 1. / 6},
                               {1. / 24, 1. / 12, 1. / 6},
                               {1. / 24, 1. / 12, 1. / 6},
                               {0, 0, 1}};
static const double A[T][S] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}};

/* Roundings of one number in the transforms: two dimensions each. */
enum { OF_INPUTS = 2 * 4, OF_KERNEL = 2 * 3 + 1, OF_OUTPUTS = 2 * 5, OF_GRADIENTS = 2 * 4 };

typedef struct conv_shape {
    int n, h, w, c, f, same;
    int oh, ow, pad;
} conv_shape;

/* out[a][b] = sum left[a][i] in[i][j] right[b][j] */
static void sandwich(double *out, const double *left, const double *in, const double *right, int a,
                     int b, int inner, int left_transposed)
{
    for (int i = 0; i < a; i++)
        for (int j = 0; j < b; j++) {
            double sum = 0;
            for (int p = 0; p < inner; p++)
                for (int q = 0; q < inner; q++)
                    sum += left[left_transposed ? p * a + i : i * inner + p] * in[p * inner + q] *
                           right[left_transposed ? q * b + j : j * inner + q];
            out[i * b + j] = sum;
        }
}

static double value_at(const nn_real *x, const conv_shape *s, int n, int i, int j, int c)
{
    return i < 0 || i >= s->h || j < 0 || j >= s->w
               ? 0
               : fabs((double)x[((n * s->h + i) * s->w + j) * s->c + c]);
}

/* |B'| |d| |B| of a tile's channel, |G| |g| |G'|, |A| |dy| |A'|. */
static void tile_v(double *v, const nn_real *x, const conv_shape *s, int n, int i, int j, int c)
{
    double d[S * S];
    for (int p = 0; p < S; p++)
        for (int q = 0; q < S; q++)
            d[p * S + q] = value_at(x, s, n, i + p - s->pad, j + q - s->pad, c);
    sandwich(v, &B[0][0], d, &B[0][0], S, S, S, 0);
}

static void kernel_u(double *u, const nn_real *kernel, const conv_shape *s, int c, int f)
{
    double g[K * K];
    for (int k = 0; k < K * K; k++)
        g[k] = fabs((double)kernel[(k * s->c + c) * s->f + f]);
    sandwich(u, &G[0][0], g, &G[0][0], S, S, K, 0);
}

static void tile_w(double *w, const nn_real *dy, const conv_shape *s, int n, int i, int j, int f)
{
    double d[T * T];
    for (int p = 0; p < T; p++)
        for (int q = 0; q < T; q++)
            d[p * T + q] = i + p < s->oh && j + q < s->ow
                               ? fabs((double)dy[((n * s->oh + i + p) * s->ow + j + q) * s->f + f])
                               : 0;
    sandwich(w, &A[0][0], d, &A[0][0], S, S, T, 1);
}

/* bound[y] of x * kernel over absolute values, without the factor of the roundings. */
static void bound_outputs(double *bound, const nn_real *x, const nn_real *kernel,
                          const conv_shape *s)
{
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->oh; i += T)
            for (int j = 0; j < s->ow; j += T)
                for (int f = 0; f < s->f; f++) {
                    double m[S * S] = {0}, v[S * S], u[S * S], y[T * T];
                    for (int c = 0; c < s->c; c++) {
                        tile_v(v, x, s, n, i, j, c);
                        kernel_u(u, kernel, s, c, f);
                        for (int k = 0; k < S * S; k++)
                            m[k] += u[k] * v[k];
                    }
                    sandwich(y, &A[0][0], m, &A[0][0], T, T, S, 0);
                    for (int p = 0; p < T && i + p < s->oh; p++)
                        for (int q = 0; q < T && j + q < s->ow; q++)
                            bound[((n * s->oh + i + p) * s->ow + j + q) * s->f + f] = y[p * T + q];
                }
}

static void bound_kernel(double *bound, const nn_real *x, const nn_real *dy, const conv_shape *s)
{
    for (int c = 0; c < s->c; c++)
        for (int f = 0; f < s->f; f++) {
            double m[S * S] = {0}, v[S * S], w[S * S], g[K * K];
            for (int n = 0; n < s->n; n++)
                for (int i = 0; i < s->oh; i += T)
                    for (int j = 0; j < s->ow; j += T) {
                        tile_v(v, x, s, n, i, j, c);
                        tile_w(w, dy, s, n, i, j, f);
                        for (int k = 0; k < S * S; k++)
                            m[k] += v[k] * w[k];
                    }
            sandwich(g, &G[0][0], m, &G[0][0], K, K, S, 1);
            for (int k = 0; k < K * K; k++)
                bound[(k * s->c + c) * s->f + f] = g[k];
        }
}

/* y, dx and dkernel by plain loops. */
static void reference(double *y, double *dx, double *dkernel, const nn_real *x,
                      const nn_real *kernel, const nn_real *dy, const conv_shape *s)
{
    for (int n = 0; n < s->n; n++)
        for (int i = 0; i < s->oh; i++)
            for (int j = 0; j < s->ow; j++)
                for (int k = 0; k < K * K; k++) {
                    int u = i + k / K - s->pad, v = j + k % K - s->pad;
                    if (u < 0 || u >= s->h || v < 0 || v >= s->w)
                        continue;
                    for (int c = 0; c < s->c; c++)
                        for (int f = 0; f < s->f; f++) {
                            int yi = ((n * s->oh + i) * s->ow + j) * s->f + f;
                            int xi = ((n * s->h + u) * s->w + v) * s->c + c;
                            int wi = (k * s->c + c) * s->f + f;
                            y[yi] += (double)x[xi] * (double)kernel[wi];
                            dx[xi] += (double)dy[yi] * (double)kernel[wi];
                            dkernel[wi] += (double)dy[yi] * (double)x[xi];
                        }
                }
}

/* Half a unit is DBL_EPSILON / 2 in the double build. */
static double unit(void)
{
    return sizeof(nn_real) == sizeof(float) ? (double)FLT_EPSILON / 2 : DBL_EPSILON / 2;
}

static void within(const nn_real *have, const double *want, const double *bound, size_t count,
                   int roundings, const char *what)
{
    for (size_t i = 0; i < count; i++) {
        double error = fabs((double)have[i] - want[i]), most = roundings * unit() * bound[i];
        ck_assert_msg(error <= most, "%s[%zu] is %.9g, it must be %.9g within %.2g", what, i,
                      (double)have[i], want[i], most);
    }
}

/* The mirrored problem whose outputs are dx: dz for x, the turned kernel. */
static conv_shape mirrored(const conv_shape *s, nn_real *turned, const nn_real *kernel)
{
    conv_shape m = {s->n, s->oh, s->ow, s->f, s->c, s->same, s->h, s->w, K - 1 - s->pad};
    for (int k = 0; k < K * K; k++)
        for (int c = 0; c < s->c; c++)
            for (int f = 0; f < s->f; f++)
                turned[(k * s->f + f) * s->c + c] = kernel[((K * K - 1 - k) * s->c + c) * s->f + f];
    return m;
}

static void check_shape(const conv_shape *s, uint64_t *state)
{
    probe p;
    nn_shape x_shape = {3, {s->h, s->w, s->c}};
    nn_layer *layer =
        nn_conv2d(.filters = s->f, .kernel = {K, K}, .padding = s->same ? NN_SAME : NN_VALID,
                  .no_bias = 1, .algorithm = NN_CONV_WINOGRAD);
    ck_assert_msg(probe_open(&p, layer, s->n, &x_shape, 2, 0) == NN_OK, "%s", nn_error_message());
    const size_t nx = p.x_count, ny = p.y_count, nw = (size_t)(K * K * s->c * s->f);
    nn_real *x = calloc(2 * nx + 3 * nw + 2 * ny, sizeof *x), *w = x + nx, *dy = w + nw,
            *y = dy + ny, *dx = y + ny, *dw = dx + nx, *turned = dw + nw;
    double *want = calloc(2 * (nx + nw + ny), sizeof *want), *bound = want + nx + nw + ny;
    test_fill_reals(x, nx + nw + ny, state);
    reference(want, want + ny, want + ny + nx, x, w, dy, s);
    probe_set(&p, "source/value", x, nx);
    probe_set(&p, "conv2d/kernel", w, nw);
    probe_forward(&p, y);
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, nx);
    probe_gradient(&p, "conv2d/kernel", dw, nw);
    int tiles = s->n * ((s->oh + T - 1) / T) * ((s->ow + T - 1) / T);
    bound_outputs(bound, x, w, s);
    within(y, want, bound, ny, OF_INPUTS + OF_KERNEL + s->c + OF_OUTPUTS, "y");
    conv_shape m = mirrored(s, turned, w);
    bound_outputs(bound + ny, dy, turned, &m);
    within(dx, want + ny, bound + ny, nx, OF_INPUTS + OF_KERNEL + s->f + OF_OUTPUTS, "dx");
    bound_kernel(bound + ny + nx, x, dy, s);
    within(dw, want + ny + nx, bound + ny + nx, nw, OF_INPUTS + OF_GRADIENTS + tiles + OF_KERNEL,
           "dkernel");
    probe_close(&p);
    free(want);
    free(x);
}

static conv_shape fitted(conv_shape s)
{
    s.pad = s.same ? 1 : 0;
    s.oh = s.same ? s.h : s.h - K + 1;
    s.ow = s.same ? s.w : s.w - K + 1;
    return s;
}

START_TEST(random_shapes_are_within_the_derived_bound)
{
    uint64_t state = 21;
    for (int i = 0; i < 60; i++) {
        conv_shape s = fitted((conv_shape){.n = test_random_int(&state, 1, 4),
                                           .h = test_random_int(&state, 3, 11),
                                           .w = test_random_int(&state, 3, 11),
                                           .c = test_random_int(&state, 1, 10),
                                           .f = test_random_int(&state, 1, 10),
                                           .same = test_random_int(&state, 0, 1)});
        check_shape(&s, &state);
    }
}
END_TEST

START_TEST(blocks_of_tiles_and_strips_of_products_join_without_a_seam)
{
    static const conv_shape shapes[] = {{.n = 70, .h = 9, .w = 12, .c = 2, .f = 3, .same = 1},
                                        {.n = 1, .h = 120, .w = 83, .c = 3, .f = 2, .same = 0},
                                        {.n = 9, .h = 1, .w = 1, .c = 5, .f = 17, .same = 1},
                                        {.n = 3, .h = 5, .w = 5, .c = 19, .f = 35, .same = 1}};
    uint64_t state = 4;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        conv_shape s = fitted(shapes[i]);
        check_shape(&s, &state);
    }
}
END_TEST

/* The memory between guards: tasks and sweeps that end early stay within it. */
static void run_between_guards(const probe *p, const nn__conv2d *g, int rows)
{
    enum { GUARD = 1 << 16 };
    const nn__run *run = &p->context->runs[NN__TRAIN];
    const nn_pass *pass = &run->passes[run->program.step_count - 1];
    nn__engine engine = {.threads = 1};
    const size_t counts[] = {nn__conv2d_winograd_kernel(g->window.c, g->filters),
                             nn__conv2d_winograd_scratch(g->window.c, g->filters),
                             nn__conv2d_winograd_dw_memory(g, rows)};
    nn_real *memory[3], guard[GUARD];
    for (size_t i = 0; i < GUARD; i++)
        guard[i] = 77;
    for (int k = 0; k < 3; k++) {
        memory[k] = malloc((counts[k] + 2 * GUARD) * sizeof *guard);
        memcpy(memory[k], guard, sizeof guard);
        memcpy(memory[k] + GUARD + counts[k], guard, sizeof guard);
    }
    nn_pass own = *pass;
    engine.scratch = (char *)(memory[1] + GUARD);
    own.engine = &engine;
    for (int after = 0; after < 2; after++) {
        nn__epilogue e = {.activation = NN_RELU};
        nn__winograd job = {.y = pass->y,
                            .x = pass->x[0],
                            .u = memory[0] + GUARD,
                            .window = &g->window,
                            .filters = g->filters,
                            .after = after ? &e : NULL};
        nn__conv2d_winograd_transform(&own, memory[0] + GUARD, pass->weights[0], g->window.c,
                                      g->filters);
        nn__conv2d_winograd(&own, &job);
    }
    nn__conv2d_winograd_dw(&own, g, memory[2] + GUARD);
    for (int k = 0; k < 3; k++) {
        ck_assert_mem_eq(memory[k], guard, sizeof guard);
        ck_assert_mem_eq(memory[k] + GUARD + counts[k], guard, sizeof guard);
        free(memory[k]);
    }
}

START_TEST(blocks_and_strips_stay_within_their_memory)
{
    static const int sides[][3] = {{1, 57, 55}, {3, 5, 5}, {2, 45, 90}, {5, 32, 32}, {1, 1, 1}};
    for (size_t i = 0; i < NN__COUNT(sides); i++) {
        enum { C = 3, F = 5 };
        const int n = sides[i][0], h = sides[i][1], w = sides[i][2];
        nn_shape shape = {3, {h, w, C}};
        nn__window window = {.h = h,
                             .w = w,
                             .c = C,
                             .kh = K,
                             .kw = K,
                             .sh = 1,
                             .sw = 1,
                             .dh = 1,
                             .dw = 1,
                             .top = 1,
                             .left = 1,
                             .oh = h,
                             .ow = w};
        nn__conv2d g = {.window = window, .mirror = window, .filters = F, .groups = 1};
        probe p;
        ck_assert_int_eq(probe_open(&p,
                                    nn_conv2d(F, {K, K}, .padding = NN_SAME, .no_bias = 1,
                                              .algorithm = NN_CONV_WINOGRAD),
                                    n, &shape, 1, 0),
                         NN_OK);
        probe_forward(&p, NULL); /* the pass has its rows */
        run_between_guards(&p, &g, n);
        probe_close(&p);
    }
}
END_TEST

/* Bias and activation of the tiles are those of the other way: relu of a constant picture. */
START_TEST(bias_and_activation_follow_the_sum)
{
    enum { N = 6, C = 2, F = 3 };
    nn_shape shape = {3, {N, N, C}};
    nn_real x[N * N * C], kernel[K * K * C * F], bias[F] = {100, -1000, 0.5f}, y[N * N * F];
    probe p;
    for (int i = 0; i < N * N * C; i++)
        x[i] = 1;
    for (int i = 0; i < K * K * C * F; i++)
        kernel[i] = 1;
    ck_assert_int_eq(probe_open(&p,
                                nn_conv2d(F, {K, K}, .padding = NN_SAME, .activation = NN_RELU,
                                          .algorithm = NN_CONV_WINOGRAD),
                                1, &shape, 1, 0),
                     NN_OK);
    probe_set(&p, "source/value", x, N * N * C);
    probe_set(&p, "conv2d/kernel", kernel, K * K * C * F);
    probe_set(&p, "conv2d/bias", bias, F);
    probe_forward(&p, y);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int rows = i == 0 || i == N - 1 ? 2 : 3, columns = j == 0 || j == N - 1 ? 2 : 3;
            nn_real sum = (nn_real)(rows * columns * C);
            const nn_real *at = y + (i * N + j) * F;
            ck_assert_double_eq_tol((double)at[0], (double)(sum + 100), 1e-4);
            ck_assert(at[1] == 0);
            ck_assert_double_eq_tol((double)at[2], (double)(sum + bias[2]), 1e-4);
        }
    probe_close(&p);
}
END_TEST

START_TEST(what_it_cannot_compute_is_named)
{
    probe p;
    nn_shape x = {3, {8, 8, 4}};
    ck_assert_int_eq(
        probe_open(&p, nn_conv2d(4, {5, 3}, .algorithm = NN_CONV_WINOGRAD), 1, &x, 1, 0),
        NN_EINVAL);
    test_message_has("conv2d: algorithm winograd takes 3x3, strides and dilation 1, one group: "
                     "kernel 5x3, strides 1x1, dilation 1x1, 1 groups");
    ck_assert_int_eq(
        probe_open(&p, nn_conv2d(4, {3, 3}, {2, 2}, .algorithm = NN_CONV_WINOGRAD), 1, &x, 1, 0),
        NN_EINVAL);
    test_message_has("strides 2x2");
}
END_TEST

Suite *conv2d_winograd_suite(void);
Suite *conv2d_winograd_suite(void)
{
    return TEST_SUITE("conv2d_winograd", random_shapes_are_within_the_derived_bound,
                      blocks_of_tiles_and_strips_of_products_join_without_a_seam,
                      blocks_and_strips_stay_within_their_memory,
                      bias_and_activation_follow_the_sum, what_it_cannot_compute_is_named);
}
