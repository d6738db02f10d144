#include "levels.h"

enum { ROWS = 6, WIDTH = 12, N = ROWS * WIDTH };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

typedef struct sample {
    nn_real z[N], y[N], p[N];
    int32_t classes[ROWS];
    size_t c;
} sample;

/* Logits within -6..6, one-hot targets and the same as classes, probabilities that sum to 2. */
static sample sample_of(size_t c, uint64_t seed)
{
    sample s = {.c = c};
    uint64_t state = seed;
    test_fill_reals(s.z, N, &state);
    for (size_t i = 0; i < N; i++) {
        s.z[i] *= 6;
        s.p[i] = (nn_real)(0.01 + fabs((double)test_random_real(&state)));
    }
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0;
        s.classes[i] = test_random_int(&state, 0, (int)c - 1);
        s.y[i * c + (size_t)s.classes[i]] = 1;
        for (size_t j = 0; j < c; j++)
            sum += (double)s.p[i * c + j];
        for (size_t j = 0; j < c; j++)
            s.p[i * c + j] = (nn_real)(2 * (double)s.p[i * c + j] / sum);
    }
    return s;
}

/* log sum exp(z) - z[class], and the probabilities. */
static double reference(const nn_real *z, size_t c, int32_t class, double *p)
{
    double largest = -(double)INFINITY, sum = 0;
    for (size_t j = 0; j < c; j++)
        largest = fmax(largest, (double)z[j]);
    for (size_t j = 0; j < c; j++)
        sum += exp((double)z[j] - largest);
    for (size_t j = 0; j < c; j++)
        p[j] = exp((double)z[j] - largest) / sum;
    return log(sum) - ((double)z[class] - largest);
}

START_TEST(from_logits_both_forms_follow_the_formula_and_agree_to_the_bit)
{
    for (size_t c = 2; c <= WIDTH; c++) {
        sample s = sample_of(c, c);
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            nn_real z[N], dz[N], sparse[N], over[N];
            double losses[ROWS], other[ROWS], p[WIDTH];
            if (k == NULL)
                continue;
            memcpy(z, s.z, sizeof z);
            k->crossentropy_logits(z, 0, losses, dz, s.y, NULL, 0, 0.25, ROWS, c);
            for (size_t i = 0; i < ROWS; i++) {
                double loss = reference(s.z + i * c, c, s.classes[i], p);
                near(losses[i], loss, 64 * EPS * (1 + loss), "loss", i);
                for (size_t j = 0; j < c; j++) {
                    double g = 0.25 * (p[j] - (double)s.y[i * c + j]);
                    near((double)z[i * c + j], p[j], 64 * EPS, "p", j);
                    near((double)dz[i * c + j], g, 64 * EPS, "dz", j);
                }
            }
            memcpy(z, s.z, sizeof z);
            k->crossentropy_logits(z, 1, other, sparse, NULL, s.classes, 0, 0.25, ROWS, c);
            same_bits(z, s.z, sizeof z, "kept logits");
            same_bits(losses, other, sizeof losses, "classes and one-hot rows");
            same_bits(dz, sparse, ROWS * c * sizeof *dz, "classes and one-hot rows");
            memcpy(over, s.z, sizeof over);
            k->crossentropy_logits(over, 0, other, over, NULL, s.classes, 0, 0.25, ROWS, c);
            same_bits(dz, over, ROWS * c * sizeof *dz, "gradient over the logits");
            k->crossentropy_logits(z, 1, other, NULL, s.y, NULL, 0, 0.25, ROWS, c);
            same_bits(losses, other, sizeof losses, "without a gradient");
        }
    }
}
END_TEST

START_TEST(large_and_infinite_logits_give_finite_losses)
{
    nn_real z[6] = {1000, 0, -1000, (nn_real)-INFINITY, 3, 3}, dz[6];
    nn_real y[6] = {0, 1, 0, 0, 0, 1};
    double losses[2];
    nn__kernels->crossentropy_logits(z, 0, losses, dz, y, NULL, 0, 1, 2, 3);
    near(losses[0], 1000, 1e-9, "loss", 0);
    near(losses[1], log(2), 1e-9, "loss", 1);
    ck_assert(dz[0] == 1 && dz[1] == -1 && dz[2] == 0);
    ck_assert(dz[3] == 0 && dz[4] == (nn_real)0.5 && dz[5] == (nn_real)-0.5);
}
END_TEST

START_TEST(targets_that_do_not_sum_to_one_weigh_the_loss_but_not_the_gradient)
{
    nn_real z[2] = {0, 0}, dz[2], y[2] = {2, 1};
    double loss;
    nn__kernels->crossentropy_logits(z, 0, &loss, dz, y, NULL, 0, 1, 1, 2);
    near(loss, 3 * log(2), 1e-7, "loss", 0);
    ck_assert(dz[0] == (nn_real)-1.5 && dz[1] == (nn_real)-0.5);
}
END_TEST

