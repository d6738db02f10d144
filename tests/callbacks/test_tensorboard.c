/* TensorBoard: tags and steps are those of the files that Keras 3.15 writes for the same fit. */
#include "callbacks/callback.h"
#include "callbacks/state.h"
#include "drive.h"
#include "events.h"

enum { ROWS = 10, KEPT = 64 };

/* What a fit logged, by hook. */
static struct {
    double batch_loss[KEPT], epoch_loss[KEPT], val_loss[KEPT], test_loss[KEPT], rate[KEPT];
    double kernel_sum[KEPT];
    int batches, epochs;
} seen;

static int keep_batch(nn_model *model, int batch, nn_logs *logs, void *data)
{
    (void)model, (void)batch, (void)data;
    seen.batch_loss[++seen.batches] = nn_logs_value(logs, "loss");
    return 0;
}

static int keep_test(nn_model *model, int index, nn_logs *logs, void *data)
{
    (void)model, (void)index, (void)data;
    seen.test_loss[seen.epochs] = nn_logs_value(logs, "loss");
    return 0;
}

static int keep_epoch(nn_model *model, int epoch, nn_logs *logs, void *data)
{
    nn_real kernel[2];
    (void)data;
    seen.epoch_loss[epoch] = nn_logs_value(logs, "loss");
    seen.val_loss[epoch] = nn_logs_value(logs, "val_loss");
    seen.rate[epoch] = nn_model_learning_rate(model);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", kernel, 2), NN_OK);
    seen.kernel_sum[epoch] = (double)kernel[0] + (double)kernel[1];
    seen.epochs++;
    return 0;
}

/* Five epochs of three batches. Takes the callback. */
static void run_fit(nn_callback *tensorboard, int epochs)
{
    static float x[ROWS * 2], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = (float)(i % 3);
        x[2 * i + 1] = (float)(i % 4) / 4;
        y[i] = (float)(i % 5) / 2;
    }
    memset(&seen, 0, sizeof seen);
    nn_tensor *tx = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(ROWS, 2));
    nn_tensor *ty = nn_tensor_borrow_const(NN_F32, y, NN_SHAPE(ROWS, 1));
    nn_dataset *data = nn_arrays(.x = tx, .y = ty);
    nn_model *model = nn_sequential(nn_input(2), nn_dense(.units = 1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.01), .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_msg(nn_fit(model, data, .epochs = epochs, .batch_size = 4, .validation_data = data,
                         .callbacks = nn_callbacks(nn_lambda(.on_train_batch_end = keep_batch,
                                                             .on_test_end = keep_test,
                                                             .on_epoch_end = keep_epoch),
                                                   tensorboard)) == NN_OK,
                  "%s", nn_error_message());
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}

static void check(const found_events *events, const char *tag, int64_t step, double want)
{
    const found_value *value = events_find(events, tag, step);
    ck_assert_msg(value != NULL, "%s at %d is missing", tag, (int)step);
    ck_assert_msg(value->value == (double)(float)want, "%s at %d is %g, not %g", tag, (int)step,
                  value->value, want);
}

START_TEST(epochs_go_to_two_folders)
{
    run_fit(nn_tensorboard(test_path("logs")), 5);
    const found_events *events = events_read(test_path("logs/train"));
    ck_assert_uint_eq(events->count, 10);
    for (int e = 0; e < 5; e++) {
        check(events, "epoch_loss", e, seen.epoch_loss[e]);
        check(events, "epoch_learning_rate", e, seen.rate[e]);
    }
    events = events_read(test_path("logs/validation"));
    ck_assert_uint_eq(events->count, 10);
    for (int e = 0; e < 5; e++) {
        check(events, "epoch_loss", e, seen.val_loss[e]);
        check(events, "evaluation_loss_vs_iterations", 3 * (e + 1), seen.test_loss[e]);
    }
}
END_TEST

START_TEST(batches_are_counted_from_one_over_epochs)
{
    for (int frequency = 1; frequency <= 4; frequency++) {
        char folder[32], train[48];
        snprintf(folder, sizeof folder, "logs%d", frequency);
        snprintf(train, sizeof train, "logs%d/train", frequency);
        run_fit(nn_tensorboard(test_path(folder), .update_freq = frequency), 5);
        const found_events *events = events_read(test_path(train));
        ck_assert_uint_eq(events->count, 10 + 15 / (size_t)frequency);
        for (int b = frequency; b <= 15; b += frequency)
            check(events, "batch_loss", b, seen.batch_loss[b]);
    }
}
END_TEST

