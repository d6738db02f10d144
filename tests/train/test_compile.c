/* Compile: what it takes, what it checks, and who frees what. */
#include "recorder.h"

static nn_model *raw_model(void)
{
    return nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
}

START_TEST(everything_handed_over_is_freed_whatever_happens)
{
    test_memory_begin();
    nn_model *model = raw_model();
    ck_assert_int_eq(
        nn_compile(model, .loss = nn_mean_squared_error(), .metrics = nn_metrics(nn_accuracy())),
        NN_EINVAL);
    test_message_has("optimizer is missing");
    nn_model_free(model);
    model = raw_model();
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_adam(), .metrics = nn_metrics(nn_accuracy())), NN_EINVAL);
    test_message_has("loss is missing");
    nn_model_free(model);
    model = raw_model();
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error(),
                                .metrics = nn_metrics(nn_accuracy(), NULL, nn_accuracy("b"))),
                     NN_ENOMEM);
    test_message_has("metric 1");
    nn_model_free(model);
    ck_assert_int_eq(nn_compile(NULL, .optimizer = nn_adam(), .loss = nn_mean_squared_error(),
                                .metrics = nn_metrics(nn_accuracy())),
                     NN_EINVAL);
    model = nn_sequential(nn_input(WIDTH), nn_dense(-1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error(),
                                .metrics = nn_metrics(nn_accuracy())),
                     NN_EINVAL);
    test_message_has("units is -1");
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(the_same_object_twice_is_an_error_not_a_double_free)
{
    test_memory_begin();
    nn_model *first = raw_model(), *second = raw_model();
    nn_metric *metric = nn_accuracy();
    nn_loss *loss = nn_mean_squared_error();
    nn_optimizer *optimizer = nn_sgd();
    ck_assert_int_eq(nn_compile(first, .optimizer = optimizer, .loss = loss,
                                .metrics = nn_metrics(metric, metric)),
                     NN_EINVAL);
    test_message_has("already belongs to a model");
    nn_model_free(first);
    first = raw_model();
    loss = nn_mean_squared_error();
    ck_assert_int_eq(nn_compile(first, .optimizer = nn_sgd(), .loss = loss), NN_OK);
    ck_assert_int_eq(nn_compile(second, .optimizer = nn_sgd(), .loss = loss), NN_EINVAL);
    nn_model_free(first);
    nn_model_free(second);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

static void fails(nn_optimizer *optimizer, nn_loss *loss, nn_status status, const char *message)
{
    nn_model *model = raw_model();
    ck_assert_int_eq(nn_compile(model, .optimizer = optimizer, .loss = loss), status);
    test_message_has(message);
    nn_fail(NN_EIO, "something else happened in between");
    ck_assert_int_eq(nn_fit(model, NULL), status); /* the model remembers */
    test_message_has(message);
    nn_model_free(model);
}

START_TEST(ranges_are_checked_with_names)
{
    fails(nn_sgd(.learning_rate = -1), nn_mean_squared_error(), NN_EINVAL, "learning_rate is -1");
    fails(nn_sgd(.momentum = 2), nn_mean_squared_error(), NN_EINVAL, "sgd: momentum is 2");
    fails(nn_adam(.beta_1 = 1.5), nn_mean_squared_error(), NN_EINVAL, "adam: beta_1 is 1.5");
    fails(nn_nadam(.epsilon = -1), nn_mean_squared_error(), NN_EINVAL, "nadam: epsilon is -1");
    fails(nn_adam(.learning_rate = (double)NAN), nn_mean_squared_error(), NN_EINVAL,
          "learning_rate is not a number");
    fails(nn_sgd_new(&(nn_sgd_options){.learning_rate = 1}), nn_mean_squared_error(), NN_EINVAL,
          "sgd: struct_size is not set");
    fails(nn_sgd(), nn_categorical_crossentropy(.from_logits = 2), NN_EINVAL, "from_logits is 2");
}
END_TEST

START_TEST(a_loss_must_fit_the_output)
{
    nn_model *model = nn_sequential(nn_input(4, 4, 1), nn_conv2d(2, {3, 3}, .name = "last"));
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(), .loss = nn_sparse_categorical_crossentropy()),
        NN_ESHAPE);
    test_message_has("last");
    test_message_has("2x2x2");
    nn_model_free(model);
}
END_TEST

START_TEST(two_metrics_need_two_names)
{
    nn_model *model = raw_model();
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error(),
                                .metrics = nn_metrics(nn_accuracy(), nn_accuracy())),
                     NN_EINVAL);
    test_message_has("two metrics are named 'accuracy'");
    nn_model_free(model);
}
END_TEST

START_TEST(compiling_again_replaces_and_forgets_the_optimizer)
{
    rows r;
    rows_open(&r, 30, 1, 0);
    nn_model *model = small_model(0.1), *fresh;
    ck_assert_int_eq(nn_fit(model, r.data), NN_OK);
    nn_real *values = snapshot(model);
    ck_assert_uint_eq(nn_model_steps(model), 1);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(.learning_rate = 0.25),
                                .loss = nn_sparse_categorical_crossentropy(),
                                .metrics = nn_metrics(nn_accuracy("hits"))),
                     NN_OK);
    ck_assert_uint_eq(nn_model_steps(model), 0);
    ck_assert_double_eq(nn_model_learning_rate(model), 0.25);
    fresh = small_model(0.1);
    ck_assert_int_eq(nn_compile(fresh, .optimizer = nn_adam(.learning_rate = 0.25),
                                .loss = nn_sparse_categorical_crossentropy()),
                     NN_OK);
    nn_model_restore(fresh, values);
    ck_assert_int_eq(nn_fit(model, r.data, .epochs = 2), NN_OK);
    ck_assert_int_eq(nn_fit(fresh, r.data, .epochs = 2), NN_OK);
    ck_assert(same_weights(model, fresh));
    ck_assert(nn_logs_has(nn_history_logs(nn_model_history(model), 0), "hits"));
    free(values);
    nn_model_free(model);
    nn_model_free(fresh);
    rows_close(&r);
}
END_TEST

START_TEST(the_learning_rate_can_be_asked_and_set)
{
    nn_model *model = raw_model();
    ck_assert(isnan(nn_model_learning_rate(model)));
    ck_assert_int_eq(nn_model_set_learning_rate(model, 1), NN_ESTATE);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_nadam(), .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_double_eq(nn_model_learning_rate(model), 0.001);
    ck_assert_int_eq(nn_model_set_learning_rate(model, -1), NN_EINVAL);
    ck_assert_int_eq(nn_model_set_learning_rate(model, (double)NAN), NN_EINVAL);
    ck_assert_int_eq(nn_model_set_learning_rate(model, (double)INFINITY), NN_EINVAL);
    ck_assert_double_eq(nn_model_learning_rate(model), 0.001);
    ck_assert_int_eq(nn_model_set_learning_rate(model, 0), NN_OK);
    ck_assert_double_eq(nn_model_learning_rate(model), 0);
    nn_model_free(model);
}
END_TEST

Suite *compile_suite(void);
Suite *compile_suite(void)
{
    return TEST_SUITE(
        "compile", everything_handed_over_is_freed_whatever_happens,
        the_same_object_twice_is_an_error_not_a_double_free, ranges_are_checked_with_names,
        a_loss_must_fit_the_output, two_metrics_need_two_names,
        compiling_again_replaces_and_forgets_the_optimizer, the_learning_rate_can_be_asked_and_set);
}
