/* Evaluate: means over all rows, the short last batch included, and nothing changed by it. */
#include "recorder.h"

START_TEST(the_batch_size_changes_nothing_but_roundings)
{
    rows r;
    rows_open(&r, 77, 1, 0);
    nn_model *model = small_model(0.1);
    double losses[4], accuracies[4];
    static const int sizes[4] = {0, 77, 10, 1};
    nn_real *before = snapshot(model);
    for (int i = 0; i < 4; i++) {
        const nn_logs *result;
        ck_assert_int_eq(nn_evaluate(model, r.data, .batch_size = sizes[i], .result = &result),
                         NN_OK);
        losses[i] = nn_logs_value(result, "loss");
        accuracies[i] = nn_logs_value(result, "accuracy");
        ck_assert_uint_eq(nn_logs_count(result), 2);
        ck_assert_double_eq_tol(losses[i], losses[0], 1e-5);
        ck_assert_double_eq(accuracies[i], accuracies[0]);
    }
    nn_real *after = snapshot(model);
    ck_assert_mem_eq(before, after, nn_model_snapshot_count(model) * sizeof *before);
    ck_assert_uint_eq(nn_model_steps(model), 0);
    free(before);
    free(after);
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

START_TEST(evaluate_between_fits_disturbs_nothing)
{
    rows r;
    rows_open(&r, 60, 1, 0);
    nn_model *plain = small_model(0.1), *watched = small_model(0.1);
    for (int epoch = 0; epoch < 3; epoch++) {
        ck_assert_int_eq(nn_fit(plain, r.data, .initial_epoch = epoch, .epochs = epoch + 1), NN_OK);
        ck_assert_int_eq(nn_fit(watched, r.data, .initial_epoch = epoch, .epochs = epoch + 1),
                         NN_OK);
        ck_assert_int_eq(nn_evaluate(watched, r.data, .batch_size = 13), NN_OK);
    }
    ck_assert(same_weights(plain, watched));
    nn_model_free(plain);
    nn_model_free(watched);
    rows_close(&r);
}
END_TEST

START_TEST(an_untrained_uniform_model_has_the_loss_of_chance)
{
    rows r;
    const nn_logs *result;
    nn_real zeros[WIDTH * CLASSES] = {0};
    rows_open(&r, 33, 1, 1);
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(), .loss = nn_categorical_crossentropy()), NN_OK);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", zeros, WIDTH * CLASSES), NN_OK);
    ck_assert_int_eq(nn_evaluate(model, r.data, .result = &result), NN_OK);
    ck_assert_double_eq_tol(nn_logs_value(result, "loss"), log(CLASSES), 1e-6);
    ck_assert(!nn_logs_has(result, "accuracy"));
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

START_TEST(failures_are_told_and_write_nothing)
{
    rows r;
    const nn_logs *result = NULL;
    rows_open(&r, 8, 1, 0);
    nn_model *model = small_model(0.1), *raw = nn_sequential(nn_input(WIDTH), nn_dense(2));
    ck_assert_int_eq(nn_evaluate(raw, r.data, .result = &result), NN_ESTATE);
    ck_assert_int_eq(nn_evaluate(model, NULL, .result = &result), NN_EINVAL);
    ck_assert_int_eq(nn_evaluate(model, r.data, -3, .result = &result), NN_EINVAL);
    test_message_has("batch_size is -3");
    ck_assert_int_eq(nn_evaluate(NULL, r.data, .result = &result), NN_EINVAL);
    nn_dataset *bare = nn_arrays(r.tx);
    ck_assert_int_eq(nn_evaluate(model, bare, .result = &result), NN_ESHAPE);
    ck_assert_ptr_null(result);
    nn_dataset_free(bare);
    nn_model_free(model);
    nn_model_free(raw);
    rows_close(&r);
}
END_TEST

Suite *evaluate_suite(void);
Suite *evaluate_suite(void)
{
    return TEST_SUITE("evaluate", the_batch_size_changes_nothing_but_roundings,
                      evaluate_between_fits_disturbs_nothing,
                      an_untrained_uniform_model_has_the_loss_of_chance,
                      failures_are_told_and_write_nothing);
}
