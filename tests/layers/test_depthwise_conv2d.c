/* DepthwiseConv2D and SeparableConv2D against plain loops in double, on integers, where float is
 * exact. */
#include "windows.h"

typedef struct shape_case {
    int rows, h, w, c, m, kh, kw, sh, sw, dh, dw, same, relu, threads;
    int f; /* filters of the separable one; 0: depthwise */
    int oh, ow, top, left;
} shape_case;

static nn_layer *case_layer(const shape_case *k)
{
    int padding = k->same ? NN_SAME : NN_VALID, activation = k->relu ? NN_RELU : NN_LINEAR;
    if (k->f > 0)
        return nn_separable_conv2d(k->f, {k->kh, k->kw}, {k->sh, k->sw}, padding, {k->dh, k->dw},
                                   k->m, activation);
    return nn_depthwise_conv2d({k->kh, k->kw}, {k->sh, k->sw}, padding, k->m, {k->dh, k->dw},
                               activation);
}

/* With dd NULL: d += depthwise(x, w); else dx and dw from dd. d, dd: [n][oh][ow][c m]. */
static void depthwise(const shape_case *k, const window_run *r, double *d, const double *dd)
{
    for (int at = 0; at < k->rows * k->oh * k->ow * k->c * k->m; at++) {
        int l = at % k->m, c = at / k->m % k->c, pixel = at / k->m / k->c;
        int j = pixel % k->ow, i = pixel / k->ow % k->oh, n = pixel / k->ow / k->oh;
        for (int tap = 0; tap < k->kh * k->kw; tap++) {
            int p = tap / k->kw, q = tap % k->kw;
            int u = i * k->sh + p * k->dh - k->top, v = j * k->sw + q * k->dw - k->left;
            if (u < 0 || u >= k->h || v < 0 || v >= k->w)
                continue;
            int x = ((n * k->h + u) * k->w + v) * k->c + c, w = (tap * k->c + c) * k->m + l;
            if (dd == NULL)
                d[at] += (double)r->x[x] * (double)r->w[0][w];
            else {
                r->dx[x] += dd[at] * (double)r->w[0][w];
                r->dw[0][w] += dd[at] * (double)r->x[x];
            }
        }
    }
}

static void finish(const shape_case *k, const window_run *r, int bias, double *dz)
{
    size_t f = r->nw[bias];
    for (size_t i = 0; i < r->ny; i++) {
        r->y[i] += (double)r->w[bias][i % f];
        dz[i] = k->relu && r->y[i] <= 0 ? 0 : (double)r->dy[i];
        r->y[i] = k->relu && r->y[i] < 0 ? 0 : r->y[i];
        r->dw[bias][i % f] += dz[i];
    }
}

static void want_depthwise(const window_run *r, const void *arg)
{
    const shape_case *k = arg;
    double *dz = calloc(r->ny, sizeof *dz);
    depthwise(k, r, r->y, NULL);
    finish(k, r, 1, dz);
    depthwise(k, r, NULL, dz);
    free(dz);
}

static void want_separable(const window_run *r, const void *arg)
{
    const shape_case *k = arg;
    const size_t cm = (size_t)(k->c * k->m), f = (size_t)k->f, pixels = r->ny / f;
    double *d = calloc(2 * pixels * cm + r->ny, sizeof *d), *dd = d + pixels * cm,
           *dz = dd + pixels * cm;
    depthwise(k, r, d, NULL);
    for (size_t i = 0; i < r->ny; i++)
        for (size_t j = 0; j < cm; j++)
            r->y[i] += d[i / f * cm + j] * (double)r->w[1][j * f + i % f];
    finish(k, r, 2, dz);
    for (size_t i = 0; i < r->ny; i++)
        for (size_t j = 0; j < cm; j++) {
            dd[i / f * cm + j] += dz[i] * (double)r->w[1][j * f + i % f];
            r->dw[1][j * f + i % f] += dz[i] * d[i / f * cm + j];
        }
    depthwise(k, r, NULL, dd);
    free(d);
}

static void check_case(shape_case k, uint64_t *state)
{
    nn_shape shape = {3, {k.h, k.w, k.c}};
    size_t taps = (size_t)(k.kh * k.kw), cm = (size_t)(k.c * k.m), f = (size_t)k.f;
    probe p;
    ck_assert_msg(probe_open(&p, case_layer(&k), k.rows, &shape, k.threads, 0) == NN_OK, "%s",
                  nn_error_message());
    ck_assert_int_eq(p.y_shape->dims[0], k.oh);
    ck_assert_int_eq(p.y_shape->dims[1], k.ow);
    if (k.f > 0)
        window_check(&p, (const size_t[]){taps * cm, cm * f, f}, state, want_separable, &k);
    else
        window_check(&p, (const size_t[]){taps * cm, cm, 0}, state, want_depthwise, &k);
    probe_close(&p);
}

static void placed(shape_case *k)
{
    window_place(k->h, k->kh, k->sh, k->dh, k->same, &k->oh, &k->top);
    window_place(k->w, k->kw, k->sw, k->dw, k->same, &k->ow, &k->left);
}

