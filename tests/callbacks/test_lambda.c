/* LambdaCallback in a real fit. */
#include "callbacks/callback.h"
#include "test.h"

enum { NOTES = 2048 };

/* What was called, and what the function `name` answers. */
static struct {
    char notes[NOTES];
    const char *name;
    int answer;
    nn_model *model;
} seen;

static int note(const char *name, nn_model *model, int index, nn_logs *logs, void *data)
{
    size_t used = strlen(seen.notes);
    ck_assert_ptr_eq(data, &seen);
    ck_assert(seen.model == NULL || seen.model == model);
    seen.model = model;
    snprintf(seen.notes + used, NOTES - used, "%s %d %d; ", name, index,
             nn_logs_has(logs, "loss") + nn_logs_has(logs, "val_loss"));
    return seen.name != NULL && strcmp(seen.name, name) == 0 ? seen.answer : 0;
}

#define NOTE(name)                                                                                 \
    static int on_##name(nn_model *model, int index, nn_logs *logs, void *data)                    \
    {                                                                                              \
        return note(#name, model, index, logs, data);                                              \
    }
NOTE(epoch_begin)
NOTE(epoch_end)
NOTE(train_begin)
NOTE(train_end)
NOTE(batch_begin)
NOTE(batch_end)
NOTE(test_begin)
NOTE(test_end)
NOTE(test_batch_begin)
NOTE(test_batch_end)

/* Two epochs of two batches, validated. Takes the callbacks. */
static nn_status run_fit(nn_callback *first, nn_callback *second, double *added)
{
    static const float x[4] = {1, 2, 3, 4};
    nn_tensor *tx = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(4, 1));
    nn_dataset *data = nn_arrays(.x = tx, .y = tx);
    nn_model *model = nn_sequential(nn_input(1), nn_dense(1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.01), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_status status = nn_fit(model, data, .epochs = 2, .batch_size = 2, .validation_data = data,
                              .validation_batch_size = 4, .callbacks = nn_callbacks(first, second));
    *added = nn_history_value(nn_model_history(model), 0, "added");
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    return status;
}

static nn_callback *all_of_them(void)
{
    memset(&seen, 0, sizeof seen);
    return nn_lambda(on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_batch_begin,
                     on_batch_end, on_test_begin, on_test_end, on_test_batch_begin,
                     on_test_batch_end, &seen);
}

START_TEST(every_hook_calls_its_function)
{
    double added;
    ck_assert_int_eq(run_fit(all_of_them(), nn_lambda(.data = NULL), &added), NN_OK);
#define EPOCH(n)                                                                                   \
    "epoch_begin " n " 0; batch_begin 0 0; batch_end 0 1; batch_begin 1 0; batch_end 1 1; "        \
    "test_begin 0 0; test_batch_begin 0 0; test_batch_end 0 1; test_end 0 1; epoch_end " n " 2; "
    ck_assert_str_eq(seen.notes, "train_begin 0 0; " EPOCH("0") EPOCH("1") "train_end 0 2; ");
}
END_TEST

START_TEST(one_stops_and_failures_fail)
{
    double added;
    nn_callback *callback = all_of_them();
    seen.name = "batch_end";
    seen.answer = 1;
    ck_assert_int_eq(run_fit(callback, nn_lambda(.data = NULL), &added), NN_OK);
    ck_assert_ptr_null(strstr(seen.notes, "batch_begin 1"));
    ck_assert_ptr_nonnull(strstr(seen.notes, "epoch_end 0")); /* as in Keras */
    ck_assert_ptr_null(strstr(seen.notes, "epoch_begin 1"));
    callback = all_of_them();
    seen.name = "epoch_end";
    seen.answer = NN_EIO;
    ck_assert_int_eq(run_fit(callback, nn_lambda(.data = NULL), &added), NN_EIO);
    callback = all_of_them();
    seen.name = "train_begin";
    seen.answer = 7;
    ck_assert_int_eq(run_fit(callback, nn_lambda(.data = NULL), &added), NN_EUSER);
    test_message_has("callback 0 (lambda) returned 7");
}
END_TEST

static int add(nn_model *model, int index, nn_logs *logs, void *data)
{
    (void)model, (void)index;
    return (int)nn_logs_set(logs, "added", *(const double *)data);
}

static int look(nn_model *model, int index, nn_logs *logs, void *data)
{
    (void)model, (void)index;
    *(double *)data = nn_logs_value(logs, "added");
    return 0;
}

START_TEST(what_is_added_to_the_logs_is_seen_later)
{
    double value = 2.5, later = 0, added = 0;
    ck_assert_int_eq(run_fit(nn_lambda(.on_epoch_end = add, .data = &value),
                             nn_lambda(.on_epoch_end = look, .data = &later), &added),
                     NN_OK);
    ck_assert(later == 2.5 && added == 2.5);
}
END_TEST

Suite *lambda_suite(void);
Suite *lambda_suite(void)
{
    return TEST_SUITE("lambda", every_hook_calls_its_function, one_stops_and_failures_fail,
                      what_is_added_to_the_logs_is_seen_later);
}
