#include "initializers/initializer.h"
#include "test.h"

enum { ROWS = 600, COLUMNS = 500, N = ROWS * COLUMNS };

static nn_real *matrix(int kind, uint64_t seed, uint32_t number)
{
    nn_real *w = malloc(N * sizeof *w);
    nn_shape shape = {2, {ROWS, COLUMNS}};
    nn__initialize(w, &shape, (nn_initializer){.kind = kind}, seed, number);
    return w;
}

START_TEST(fans_are_those_of_keras)
{
    nn_shape vector = {1, {7}}, dense = {2, {2560, 100}}, conv = {4, {3, 3, 3, 10}};
    nn__fans fans = nn__fans_of(&vector);
    ck_assert(fans.in == 7 && fans.out == 7);
    fans = nn__fans_of(&dense);
    ck_assert(fans.in == 2560 && fans.out == 100);
    fans = nn__fans_of(&conv);
    ck_assert(fans.in == 27 && fans.out == 90);
}
END_TEST

/* Mean and deviation within five deviations of their estimates; bounds exactly. */
START_TEST(weights_have_the_stated_variance_and_bounds)
{
    static const struct {
        int kind;
        double variance, bound; /* bound in deviations */
    } cases[] = {
        {NN_INIT_GLOROT_UNIFORM, 2.0 / (ROWS + COLUMNS), 1.7320508075688772},
        {NN_INIT_GLOROT_NORMAL, 2.0 / (ROWS + COLUMNS), 2 / 0.87962566103423978},
        {NN_INIT_HE_UNIFORM, 2.0 / ROWS, 1.7320508075688772},
        {NN_INIT_HE_NORMAL, 2.0 / ROWS, 2 / 0.87962566103423978},
    };
    for (size_t k = 0; k < 4; k++) {
        nn_real *w = matrix(cases[k].kind, 1, (uint32_t)k);
        double deviation = sqrt(cases[k].variance), sum = 0, squares = 0, largest = 0;
        for (size_t i = 0; i < N; i++) {
            sum += (double)w[i];
            squares += (double)w[i] * (double)w[i];
            largest = fmax(largest, fabs((double)w[i]));
        }
        ck_assert_double_eq_tol(sum / N, 0, 5 * deviation / sqrt(N));
        ck_assert_double_eq_tol(sqrt(squares / N), deviation, 5 * deviation / sqrt(N));
        ck_assert_double_le(largest, cases[k].bound * deviation * (1 + 1e-7));
        ck_assert_double_ge(largest, 0.999 * cases[k].bound * deviation);
        free(w);
    }
}
END_TEST

START_TEST(the_seed_models_start_within_the_limits_of_keras)
{
    nn_shape conv = {4, {3, 3, 3, 10}}, dense = {2, {2560, 100}};
    nn_real *w = malloc(256000 * sizeof *w);
    nn_initializer glorot = NN_GLOROT_UNIFORM;
    double largest = 0;
    nn__initialize(w, &conv, glorot, 5, 0);
    for (size_t i = 0; i < 270; i++)
        largest = fmax(largest, fabs((double)w[i]));
    ck_assert(largest <= 0.2264555 && largest > 0.21);
    largest = 0;
    nn__initialize(w, &dense, glorot, 5, 2);
    for (size_t i = 0; i < 256000; i++)
        largest = fmax(largest, fabs((double)w[i]));
    ck_assert(largest <= 0.0474943 && largest > 0.04749);
    free(w);
}
END_TEST

/* The order of draws, as initializer.h states it. */
START_TEST(element_e_takes_word_e_and_normal_pairs_follow_box_and_muller)
{
    enum { COUNT = 64 };
    nn_shape shape = {2, {8, 8}};
    nn_real w[COUNT];
    uint32_t words[8 * COUNT];
    double deviation = sqrt(0.125) / 0.87962566103423978;
    for (uint64_t b = 0; b < 2 * COUNT; b++)
        nn__philox(42, b, 0, 1u << 24 | 9, words + 4 * b);
    nn__initialize(w, &shape, (nn_initializer){.kind = NN_INIT_GLOROT_UNIFORM}, 42, 9);
    for (size_t i = 0; i < COUNT; i++) {
        double u = (words[i] >> 8) / 16777216.0;
        ck_assert(w[i] == (nn_real)(sqrt(3 * 0.125) * (2 * u - 1)));
    }
    nn__initialize(w, &shape, (nn_initializer){.kind = NN_INIT_GLOROT_NORMAL}, 42, 9);
    for (size_t i = 0, at = 0; i < COUNT; at += 2) {
        double u1 = ((words[at] >> 8) + 1) / 16777216.0, u2 = (words[at + 1] >> 8) / 16777216.0;
        double r = sqrt(-2 * log(u1)), angle = 2 * 3.14159265358979323846 * u2;
        double pair[2] = {r * cos(angle), r * sin(angle)};
        for (int k = 0; k < 2 && i < COUNT; k++)
            if (fabs(pair[k]) <= 2)
                ck_assert_double_eq_tol((double)w[i++], deviation * pair[k], 1e-7);
    }
}
END_TEST

START_TEST(seeds_and_weight_numbers_draw_apart_and_repeat)
{
    nn_real *a = matrix(NN_INIT_HE_NORMAL, 1, 0), *b = matrix(NN_INIT_HE_NORMAL, 1, 0);
    nn_real *c = matrix(NN_INIT_HE_NORMAL, 2, 0), *d = matrix(NN_INIT_HE_NORMAL, 1, 1);
    size_t other_seed = 0, other_number = 0;
    ck_assert_mem_eq(a, b, N * sizeof *a);
    for (size_t i = 0; i < N; i++) {
        other_seed += a[i] == c[i];
        other_number += a[i] == d[i];
    }
    ck_assert(other_seed < 20 && other_number < 20);
    free(a);
    free(b);
    free(c);
    free(d);
}
END_TEST

START_TEST(zeros_and_ones_are_what_they_say)
{
    nn_real *zeros = matrix(NN_INIT_ZEROS, 1, 0), *ones = matrix(NN_INIT_ONES, 1, 0);
    for (size_t i = 0; i < N; i++)
        ck_assert(zeros[i] == 0 && ones[i] == 1);
    free(zeros);
    free(ones);
}
END_TEST

Suite *initializer_suite(void)
{
    return TEST_SUITE(
        "initializer", fans_are_those_of_keras, weights_have_the_stated_variance_and_bounds,
        the_seed_models_start_within_the_limits_of_keras,
        element_e_takes_word_e_and_normal_pairs_follow_box_and_muller,
        seeds_and_weight_numbers_draw_apart_and_repeat, zeros_and_ones_are_what_they_say);
}
