/* One step at a time: train_on_batch, and its three parts on a context. */
#include "recorder.h"

/* The rows as one batch from `first` on. */
static void batch_of(const rows *r, int first, int count, nn_tensor **x, nn_tensor **y)
{
    *x = nn_tensor_rows(r->tx, first, count);
    *y = nn_tensor_rows(r->ty, first, count);
}

START_TEST(steps_on_batches_are_the_steps_of_a_fit)
{
    rows r;
    rows_open(&r, 40, 1, 0);
    nn_model *fitted = small_model(0.1), *stepped = small_model(0.1), *parts = small_model(0.1);
    nn_context *context = nn_context(parts, .batch_size = 16, .training = 1);
    ck_assert_int_eq(nn_fit(fitted, r.data, .batch_size = 16, .no_shuffle = 1), NN_OK);
    for (int first = 0; first < 40; first += 16) {
        int count = first + 16 < 40 ? 16 : 40 - first;
        nn_tensor *x, *y;
        const nn_logs *result;
        double loss;
        batch_of(&r, first, count, &x, &y);
        ck_assert_msg(nn_train_on_batch(stepped, x, y, &result) == NN_OK, "%s", nn_error_message());
        ck_assert_uint_eq(nn_logs_count(result), 2);
        ck_assert_int_eq(nn_context_forward(context, r.x + first * WIDTH, count, NULL), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, y, &loss), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
        ck_assert_double_eq(nn_logs_value(result, "loss"), loss);
        nn_tensor_free(x);
        nn_tensor_free(y);
    }
    ck_assert(same_weights(fitted, stepped));
    ck_assert(same_weights(fitted, parts));
    ck_assert_uint_eq(nn_model_steps(stepped), 3);
    ck_assert_uint_eq(nn_model_steps(parts), 3);
    nn_context_free(context);
    nn_model_free(fitted);
    nn_model_free(stepped);
    nn_model_free(parts);
    rows_close(&r);
}
END_TEST

START_TEST(results_are_of_this_batch_alone)
{
    rows r;
    rows_open(&r, 40, 1, 0);
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = NN_ZERO),
                                .loss = nn_sparse_categorical_crossentropy(),
                                .metrics = nn_metrics(nn_accuracy())),
                     NN_OK);
    for (int i = 0; i < 2; i++) { /* twice the same batch, another in between */
        nn_tensor *x, *y;
        const nn_logs *trained, *evaluated;
        batch_of(&r, 0, 7, &x, &y);
        ck_assert_int_eq(nn_train_on_batch(model, x, y, &trained), NN_OK);
        double loss = nn_logs_value(trained, "loss"), accuracy = nn_logs_value(trained, "accuracy");
        nn_dataset *data = nn_arrays(x, y);
        ck_assert_int_eq(nn_evaluate(model, data, .result = &evaluated), NN_OK);
        ck_assert_double_eq_tol(nn_logs_value(evaluated, "loss"), loss, 1e-6);
        ck_assert_double_eq(nn_logs_value(evaluated, "accuracy"), accuracy);
        nn_dataset_free(data);
        nn_tensor_free(x);
        nn_tensor_free(y);
        batch_of(&r, 20, 20, &x, &y);
        ck_assert_int_eq(nn_train_on_batch(model, x, y, NULL), NN_OK);
        nn_tensor_free(x);
        nn_tensor_free(y);
    }
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

/* w after a step of SGD on mean squared error, by hand. */
START_TEST(one_step_is_what_the_formula_says)
{
    nn_real x[4] = {1, 2, 3, -1}, y[2] = {2, -1}, w[2] = {(nn_real)0.5, -1}, after[2], out[2];
    nn_model *model = nn_sequential(nn_input(2), nn_dense(1, .no_bias = 1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.125),
                                .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", w, 2), NN_OK);
    nn_tensor *tx = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 2));
    nn_tensor *ty = nn_tensor_borrow(NN_F32, y, NN_SHAPE(2, 1));
    const nn_logs *result;
    nn_context *context = nn_context(model, .batch_size = 2);
    ck_assert_int_eq(nn_context_predict(context, x, 2, out), NN_OK);
    ck_assert(out[0] == (nn_real)-1.5 && out[1] == (nn_real)2.5);
    ck_assert_int_eq(nn_train_on_batch(model, tx, ty, &result), NN_OK);
    /* errors -3.5 and 3.5: loss 12.25; dw = mean of 2 e x = (-3.5 + 10.5, -7 - 3.5) */
    ck_assert_double_eq(nn_logs_value(result, "loss"), 12.25);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", after, 2), NN_OK);
    ck_assert(after[0] == (nn_real)(0.5 - 0.125 * 7) && after[1] == (nn_real)(-1 + 0.125 * 10.5));
    nn_context_free(context);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
    nn_model_free(model);
}
END_TEST

