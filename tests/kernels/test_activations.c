#include "layers/layer.h"
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
        return fmax(x, 0);
    case NN_SIGMOID:
        return 1 / (1 + exp(-x));
    case NN_TANH:
        return tanh(x);
    case NN_LEAKY_RELU:
        return fmax(x, 0) + 0.2 * fmin(x, 0);
    case NN_RELU6:
        return fmin(fmax(x, 0), 6);
    case NN_ELU:
        return x > 0 ? x : exp(x) - 1;
    case NN_SELU:
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (exp(x) - 1));
    case NN_SOFTPLUS:
        return log(1 + exp(x));
    case NN_SOFTSIGN:
        return x / (1 + fabs(x));
    case NN_EXPONENTIAL:
        return exp(x);
    case NN_HARD_SIGMOID:
        return fmin(fmax(x / 6 + 0.5, 0), 1);
    case NN_LOG_SIGMOID:
        return -log(1 + exp(-x));
    case NN_SILU:
        return x * activation(x, NN_SIGMOID);
    case NN_HARD_SILU:
        return x * activation(x, NN_HARD_SIGMOID);
    case NN_GELU:
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    case NN_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * pow(x, 3))));
    case NN_MISH:
        return x * tanh(log(1 + exp(x)));
    default:
        return x;
    }
}

/* Good to 1e-8 where no kink is nearer than 1e-4. */
static double slope(double x, int kind)
{
    double h = 1e-5;
    return (activation(x + h, kind) - activation(x - h, kind)) / (2 * h);
}

static void check_kind(const nn__kernel_table *k, int kind, nn_real *y, nn_real *dx)
{
    nn_real x[N], dy[N];
    uint64_t state = 5;
    test_fill_reals(x, N, &state);
    test_fill_reals(dy, N, &state);
    for (size_t i = 0; i < N; i++) {
        x[i] *= 8;
        if (fabs((double)x[i]) < 1e-3 || fabs(fabs((double)x[i]) - 3) < 1e-3 ||
            fabs((double)x[i] - 6) < 1e-3)
            x[i] += (nn_real)0.01;
    }
    memcpy(y, x, sizeof x);
    memcpy(dx, dy, sizeof dy);
    k->activate(y, kind, N);
    k->activate_gradient(dx, nn__activation_keeps_x(kind) ? x : y, kind, N);
    for (size_t i = 0; i < N; i++) {
        double want = activation((double)x[i], kind), rise = slope((double)x[i], kind);
        near((double)y[i], want, 6 * EPS * fmax(1, fabs(want)), nn_activation_names[kind], i);
        near((double)dx[i], (double)dy[i] * rise, (8 * EPS + 2e-8) * fmax(1, fabs(rise)), "dx", i);
    }
}

START_TEST(activations_and_gradients_follow_their_formulas_at_every_level)
{
    for (int kind = 0; nn_activation_names[kind] != NULL; kind++) {
        nn_real y[LEVELS][N], dx[LEVELS][N];
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            if (k == NULL)
                continue;
            check_kind(k, kind, y[level], dx[level]);
            same_bits(y[0], y[level], sizeof y[0], "activate");
            same_bits(dx[0], dx[level], sizeof dx[0], "activate_gradient");
        }
    }
}
END_TEST

/* At 1e30 and -1e30; exponential and the logarithms end elsewhere. */
static const struct {
    int kind;
    double low, high, low_slope, high_slope;
} ends[] = {
    {NN_LINEAR, -1e30, 1e30, 1, 1},
    {NN_RELU, 0, 1e30, 0, 1},
    {NN_SIGMOID, 0, 1, 0, 0},
    {NN_TANH, -1, 1, 0, 0},
    {NN_LEAKY_RELU, -2e29, 1e30, 0.2, 1},
    {NN_RELU6, 0, 6, 0, 0},
    {NN_ELU, -1, 1e30, 0, 1},
    {NN_SELU, -1.7580993408473769, 1.0507009873554805e30, 0, 1.0507009873554805},
    {NN_SOFTPLUS, 0, 1e30, 0, 1},
    {NN_SOFTSIGN, -1, 1, 0, 0},
    {NN_EXPONENTIAL, 0, HUGE_VAL, 0, HUGE_VAL},
    {NN_HARD_SIGMOID, 0, 1, 0, 0},
    {NN_LOG_SIGMOID, -1e30, 0, 1, 0},
    {NN_SILU, 0, 1e30, 0, 1},
    {NN_HARD_SILU, 0, 1e30, 0, 1},
    {NN_GELU, 0, 1e30, 0, 1},
    {NN_GELU_TANH, 0, 1e30, 0, 1},
    {NN_MISH, 0, 1e30, 0, 1},
};

static void near_end(double got, double want, const char *what, int kind)
{
    if (isinf(want) ? got != want : !(fabs(got - want) <= 4 * EPS * fmax(1, fabs(want))))
        ck_abort_msg("%s of %s is %g, not %g", what, nn_activation_names[kind], got, want);
}

START_TEST(nan_stays_nan_and_the_ends_saturate)
{
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t e = 0; k != NULL && e < sizeof ends / sizeof ends[0]; e++) {
            const int kind = ends[e].kind;
            nn_real x[48], y[48], dx[48];
            for (size_t i = 0; i < 48; i++) {
                y[i] = x[i] = (nn_real)(i % 3 == 0 ? (double)NAN : i % 3 == 1 ? 1e30 : -1e30);
                dx[i] = 1;
            }
            k->activate(y, kind, 48);
            k->activate_gradient(dx, nn__activation_keeps_x(kind) ? x : y, kind, 48);
            for (size_t i = 0; i < 48; i += 3) {
                ck_assert_msg(isnan(y[i]), "%s", nn_activation_names[kind]);
                near_end((double)y[i + 1], ends[e].high, "high", kind);
                near_end((double)y[i + 2], ends[e].low, "low", kind);
                near_end((double)dx[i + 1], ends[e].high_slope, "high slope", kind);
                near_end((double)dx[i + 2], ends[e].low_slope, "low slope", kind);
            }
        }
    }
    ck_assert_uint_eq(sizeof ends / sizeof ends[0] + 1, NN_MISH + 1);
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
