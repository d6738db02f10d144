/* Numeric gradients of every loss: fused with what is before it, alone, and from logits. */
#include "losses/loss.h"
#include "numeric.h"
#include "probe.h"

enum { ROWS = 4, WIDTH = 5 };

typedef struct loss_case {
    const nn_loss_kind *kind;
    int from_logits; /* of a cross-entropy               */
    int activation;  /* before the loss                  */
    int no_fusion;
} loss_case;

static const loss_case cases[] = {
    {&nn__mean_squared_error_loss, 0, NN_LINEAR, 0},
    {&nn__mean_squared_error_loss, 0, NN_SOFTMAX, 0},
    {&nn__categorical_crossentropy_loss, 0, NN_SOFTMAX, 0},
    {&nn__categorical_crossentropy_loss, 0, NN_SOFTMAX, 1},
    {&nn__categorical_crossentropy_loss, 0, NN_SIGMOID, 0},
    {&nn__categorical_crossentropy_loss, 1, NN_LINEAR, 0},
    {&nn__categorical_crossentropy_loss, 1, NN_TANH, 0},
    {&nn__sparse_categorical_crossentropy_loss, 0, NN_SOFTMAX, 0},
    {&nn__sparse_categorical_crossentropy_loss, 0, NN_SOFTMAX, 1},
    {&nn__sparse_categorical_crossentropy_loss, 0, NN_SIGMOID, 0},
    {&nn__sparse_categorical_crossentropy_loss, 1, NN_LINEAR, 1},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(every_kind_has_a_case)
{
    for (const nn_kind *const *kind = nn__loss_kinds; *kind != NULL; kind++) {
        int found = 0;
        for (int i = 0; i < CASES; i++)
            found = found || &cases[i].kind->kind == *kind;
        ck_assert_msg(found, "no case of the loss %s", (*kind)->name);
    }
}
END_TEST

static nn_loss *case_loss(const loss_case *c)
{
    nn_crossentropy_options o = {.struct_size = sizeof o, .from_logits = c->from_logits};
    return nn_loss_new(c->kind, c->kind->kind.option_count > 0 ? &o : NULL);
}

/* Rows that sum to 1, or class numbers. */
static nn_tensor *case_targets(const loss_case *c, uint64_t *state)
{
    if (c->kind->takes_classes) {
        nn_tensor *classes = nn_tensor_new(NN_I32, NN_SHAPE(ROWS));
        for (int i = 0; i < ROWS; i++)
            ((int32_t *)nn_tensor_data(classes))[i] = test_random_int(state, 0, WIDTH - 1);
        return classes;
    }
    nn_tensor *rows = nn_tensor_new(NN_F32, NN_SHAPE(ROWS, WIDTH));
    nn_real *t = nn_tensor_data(rows);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < WIDTH; j++)
            sum += (double)(t[i * WIDTH + j] = (nn_real)test_random_int(state, 0, 8));
        for (int j = 0; j < WIDTH; j++)
            t[i * WIDTH + j] = (nn_real)((double)t[i * WIDTH + j] / sum);
    }
    return rows;
}

START_TEST(the_gradient_is_the_slope_of_the_mean_over_rows)
{
    const loss_case *c = &cases[_i];
    uint64_t state = 61;
    char what[96];
    nn_shape shape = {1, {WIDTH}};
    nn_model *model = nn_sequential(nn_input(1), probe_source(ROWS, &shape),
                                    nn_activation(.activation = c->activation));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = case_loss(c)), NN_OK);
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = c->no_fusion);
    nn_tensor *targets = case_targets(c, &state);
    nn_real zeros[ROWS] = {0};
    int fused = c->activation == NN_SOFTMAX && c->kind->fuses_with == NN_SOFTMAX && !c->no_fusion;
    ck_assert_int_eq(context->runs[NN__TRAIN].program.predictions[0].loss_fused, fused);
    numeric_grid(model->values + model->weights[0].offset, ROWS * WIDTH, &state);
    numeric n = {model, context, zeros, ROWS, targets, 1, NULL, NULL};
    snprintf(what, sizeof what, "%s, case %d", c->kind->kind.name, _i);
    ck_assert_double_gt(numeric_check(&n, what), 1e-2);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

Suite *loss_gradients_suite(void);
Suite *loss_gradients_suite(void)
{
    Suite *suite = TEST_SUITE("loss_gradients", every_kind_has_a_case);
    TCase *tcase = tcase_create("cases");
    tcase_add_loop_test(tcase, the_gradient_is_the_slope_of_the_mean_over_rows, 0, CASES);
    suite_add_tcase(suite, tcase);
    return suite;
}