static double clip(double p)
{
    return fmin(fmax(p, 1e-7), 1 - 1e-7);
}

/* The unfused losses of one row, from probabilities given in double. */
static double unfused(const double *p, const nn_real *y, int32_t class, size_t c)
{
    double sum = 0, loss = 0;
    for (size_t j = 0; j < c; j++)
        sum += y != NULL ? p[j] : clip(p[j]);
    if (y == NULL)
        return log(sum) - log(clip(p[class]));
    for (size_t j = 0; j < c; j++)
        loss -= (double)y[j] * log(clip(p[j] / sum));
    return loss;
}

START_TEST(from_probabilities_losses_and_gradients_match_differences)
{
    const double h = 1e-6;
    for (size_t c = 2; c <= WIDTH; c++) {
        sample s = sample_of(c, 100 + c);
        for (int sparse = 0; sparse < 2; sparse++) {
            nn_real dp[N], over[N];
            double losses[ROWS], p[WIDTH];
            const nn_real *y = sparse ? NULL : s.y;
            nn__kernels->crossentropy_probabilities(losses, dp, s.p, y, s.classes, 0, 2, ROWS, c);
            memcpy(over, s.p, sizeof over);
            nn__kernels->crossentropy_probabilities(losses, over, over, y, s.classes, 0, 2, ROWS,
                                                    c);
            same_bits(dp, over, ROWS * c * sizeof *dp, "gradient over the probabilities");
            for (size_t i = 0; i < ROWS; i++) {
                const nn_real *row = sparse ? NULL : s.y + i * c;
                for (size_t j = 0; j < c; j++)
                    p[j] = (double)s.p[i * c + j];
                near(losses[i], unfused(p, row, s.classes[i], c), 1e-12, "loss", i);
                for (size_t j = 0; j < c; j++) {
                    double at = p[j], up, down;
                    p[j] = at + h;
                    up = unfused(p, row, s.classes[i], c);
                    p[j] = at - h;
                    down = unfused(p, row, s.classes[i], c);
                    p[j] = at;
                    double g = 2 * (up - down) / (2 * h);
                    near((double)dp[i * c + j], g, 2e-6 * (1 + fabs(g)), "dp", j);
                }
            }
        }
    }
}
END_TEST

START_TEST(probabilities_are_clipped_where_keras_clips_them)
{
    nn_real p[4] = {0, 1, 1, 0}, dp[4], y[4] = {1, 0, 1, 0};
    int32_t classes[2] = {0, 0};
    double losses[2];
    nn__kernels->crossentropy_probabilities(losses, dp, p, y, NULL, 0, 1, 2, 2);
    near(losses[0], 16.11809565, 1e-8, "loss", 0);
    near(losses[1], 1e-7, 1e-9, "loss", 1);
    for (size_t i = 0; i < 4; i++)
        ck_assert(dp[i] == 0);
    nn__kernels->crossentropy_probabilities(losses, dp, p, NULL, classes, 0, 1, 2, 2);
    near(losses[0], 16.11809565, 1e-8, "loss", 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert(dp[i] == 0);
}
END_TEST

START_TEST(squared_error_is_exact_on_integers)
{
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        nn_real p[N], y[N], dp[N];
        double losses[ROWS];
        uint64_t state = 9;
        if (k == NULL)
            continue;
        test_fill_integers(p, N, 100, &state);
        test_fill_integers(y, N, 100, &state);
        k->squared_error(losses, dp, p, y, 0.5, ROWS, 8);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0;
            for (size_t j = 0; j < 8; j++) {
                double d = (double)p[i * 8 + j] - (double)y[i * 8 + j];
                sum += d * d;
                ck_assert((double)dp[i * 8 + j] == d / 8);
            }
            ck_assert(losses[i] == sum / 8);
        }
        k->squared_error(losses, NULL, p, y, 0.5, ROWS, 8);
        k->squared_error(losses, p, p, y, 0.5, ROWS, 8);
        same_bits(dp, p, ROWS * 8 * sizeof *p, "gradient over the prediction");
    }
}
END_TEST

Suite *crossentropy_suite(void)
{
    return TEST_SUITE(
        "crossentropy", from_logits_both_forms_follow_the_formula_and_agree_to_the_bit,
        large_and_infinite_logits_give_finite_losses,
        targets_that_do_not_sum_to_one_weigh_the_loss_but_not_the_gradient,
        from_probabilities_losses_and_gradients_match_differences,
        probabilities_are_clipped_where_keras_clips_them, squared_error_is_exact_on_integers);
}
