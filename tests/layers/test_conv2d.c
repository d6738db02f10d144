/* Conv2D against seven loops in double, on integers, where float is exact: lowering and the direct
 * way. Winograd rounds even integers, see test_conv2d_winograd.c. */
#include "probe.h"
#include "scratch.h"

#include "layers/tiles.h"

typedef struct conv_case {
    int rows, h, w, c, f, kh, kw, sh, sw, dh, dw, groups, same, relu, no_bias, threads, algorithm;
    int oh, ow, top, left;
} conv_case;

static void place(int n, int k, int s, int d, int same, int *out, int *before)
{
    int extent = (k - 1) * d + 1;
    *before = 0;
    if (!same) {
        *out = n < extent ? 0 : (n - extent) / s + 1;
        return;
    }
    *out = (n + s - 1) / s;
    int total = (*out - 1) * s + extent - n;
    *before = total > 0 ? total / 2 : 0;
}

static nn_layer *case_layer(const conv_case *k)
{
    return nn_conv2d(.filters = k->f, .kernel = {k->kh, k->kw}, .strides = {k->sh, k->sw},
                     .padding = k->same ? NN_SAME : NN_VALID, .dilation = {k->dh, k->dw},
                     .groups = k->groups, .activation = k->relu ? NN_RELU : NN_LINEAR,
                     .no_bias = k->no_bias, .algorithm = k->algorithm);
}

typedef struct arrays {
    const nn_real *x, *kernel, *bias, *dy;
    double *y, *dx, *dkernel, *db;
} arrays;

/* The seven loops: with dz NULL adds x kernel into y, else both gradients. */
static void seven_loops(const conv_case *k, const arrays *a, const double *dz)
{
    const int gc = k->c / k->groups, gf = k->f / k->groups;
    for (int n = 0; n < k->rows; n++)
        for (int i = 0; i < k->oh; i++)
            for (int j = 0; j < k->ow; j++)
                for (int f = 0; f < k->f; f++) {
                    size_t yi =
                        ((size_t)(n * k->oh + i) * (size_t)k->ow + (size_t)j) * (size_t)k->f +
                        (size_t)f;
                    for (int p = 0; p < k->kh; p++)
                        for (int q = 0; q < k->kw; q++)
                            for (int m = 0; m < gc; m++) {
                                int u = i * k->sh + p * k->dh - k->top;
                                int v = j * k->sw + q * k->dw - k->left;
                                if (u < 0 || u >= k->h || v < 0 || v >= k->w)
                                    continue;
                                int xi = ((n * k->h + u) * k->w + v) * k->c + f / gf * gc + m;
                                int wi = ((p * k->kw + q) * gc + m) * k->f + f;
                                if (dz == NULL) {
                                    a->y[yi] += (double)a->x[xi] * (double)a->kernel[wi];
                                } else {
                                    a->dx[xi] += dz[yi] * (double)a->kernel[wi];
                                    a->dkernel[wi] += dz[yi] * (double)a->x[xi];
                                }
                            }
                }
}

static void reference(const conv_case *k, const arrays *a, size_t y_count)
{
    double *dz = calloc(y_count, sizeof *dz);
    memset(a->db, 0, (size_t)k->f * sizeof(double));
    for (size_t i = 0; i < y_count; i++)
        a->y[i] = k->no_bias ? 0 : (double)a->bias[i % (size_t)k->f];
    seven_loops(k, a, NULL);
    for (size_t i = 0; i < y_count; i++) {
        if (k->relu && a->y[i] < 0)
            a->y[i] = 0;
        dz[i] = k->relu && a->y[i] == 0 ? 0 : (double)a->dy[i];
        a->db[i % (size_t)k->f] += dz[i];
    }
    seven_loops(k, a, dz);
    free(dz);
}

