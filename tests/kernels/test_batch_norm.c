#include "levels.h"

enum { ROWS = 200, WIDTH = 75, N = ROWS * WIDTH };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

/* Columns of different offset and spread: x = offset + spread r. */
static void fill(nn_real *x, size_t n, size_t c, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < c; j++)
            x[i * c + j] = (nn_real)((double)j - 20 +
                                     (double)test_random_real(&state) * (1 + (double)(j % 5)));
}

/*
 * Two passes, compensated: a block's mean is exact up to EPS of its deviations, m2 up to the
 * rounding of 64 additions in nn_real.
 */
START_TEST(moments_match_a_double_reference_at_every_level)
{
    static nn_real x[N];
    for (size_t c = 1; c <= WIDTH; c += 1 + c / 4) {
        for (size_t n = 1; n <= ROWS; n += 1 + n / 2) {
            double first[2][WIDTH];
            fill(x, n, c, n * c);
            for (int level = 0; level < LEVELS; level++) {
                const nn__kernel_table *k = nn__kernel_table_of(level);
                double mean[WIDTH], m2[WIDTH];
                if (k == NULL)
                    continue;
                k->column_moments(mean, m2, x, n, c);
                for (size_t j = 0; level == 0 && j < c; j++) {
                    double sum = 0, squares = 0;
                    for (size_t i = 0; i < n; i++)
                        sum += (double)x[i * c + j];
                    sum /= (double)n;
                    for (size_t i = 0; i < n; i++)
                        squares += pow((double)x[i * c + j] - sum, 2);
                    near(mean[j], sum, 40 * EPS, "mean", j);
                    near(m2[j], squares, 70 * EPS * (squares + 1), "m2", j);
                }
                if (level == 0) {
                    memcpy(first[0], mean, sizeof mean);
                    memcpy(first[1], m2, sizeof m2);
                }
                same_bits(first[0], mean, c * sizeof *mean, "mean");
                same_bits(first[1], m2, c * sizeof *m2, "m2");
            }
        }
    }
}
END_TEST

START_TEST(moments_of_a_constant_column_have_no_spread)
{
    static nn_real x[N];
    double mean[8], m2[8];
    for (size_t i = 0; i < N; i++)
        x[i] = (nn_real)1234.5678;
    nn__kernels->column_moments(mean, m2, x, N / 8, 8);
    for (size_t j = 0; j < 8; j++) {
        near(mean[j], (double)x[0], 1e-9, "mean", j);
        near(m2[j], 0, 1e-9, "m2", j);
    }
}
END_TEST

START_TEST(scale_and_shift_go_by_columns_in_place_too)
{
    static nn_real x[N], y[N];
    nn_real scale[WIDTH], shift[WIDTH];
    uint64_t state = 3;
    test_fill_integers(scale, WIDTH, 20, &state);
    test_fill_integers(shift, WIDTH, 20, &state);
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t c = 1; k != NULL && c <= WIDTH; c++) {
            test_fill_integers(x, 30 * c, 100, &state);
            k->column_scale_shift(y, x, scale, shift, 30, c);
            for (size_t i = 0; i < 30 * c; i++)
                ck_assert(y[i] == x[i] * scale[i % c] + shift[i % c]);
            k->column_scale_shift(x, x, scale, shift, 30, c);
            same_bits(y, x, 30 * c * sizeof *x, "in place");
        }
    }
}
END_TEST

START_TEST(sums_and_dx_match_a_double_reference_at_every_level)
{
    static const int slopes[] = {NN_RELU, NN_TANH};
    static nn_real x[N], dy[N], dx[N], over[N], sloped[N];
    for (size_t c = 1; c <= WIDTH; c += 1 + c / 3) {
        nn_real mean[WIDTH], rstd[WIDTH], d[WIDTH];
        double first[2][WIDTH];
        uint64_t state = c;
        fill(x, ROWS, c, c);
        test_fill_reals(dy, ROWS * c, &state);
        test_fill_reals(d, c, &state);
        for (size_t j = 0; j < c; j++) {
            mean[j] = (nn_real)((double)j - 20);
            rstd[j] = (nn_real)0.7;
        }
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            double sum[WIDTH], product[WIDTH];
            if (k == NULL)
                continue;
            k->batch_norm_sums(sum, product, &(nn__pooled_dy){.dy = dy}, x, mean, rstd, ROWS, c);
            k->batch_norm_dx(dx, &(nn__pooled_dy){.dy = dy}, x, rstd, mean, d, NN_LINEAR, ROWS, c);
            memcpy(over, dy, sizeof over);
            k->batch_norm_dx(over, &(nn__pooled_dy){.dy = over}, x, rstd, mean, d, NN_LINEAR, ROWS,
                             c);
            same_bits(dx, over, ROWS * c * sizeof *dx, "in place");
            for (size_t i = 0; i < sizeof slopes / sizeof slopes[0]; i++) {
                k->batch_norm_dx(over, &(nn__pooled_dy){.dy = dy}, x, rstd, mean, d, slopes[i],
                                 ROWS, c);
                memcpy(sloped, dx, sizeof dx);
                k->activate_gradient(sloped, x, slopes[i], ROWS * c);
                same_bits(sloped, over, ROWS * c * sizeof *dx, "times the slope");
            }
            for (size_t j = 0; j < c; j++) {
                double s = 0, p = 0;
                for (size_t i = 0; i < ROWS; i++) {
                    double g = (double)dy[i * c + j], at = (double)x[i * c + j];
                    s += g;
                    p += g * (at - (double)mean[j]) * (double)rstd[j];
                    double want = (double)rstd[j] * g + (double)mean[j] * at + (double)d[j];
                    near((double)dx[i * c + j], want, 4 * EPS * (2 + fabs((double)mean[j] * at)),
                         "dx", j);
                }
                near(sum[j], s, ROWS * 32 * EPS, "sum dy", j);
                near(product[j], p, ROWS * 5 * 32 * EPS, "sum dy xhat", j);
            }
            if (level == 0) {
                memcpy(first[0], sum, sizeof sum);
                memcpy(first[1], product, sizeof product);
            }
            same_bits(first[0], sum, c * sizeof *sum, "sum dy");
            same_bits(first[1], product, c * sizeof *sum, "sum dy xhat");
        }
    }
}
END_TEST

