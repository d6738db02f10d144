/* Conv2DTranspose against plain loops in double, on integers, and against Conv2D, whose way back it
 * is. */
#include "scratch.h"
#include "windows.h"

typedef struct transpose_case {
    int rows, h, w, c, f, kh, kw, sh, sw, dh, dw, same, relu, threads;
    int given, ah, aw; /* output_padding */
    int oh, ow, top, left;
} transpose_case;

static nn_layer *case_layer(const transpose_case *k)
{
    int ah = k->given ? k->ah : 0, aw = k->given ? k->aw : 0;
    if (k->given && ah == 0 && aw == 0)
        ah = aw = -1;
    return nn_conv2d_transpose(k->f, {k->kh, k->kw}, {k->sh, k->sw}, k->same ? NN_SAME : NN_VALID,
                               {ah, aw}, {k->dh, k->dw}, k->relu ? NN_RELU : NN_LINEAR);
}

/* Keras's size of y along an axis. */
static int output(int n, int k, int s, int d, int same, int given, int a)
{
    int extent = (k - 1) * d + 1;
    if (!given)
        return same ? n * s : (n - 1) * s + (extent > s ? extent : s);
    return (n - 1) * s + (same ? extent % 2 : extent) + a;
}

/* Sizes; 0 where Keras has no such layer. */
static int placed(transpose_case *k)
{
    int h, w;
    k->oh = output(k->h, k->kh, k->sh, k->dh, k->same, k->given, k->ah);
    k->ow = output(k->w, k->kw, k->sw, k->dw, k->same, k->given, k->aw);
    if (k->oh < 1 || k->ow < 1)
        return 0;
    window_place(k->oh, k->kh, k->sh, k->dh, k->same, &h, &k->top);
    window_place(k->ow, k->kw, k->sw, k->dw, k->same, &w, &k->left);
    return h == k->h && w == k->w;
}

/* With dz NULL: y += the scattered x; else dx and dkernel. */
static void scatter(const transpose_case *k, const window_run *r, const double *dz)
{
    for (int at = 0; at < k->rows * k->h * k->w * k->c; at++) {
        int c = at % k->c, j = at / k->c % k->w, i = at / k->c / k->w % k->h;
        int n = at / k->c / k->w / k->h;
        for (int tap = 0; tap < k->kh * k->kw; tap++) {
            int u = i * k->sh + tap / k->kw * k->dh - k->top;
            int v = j * k->sw + tap % k->kw * k->dw - k->left;
            if (u < 0 || u >= k->oh || v < 0 || v >= k->ow)
                continue;
            for (int f = 0; f < k->f; f++) {
                int y = ((n * k->oh + u) * k->ow + v) * k->f + f, w = (tap * k->f + f) * k->c + c;
                if (dz == NULL)
                    r->y[y] += (double)r->x[at] * (double)r->w[0][w];
                else {
                    r->dx[at] += dz[y] * (double)r->w[0][w];
                    r->dw[0][w] += dz[y] * (double)r->x[at];
                }
            }
        }
    }
}

static void want(const window_run *r, const void *arg)
{
    const transpose_case *k = arg;
    double *dz = calloc(r->ny, sizeof *dz);
    scatter(k, r, NULL);
    for (size_t i = 0; i < r->ny; i++) {
        r->y[i] += (double)r->w[1][i % r->nw[1]];
        dz[i] = k->relu && r->y[i] <= 0 ? 0 : (double)r->dy[i];
        r->y[i] = k->relu && r->y[i] < 0 ? 0 : r->y[i];
        r->dw[1][i % r->nw[1]] += dz[i];
    }
    scatter(k, r, dz);
    free(dz);
}

static void check_case(const transpose_case *k, uint64_t *state)
{
    nn_shape shape = {3, {k->h, k->w, k->c}};
    probe p;
    ck_assert_msg(probe_open(&p, case_layer(k), k->rows, &shape, k->threads, 0) == NN_OK, "%s",
                  nn_error_message());
    ck_assert_int_eq(p.y_shape->dims[0], k->oh);
    ck_assert_int_eq(p.y_shape->dims[1], k->ow);
    window_check(&p, (const size_t[]){(size_t)(k->kh * k->kw * k->f * k->c), (size_t)k->f, 0},
                 state, want, k);
    probe_close(&p);
}

START_TEST(random_shapes_are_exact_to_the_last_integer)
{
    uint64_t state = 311;
    for (int round = 0, given = 0; round < 400 || given < 50; round++) {
        transpose_case k = {.rows = test_random_int(&state, 1, 10),
                            .h = test_random_int(&state, 1, 6),
                            .w = test_random_int(&state, 1, 6),
                            .c = test_random_int(&state, 1, 9),
                            .f = test_random_int(&state, 1, 9),
                            .kh = test_random_int(&state, 1, 5),
                            .kw = test_random_int(&state, 1, 5),
                            .sh = test_random_int(&state, 1, 4),
                            .sw = test_random_int(&state, 1, 4),
                            .dh = 1,
                            .dw = 1,
                            .same = test_random_int(&state, 0, 1),
                            .relu = test_random_int(&state, 0, 2) == 0,
                            .given = test_random_int(&state, 0, 1),
                            .threads = test_random_int(&state, 1, 3)};
        if (k.sh == 1 && k.sw == 1)
            k.dh = test_random_int(&state, 1, 3), k.dw = test_random_int(&state, 1, 3);
        k.ah = test_random_int(&state, 0, k.sh - 1), k.aw = test_random_int(&state, 0, k.sw - 1);
        if (!placed(&k))
            continue;
        given += k.given;
        check_case(&k, &state);
    }
}
END_TEST