/* Returns the share of numbers that are not zero: a test of zeros would prove nothing. */
static double check_case(const conv_case *k, uint64_t *state)
{
    probe p;
    nn_shape x_shape = {3, {k->h, k->w, k->c}};
    nn_status status = probe_open(&p, case_layer(k), k->rows, &x_shape, k->threads, 0);
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    ck_assert_int_eq(p.y_shape->dims[0], k->oh);
    ck_assert_int_eq(p.y_shape->dims[1], k->ow);
    size_t nx = p.x_count, ny = p.y_count, nb = (size_t)k->f;
    size_t nw = (size_t)(k->kh * k->kw * (k->c / k->groups) * k->f);
    nn_real *x = calloc(3 * (nx + nw + nb + ny), sizeof *x), *w = x + nx, *b = w + nw, *dy = b + nb,
            *y = dy + ny, *dx = y + ny, *dw = dx + nx, *db = dw + nw;
    double *want = calloc(nx + nw + nb + ny, sizeof *want);
    arrays a = {x, w, b, dy, want, want + ny, want + ny + nx, want + ny + nx + nw};
    test_fill_integers(x, nx + nw + nb + ny, 3, state);
    reference(k, &a, ny);
    probe_set(&p, "source/value", x, nx);
    probe_set(&p, "conv2d/kernel", w, nw);
    if (!k->no_bias)
        probe_set(&p, "conv2d/bias", b, nb);
    probe_forward(&p, y);
    probe_same(y, a.y, ny, "y");
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, nx);
    probe_gradient(&p, "conv2d/kernel", dw, nw);
    probe_same(dx, a.dx, nx, "dx");
    probe_same(dw, a.dkernel, nw, "dkernel");
    if (!k->no_bias) {
        probe_gradient(&p, "conv2d/bias", db, nb);
        probe_same(db, a.db, nb, "db");
    }
    double share = (double)probe_nonzero(want, nx + nw + ny) / (double)(nx + nw + ny);
    probe_close(&p);
    free(want);
    free(x);
    return share;
}

static int pick(uint64_t *state, int low, int high)
{
    return test_random_int(state, low, high);
}

/* A random case that fits; `large` has many filters and pictures, so that tiles are crossed. */
static conv_case random_case(uint64_t *state, int large)
{
    conv_case k;
    do {
        k = (conv_case){.rows = pick(state, 1, 11),
                        .h = pick(state, 1, 9),
                        .w = pick(state, 1, 9),
                        .kh = pick(state, 1, 5),
                        .kw = pick(state, 1, 5),
                        .sh = 1,
                        .sw = 1,
                        .dh = 1,
                        .dw = 1,
                        .groups = pick(state, 0, 2) == 0 ? pick(state, 2, 3) : 1,
                        .same = pick(state, 0, 1),
                        .relu = pick(state, 0, 2) == 0,
                        .no_bias = pick(state, 0, 4) == 0,
                        .threads = pick(state, 1, 3)};
        int way = pick(state, 0, 3);
        if (way == 1)
            k.sh = pick(state, 1, 3), k.sw = pick(state, 1, 3);
        if (way == 2)
            k.dh = pick(state, 1, 3), k.dw = pick(state, 1, 3);
        k.c = k.groups * pick(state, 1, large ? 20 : 3);
        k.f = k.groups * pick(state, 1, large ? 20 : 4);
        int direct_can = k.groups == 1 && k.dh == 1 && k.dw == 1;
        k.algorithm = pick(state, NN_CONV_GEMM, direct_can ? NN_CONV_DIRECT : NN_CONV_GEMM);
        place(k.h, k.kh, k.sh, k.dh, k.same, &k.oh, &k.top);
        place(k.w, k.kw, k.sw, k.dw, k.same, &k.ow, &k.left);
    } while (k.oh < 1 || k.ow < 1);
    return k;
}

static void check_many(int count, int large, uint64_t seed)
{
    double shares = 0;
    for (int i = 0; i < count; i++) {
        conv_case k = random_case(&seed, large);
        shares += check_case(&k, &seed);
    }
    ck_assert_msg(shares / count > 0.6, "only %.2f of the numbers are not zero", shares / count);
}

START_TEST(random_shapes_are_exact_to_the_last_integer)
{
    check_many(500, 0, (uint64_t)_i + 1);
}
END_TEST

