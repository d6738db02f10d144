/* Numeric gradients of every loss: fused with what is before it, alone, and from logits. */
#include "losses/loss.h"
#include "numeric.h"
#include "probe.h"

enum { ROWS = 4, AXIS = 5, AXES = 3 };

/* Options of the losses that have some; the others are given none. */
static const nn_crossentropy_options logits = {.struct_size = sizeof logits, .from_logits = 1},
                                     smooth = {.struct_size = sizeof smooth,
                                               .label_smoothing = 0.2},
                                     smooth_logits = {.struct_size = sizeof smooth_logits,
                                                      .from_logits = 1,
                                                      .label_smoothing = 0.1};
static const nn_sparse_crossentropy_options sparse_logits = {.struct_size = sizeof sparse_logits,
                                                             .from_logits = 1},
                                            ignoring = {.struct_size = sizeof ignoring,
                                                        .ignore_class = {1, 0, 1}},
                                            ignoring_logits = {.struct_size = sizeof ignoring,
                                                               .from_logits = 1,
                                                               .ignore_class = {1, 0, 1}};
static const nn_binary_crossentropy_options binary_logits = {.struct_size = sizeof binary_logits,
                                                             .from_logits = 1},
                                            binary_smooth = {.struct_size = sizeof binary_smooth,
                                                             .label_smoothing = 0.3};
static const nn_huber_options huber = {.struct_size = sizeof huber, .delta = 0.4};

typedef struct loss_case {
    const nn_loss_kind *kind;
    const void *options;
    int activation; /* before the loss */
    int no_fusion;
    int several_axes; /* WIDTH as the last of two */
} loss_case;