/* The sums and dx of one gradient, written out or pooled, are the same bits. */
static void compare_pooled(const nn__kernel_table *k, const nn__window *w, size_t pictures)
{
    static nn_real x[N], dx[N], whole[N], dy[N], out[N];
    static uint32_t where[N];
    const size_t c = (size_t)w->c, cells = (size_t)w->h * (size_t)w->w, n = pictures * cells,
                 windows = (size_t)w->oh * (size_t)w->ow;
    double sums[2][2][WIDTH];
    nn_real mean[WIDTH], rstd[WIDTH], d[WIDTH];
    uint64_t state = n * c;
    test_fill_reals(x, n * c, &state);
    test_fill_reals(dy, pictures * windows * c, &state);
    test_fill_reals(mean, c, &state);
    test_fill_reals(rstd, c, &state);
    test_fill_reals(d, c, &state);
    for (size_t i = 0; i < pictures; i++) {
        uint32_t *at = where + i * windows * c;
        k->max_pool(out, at, x + i * cells * c, w, 0, w->oh);
        k->max_pool_gradient(whole + i * cells * c, dy + i * windows * c, at, w);
    }
    const nn__pooled_dy pooled = {dy, where, w}, written = {.dy = whole};
    k->batch_norm_sums(sums[0][0], sums[0][1], &pooled, x, mean, rstd, n, c);
    k->batch_norm_sums(sums[1][0], sums[1][1], &written, x, mean, rstd, n, c);
    same_bits(sums[0][0], sums[1][0], c * sizeof(double), "sum dy, pooled");
    same_bits(sums[0][1], sums[1][1], c * sizeof(double), "sum dy xhat, pooled");
    k->batch_norm_dx(dx, &pooled, x, rstd, mean, d, NN_LINEAR, n, c);
    k->batch_norm_dx(out, &written, x, rstd, mean, d, NN_LINEAR, n, c);
    same_bits(dx, out, n * c * sizeof *dx, "dx, pooled");
}

START_TEST(a_pooled_gradient_counts_as_if_it_were_written_out)
{
    static const nn__window windows[] = {
        {.h = 8, .w = 8, .kh = 2, .kw = 2, .oh = 4, .ow = 4},
        {.h = 7, .w = 9, .kh = 2, .kw = 2, .oh = 3, .ow = 4}, /* cells that no window covers */
        {.h = 7, .w = 7, .kh = 3, .kw = 2, .top = 1, .left = 1, .oh = 3, .ow = 4}, /* padding */
        {.h = 11, .w = 5, .kh = 1, .kw = 3, .left = 2, .oh = 11, .ow = 2},
        {.h = 1, .w = 6, .kh = 1, .kw = 1, .oh = 1, .ow = 6},
    };
    for (int level = 0; level < LEVELS; level++)
        for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
            for (int c = 1; nn__kernel_table_of(level) != NULL && c <= WIDTH; c += 1 + c / 2) {
                nn__window w = windows[i];
                w.c = c;
                w.sh = w.kh, w.sw = w.kw;
                w.dh = w.dw = 1;
                compare_pooled(nn__kernel_table_of(level), &w, 3);
            }
}
END_TEST

Suite *batch_norm_suite(void)
{
    return TEST_SUITE("batch_norm", moments_match_a_double_reference_at_every_level,
                      moments_of_a_constant_column_have_no_spread,
                      scale_and_shift_go_by_columns_in_place_too,
                      sums_and_dx_match_a_double_reference_at_every_level,
                      a_pooled_gradient_counts_as_if_it_were_written_out);
}