START_TEST(many_channels_are_exact_too)
{
    check_many(60, 1, 77);
}
END_TEST

START_TEST(tiles_that_cross_pictures_are_exact)
{
#define CASE(n, height, width, channels, filters, p, q, ...)                                       \
    {                                                                                              \
        .rows = n, .h = height, .w = width, .c = channels, .f = filters, .kh = p, .kw = q,         \
        __VA_ARGS__                                                                                \
    }
    static const conv_case cases[] = {
        CASE(9, 16, 16, 5, 7, 3, 3, .same = 1, .algorithm = NN_CONV_DIRECT),
        CASE(2, 40, 40, 3, 4, 5, 5, .same = 1, .relu = 1),
        CASE(2, 40, 40, 3, 4, 5, 5, .same = 1, .algorithm = NN_CONV_GEMM),
        CASE(3, 40, 39, 3, 37, 3, 5, .same = 1, .relu = 1),
        CASE(2, 6, 5, 40, 48, 3, 3, .same = 1, .algorithm = NN_CONV_DIRECT),
        /* long enough for every worker to take a part, and to pack weights for it */
        CASE(32, 24, 24, 3, 16, 5, 5, .same = 1, .algorithm = NN_CONV_DIRECT),
        CASE(1, 3, 1100, 1, 16, 2, 7, .same = 1),
        CASE(17, 5, 7, 64, 33, 3, 3, .algorithm = NN_CONV_GEMM),
        CASE(3, 13, 11, 130, 5, 5, 5, .same = 1),
        CASE(12, 23, 1, 6, 6, 1, 1, .same = 1),
        CASE(1, 1, 1, 200, 150, 1, 1, .relu = 1),
        CASE(8, 1, 600, 2, 3, 1, 5, .same = 1),
        CASE(5, 21, 21, 8, 12, 4, 2, .same = 1, .groups = 4),
    };
#undef CASE
    uint64_t state = 5;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        conv_case k = cases[i];
        k.sh = k.sw = k.dh = k.dw = 1;
        k.groups = k.groups == 0 ? 1 : k.groups;
        k.threads = 2;
        place(k.h, k.kh, 1, 1, k.same, &k.oh, &k.top);
        place(k.w, k.kw, 1, 1, k.same, &k.ow, &k.left);
        ck_assert_double_gt(check_case(&k, &state), 0.3);
    }
}
END_TEST

/* An even cut never exceeds the most pixels of a tile, for which there is scratch. */
START_TEST(even_tiles_cover_the_pixels_and_are_never_above_the_most)
{
    for (int depth = 1; depth < 6000; depth = depth * 5 / 4 + 1) {
        int most = nn__tile_pixels(depth);
        ck_assert(most % 4 == 0 && most >= NN__TILE_LEAST && most <= NN__TILE_MOST);
        for (size_t pixels = 1; pixels < 20000; pixels = pixels * 9 / 8 + 1)
            for (size_t tasks = 1; tasks <= NN__FORWARD_TASKS; tasks *= 4) {
                size_t tile = nn__tile_even(most, pixels, tasks), count = nn__tiles(pixels, tile);
                ck_assert_msg(tile % 4 == 0 && tile <= (size_t)most,
                              "%zu pixels, at most %d of a tile: tiles of %zu", pixels, most, tile);
                ck_assert(count * tile >= pixels && (count - 1) * tile < pixels);
            }
    }
}
END_TEST

static void run_in_guarded_scratch(const conv_case *k, int threads)
{
    probe p;
    char what[96];
    nn_shape shape = {3, {k->h, k->w, k->c}};
    ck_assert_int_eq(probe_open(&p, case_layer(k), k->rows, &shape, threads, 0), NN_OK);
    test_scratch guarded = test_scratch_begin(p.context, NN__TRAIN, 1 << 18);
    nn_real *dy = calloc(p.y_count, sizeof *dy);
    snprintf(what, sizeof what, "conv2d of %dx%dx%d by %dx%d to %d filters", k->h, k->w, k->c,
             k->kh, k->kw, k->f);
    probe_forward(&p, NULL);
    probe_backward(&p, dy);
    test_scratch_end(p.context, &guarded, what);
    free(dy);
    probe_close(&p);
}

