#include "levels.h"

enum { N = 203 };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

typedef struct variables {
    nn_real w[N], m[N], v[N], g[N];
} variables;

static variables variables_of(uint64_t seed)
{
    variables a;
    uint64_t state = seed;
    test_fill_reals(a.w, N, &state);
    test_fill_reals(a.m, N, &state);
    test_fill_reals(a.v, N, &state);
    test_fill_reals(a.g, N, &state);
    for (size_t i = 0; i < N; i++)
        a.v[i] = (nn_real)fabs((double)a.v[i]);
    return a;
}

/* The rules, in double, for one element: 0 plain, 1 momentum, 2 Nesterov, 3 Adam, 4 Nadam. */
static void rule(int which, double *w, double *m, double *v, double g)
{
    if (which == 0) {
        *w -= 0.25 * g;
    } else if (which <= 2) {
        *v = 0.9 * *v - 0.25 * g;
        *w += which == 2 ? 0.9 * *v - 0.25 * g : *v;
    } else {
        *m += (g - *m) * 0.1;
        *v += (g * g - *v) * 0.001;
        *w -= which == 3 ? 0.02 * *m / (sqrt(*v) + 1e-3)
                         : 0.02 * (0.7 * *m + 0.4 * g) / (sqrt(*v / 0.3) + 1e-3);
    }
}

static void kernel(int which, const nn__kernel_table *k, variables *a, size_t n)
{
    const nn_real rate = (nn_real)0.25, u = (nn_real)0.9, one = (nn_real)0.1;
    const nn_real two = (nn_real)0.001, step = (nn_real)0.02, epsilon = (nn_real)1e-3;
    if (which == 0)
        k->update_sgd(a->w, a->g, rate, n);
    else if (which <= 2)
        k->update_momentum(a->w, a->v, a->g, rate, u, which == 2, n);
    else if (which == 3)
        k->update_adam(a->w, a->m, a->v, a->g, one, two, step, epsilon, n);
    else
        k->update_nadam(a->w, a->m, a->v, a->g, one, two, (nn_real)0.7, (nn_real)0.4, (nn_real)0.3,
                        step, epsilon, n);
}

START_TEST(every_rule_follows_its_formula_at_every_level)
{
    for (int which = 0; which < 5; which++) {
        for (size_t n = 0; n <= N; n += 1 + n / 2) {
            variables first;
            for (int level = 0; level < LEVELS; level++) {
                const nn__kernel_table *k = nn__kernel_table_of(level);
                variables old = variables_of(n), a = old;
                if (k == NULL)
                    continue;
                kernel(which, k, &a, n);
                for (size_t i = 0; i < n; i++) {
                    double w = (double)old.w[i], m = (double)old.m[i], v = (double)old.v[i];
                    rule(which, &w, &m, &v, (double)old.g[i]);
                    near((double)a.m[i], m, 8 * EPS, "m", i);
                    near((double)a.v[i], v, 8 * EPS, "v", i);
                    near((double)a.w[i], w, 32 * EPS * (1 + fabs(w)), "w", i);
                }
                same_bits(old.w + n, a.w + n, (N - n) * sizeof *a.w, "what is out of range");
                if (level == 0)
                    first = a;
                same_bits(&first, &a, sizeof a, "update");
            }
        }
    }
}
END_TEST

Suite *updates_suite(void)
{
    return TEST_SUITE("updates", every_rule_follows_its_formula_at_every_level);
}
