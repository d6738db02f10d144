/* The penalties' kernels against plain sums, at every level. */
#include "levels.h"

enum { MOST = 70 };

START_TEST(sums_and_gradients_are_plain_and_equal_at_every_level)
{
    for (size_t n = 0; n <= MOST; n++) {
        nn_real w[MOST], first_gradient[MOST];
        double first[2], absolute = 0, squares = 0;
        uint64_t state = n;
        test_fill_reals(w, n, &state);
        for (size_t i = 0; i < n; i++) {
            w[i] = i % 5 == 0 ? 0 : w[i];
            absolute += fabs((double)w[i]);
            squares += (double)w[i] * (double)w[i];
        }
        for (int level = 0; level < LEVELS; level++) {
            const nn__kernel_table *k = nn__kernel_table_of(level);
            nn_real gradient[MOST + 1];
            double sums[2];
            if (k == NULL)
                continue;
            for (size_t i = 0; i <= MOST; i++)
                gradient[i] = 1;
            k->penalty_sums(sums, w, n);
            k->penalty_gradient(gradient, w, (nn_real).5, (nn_real).125, n);
            near(sums[0], absolute, 1e-12, "sum of |w|", n);
            near(sums[1], squares, 1e-12, "sum of squares", n);
            for (size_t i = 0; i < n; i++) {
                double sign = w[i] > 0 ? 1 : w[i] < 0 ? -1 : 0;
                near((double)gradient[i], 1 + .5 * sign + .25 * (double)w[i], 1e-6, "gradient", i);
            }
            ck_assert(gradient[n] == 1);
            if (level == 0) {
                memcpy(first, sums, sizeof first);
                memcpy(first_gradient, gradient, sizeof first_gradient);
            }
            same_bits(first, sums, sizeof first, "penalty_sums");
            same_bits(first_gradient, gradient, n * sizeof *gradient, "penalty_gradient");
        }
    }
}
END_TEST

Suite *penalties_suite(void);
Suite *penalties_suite(void)
{
    return TEST_SUITE("penalties", sums_and_gradients_are_plain_and_equal_at_every_level);
}
