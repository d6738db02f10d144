#include "levels.h"

enum { N = 203 };
static const double EPS = sizeof(nn_real) == 4 ? 1.2e-7 : 2.3e-16;

typedef struct variables {
    nn_real w[N], m[N], v[N], h[N], g[N];
} variables;

static variables variables_of(uint64_t seed)
{
    variables a;
    uint64_t state = seed;
    test_fill_reals(a.w, N, &state);
    test_fill_reals(a.m, N, &state);
    test_fill_reals(a.v, N, &state);
    test_fill_reals(a.h, N, &state);
    test_fill_reals(a.g, N, &state);
    for (size_t i = 0; i < N; i++)
        a.v[i] = (nn_real)fabs((double)a.v[i]);
    return a;
}

enum { RULES = 12 };

/* The rules of the second half: 5 AMSGrad, 6 RMSprop, 7 with momentum, 8 centered, 9 Adamax,
 * 10 Adagrad, 11 Lion. */
static void later_rule(int which, double *w, double *m, double *v, double *h, double g)
{
    if (which == 5) {
        *m += (g - *m) * 0.1;
        *v += (g * g - *v) * 0.001;
        *h = fmax(*h, *v);
        *w -= 0.02 * *m / (sqrt(*h) + 1e-3);
    } else if (which <= 8) {
        *v = 0.9 * *v + 0.1 * g * g;
        *h = which == 8 ? 0.9 * *h + 0.1 * g : *h;
        double d = *v - (which == 8 ? *h * *h : 0) + 2;
        double step = 0.02 * g / sqrt(d);
        *m = which == 6 ? *m : 0.9 * *m + step;
        *w -= which == 6 ? step : *m;
    } else if (which == 9) {
        *m += (g - *m) * 0.1;
        *v = fmax(0.9 * *v, fabs(g));
        *w -= 0.02 * *m / (0.3 * (*v + 1e-3));
    } else if (which == 10) {
        *v += g * g;
        *w -= 0.02 * g / sqrt(*v + 1e-3);
    } else {
        double way = 0.9 * *m + 0.1 * g;
        *w -= 0.02 * (way > 0 ? 1 : -1);
        *m = 0.9 * *m + 0.1 * g;
    }
}

static void later_kernel(int which, const nn__kernel_table *k, variables *a, size_t n)
{
    const nn_real u = (nn_real)0.9, one = (nn_real)0.1, two = (nn_real)0.001;
    const nn_real step = (nn_real)0.02, epsilon = (nn_real)1e-3;
    if (which == 5)
        k->update_amsgrad(a->w, a->m, a->v, a->h, a->g, one, two, step, epsilon, n);
    else if (which <= 8)
        k->update_rmsprop(a->w, a->v, which == 6 ? NULL : a->m, which == 8 ? a->h : NULL, a->g,
                          step, u, one, u, 2, n);
    else if (which == 9)
        k->update_adamax(a->w, a->m, a->v, a->g, one, u, step, (nn_real)0.3, epsilon, n);
    else if (which == 10)
        k->update_adagrad(a->w, a->v, a->g, step, epsilon, n);
    else
        k->update_lion(a->w, a->m, a->g, step, u, one, u, one, n);
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
    for (int which = 0; which < RULES; which++) {
        for (size_t n = 0; n <= N; n += 1 + n / 2) {
            variables first;
            for (int level = 0; level < LEVELS; level++) {
                const nn__kernel_table *k = nn__kernel_table_of(level);
                variables old = variables_of(n), a = old;
                if (k == NULL)
                    continue;
                (which < 5 ? kernel : later_kernel)(which, k, &a, n);
                for (size_t i = 0; i < n; i++) {
                    double w = (double)old.w[i], m = (double)old.m[i], v = (double)old.v[i];
                    double h = (double)old.h[i];
                    if (which < 5)
                        rule(which, &w, &m, &v, (double)old.g[i]);
                    else
                        later_rule(which, &w, &m, &v, &h, (double)old.g[i]);
                    near((double)a.h[i], h, 8 * EPS, "h", i);
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
