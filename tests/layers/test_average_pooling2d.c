/* AveragePooling2D, GlobalAveragePooling2D and GlobalMaxPooling2D against plain loops in double. x
 * and dy are multiples of what the means divide by, so that float is exact. */
#include "windows.h"

typedef struct pool_case {
    int rows, h, w, c, kh, kw, sh, sw, same, threads;
    int oh, ow, top, left;
} pool_case;

static int cells(int start, int kernel, int n)
{
    int first = start < 0 ? 0 : start, last = start + kernel > n ? n : start + kernel;
    return last - first;
}

static void check_case(const pool_case *k, uint64_t *state)
{
    nn_shape shape = {3, {k->h, k->w, k->c}};
    probe p;
    nn_layer *layer =
        nn_average_pool2d({k->kh, k->kw}, {k->sh, k->sw}, k->same ? NN_SAME : NN_VALID);
    ck_assert_int_eq(probe_open(&p, layer, k->rows, &shape, k->threads, 0), NN_OK);
    ck_assert_int_eq(p.y_shape->dims[0], k->oh);
    ck_assert_int_eq(p.y_shape->dims[1], k->ow);
    size_t all = p.x_count + p.y_count;
    nn_real *x = calloc(2 * all, sizeof *x), *dy = x + p.x_count, *have = dy + p.y_count;
    double *y = calloc(all, sizeof *y), *dx = y + p.y_count;
    test_fill_integers(x, all, 3, state);
    for (size_t i = 0; i < all; i++)
        x[i] *= 3600; /* divisible by every count up to 4 x 4 */
    for (int at = 0; at < (int)p.y_count; at++) {
        int c = at % k->c, j = at / k->c % k->ow, i = at / k->c / k->ow % k->oh;
        int n = at / k->c / k->ow / k->oh, u = i * k->sh - k->top, v = j * k->sw - k->left;
        int count = cells(u, k->kh, k->h) * cells(v, k->kw, k->w);
        for (int a = u < 0 ? 0 : u; a < u + k->kh && a < k->h; a++)
            for (int b = v < 0 ? 0 : v; b < v + k->kw && b < k->w; b++) {
                int xi = ((n * k->h + a) * k->w + b) * k->c + c;
                y[at] += (double)x[xi] / count;
                dx[xi] += (double)dy[at] / count;
            }
    }
    probe_set(&p, "source/value", x, p.x_count);
    probe_forward(&p, have);
    probe_same(have, y, p.y_count, "y");
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", have, p.x_count);
    probe_same(have, dx, p.x_count, "dx");
    free(y);
    free(x);
    probe_close(&p);
}

START_TEST(random_shapes_are_exact_to_the_last_integer)
{
    uint64_t state = 321;
    for (int i = 0; i < 600; i++) {
        pool_case k;
        do {
            k = (pool_case){.rows = test_random_int(&state, 1, 4),
                            .h = test_random_int(&state, 1, 12),
                            .w = test_random_int(&state, 1, 12),
                            .c = test_random_int(&state, 1, i % 5 ? 9 : 90),
                            .kh = test_random_int(&state, 1, 4),
                            .kw = test_random_int(&state, 1, 4),
                            .sh = test_random_int(&state, 1, 5),
                            .sw = test_random_int(&state, 1, 5),
                            .same = test_random_int(&state, 0, 1),
                            .threads = test_random_int(&state, 1, 3)};
            window_place(k.h, k.kh, k.sh, 1, k.same, &k.oh, &k.top);
            window_place(k.w, k.kw, k.sw, 1, k.same, &k.ow, &k.left);
        } while (k.oh < 1 || k.ow < 1);
        check_case(&k, &state);
    }
}
END_TEST

