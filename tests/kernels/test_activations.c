#include "levels.h"

enum { N = 517 };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

START_TEST(rows_are_filled_with_the_bias)
{
    static const size_t widths[] = {1, 2, 3, 7, 8, 10, 31, 64, 100};
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t w = 0; k != NULL && w < 9; w++) {
            for (size_t n = 0; n < 60; n += 1 + n / 3) {
                size_t c = widths[w];
                nn_real *y = calloc(n * c + 1, sizeof *y), bias[100];
                uint64_t state = n;
                test_fill_reals(bias, 100, &state);
                y[n * c] = 77;
                k->fill_rows(y, bias, n, c);
                for (size_t i = 0; i < n * c; i++)
                    ck_assert(y[i] == bias[i % c]);
                ck_assert(y[n * c] == 77);
                free(y);
            }
        }
    }
}
END_TEST

static double activation(double x, int kind)
{
    switch (kind) {
    case NN_RELU:
        return x < 0 ? 0 : x;
    case NN_SIGMOID:
        return 1 / (1 + exp(-x));
    case NN_TANH:
        return tanh(x);
    default:
        return x;
    }
}

static double slope(double y, int kind)
{
    switch (kind) {
    case NN_RELU:
        return y > 0;
    case NN_SIGMOID:
        return y * (1 - y);
    case NN_TANH:
        return 1 - y * y;
    default:
        return 1;
    }
}

START_TEST(activations_and_gradients_follow_their_formulas_at_every_level)
{
    static const int kinds[] = {NN_LINEAR, NN_RELU, NN_SIGMOID, NN_TANH};
    for (int a = 0; a < 4; a++) {
        nn_real first[2][N];
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            nn_real x[N], y[N], dy[N], dx[N];
            uint64_t state = 5;
            if (k == NULL)
                continue;
            test_fill_reals(x, N, &state);
            test_fill_reals(dy, N, &state);
            for (size_t i = 0; i < N; i++)
                x[i] *= 8;
            x[3] = 0;
            memcpy(y, x, sizeof x);
            memcpy(dx, dy, sizeof dy);
            k->activate(y, kinds[a], N);
            k->activate_gradient(dx, y, kinds[a], N);
            for (size_t i = 0; i < N; i++) {
                near((double)y[i], activation((double)x[i], kinds[a]), 4 * EPS, "y", i);
                near((double)dx[i], (double)dy[i] * slope((double)y[i], kinds[a]), 4 * EPS, "dx",
                     i);
            }
            if (level == 0) {
                memcpy(first[0], y, sizeof y);
                memcpy(first[1], dx, sizeof dx);
            }
            same_bits(first[0], y, sizeof y, "activate");
            same_bits(first[1], dx, sizeof dx, "activate_gradient");
        }
    }
}
END_TEST

START_TEST(nan_stays_nan_and_the_ends_saturate)
{
    const nn_real big = (nn_real)1e30;
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (int kind = NN_LINEAR; k != NULL && kind <= NN_TANH; kind++) {
            nn_real x[24];
            for (size_t i = 0; i < 24; i++)
                x[i] = (nn_real)(i % 3 == 0 ? (double)NAN : i % 3 == 1 ? 1e30 : -1e30);
            if (kind == NN_SOFTMAX)
                continue;
            k->activate(x, kind, 24);
            for (size_t i = 0; i < 24; i++) {
                double high = kind == NN_SIGMOID || kind == NN_TANH ? 1 : (double)big;
                double low = kind == NN_TANH ? -1 : kind == NN_LINEAR ? -(double)big : 0;
                near((double)x[i], i % 3 == 0 ? (double)NAN : i % 3 == 1 ? high : low, 0, "x", i);
            }
        }
    }
}
END_TEST

START_TEST(softmax_sums_to_one_ignores_shifts_and_follows_its_gradient)
{
    for (size_t c = 1; c < 40; c += 3) {
        nn_real first[2][7 * 40];
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            nn_real y[7 * 40], shifted[7 * 40], dy[7 * 40], dx[7 * 40];
            uint64_t state = c;
            if (k == NULL)
                continue;
            test_fill_integers(y, 7 * c, 9, &state);
            test_fill_reals(dy, 7 * c, &state);
            for (size_t i = 0; i < 7 * c; i++)
                shifted[i] = y[i] + 100; /* exact */
            k->softmax(y, 7, c);
            k->softmax(shifted, 7, c);
            same_bits(y, shifted, 7 * c * sizeof *y, "a shifted row");
            memcpy(dx, dy, sizeof dx);
            k->softmax_gradient(dx, dx, y, 7, c);
            for (size_t i = 0; i < 7; i++) {
                double sum = 0, dot = 0;
                for (size_t j = 0; j < c; j++) {
                    sum += (double)y[i * c + j];
                    dot += (double)y[i * c + j] * (double)dy[i * c + j];
                }
                near(sum, 1, EPS * (double)c, "sum", i);
                for (size_t j = 0; j < c; j++)
                    near((double)dx[i * c + j],
                         (double)y[i * c + j] * ((double)dy[i * c + j] - dot), 4 * EPS, "dx", j);
            }
            if (level == 0) {
                memcpy(first[0], y, sizeof y);
                memcpy(first[1], dx, sizeof dx);
            }
            same_bits(first[0], y, 7 * c * sizeof *y, "softmax");
            same_bits(first[1], dx, 7 * c * sizeof *y, "softmax_gradient");
        }
    }
}
END_TEST

START_TEST(softmax_survives_large_numbers_and_spreads_nan_over_its_row_only)
{
    nn_real y[9] = {1000, 999, -1000, 1, (nn_real)NAN, 2, (nn_real)-INFINITY, 0, 0};
    nn__kernels->softmax(y, 3, 3);
    near((double)y[0], 1 / (1 + exp(-1)), 2 * EPS, "y", 0);
    ck_assert(y[2] == 0);
    ck_assert(isnan(y[3]) && isnan(y[4]) && isnan(y[5]));
    ck_assert(y[6] == 0 && y[7] == (nn_real)0.5);
}
END_TEST

Suite *activations_suite(void)
{
    return TEST_SUITE("activations", rows_are_filled_with_the_bias,
                      activations_and_gradients_follow_their_formulas_at_every_level,
                      nan_stays_nan_and_the_ends_saturate,
                      softmax_sums_to_one_ignores_shifts_and_follows_its_gradient,
                      softmax_survives_large_numbers_and_spreads_nan_over_its_row_only);
}
