/* UpSampling2D, ZeroPadding2D and Cropping2D against their definitions, and as adjoints. */
#include "windows.h"

/* x at (u, v), the border repeated outside. */
static double clamped(const nn_real *x, int h, int w, int c, int u, int v)
{
    u = u < 0 ? 0 : u >= h ? h - 1 : u;
    v = v < 0 ? 0 : v >= w ? w - 1 : v;
    return (double)x[(u * w + v) * c];
}

static double bilinear(const nn_real *x, int h, int w, int c, double row, double column)
{
    int u = (int)floor(row), v = (int)floor(column);
    double a = row - u, b = column - v;
    return (1 - a) * ((1 - b) * clamped(x, h, w, c, u, v) + b * clamped(x, h, w, c, u, v + 1)) +
           a * ((1 - b) * clamped(x, h, w, c, u + 1, v) + b * clamped(x, h, w, c, u + 1, v + 1));
}

static double dot(const nn_real *a, const nn_real *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* y by the definition; <y, dy> = <x, dx> for two random x, since dx does not depend on x. */
static void check_up_sampling(int h, int w, int c, int sh, int sw, int interpolation,
                              uint64_t *state)
{
    nn_shape shape = {3, {h, w, c}};
    const int rows = 3, oh = h * sh, ow = w * sw;
    probe p;
    ck_assert_int_eq(probe_open(&p, nn_up_sampling2d({sh, sw}, interpolation), rows, &shape, 2, 0),
                     NN_OK);
    nn_real *x = calloc(2 * (p.x_count + p.y_count), sizeof *x), *dx = x + p.x_count,
            *y = dx + p.x_count, *dy = y + p.y_count;
    for (int round = 0; round < 2; round++) {
        test_fill_reals(x, p.x_count, state);
        test_fill_reals(dy, p.y_count, state);
        probe_set(&p, "source/value", x, p.x_count);
        probe_forward(&p, y);
        for (int at = 0; at < (int)p.y_count; at++) {
            int l = at % c, j = at / c % ow, i = at / c / ow % oh, n = at / c / ow / oh;
            const nn_real *from = x + n * h * w * c + l;
            double want = interpolation == NN_NEAREST
                              ? clamped(from, h, w, c, i / sh, j / sw)
                              : bilinear(from, h, w, c, (i + 0.5) / sh - 0.5, (j + 0.5) / sw - 0.5);
            ck_assert(fabs((double)y[at] - want) <= (interpolation == NN_NEAREST ? 0 : 1e-6));
        }
        probe_backward(&p, dy);
        probe_gradient(&p, "source/value", dx, p.x_count);
        ck_assert_double_eq_tol(dot(y, dy, p.y_count), dot(x, dx, p.x_count), 1e-4);
    }
    free(x);
    probe_close(&p);
}

START_TEST(pictures_grow_by_the_definition)
{
    uint64_t state = 331;
    for (int i = 0; i < 200; i++)
        check_up_sampling(test_random_int(&state, 1, 6), test_random_int(&state, 1, 6),
                          test_random_int(&state, 1, 20), test_random_int(&state, 1, 5),
                          test_random_int(&state, 1, 5), i % 2, &state);
    check_up_sampling(40, 33, 17, 2, 2, NN_BILINEAR, &state);
    check_up_sampling(40, 33, 17, 2, 3, NN_NEAREST, &state);
}
END_TEST

/* A constant stays that constant in both kinds. */
START_TEST(a_constant_picture_stays_constant)
{
    nn_shape shape = {3, {3, 2, 1}};
    nn_real x[6] = {5, 5, 5, 5, 5, 5}, y[6 * 12];
    for (int kind = 0; kind < 2; kind++) {
        probe p;
        ck_assert_int_eq(probe_open(&p, nn_up_sampling2d({3, 4}, kind), 1, &shape, 1, 0), NN_OK);
        probe_set(&p, "source/value", x, 6);
        probe_forward(&p, y);
        probe_close(&p);
        for (int i = 0; i < 72; i++)
            ck_assert(y[i] == 5);
    }
}
END_TEST

typedef struct frame_case {
    int h, w, c, rows[2], columns[2];
} frame_case;

static int moved(const frame_case *k, int at, int oh, int ow, int by, int *inside)
{
    int c = at % k->c, j = at / k->c % ow - by * k->columns[0];
    int i = at / k->c / ow % oh - by * k->rows[0], n = at / k->c / ow / oh;
    *inside = i >= 0 && i < k->h && j >= 0 && j < k->w;
    return ((n * k->h + i) * k->w + j) * k->c + c;
}

static void check_frame(const frame_case *k, int crops, uint64_t *state)
{
    enum { ROWS = 3 };
    nn_shape shape = {3, {k->h, k->w, k->c}};
    const int by = crops ? -1 : 1;
    const int oh = k->h + by * (k->rows[0] + k->rows[1]);
    const int ow = k->w + by * (k->columns[0] + k->columns[1]);
    nn_layer *layer =
        crops ? nn_cropping2d({k->rows[0], k->rows[1]}, {k->columns[0], k->columns[1]})
              : nn_zero_padding2d({k->rows[0], k->rows[1]}, {k->columns[0], k->columns[1]});
    probe p;
    ck_assert_int_eq(probe_open(&p, layer, ROWS, &shape, 2, 0), NN_OK);
    ck_assert_int_eq(p.y_shape->dims[0], oh);
    ck_assert_int_eq(p.y_shape->dims[1], ow);
    nn_real *x = calloc(2 * (p.x_count + p.y_count), sizeof *x), *dx = x + p.x_count,
            *y = dx + p.x_count, *dy = y + p.y_count;
    double *want_y = calloc(p.x_count + p.y_count, sizeof *want_y), *want_dx = want_y + p.y_count;
    test_fill_integers(x, p.x_count, 99, state);
    test_fill_integers(dy, p.y_count, 99, state);
    for (int at = 0; at < (int)p.y_count; at++) {
        int inside, from = moved(k, at, oh, ow, by, &inside);
        want_y[at] = inside ? (double)x[from] : 0;
        if (inside)
            want_dx[from] = (double)dy[at];
    }
    probe_set(&p, "source/value", x, p.x_count);
    probe_forward(&p, y);
    probe_same(y, want_y, p.y_count, "y");
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, p.x_count);
    probe_same(dx, want_dx, p.x_count, "dx");
    free(want_y);
    free(x);
    probe_close(&p);
}

