/* TerminateOnNaN in real fits: the trace is that of Keras 3.15. */
#include "callbacks/callback.h"
#include "test.h"

/* Eight rows in batches of two; row 5, in batch 2, has the target `odd`. Takes the callbacks. */
static nn_status run_fit(nn_callback *callback, float odd, char **text, int *epochs, nn_model **out)
{
    static float x[16], y[8];
    size_t size;
    FILE *stream = open_memstream(text, &size);
    for (int i = 0; i < 16; i++)
        x[i] = 1;
    for (int i = 0; i < 8; i++)
        y[i] = i == 5 ? odd : 1;
    nn_tensor *tx = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(8, 2));
    nn_tensor *ty = nn_tensor_borrow_const(NN_F32, y, NN_SHAPE(8, 1));
    nn_dataset *data = nn_arrays(.x = tx, .y = ty);
    nn_model *model = nn_sequential(nn_input(2), nn_dense(1, .kernel_initializer = NN_ONES));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.1), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_status status =
        nn_fit(model, data, .epochs = 3, .batch_size = 2, .no_shuffle = 1, .verbose = NN_ONE_LINE,
               .stream = stream, .callbacks = nn_callbacks(callback));
    *epochs = nn_history_epochs(nn_model_history(model));
    fclose(stream);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
    *out = model;
    return status;
}

START_TEST(nan_and_infinity_end_the_training)
{
    static const float odd[] = {(float)NAN, HUGE_VALF};
    for (int i = 0; i < 2; i++) {
        nn_callback *callback = nn_terminate_on_nan();
        nn_model *model;
        char *text = NULL;
        int epochs = 0;
        ck_assert_int_eq(run_fit(callback, odd[i], &text, &epochs, &model), NN_OK);
        ck_assert_int_eq(epochs, 1);
        ck_assert(!isfinite(nn_history_value(nn_model_history(model), 0, "loss")));
        ck_assert_msg(strstr(text, "Batch 2: Invalid loss, terminating training\n") != NULL, "%s",
                      text);
        ck_assert_int_eq(nn_terminate_on_nan_epoch(callback), 0);
        ck_assert_int_eq(nn_terminate_on_nan_batch(callback), 2);
        nn_model_free(model);
        free(text);
    }
}
END_TEST

START_TEST(finite_losses_go_on)
{
    nn_callback *callback = nn_terminate_on_nan();
    nn_model *model;
    char *text = NULL;
    int epochs = 0;
    ck_assert_int_eq(run_fit(callback, 1, &text, &epochs, &model), NN_OK);
    ck_assert_int_eq(epochs, 3);
    ck_assert_int_eq(nn_terminate_on_nan_epoch(callback), -1);
    ck_assert_int_eq(nn_terminate_on_nan_batch(callback), -1);
    ck_assert_int_eq(nn_terminate_on_nan_batch(NULL), -1);
    nn_model_free(model);
    free(text);
}
END_TEST

START_TEST(raise_error_fails_the_fit)
{
    nn_model *model;
    char *text = NULL;
    int epochs = 0;
    ck_assert_int_eq(
        run_fit(nn_terminate_on_nan(.raise_error = 1), (float)NAN, &text, &epochs, &model),
        NN_EUSER);
    test_message_has("terminate_on_nan: the loss is nan in batch 2 of epoch 0");
    ck_assert_ptr_null(strstr(text, "Invalid loss"));
    nn_model_free(model);
    free(text);
}
END_TEST

Suite *terminate_on_nan_suite(void);
Suite *terminate_on_nan_suite(void)
{
    return TEST_SUITE("terminate_on_nan", nan_and_infinity_end_the_training, finite_losses_go_on,
                      raise_error_fails_the_fit);
}