static const loss_case cases[] = {
    {&nn__mean_squared_error_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__mean_squared_error_loss, NULL, NN_SOFTMAX, 0, 1},
    {&nn__categorical_crossentropy_loss, NULL, NN_SOFTMAX, 0, 0},
    {&nn__categorical_crossentropy_loss, NULL, NN_SOFTMAX, 1, 0},
    {&nn__categorical_crossentropy_loss, NULL, NN_SOFTMAX, 0, 1},
    {&nn__categorical_crossentropy_loss, NULL, NN_SOFTMAX, 1, 1},
    {&nn__categorical_crossentropy_loss, NULL, NN_SIGMOID, 0, 0},
    {&nn__categorical_crossentropy_loss, &logits, NN_LINEAR, 0, 0},
    {&nn__categorical_crossentropy_loss, &logits, NN_TANH, 0, 1},
    {&nn__categorical_crossentropy_loss, &smooth, NN_SOFTMAX, 0, 0},
    {&nn__categorical_crossentropy_loss, &smooth, NN_SOFTMAX, 1, 0},
    {&nn__categorical_crossentropy_loss, &smooth_logits, NN_LINEAR, 0, 1},
    {&nn__sparse_categorical_crossentropy_loss, NULL, NN_SOFTMAX, 0, 0},
    {&nn__sparse_categorical_crossentropy_loss, NULL, NN_SOFTMAX, 1, 0},
    {&nn__sparse_categorical_crossentropy_loss, NULL, NN_SIGMOID, 0, 0},
    {&nn__sparse_categorical_crossentropy_loss, &sparse_logits, NN_LINEAR, 1, 0},
    {&nn__sparse_categorical_crossentropy_loss, &ignoring, NN_SOFTMAX, 0, 0},
    {&nn__sparse_categorical_crossentropy_loss, &ignoring, NN_SIGMOID, 0, 0},
    {&nn__sparse_categorical_crossentropy_loss, &ignoring_logits, NN_LINEAR, 0, 0},
    {&nn__sparse_categorical_crossentropy_loss, &ignoring_logits, NN_SOFTMAX, 0, 0},
    {&nn__binary_crossentropy_loss, NULL, NN_SIGMOID, 0, 0},
    {&nn__binary_crossentropy_loss, NULL, NN_SIGMOID, 1, 1},
    {&nn__binary_crossentropy_loss, NULL, NN_SOFTMAX, 0, 0},
    {&nn__binary_crossentropy_loss, &binary_logits, NN_LINEAR, 0, 1},
    {&nn__binary_crossentropy_loss, &binary_smooth, NN_SIGMOID, 0, 0},
    {&nn__binary_crossentropy_loss, &binary_smooth, NN_SIGMOID, 1, 0},
    {&nn__mean_absolute_error_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__mean_absolute_percentage_error_loss, NULL, NN_LINEAR, 0, 1},
    {&nn__mean_squared_logarithmic_error_loss, NULL, NN_SIGMOID, 0, 0},
    {&nn__log_cosh_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__huber_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__huber_loss, &huber, NN_LINEAR, 0, 1},
    {&nn__poisson_loss, NULL, NN_SIGMOID, 0, 0},
    {&nn__kl_divergence_loss, NULL, NN_SOFTMAX, 0, 0},
    {&nn__kl_divergence_loss, NULL, NN_SIGMOID, 0, 1},
    {&nn__cosine_similarity_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__cosine_similarity_loss, NULL, NN_TANH, 0, 1},
    {&nn__hinge_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__squared_hinge_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__categorical_hinge_loss, NULL, NN_LINEAR, 0, 0},
    {&nn__categorical_hinge_loss, NULL, NN_LINEAR, 0, 1},
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

/* Rows that sum to 1, or class numbers. */
static nn_tensor *case_targets(const loss_case *c, uint64_t *state)
{
    if (c->kind->takes_classes) {
        nn_tensor *classes = nn_tensor_new(NN_I32, NN_SHAPE(ROWS));
        for (int i = 0; i < ROWS; i++)
            ((int32_t *)nn_tensor_data(classes))[i] = test_random_int(state, 0, AXIS - 1);
        return classes;
    }
    /* Shares of a target that is 0 are too large for difference quotients. */
    const int least = c->kind == &nn__mean_absolute_percentage_error_loss;
    const int lines = ROWS * (c->several_axes ? AXES : 1);
    nn_tensor *rows = nn_tensor_new(NN_F32, NN_SHAPE(ROWS, lines / ROWS * AXIS));
    nn_real *t = nn_tensor_data(rows);
    for (int i = 0; i < lines; i++) {
        double sum = 0;
        for (int j = 0; j < AXIS; j++)
            sum += (double)(t[i * AXIS + j] = (nn_real)test_random_int(state, least, 8));
        for (int j = 0; j < AXIS; j++)
            t[i * AXIS + j] = (nn_real)((double)t[i * AXIS + j] / sum);
    }
    return rows;
}

START_TEST(the_gradient_is_the_slope_of_the_mean_over_rows)
{
    const loss_case *c = &cases[_i];
    uint64_t state = 61;
    char what[96];
    nn_shape shape = c->several_axes ? (nn_shape){2, {AXES, AXIS}} : (nn_shape){1, {AXIS}};
    nn_model *model = nn_sequential(nn_input(1), probe_source(ROWS, &shape),
                                    nn_activation(.activation = c->activation));
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(), .loss = nn_loss_new(c->kind, c->options)), NN_OK);
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = c->no_fusion);
    nn_tensor *targets = case_targets(c, &state);
    nn_real zeros[ROWS] = {0};
    int fused = c->activation != NN_LINEAR && c->kind->fuses_with == c->activation && !c->no_fusion;
    ck_assert_int_eq(context->runs[NN__TRAIN].program.predictions[0].loss_fused, fused);
    numeric_grid(model->values + model->weights[0].offset, ROWS * probe_count(&shape), &state);
    numeric n = {model, context, zeros, ROWS, targets, 1, NULL, NULL};
    snprintf(what, sizeof what, "%s, case %d", c->kind->kind.name, _i);
    ck_assert_double_gt(numeric_check(&n, what), 5e-3);
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
