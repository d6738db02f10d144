#include "levels.h"

enum { N = 203 };

/* Runs kernel `which` at a level on x, with a second array beside it. */
static double run(int which, const nn__kernel_table *k, nn_real *x, nn_real *beside, size_t n)
{
    if (which == 0)
        return k->sum_of_squares(x, n);
    if (which == 1)
        k->mean_gradient(x, beside, 4, n);
    else if (which == 2)
        k->clip(x, (nn_real)0.5, n);
    else if (which == 3)
        k->decay(x, (nn_real)0.25, (nn_real)0.5, n);
    else if (which == 4)
        k->blend(x, beside, (nn_real)0.25, n);
    else
        k->average(x, beside, (nn_real)0.75, (nn_real)0.25, n);
    return 0;
}

static double want(int which, double x, double beside)
{
    switch (which) {
    case 1:
        return (x + beside) / 4;
    case 2:
        return fmin(fmax(x, -0.5), 0.5);
    case 3:
        return x - x * 0.25 * 0.5;
    case 4:
        return beside + 0.25 * (x - beside);
    case 5:
        return 0.75 * x + 0.25 * beside;
    default:
        return x;
    }
}

START_TEST(what_stands_around_the_rules_follows_its_formula_at_every_level)
{
    const double eps = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;
    for (int which = 0; which < 6; which++)
        for (size_t n = 0; n <= N; n += 1 + n / 2) {
            nn_real first[N];
            double first_sum = 0;
            for (int level = 0; level < LEVELS; level++) {
                const nn__kernel_table *k = nn__kernel_table_of(level);
                nn_real x[N], beside[N], old[N], old_beside[N];
                uint64_t state = n + 1;
                if (k == NULL)
                    continue;
                test_fill_reals(x, N, &state);
                test_fill_reals(beside, N, &state);
                memcpy(old, x, sizeof x);
                memcpy(old_beside, beside, sizeof beside);
                double sum = run(which, k, x, beside, n), exact = 0;
                for (size_t i = 0; i < N; i++) {
                    double to =
                        i < n ? want(which, (double)old[i], (double)old_beside[i]) : (double)old[i];
                    near((double)x[i], to, 4 * eps, "x", i);
                    ck_assert(beside[i] == (which == 1 && i < n ? 0 : old_beside[i]));
                    exact += i < n && which == 0 ? (double)old[i] * (double)old[i] : 0;
                }
                near(sum, exact, 1e-12, "sum", n);
                if (level == 0) {
                    memcpy(first, x, sizeof x);
                    first_sum = sum;
                }
                same_bits(first, x, sizeof x, "x");
                same_bits(&first_sum, &sum, sizeof sum, "sum");
            }
        }
}
END_TEST

START_TEST(a_number_that_is_none_is_not_clipped_away)
{
    nn_real x[3] = {(nn_real)NAN, (nn_real)INFINITY, -3};
    nn__kernels->clip(x, 2, 3);
    ck_assert(isnan((double)x[0]) && x[1] == 2 && x[2] == -2);
}
END_TEST

Suite *around_updates_suite(void);
Suite *around_updates_suite(void)
{
    return TEST_SUITE("around_updates",
                      what_stands_around_the_rules_follows_its_formula_at_every_level,
                      a_number_that_is_none_is_not_clipped_away);
}