START_TEST(tiles_of_large_pictures_are_exact)
{
    static const transpose_case cases[] = {
        {.rows = 2,
         .h = 32,
         .w = 32,
         .c = 3,
         .f = 8,
         .kh = 3,
         .kw = 3,
         .sh = 2,
         .sw = 2,
         .same = 1},
        {.rows = 2,
         .h = 20,
         .w = 31,
         .c = 5,
         .f = 24,
         .kh = 3,
         .kw = 3,
         .sh = 2,
         .sw = 2,
         .same = 1},
        {.rows = 11,
         .h = 9,
         .w = 9,
         .c = 16,
         .f = 40,
         .kh = 4,
         .kw = 4,
         .sh = 2,
         .sw = 2,
         .same = 1},
        {.rows = 1, .h = 7, .w = 7, .c = 3, .f = 400, .kh = 5, .kw = 5, .sh = 1, .sw = 1},
    };
    uint64_t state = 312;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        transpose_case k = cases[i];
        k.dh = k.dw = 1, k.threads = 2;
        ck_assert(placed(&k));
        check_case(&k, &state);
        nn_shape shape = {3, {k.h, k.w, k.c}};
        probe p;
        ck_assert_int_eq(probe_open(&p, case_layer(&k), k.rows, &shape, 2, 0), NN_OK);
        test_scratch guarded = test_scratch_begin(p.context, NN__TRAIN, 1 << 18);
        nn_real *dy = calloc(p.y_count, sizeof *dy);
        probe_forward(&p, NULL);
        probe_backward(&p, dy);
        test_scratch_end(p.context, &guarded, "conv2d_transpose");
        free(dy);
        probe_close(&p);
    }
}
END_TEST

/* y of one is dx of the other, with the kernel as it stands. */
START_TEST(it_is_the_way_back_of_conv2d)
{
    enum { H = 9, W = 8, C = 3, F = 5, OH = 5, OW = 4 };
    nn_shape large = {3, {H, W, C}}, small = {3, {OH, OW, F}};
    nn_real kernel[3 * 3 * C * F], small_values[OH * OW * F], dx[H * W * C], y[H * W * C];
    uint64_t state = 313;
    probe p;
    test_fill_integers(kernel, 3 * 3 * C * F, 4, &state);
    test_fill_integers(small_values, OH * OW * F, 4, &state);
    ck_assert_int_eq(probe_open(&p, nn_conv2d(F, {3, 3}, {2, 2}, NN_SAME), 1, &large, 1, 0), NN_OK);
    probe_set(&p, "conv2d/kernel", kernel, 3 * 3 * C * F);
    probe_forward(&p, NULL);
    probe_backward(&p, small_values);
    probe_gradient(&p, "source/value", dx, H * W * C);
    probe_close(&p);
    /* 9 = (5 - 1) 2 + 1 + 0,  8 = (4 - 1) 2 + 1 + 1 */
    nn_layer *layer = nn_conv2d_transpose(C, {3, 3}, {2, 2}, NN_SAME, {0, 1});
    ck_assert_int_eq(probe_open(&p, layer, 1, &small, 1, 0), NN_OK);
    probe_set(&p, "conv2d_transpose/kernel", kernel, 3 * 3 * C * F);
    probe_set(&p, "source/value", small_values, OH * OW * F);
    probe_forward(&p, y);
    probe_close(&p);
    ck_assert_mem_eq(y, dx, sizeof y);
}
END_TEST

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_shape picture = {3, {5, 5, 4}}, vector = {1, {7}}, wide = {3, {1, 1 << 20, 1}};
    window_fails(nn_conv2d_transpose(.kernel = {3, 3}), picture, NN_EINVAL,
                 "conv2d_transpose: filters must be given");
    window_fails(nn_conv2d_transpose(2, {3, 3}, {2, 2}, .dilation = {2, 1}), picture, NN_EINVAL,
                 "strides 2x2 and dilation 2x1 are both above 1");
    window_fails(nn_conv2d_transpose(2, {3, 3}, {2, 1}, .output_padding = {0, 1}), picture,
                 NN_EINVAL, "output_padding 0x1 must be less than the strides 2x1");
    window_fails(nn_conv2d_transpose(2, {3, 3}, .output_padding = {-2, 0}), picture, NN_EINVAL,
                 "output_padding is -2");
    window_fails(nn_conv2d_transpose(2, {2, 2}, {2, 2}, NN_SAME, {-1, -1}), picture, NN_ESHAPE,
                 "output_padding 0x0: no picture of 8x8 gives the input 5x5");
    window_fails(nn_conv2d_transpose(2, {2, 2}, {1, 1}, NN_SAME, {-1, -1}),
                 (nn_shape){3, {1, 1, 4}}, NN_ESHAPE, "no picture of 0x0 gives the input 1x1");
    window_fails(nn_conv2d_transpose(2, {3, 3}), vector, NN_ESHAPE, "the input is 7");
    window_fails(nn_conv2d_transpose(1, {1, 1}, {32768, 32768}), wide, NN_ENOTSUP,
                 "a picture of 32768x34359738368x1 is too large");
    window_fails(nn_conv2d_transpose(1 << 20, {200, 200}), picture, NN_ENOTSUP,
                 "kernel 200x200 of 4 channels and 1048576 filters is too large");
}
END_TEST

Suite *conv2d_transpose_suite(void);
Suite *conv2d_transpose_suite(void)
{
    return TEST_SUITE("conv2d_transpose", random_shapes_are_exact_to_the_last_integer,
                      tiles_of_large_pictures_are_exact, it_is_the_way_back_of_conv2d,
                      what_does_not_fit_is_named_with_its_numbers);
}