static shape_case random_case(uint64_t *state, int separable)
{
    shape_case k;
    do {
        k = (shape_case){.rows = test_random_int(state, 1, 10),
                         .h = test_random_int(state, 1, 9),
                         .w = test_random_int(state, 1, 9),
                         .c = test_random_int(state, 1, 4) == 1 ? test_random_int(state, 1, 50)
                                                                : test_random_int(state, 1, 6),
                         .m = test_random_int(state, 1, 2) == 1 ? test_random_int(state, 1, 3) : 1,
                         .kh = test_random_int(state, 1, 4),
                         .kw = test_random_int(state, 1, 4),
                         .sh = test_random_int(state, 1, 4),
                         .sw = test_random_int(state, 1, 4),
                         .dh = test_random_int(state, 1, 3),
                         .dw = test_random_int(state, 1, 3),
                         .same = test_random_int(state, 0, 1),
                         .relu = test_random_int(state, 0, 2) == 0,
                         .threads = test_random_int(state, 1, 3),
                         .f = separable ? test_random_int(state, 1, 9) : 0};
        placed(&k);
    } while (k.oh < 1 || k.ow < 1);
    return k;
}

START_TEST(random_shapes_are_exact_to_the_last_integer)
{
    uint64_t state = 301;
    for (int i = 0; i < 600; i++)
        check_case(random_case(&state, i % 2), &state);
}
END_TEST

/* Many channels (strips of them), many rows (bands), and windows larger than the picture. */
START_TEST(strips_and_bands_are_exact)
{
    static const shape_case cases[] = {
        {.rows = 1, .h = 40, .w = 30, .c = 77, .m = 1, .kh = 3, .kw = 3, .same = 1},
        {.rows = 2, .h = 33, .w = 31, .c = 32, .m = 2, .kh = 5, .kw = 2, .relu = 1},
        {.rows = 17, .h = 9, .w = 9, .c = 40, .m = 1, .kh = 3, .kw = 3, .same = 1, .sh = 2},
        {.rows = 2, .h = 5, .w = 4, .c = 3, .m = 1, .kh = 9, .kw = 11, .same = 1},
        {.rows = 2, .h = 5, .w = 6, .c = 3, .m = 1, .kh = 2, .kw = 2, .same = 1, .dh = 7, .dw = 3},
        {.rows = 1, .h = 3, .w = 4000, .c = 50, .m = 1, .kh = 3, .kw = 1, .same = 1},
    };
    uint64_t state = 302;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int f = 0; f <= 3; f += 3) {
            shape_case k = cases[i];
            k.sh = k.sh > 0 ? k.sh : 1, k.dh = k.dh > 0 ? k.dh : 1;
            k.sw = 1, k.dw = k.dw > 0 ? k.dw : 1;
            k.f = f, k.threads = 2;
            placed(&k);
            check_case(k, &state);
        }
}
END_TEST

/* With a 1x1 pointwise identity the separable layer is the depthwise one. */
START_TEST(an_identity_behind_it_changes_nothing)
{
    enum { H = 5, W = 4, C = 3, N = H * W * C };
    nn_shape shape = {3, {H, W, C}};
    nn_real x[N], y[2][N], kernel[9 * C], identity[C * C] = {0};
    uint64_t state = 303;
    test_fill_reals(x, N, &state);
    test_fill_reals(kernel, 9 * C, &state);
    for (int i = 0; i < C; i++)
        identity[i * C + i] = 1;
    for (int separable = 0; separable < 2; separable++) {
        probe p;
        nn_layer *layer = separable ? nn_separable_conv2d(C, {3, 3}, .padding = NN_SAME)
                                    : nn_depthwise_conv2d({3, 3}, .padding = NN_SAME);
        ck_assert_int_eq(probe_open(&p, layer, 1, &shape, 1, 0), NN_OK);
        probe_set(&p, "source/value", x, N);
        probe_set(&p, probe_weight(&p, 0), kernel, 9 * C);
        if (separable)
            probe_set(&p, "separable_conv2d/pointwise_kernel", identity, C * C);
        probe_forward(&p, y[separable]);
        probe_close(&p);
    }
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
}
END_TEST

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_shape picture = {3, {5, 5, 4}}, vector = {1, {7}};
    window_fails(nn_depthwise_conv2d(.depth_multiplier = 2), picture, NN_EINVAL,
                 "depthwise_conv2d: kernel must be given");
    window_fails(nn_depthwise_conv2d({3, 3}, .depth_multiplier = -2), picture, NN_EINVAL,
                 "depth_multiplier is -2");
    window_fails(nn_depthwise_conv2d({7, 3}), picture, NN_ESHAPE,
                 "kernel 7x3 exceeds the padded input 5x5");
    window_fails(nn_depthwise_conv2d({3, 3}), vector, NN_ESHAPE, "the input is 7");
    window_fails(nn_depthwise_conv2d({32768, 32768}, .padding = NN_SAME), picture, NN_ENOTSUP,
                 "kernel 32768x32768 of 4 channels");
    window_fails(nn_separable_conv2d(.kernel = {3, 3}), picture, NN_EINVAL,
                 "separable_conv2d: filters must be given");
    window_fails(nn_separable_conv2d(4, {1, 6}), picture, NN_ESHAPE, "kernel 1x6");
    window_fails(nn_separable_conv2d(1 << 24, {1, 1}, .depth_multiplier = 1 << 10), picture,
                 NN_ENOTSUP, "4096 channels and 16777216 filters");
}
END_TEST

Suite *depthwise_conv2d_suite(void);
Suite *depthwise_conv2d_suite(void)
{
    return TEST_SUITE("depthwise_conv2d", random_shapes_are_exact_to_the_last_integer,
                      strips_and_bands_are_exact, an_identity_behind_it_changes_nothing,
                      what_does_not_fit_is_named_with_its_numbers);
}