/* Both global ones over one picture: the mean of integers whose sum the count divides. */
static void check_global(int h, int w, int c, int keepdims, uint64_t *state)
{
    const nn_shape shape = {3, {h, w, c}};
    const size_t n = (size_t)(h * w), count = n * (size_t)c, width = (size_t)c;
    nn_real *x = calloc(2 * count + 2 * width, sizeof *x), *dx = x + count, *y = dx + count,
            *dy = y + width;
    test_fill_integers(x, count, 9, state);
    test_fill_integers(dy, width, 9, state);
    for (size_t l = 0; l < width; l++)
        dy[l] *= (nn_real)n;
    for (int largest = 0; largest < 2; largest++) {
        probe p;
        nn_layer *layer =
            largest ? nn_global_max_pool2d(keepdims) : nn_global_average_pool2d(keepdims);
        ck_assert_int_eq(probe_open(&p, layer, 1, &shape, 2, 0), NN_OK);
        ck_assert_int_eq(p.y_shape->rank, keepdims ? 3 : 1);
        ck_assert_int_eq(p.y_shape->dims[keepdims ? 2 : 0], c);
        probe_set(&p, "source/value", x, count);
        probe_forward(&p, y);
        probe_backward(&p, dy);
        probe_gradient(&p, "source/value", dx, count);
        for (size_t l = 0; l < width; l++) {
            double sum = 0, best = -100, ties = 0;
            for (size_t i = l; i < count; i += width)
                sum += (double)x[i], best = fmax(best, (double)x[i]);
            for (size_t i = l; i < count; i += width)
                ties += (double)x[i] == best;
            ck_assert(y[l] == (largest ? (nn_real)best : (nn_real)sum / (nn_real)n));
            for (size_t i = l; i < count; i += width) {
                double mean = (double)dy[l] / (double)n;
                double want = !largest ? mean : (double)x[i] == best ? (double)dy[l] / ties : 0;
                ck_assert(fabs((double)dx[i] - want) <= 1e-6 * fabs((double)dy[l]));
            }
        }
        probe_close(&p);
    }
    free(x);
}

START_TEST(a_channel_is_pooled_over_the_whole_picture)
{
    uint64_t state = 322;
    for (int i = 0; i < 60; i++)
        check_global(test_random_int(&state, 1, 9), test_random_int(&state, 1, 9),
                     test_random_int(&state, 1, 40), i % 2, &state);
    check_global(23, 31, 3, 0, &state); /* the mean in pieces */
    check_global(16, 16, 70, 1, &state);
    check_global(1, 257, 8, 1, &state);
}
END_TEST

/* A million ones: a plain sum in float would stop at 2^24 / 17, one in pieces is near. */
START_TEST(the_mean_of_a_large_picture_is_near)
{
    enum { H = 1000, W = 1000 };
    nn_shape shape = {3, {H, W, 1}};
    nn_real *x = calloc(H * W, sizeof *x), y;
    double sum = 0;
    uint64_t state = 323;
    probe p;
    for (int i = 0; i < H * W; i++)
        sum += (double)(x[i] = 100 + test_random_real(&state));
    ck_assert_int_eq(probe_open(&p, nn_global_average_pool2d(.keepdims = 0), 1, &shape, 1, 0),
                     NN_OK);
    probe_set(&p, "source/value", x, H * W);
    probe_forward(&p, &y);
    probe_close(&p);
    ck_assert_double_eq_tol((double)y, sum / (H * W), 1e-3);
    free(x);
}
END_TEST

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_shape picture = {3, {5, 5, 4}}, vector = {1, {7}};
    window_fails(nn_average_pool2d({2, 6}), picture, NN_ESHAPE,
                 "average_pooling2d: pool 2x6 exceeds the input 5x5");
    window_fails(nn_average_pool2d({2, 2}, {0, 2}), picture, NN_EINVAL, "strides are 0x2");
    window_fails(nn_average_pool2d({2, -2}), picture, NN_EINVAL, "pool is -2");
    window_fails(nn_average_pool2d({2, 2}), vector, NN_ESHAPE, "the input is 7");
    window_fails(nn_global_average_pool2d(.keepdims = 2), picture, NN_EINVAL, "keepdims is 2");
    window_fails(nn_global_average_pool2d(.keepdims = 1), vector, NN_ESHAPE,
                 "global_average_pooling2d: needs one picture");
    window_fails(nn_global_max_pool2d(.keepdims = 1), vector, NN_ESHAPE,
                 "global_max_pooling2d: needs one picture");
}
END_TEST

Suite *average_pooling2d_suite(void);
Suite *average_pooling2d_suite(void)
{
    return TEST_SUITE("average_pooling2d", random_shapes_are_exact_to_the_last_integer,
                      a_channel_is_pooled_over_the_whole_picture,
                      the_mean_of_a_large_picture_is_near,
                      what_does_not_fit_is_named_with_its_numbers);
}