START_TEST(borders_are_added_and_taken_away)
{
    uint64_t state = 332;
    for (int i = 0; i < 200; i++) {
        frame_case k = {test_random_int(&state, 1, 6),
                        test_random_int(&state, 1, 6),
                        test_random_int(&state, 1, 4),
                        {0},
                        {0}};
        for (int side = 0; side < 2; side++) {
            k.rows[side] = test_random_int(&state, side, 3);
            k.columns[side] = test_random_int(&state, 0, 3);
        }
        check_frame(&k, 0, &state);
        k.h += k.rows[0] + k.rows[1], k.w += k.columns[0] + k.columns[1];
        check_frame(&k, 1, &state);
    }
}
END_TEST

START_TEST(without_numbers_a_border_of_one_is_added_and_none_taken)
{
    nn_shape shape = {3, {2, 3, 1}};
    probe p;
    ck_assert_int_eq(probe_open(&p, nn_zero_padding2d(.name = "a"), 1, &shape, 1, 0), NN_OK);
    ck_assert(p.y_shape->dims[0] == 4 && p.y_shape->dims[1] == 5);
    probe_close(&p);
    ck_assert_int_eq(probe_open(&p, nn_cropping2d(.name = "a"), 1, &shape, 1, 0), NN_OK);
    ck_assert(p.y_shape->dims[0] == 2 && p.y_shape->dims[1] == 3);
    probe_close(&p);
}
END_TEST

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_shape picture = {3, {5, 5, 4}}, vector = {1, {7}}, wide = {3, {1, 1 << 20, 1}};
    window_fails(nn_up_sampling2d({2, -1}), picture, NN_EINVAL, "up_sampling2d: size is -1");
    window_fails(nn_up_sampling2d({2, 2}, 2), picture, NN_EINVAL, "interpolation is 2");
    window_fails(nn_up_sampling2d({2, 2}), vector, NN_ESHAPE, "the input is 7");
    window_fails(nn_up_sampling2d({1, 1 << 15}), wide, NN_ENOTSUP,
                 "a picture of 1x34359738368x1 is too large");
    window_fails(nn_zero_padding2d({1, -1}, {0, 0}), picture, NN_EINVAL,
                 "zero_padding2d: rows is -1");
    window_fails(nn_zero_padding2d({1 << 20, 0}), wide, NN_ENOTSUP,
                 "a picture of 1048577x1048576x1 is too large");
    window_fails(nn_zero_padding2d({1, 1}), vector, NN_ESHAPE, "the input is 7");
    window_fails(nn_cropping2d({2, 3}, {1, 0}), picture, NN_ESHAPE,
                 "cropping2d: 2+3 rows and 1+0 columns off leave nothing of the input 5x5");
    window_fails(nn_cropping2d({0, 0}, {-4, 0}), picture, NN_EINVAL, "columns is -4");
    window_fails(nn_cropping2d({1, 1}), vector, NN_ESHAPE, "the input is 7");
}
END_TEST

Suite *up_sampling2d_suite(void);
Suite *up_sampling2d_suite(void)
{
    return TEST_SUITE("up_sampling2d", pictures_grow_by_the_definition,
                      a_constant_picture_stays_constant, borders_are_added_and_taken_away,
                      without_numbers_a_border_of_one_is_added_and_none_taken,
                      what_does_not_fit_is_named_with_its_numbers);
}