START_TEST(what_does_not_fit_is_named)
{
    rows r;
    nn_real wide[2 * WIDTH * 2] = {0};
    rows_open(&r, 8, 1, 0);
    nn_model *model = small_model(0.1);
    nn_tensor *short_y = nn_tensor_rows(r.ty, 0, 5);
    nn_tensor *wide_x = nn_tensor_borrow(NN_F32, wide, NN_SHAPE(2, 2 * WIDTH));
    nn_tensor *float_y = nn_tensor_new(NN_F32, NN_SHAPE(8));
    const nn_logs *result = NULL;
    ck_assert_int_eq(nn_train_on_batch(model, r.tx, short_y, &result), NN_ESHAPE);
    test_message_has("8 rows");
    ck_assert_int_eq(nn_train_on_batch(model, wide_x, r.ty, &result), NN_ESHAPE);
    test_message_has("2x12");
    ck_assert_int_eq(nn_train_on_batch(model, r.tx, float_y, &result), NN_ESHAPE);
    ck_assert_int_eq(nn_train_on_batch(model, NULL, r.ty, &result), NN_EINVAL);
    ck_assert_int_eq(nn_train_on_batch(model, r.tx, NULL, &result), NN_EINVAL);
    ck_assert_int_eq(nn_train_on_batch(NULL, r.tx, r.ty, &result), NN_EINVAL);
    r.classes[3] = CLASSES;
    ck_assert_int_eq(nn_train_on_batch(model, r.tx, r.ty, &result), NN_EINVAL);
    test_message_has("row 3: class 4 is outside 0..3");
    r.classes[3] = -1;
    ck_assert_int_eq(nn_train_on_batch(model, r.tx, r.ty, &result), NN_EINVAL);
    ck_assert_ptr_null(result);
    ck_assert_uint_eq(nn_model_steps(model), 0);
    nn_tensor_free(short_y);
    nn_tensor_free(wide_x);
    nn_tensor_free(float_y);
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

START_TEST(a_context_tells_when_it_is_used_out_of_turn)
{
    rows r;
    double loss;
    nn_real g[100];
    rows_open(&r, 8, 1, 0);
    nn_model *model = small_model(0.1), *raw = nn_sequential(nn_input(WIDTH), nn_dense(2));
    ck_assert_ptr_null(nn_context(raw, .training = 1));
    test_message_has("must be compiled");
    ck_assert_ptr_null(nn_context(NULL));
    ck_assert_ptr_null(nn_context(model, .threads = 65));
    ck_assert_ptr_null(nn_context(model, .batch_size = -1));
    nn_context *predictor = nn_context(model), *trainer = nn_context(model, 8, .training = 1);
    ck_assert_int_eq(nn_context_forward(predictor, r.x, 8, NULL), NN_ESTATE);
    ck_assert_int_eq(nn_context_backward(trainer, r.ty, &loss), NN_ESTATE);
    test_message_has("backward before forward");
    ck_assert_int_eq(nn_context_forward(trainer, r.x, 9, NULL), NN_EINVAL);
    test_message_has("9 rows, from 1 to 8");
    ck_assert_int_eq(nn_context_forward(trainer, r.x, 0, NULL), NN_EINVAL);
    ck_assert_int_eq(nn_context_gradient(trainer, "dense/weight", g, 100), NN_ENOTFOUND);
    ck_assert_int_eq(nn_context_gradient(trainer, "dense/kernel", g, 100), NN_ESHAPE);
    ck_assert_int_eq(nn_context_gradient(trainer, "batch_normalization/moving_mean", g, 5),
                     NN_ENOTFOUND);
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_sparse_categorical_crossentropy()),
        NN_OK);
    ck_assert_int_eq(nn_context_forward(trainer, r.x, 8, NULL), NN_ESTATE);
    test_message_has("compiled anew");
    nn_context_free(predictor);
    nn_context_free(trainer);
    nn_context_free(NULL);
    nn_model_free(model);
    nn_model_free(raw);
    rows_close(&r);
}
END_TEST

Suite *step_suite(void);
Suite *step_suite(void)
{
    return TEST_SUITE("step", steps_on_batches_are_the_steps_of_a_fit,
                      results_are_of_this_batch_alone, one_step_is_what_the_formula_says,
                      what_does_not_fit_is_named, a_context_tells_when_it_is_used_out_of_turn);
}