/* Full tiles, where the scratch is used to its last number: forward, gather and scatter. */
START_TEST(tiles_stay_within_their_scratch)
{
    static const conv_case cases[] = {
        {.rows = 8, .h = 32, .w = 32, .c = 3, .f = 10, .kh = 3, .kw = 3, .same = 1},
        {.rows = 9, .h = 32, .w = 32, .c = 32, .f = 8, .kh = 3, .kw = 3, .same = 1},
        {.rows = 9, .h = 16, .w = 17, .c = 8, .f = 64, .kh = 3, .kw = 3, .same = 1},
        {.rows = 3, .h = 40, .w = 40, .c = 9, .f = 5, .kh = 5, .kw = 5, .sh = 2, .sw = 2},
        {.rows = 3, .h = 24, .w = 24, .c = 40, .f = 8, .kh = 3, .kw = 3, .groups = 4, .same = 1},
        {.rows = 2, .h = 9, .w = 9, .c = 1, .f = 400, .kh = 2, .kw = 1, .sh = 2, .sw = 1},
        {.rows = 2, .h = 9, .w = 9, .c = 700, .f = 3, .kh = 3, .kw = 3, .same = 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        conv_case k = cases[i];
        k.algorithm = NN_CONV_GEMM;
        run_in_guarded_scratch(&k, 1);
        k.algorithm = NN_CONV_AUTO;
        run_in_guarded_scratch(&k, 2);
    }
}
END_TEST

/* x moved by one pixel moves y by one pixel, where no border is near. */
START_TEST(a_moved_picture_gives_a_moved_result)
{
    enum { N = 12, K = 3, O = N - K + 1 };
    nn_real x[N * N] = {0}, moved[N * N] = {0}, kernel[K * K], y[O * O], y_moved[O * O];
    uint64_t state = 3;
    nn_shape shape = {3, {N, N, 1}};
    probe p;
    for (int i = 2; i < N - 3; i++)
        test_fill_integers(x + i * N + 2, N - 5, 9, &state);
    memcpy(moved + N + 1, x, sizeof x - (N + 1) * sizeof *x);
    test_fill_integers(kernel, K * K, 9, &state);
    ck_assert_int_eq(probe_open(&p,
                                nn_conv2d(.filters = 1, .kernel = {K, K}, .no_bias = 1,
                                          .algorithm = NN_CONV_DIRECT),
                                1, &shape, 1, 0),
                     NN_OK);
    probe_set(&p, "conv2d/kernel", kernel, K * K);
    probe_set(&p, "source/value", x, N * N);
    probe_forward(&p, y);
    probe_set(&p, "source/value", moved, N * N);
    probe_forward(&p, y_moved);
    for (int i = 0; i + 1 < O; i++)
        for (int j = 0; j + 1 < O; j++)
            ck_assert(y_moved[(i + 1) * O + j + 1] == y[i * O + j]);
    probe_close(&p);
}
END_TEST

/* <conv(x, w), dy> = <x, dx> = <w, dw>: three equal integers. */
START_TEST(forward_and_both_gradients_are_adjoint)
{
    uint64_t state = 11;
    for (int round = 0; round < 50; round++) {
        conv_case k = random_case(&state, 0);
        k.relu = 0, k.no_bias = 1;
        nn_shape shape = {3, {k.h, k.w, k.c}};
        probe p;
        ck_assert_int_eq(probe_open(&p, case_layer(&k), k.rows, &shape, 2, 0), NN_OK);
        size_t nw = (size_t)(k.kh * k.kw * (k.c / k.groups) * k.f);
        nn_real *x = calloc(2 * (p.x_count + nw) + p.y_count, sizeof *x), *w = x + p.x_count,
                *dx = w + nw, *dw = dx + p.x_count, *dy = dw + nw;
        test_fill_integers(x, p.x_count + nw, 3, &state);
        test_fill_integers(dy, p.y_count, 3, &state);
        probe_set(&p, "source/value", x, p.x_count);
        probe_set(&p, "conv2d/kernel", w, nw);
        probe_forward(&p, NULL);
        double y_dy = probe_backward(&p, dy), x_dx = 0, w_dw = 0;
        probe_gradient(&p, "source/value", dx, p.x_count);
        probe_gradient(&p, "conv2d/kernel", dw, nw);
        for (size_t i = 0; i < p.x_count; i++)
            x_dx += (double)x[i] * (double)dx[i];
        for (size_t i = 0; i < nw; i++)
            w_dw += (double)w[i] * (double)dw[i];
        ck_assert_double_eq_tol(y_dy, x_dx, 1e-6);
        ck_assert_double_eq_tol(y_dy, w_dw, 1e-6);
        probe_close(&p);
        free(x);
    }
}
END_TEST

static void fails(nn_layer *layer, nn_shape x, nn_status status, const char *message)
{
    probe p;
    ck_assert_int_eq(probe_open(&p, layer, 1, &x, 1, 0), status);
    test_message_has(message);
}

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_shape picture = {3, {5, 5, 4}}, vector = {1, {7}};
    fails(nn_conv2d(.kernel = {3, 3}), picture, NN_EINVAL, "conv2d: filters must be given");
    fails(nn_conv2d(.filters = 2), picture, NN_EINVAL, "conv2d: kernel must be given");
    fails(nn_conv2d(.filters = -1, .kernel = {3, 3}), picture, NN_EINVAL, "filters is -1");
    fails(nn_conv2d(2, {3, 0}), picture, NN_EINVAL, "conv2d: kernel is 0");
    fails(nn_conv2d(2, {3, 3}, {2, 1}, .dilation = {1, 2}), picture, NN_EINVAL,
          "strides 2x1 and dilation 1x2 are both above 1");
    fails(nn_conv2d(2, {7, 7}), picture, NN_ESHAPE, "kernel 7x7");
    fails(nn_conv2d(2, {7, 7}), picture, NN_ESHAPE, "5x5");
    fails(nn_conv2d(2, {3, 3}), vector, NN_ESHAPE, "the input is 7");
    fails(nn_conv2d(2, {3, 3}, .groups = 3), picture, NN_ESHAPE, "4 channels and 2 filters");
    fails(nn_conv2d(2, {3, 3}, .padding = 2), picture, NN_EINVAL, "padding is 2");
    fails(nn_conv2d(2, {3, 3}, .activation = 99), picture, NN_EINVAL, "activation is 99");
    fails(nn_conv2d(2, {3, 3}, .no_bias = 2), picture, NN_EINVAL, "no_bias is 2");
    fails(nn_conv2d(2, {3, 3}, .kernel_initializer = {.kind = 99}), picture, NN_EINVAL,
          "kernel_initializer is 99");
    fails(nn_conv2d(2, {3, 3}, .algorithm = 4), picture, NN_EINVAL, "algorithm is 4");
    fails(nn_conv2d(2, {3, 3}, .groups = 2, .algorithm = NN_CONV_DIRECT), picture, NN_EINVAL,
          "algorithm direct takes no dilation and no groups: dilation 1x1, 2 groups");
    fails(nn_conv2d(2, {3, 3}, .name = "edges", .groups = -1), picture, NN_EINVAL,
          "edges: groups is -1");
}
END_TEST

Suite *conv2d_suite(void);
Suite *conv2d_suite(void)
{
    Suite *suite = TEST_SUITE(
        "conv2d", many_channels_are_exact_too, tiles_that_cross_pictures_are_exact,
        even_tiles_cover_the_pixels_and_are_never_above_the_most, tiles_stay_within_their_scratch,
        a_moved_picture_gives_a_moved_result, forward_and_both_gradients_are_adjoint,
        what_does_not_fit_is_named_with_its_numbers);
    TCase *tcase = tcase_create("random shapes");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, random_shapes_are_exact_to_the_last_integer, 0, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
