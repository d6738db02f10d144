#include "losses/loss.h"
#include "test.h"

enum { ROWS = 3, WIDTH = 4, N = ROWS * WIDTH };

typedef struct sample {
    nn_real p[N], y[N], gradient[N];
    int32_t classes[ROWS];
    double losses[ROWS];
} sample;

static sample sample_of(void)
{
    sample s = {.classes = {2, 0, 3}};
    uint64_t state = 11;
    for (size_t i = 0; i < N; i++)
        s.p[i] = (nn_real)(test_random_int(&state, 1, 9) / 4.0);
    for (size_t i = 0; i < ROWS; i++)
        s.y[i * WIDTH + (size_t)s.classes[i]] = 1;
    return s;
}

/* Runs a loss over the sample and frees it; over: the gradient goes over the prediction. */
static void run(nn_loss *loss, sample *s, int fused, int over)
{
    const nn_loss_kind *kind = nn__loss_kind(loss);
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = loss->object.options,
                         .rows = ROWS,
                         .width = WIDTH,
                         .prediction = s->p,
                         .targets = kind->takes_classes ? NULL : s->y,
                         .classes = kind->takes_classes ? s->classes : NULL,
                         .losses = s->losses,
                         .gradient = over ? s->p : s->gradient,
                         .scale = 1.0 / ROWS,
                         .fused = fused};
    ck_assert_int_eq(nn__object_check(&loss->object, kind->kind.name), NN_OK);
    kind->run(&pass);
    nn_loss_free(loss);
}

/* log sum exp(z) - z[class]. */
static double from_logits(const nn_real *z, int class)
{
    double sum = 0;
    for (size_t j = 0; j < WIDTH; j++)
        sum += exp((double)z[j]);
    return log(sum) - (double)z[class];
}

static nn_loss *make(int sparse, int logits)
{
    return sparse ? nn_sparse_categorical_crossentropy(.from_logits = logits)
                  : nn_categorical_crossentropy(.from_logits = logits);
}

START_TEST(fused_and_from_logits_are_one_formula_and_fused_leaves_probabilities)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        sample start = sample_of(), fused = start, logits = start, over = start;
        run(make(sparse, 0), &fused, 1, 0);
        run(make(sparse, 1), &logits, 0, 0);
        run(make(sparse, 1), &over, 0, 1);
        ck_assert_mem_eq(fused.losses, logits.losses, sizeof fused.losses);
        ck_assert_mem_eq(fused.gradient, logits.gradient, sizeof fused.gradient);
        ck_assert_mem_eq(over.p, logits.gradient, sizeof over.p);
        ck_assert_mem_eq(logits.p, start.p, sizeof start.p);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0, want = from_logits(start.p + i * WIDTH, start.classes[i]);
            ck_assert_double_eq_tol(fused.losses[i], want, 1e-6);
            for (size_t j = 0; j < WIDTH; j++) {
                size_t at = i * WIDTH + j;
                sum += (double)fused.p[at];
                ck_assert_double_eq_tol((double)fused.gradient[at],
                                        ((double)fused.p[at] - (double)start.y[at]) / ROWS, 1e-6);
            }
            ck_assert_double_eq_tol(sum, 1, 1e-6);
        }
    }
}
END_TEST

START_TEST(from_probabilities_rows_need_not_sum_to_one)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        sample start = sample_of(), s = start, over = start;
        for (size_t i = 0; i < N; i++)
            start.p[i] = s.p[i] = over.p[i] = s.p[i] / 16;
        run(make(sparse, 0), &s, 0, 0);
        run(make(sparse, 0), &over, 0, 1);
        ck_assert_mem_eq(over.p, s.gradient, sizeof over.p);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0;
            for (size_t j = 0; j < WIDTH; j++)
                sum += (double)start.p[i * WIDTH + j];
            double right = (double)start.p[i * WIDTH + (size_t)start.classes[i]];
            ck_assert_double_eq_tol(s.losses[i], -log(right / sum), 1e-9);
        }
    }
}
END_TEST

START_TEST(mean_squared_error_is_a_mean_over_the_elements)
{
    sample start = sample_of(), s = start;
    run(nn_mean_squared_error_new(NULL), &s, 0, 0);
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0;
        for (size_t j = 0; j < WIDTH; j++) {
            double d = (double)start.p[i * WIDTH + j] - (double)start.y[i * WIDTH + j];
            sum += d * d;
            ck_assert_double_eq_tol((double)s.gradient[i * WIDTH + j], 2 * d / WIDTH / ROWS, 1e-6);
        }
        ck_assert_double_eq_tol(s.losses[i], sum / WIDTH, 1e-12);
    }
}
END_TEST

START_TEST(sparse_crossentropy_refuses_an_output_that_is_no_vector)
{
    nn_shape vector = {1, {10}}, picture = {3, {8, 8, 64}};
    nn_sparse_crossentropy_options o = {.struct_size = sizeof o};
    const nn_loss_kind *kind = &nn__sparse_categorical_crossentropy_loss;
    ck_assert_int_eq(kind->check(&o, "dense_1", &vector), NN_OK);
    ck_assert_int_eq(kind->check(&o, "dense_1", &picture), NN_ESHAPE);
    ck_assert_str_eq(nn_error_message(), "dense_1: sparse_categorical_crossentropy needs a vector, "
                                         "the output is 8x8x64");
    o.ignore_class = (nn_maybe)NN_SOME(1.5);
    ck_assert_int_eq(kind->check(&o, "dense_1", &vector), NN_EINVAL);
    test_message_has("ignore_class is 1.5, no class number");
    ck_assert_int_eq(kind->takes_classes, 1);
    ck_assert_int_eq(kind->fuses_with, NN_SOFTMAX);
    ck_assert_int_eq(nn__categorical_crossentropy_loss.takes_classes, 0);
    ck_assert_int_eq(nn__categorical_crossentropy_loss.fuses_with, NN_SOFTMAX);
    ck_assert_int_eq(nn__binary_crossentropy_loss.fuses_with, NN_SIGMOID);
    ck_assert_ptr_null((const void *)(uintptr_t)nn__mean_squared_error_loss.check);
    ck_assert_int_eq(nn__mean_squared_error_loss.fuses_with, NN_LINEAR);
}
END_TEST

Suite *losses_suite(void)
{
    return TEST_SUITE(
        "losses", fused_and_from_logits_are_one_formula_and_fused_leaves_probabilities,
        from_probabilities_rows_need_not_sum_to_one, mean_squared_error_is_a_mean_over_the_elements,
        sparse_crossentropy_refuses_an_output_that_is_no_vector);
}