START_TEST(histograms_hold_the_weights)
{
    run_fit(nn_tensorboard(test_path("logs"), .histogram_freq = 2), 5);
    const found_events *events = events_read(test_path("logs/train"));
    ck_assert_uint_eq(events->count, 10 + 2 * 3);
    for (int e = 0; e < 5; e += 2) {
        const found_value *kernel = events_find(events, "dense/kernel/histogram", e);
        const found_value *bias = events_find(events, "dense/bias/histogram", e);
        ck_assert(kernel != NULL && bias != NULL && kernel->is_histogram && bias->is_histogram);
        ck_assert(kernel->stats[2] == 2 && bias->stats[2] == 1);
        ck_assert(kernel->stats[3] == seen.kernel_sum[e]);
        ck_assert(kernel->bucket_count == 30 && bias->bucket_count == 1);
    }
}
END_TEST

static double seconds;

static double half_a_second_later(void)
{
    return seconds += .5;
}

START_TEST(steps_per_second_are_told_on_demand)
{
    drive d;
    drive_open(&d, nn_tensorboard(test_path("logs"), .write_steps_per_second = 1, .update_freq = 1),
               NULL);
    drive_begin(&d);
    nn__set_clock(half_a_second_later);
    const nn_callback_kind *kind = nn_callback_kind_of(d.callbacks[0]);
    ck_assert_int_eq(kind->epoch_begin(d.callbacks[0], &d.event), NN_OK);
    ck_assert_int_eq(kind->train_batch_begin(d.callbacks[0], &d.event), NN_OK);
    ck_assert_int_eq(kind->train_batch_end(d.callbacks[0], &d.event), NN_OK);
    drive_value(&d, 0, "loss", 1);
    nn__set_clock(NULL);
    drive_end(&d);
    drive_close(&d);
    const found_events *events = events_read(test_path("logs/train"));
    check(events, "batch_steps_per_second", 1, 2);
    check(events, "epoch_steps_per_second", 0, 0); /* no step was made */
}
END_TEST

/* A rate in the logs is not the one that is written: that is the model's, as in Keras. */
START_TEST(the_rate_is_written_once)
{
    drive d;
    drive_open(&d, nn_tensorboard(test_path("logs")), NULL);
    drive_begin(&d);
    ck_assert_int_eq(nn_model_set_learning_rate(d.model, .25), NN_OK);
    drive_value(&d, 0, "learning_rate", .5);
    drive_end(&d);
    drive_close(&d);
    const found_events *events = events_read(test_path("logs/train"));
    ck_assert_uint_eq(events->count, 1);
    check(events, "epoch_learning_rate", 0, .25);
}
END_TEST

/* The count of batches goes through the state; the files are new ones. */
START_TEST(a_resumed_fit_goes_on_counting)
{
    const nn_callback_kind *kind = &nn__tensorboard_callback;
    nn_state *state = nn__state_new();
    drive d;
    for (int fit = 0; fit < 2; fit++) {
        drive_open(&d, nn_tensorboard(test_path(fit == 0 ? "first" : "second"), .update_freq = 1),
                   NULL);
        drive_begin(&d);
        nn__state_set_reading(state, fit == 1);
        if (fit == 1)
            kind->state(d.callbacks[0], state);
        for (int batch = 0; batch < 3; batch++) {
            nn__logs_clear(d.logs);
            ck_assert_int_eq(nn_logs_set(d.logs, "loss", batch), NN_OK);
            ck_assert_int_eq(kind->train_batch_begin(d.callbacks[0], &d.event), NN_OK);
            ck_assert_int_eq(kind->train_batch_end(d.callbacks[0], &d.event), NN_OK);
        }
        if (fit == 0)
            kind->state(d.callbacks[0], state);
        drive_end(&d);
        drive_close(&d);
    }
    nn__state_free(state);
    const found_events *events = events_read(test_path("second/train"));
    ck_assert_uint_eq(events->count, 3);
    for (int batch = 0; batch < 3; batch++)
        check(events, "batch_loss", batch + 4, batch);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_fails_the_fit_at_once)
{
    drive d;
    FILE *file = fopen(test_path("plain"), "w");
    fclose(file);
    drive_open(&d, nn_tensorboard(test_path("plain/logs")), NULL);
    ck_assert_int_eq(nn__tensorboard_callback.train_begin(d.callbacks[0], &d.event), NN_EIO);
    test_message_has("plain");
    drive_close(&d);
}
END_TEST

START_TEST(options_are_checked)
{
    nn_callback *bad = nn_tensorboard(.update_freq = -1);
    ck_assert_int_eq(nn__object_check(&bad->object, "tensorboard"), NN_EINVAL);
    test_message_has("tensorboard: update_freq is -1");
    nn_callback_free(bad);
}
END_TEST

Suite *tensorboard_suite(void);
Suite *tensorboard_suite(void)
{
    return TEST_SUITE("tensorboard", epochs_go_to_two_folders,
                      batches_are_counted_from_one_over_epochs, histograms_hold_the_weights,
                      steps_per_second_are_told_on_demand, the_rate_is_written_once,
                      a_resumed_fit_goes_on_counting,
                      a_folder_that_cannot_be_made_fails_the_fit_at_once, options_are_checked);
}
