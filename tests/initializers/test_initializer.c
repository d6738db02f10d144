#include "initializers/initializer.h"
#include "model/model.h"
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
        {NN_INIT_LECUN_UNIFORM, 1.0 / ROWS, 1.7320508075688772},
        {NN_INIT_LECUN_NORMAL, 1.0 / ROWS, 2 / 0.87962566103423978},
        {NN_INIT_TRUNCATED_NORMAL, 0.0025 * 0.77374130, 2 / 0.87962566103423978},
        {NN_INIT_RANDOM_UNIFORM, 0.0025 / 3, 1.7320508075688772},
    };
    for (size_t k = 0; k < NN__COUNT(cases); k++) {
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

/* A normal distribution that is not cut: the moments, and the share within one and two deviations. */
START_TEST(random_normal_is_normal)
{
    nn_shape shape = {2, {ROWS, COLUMNS}};
    nn_real *w = malloc(N * sizeof *w);
    double sum = 0, squares = 0, fourth = 0, within_one = 0, within_two = 0;
    nn__initialize(w, &shape, (nn_initializer)NN_RANDOM_NORMAL(2), 7, 0);
    for (size_t i = 0; i < N; i++) {
        double z = (double)w[i] / 2;
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
        within_one += fabs(z) < 1;
        within_two += fabs(z) < 2;
    }
    ck_assert_double_eq_tol(sum / N, 0, 5 / sqrt(N));
    ck_assert_double_eq_tol(squares / N, 1, 5 * sqrt(2. / N));
    ck_assert_double_eq_tol(fourth / N, 3, 5 * sqrt(96. / N));
    ck_assert_double_eq_tol(within_one / N, 0.6826895, 5 * sqrt(.2166 / N));
    ck_assert_double_eq_tol(within_two / N, 0.9544997, 5 * sqrt(.0434 / N));
    free(w);
}
END_TEST

static nn_real first_of(nn_initializer init)
{
    nn_shape shape = {1, {1}};
    nn_real w;
    nn__initialize(&w, &shape, init, 3, 0);
    return w;
}

START_TEST(the_argument_scales_and_zero_is_the_default)
{
    static const int kinds[] = {NN_INIT_TRUNCATED_NORMAL, NN_INIT_RANDOM_NORMAL,
                                NN_INIT_RANDOM_UNIFORM};
    for (size_t k = 0; k < NN__COUNT(kinds); k++) {
        double unit = (double)first_of((nn_initializer){kinds[k], 0, 1});
        ck_assert(unit != 0);
        ck_assert_double_eq_tol((double)first_of((nn_initializer){kinds[k], 0, .25}), unit / 4,
                                1e-7);
        ck_assert_double_eq_tol((double)first_of((nn_initializer){kinds[k], 0, 0}), unit / 20,
                                1e-7);
        ck_assert(first_of((nn_initializer){kinds[k], 0, NN_ZERO}) == 0);
    }
    ck_assert(first_of((nn_initializer)NN_CONSTANT(-2.5)) == (nn_real)-2.5);
    ck_assert(first_of((nn_initializer)NN_CONSTANT(0)) == 0);
    ck_assert(fabs((double)first_of((nn_initializer)NN_ORTHOGONAL)) == 1);
    ck_assert(fabs((double)first_of((nn_initializer)NN_ORTHOGONAL_GAIN(3))) == 3);
}
END_TEST

/* The sum over e of a[e] b[e]. */
static double dot(const nn_real *a, const nn_real *b, size_t count, size_t stride)
{
    double sum = 0;
    for (size_t e = 0; e < count; e++)
        sum += (double)a[e * stride] * (double)b[e * stride];
    return sum;
}

/* Orthonormal vectors times gain, and R = Q' A upper triangular with positive diagonal, A being the
 * normal matrix of the same words. */
static void check_orthogonal(const nn_shape *shape, double gain)
{
    size_t columns = (size_t)shape->dims[shape->rank - 1], count = nn__shape_count(shape);
    size_t rows = count / columns, tall = rows >= columns;
    size_t vectors = tall ? columns : rows, length = tall ? rows : columns;
    size_t vector = tall ? 1 : columns, stride = tall ? columns : 1;
    nn_real *q = malloc(count * sizeof *q), *a = malloc(count * sizeof *a);
    nn__initialize(q, shape, (nn_initializer)NN_ORTHOGONAL_GAIN(gain), 5, 1);
    nn__initialize(a, shape, (nn_initializer)NN_RANDOM_NORMAL(1), 5, 1);
    for (size_t i = 0; i < vectors; i++) {
        for (size_t j = 0; j < vectors; j++)
            ck_assert_double_eq_tol(dot(q + i * vector, q + j * vector, length, stride),
                                    i == j ? gain * gain : 0, 2e-6 * gain * gain);
        ck_assert(dot(q + i * vector, a + i * vector, length, stride) > 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_double_eq_tol(dot(q + i * vector, a + j * vector, length, stride), 0,
                                    1e-4 * gain);
    }
    free(q);
    free(a);
}

START_TEST(orthogonal_is_the_q_of_a_normal_matrix)
{
    static const nn_shape shapes[] = {
        {2, {90, 70}}, {2, {70, 90}}, {2, {40, 40}}, {4, {3, 3, 5, 24}}, {3, {2, 3, 20}}, {1, {9}},
    };
    for (size_t i = 0; i < NN__COUNT(shapes); i++)
        check_orthogonal(&shapes[i], i % 2 == 0 ? 1 : 1.5);
}
END_TEST

/* Through a model: the option, its range, the file. */
START_TEST(models_take_keep_and_check_them)
{
    nn_model *model = nn_sequential(nn_input(3), nn_dense(2, .kernel_initializer = NN_ORTHOGONAL,
                                                          .bias_initializer = NN_CONSTANT(.5)));
    nn_real bias[2];
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("model.safetensors"));
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/bias", bias, 2), NN_OK);
    ck_assert(bias[0] == (nn_real).5 && bias[1] == (nn_real).5);
    ck_assert_int_eq(nn_model_save(model, path), NN_OK);
    nn_model_free(model);
    ck_assert_int_eq(nn_model_load(path, &model), NN_OK);
    ck_assert_int_eq(model->weights[0].initializer.kind, NN_INIT_ORTHOGONAL);
    ck_assert(model->weights[0].initializer.value == 0);
    ck_assert_int_eq(model->weights[1].initializer.kind, NN_INIT_CONSTANT);
    ck_assert(model->weights[1].initializer.value == .5);
    nn_model_free(model);
    static const nn_initializer bad[] = {{14, 0, 0}, {-1, 0, 0}, NN_RANDOM_NORMAL((double)NAN)};
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        model = nn_sequential(nn_input(3), nn_dense(2, .kernel_initializer = bad[i]));
        ck_assert_int_eq(nn_model_build(model), NN_EINVAL);
        test_message_has("dense: kernel_initializer");
        nn_model_free(model);
    }
}
END_TEST

Suite *initializer_suite(void)
{
    return TEST_SUITE(
        "initializer", fans_are_those_of_keras, weights_have_the_stated_variance_and_bounds,
        the_seed_models_start_within_the_limits_of_keras,
        element_e_takes_word_e_and_normal_pairs_follow_box_and_muller,
        seeds_and_weight_numbers_draw_apart_and_repeat, zeros_and_ones_are_what_they_say,
        random_normal_is_normal, the_argument_scales_and_zero_is_the_default,
        orthogonal_is_the_q_of_a_normal_matrix, models_take_keep_and_check_them);
}
