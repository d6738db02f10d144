/* ModelCheckpoint: messages and paths are traces of Keras 3.15's callback. */
#include <unistd.h>

#include "callbacks/callback.h"
#include "drive.h"
#include "model/model.h"

/* The test runs in a folder of its own, so that paths are as short as Keras's. */
static void enter_folder(void)
{
    ck_assert_int_eq(chdir(test_folder()), 0);
}

static int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void set(drive *d, const char *name, double value)
{
    ck_assert_int_eq(nn_logs_set(d->logs, name, value), NN_OK);
}

/* Epochs with these values of `name`; in the epoch `missing` there is only a loss. */
static void drive_epochs(drive *d, const char *name, const double *values, int count, int missing)
{
    drive_begin(d);
    for (int e = 0; e < count; e++) {
        nn__logs_clear(d->logs);
        set(d, "loss", e + .25);
        if (e != missing)
            set(d, name, values[e]);
        drive_epoch(d, e);
    }
    drive_end(d);
}

START_TEST(each_epoch_is_saved)
{
    static const double values[] = {1, .5, .75};
    drive d;
    enter_folder();
    drive_open(&d, nn_model_checkpoint("m", .verbose = 1), NULL);
    drive_epochs(&d, "val_loss", values, 3, -1);
    ck_assert_str_eq(drive_text(&d), "\nEpoch 1: saving model to m\n"
                                     "\nEpoch 1: finished saving model to m\n"
                                     "\nEpoch 2: saving model to m\n"
                                     "\nEpoch 2: finished saving model to m\n"
                                     "\nEpoch 3: saving model to m\n"
                                     "\nEpoch 3: finished saving model to m\n");
    ck_assert_int_eq(nn_model_checkpoint_saves(d.callbacks[0]), 3);
    ck_assert_str_eq(nn_model_checkpoint_path(d.callbacks[0]), "m");
    ck_assert(isnan(nn_model_checkpoint_best(d.callbacks[0])));
    drive_close(&d);
}
END_TEST

START_TEST(only_better_epochs_are_saved)
{
    static const double values[] = {1, .5, .75, .25, .25, (double)NAN};
    drive d;
    enter_folder();
    drive_open(&d,
               nn_model_checkpoint("{epoch:02d}-{val_loss:.2f}", .verbose = 1, .save_best_only = 1),
               NULL);
    drive_epochs(&d, "val_loss", values, 6, -1);
    ck_assert_str_eq(drive_text(&d),
                     "\nEpoch 1: val_loss improved from None to 1.00000, saving model to 01-1.00\n"
                     "\nEpoch 1: finished saving model to 01-1.00\n"
                     "\nEpoch 2: val_loss improved from 1.00000 to 0.50000, saving model to "
                     "02-0.50\n"
                     "\nEpoch 2: finished saving model to 02-0.50\n"
                     "\nEpoch 3: val_loss did not improve from 0.50000\n"
                     "\nEpoch 4: val_loss improved from 0.50000 to "
                     "0.25000, saving model to 04-0.25\n"
                     "\nEpoch 4: finished saving model to 04-0.25\n"
                     "\nEpoch 5: val_loss did not "
                     "improve from 0.25000\n"
                     "\nEpoch 6: val_loss did not "
                     "improve from 0.25000\n");
    ck_assert(exists("01-1.00") && exists("02-0.50") && exists("04-0.25"));
    ck_assert(!exists("03-0.75") && !exists("05-0.25"));
    ck_assert(nn_model_checkpoint_best(d.callbacks[0]) == .25);
    ck_assert_str_eq(nn_model_checkpoint_path(d.callbacks[0]), "04-0.25");
    ck_assert_int_eq(nn_model_checkpoint_saves(d.callbacks[0]), 3);
    nn_model *model = NULL;
    nn_real kernel[2];
    ck_assert_int_eq(nn_model_load("02-0.50", &model), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", kernel, 2), NN_OK);
    ck_assert(kernel[0] == 1); /* what epoch 1 "trained" */
    nn_model_free(model);
    drive_close(&d);
}
END_TEST

START_TEST(a_threshold_is_the_first_best)
{
    static const double values[] = {1, .5};
    drive d;
    enter_folder();
    drive_open(&d,
               nn_model_checkpoint("m", .verbose = 1, .save_best_only = 1,
                                   .initial_value_threshold = NN_SOME(.6)),
               NULL);
    drive_epochs(&d, "val_loss", values, 2, -1);
    ck_assert_str_eq(drive_text(&d),
                     "\nEpoch 1: val_loss did not improve from 0.60000\n"
                     "\nEpoch 2: val_loss improved from 0.60000 to 0.50000, saving model to m\n"
                     "\nEpoch 2: finished saving model to m\n");
    drive_close(&d);
}
END_TEST

START_TEST(direction_nan_and_missing_numbers)
{
    static const double up[] = {.1, .3, .2}, lost[] = {(double)NAN, .5}, gap[] = {1, 0, .5};
    drive d;
    enter_folder();
    drive_open(&d, nn_model_checkpoint("m", "val_accuracy", .save_best_only = 1), NULL);
    drive_epochs(&d, "val_accuracy", up, 3, -1);
    ck_assert(nn_model_checkpoint_best(d.callbacks[0]) == .3);
    ck_assert_int_eq(nn_model_checkpoint_saves(d.callbacks[0]), 2);
    drive_close(&d);
    drive_open(&d, nn_model_checkpoint("m", .verbose = 1, .save_best_only = 1), NULL);
    drive_epochs(&d, "val_loss", lost, 2, -1);
    ck_assert_str_eq(drive_text(&d),
                     "\nEpoch 1: val_loss improved from None to nan, saving model to m\n"
                     "\nEpoch 1: finished saving model to m\n"
                     "\nEpoch 2: val_loss did not improve from nan\n");
    drive_close(&d);
    drive_open(&d, nn_model_checkpoint("m", .verbose = 1, .save_best_only = 1), NULL);
    drive_epochs(&d, "val_loss", gap, 3, 1);
    ck_assert_str_eq(drive_text(&d),
                     "\nEpoch 1: val_loss improved from None to 1.00000, saving model to "
                     "m\n"
                     "\nEpoch 1: finished saving model to m\n"
                     "Can save best model only with val_loss "
                     "available.\n"
                     "\nEpoch 2: finished saving model to m\n"
                     "\nEpoch 3: val_loss improved from "
                     "1.00000 to 0.50000, saving model to "
                     "m\n"
                     "\nEpoch 3: finished saving model to m\n");
    drive_close(&d);
}
END_TEST

/* Three epochs of three batches; the running mean is 10 epoch + batch + .5. */
static void drive_batches(drive *d)
{
    const nn_callback_kind *kind = nn_callback_kind_of(d->callbacks[0]);
    drive_begin(d);
    for (int e = 0; e < 3; e++) {
        d->event.epoch = e;
        for (int b = 0; b < 3; b++) {
            nn__logs_clear(d->logs);
            set(d, "loss", 10 * e + b + .5);
            d->event.step = b;
            ck_assert_int_eq(kind->train_batch_end(d->callbacks[0], &d->event), NN_OK);
        }
        drive_value(d, e, "val_loss", 1);
    }
    drive_end(d);
}

START_TEST(batches_count_over_epochs)
{
    drive d;
    enter_folder();
    drive_open(&d,
               nn_model_checkpoint("{epoch}-{batch:03d}-{loss:.1f}", .verbose = 1, .save_freq = 2),
               NULL);
    drive_batches(&d);
    ck_assert_str_eq(drive_text(&d), "\nEpoch 1: saving model to 1-002-1.5\n"
                                     "\nEpoch 1: finished saving model to 1-002-1.5\n"
                                     "\nEpoch 2: saving model "
                                     "to 2-001-10.5\n"
                                     "\nEpoch 2: finished saving model to 2-001-10.5\n"
                                     "\nEpoch 2: saving model to 2-003-12.5\n"
                                     "\nEpoch 2: finished saving model to 2-003-12.5\n"
                                     "\nEpoch"
                                     " 3: "
                                     "saving "
                                     "model "
                                     "to "
                                     "3-002-"
                                     "21."
                                     "5"
                                     "\n"
                                     "\nEpoch 3: finished saving model to 3-002-21.5\n");
    drive_close(&d);
    drive_open(&d,
               nn_model_checkpoint("{epoch}-{batch:03d}", "loss", .verbose = 1, .save_best_only = 1,
                                   .save_freq = 2),
               NULL);
    drive_batches(&d);
    ck_assert_str_eq(drive_text(&d),
                     "\nEpoch 1: loss improved from None to 1.50000, saving model to 1-002\n"
                     "\nEpoch 1: finished saving model to 1-002\n"
                     "\nEpoch 2: loss did not improve from 1.50000\n"
                     "\nEpoch 2: loss did not improve from 1.50000\n"
                     "\nEpoch 3: loss did not improve from 1.50000\n");
    drive_close(&d);
}
END_TEST

START_TEST(folders_are_made_and_weights_can_stand_alone)
{
    drive d;
    nn_model *model = NULL;
    enter_folder();
    drive_open(&d, nn_model_checkpoint("a/{epoch}/whole"),
               nn_model_checkpoint("a/{epoch}/weights", .save_weights_only = 1));
    drive_begin(&d);
    drive_value(&d, 0, "val_loss", 1);
    drive_end(&d);
    ck_assert_str_eq(drive_text(&d), ""); /* not verbose */
    drive_close(&d);
    ck_assert_int_eq(nn_model_load("a/1/whole", &model), NN_OK);
    ck_assert(model->compiled > 0);
    nn_model_free(model);
    ck_assert_int_eq(nn_model_load("a/1/weights", &model), NN_OK);
    ck_assert_int_eq(model->compiled, 0);
    nn_model_free(model);
    model = nn_sequential(nn_input(2), nn_dense(.units = 1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_int_eq(nn_model_load_weights(model, "a/1/weights"), NN_OK);
    nn_model_free(model);
}
END_TEST

START_TEST(failures_fail_the_fit)
{
    drive d;
    enter_folder();
    const nn_callback_kind *kind = &nn__model_checkpoint_callback;
    static const char *const bad[] = {"", "{epoch", "{batch}", "{val_loss:d}"};
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        drive_open(&d, nn_model_checkpoint(bad[i]), NULL);
        ck_assert_int_eq(kind->train_begin(d.callbacks[0], &d.event), NN_EINVAL);
        test_message_has("model_checkpoint: path");
        drive_close(&d);
    }
    drive_open(&d, nn_model_checkpoint("{val_los:.2f}"), NULL);
    drive_begin(&d);
    set(&d, "val_loss", 1);
    ck_assert_int_eq(kind->epoch_end(d.callbacks[0], &d.event), NN_EINVAL);
    test_message_has("model_checkpoint: path \"{val_los:.2f}\": the logs have no val_los");
    drive_close(&d);
    FILE *file = fopen("plain", "w");
    fclose(file);
    drive_open(&d, nn_model_checkpoint("plain/m"), NULL);
    drive_begin(&d);
    ck_assert_int_eq(kind->epoch_end(d.callbacks[0], &d.event), NN_EIO);
    test_message_has("plain");
    drive_close(&d);
    nn_callback *nameless = nn_model_checkpoint(.verbose = 1);
    ck_assert_int_eq(nn__object_check(&nameless->object, "model_checkpoint"), NN_EINVAL);
    test_message_has("model_checkpoint: path must be given");
    ck_assert_int_eq(nn_model_checkpoint_saves(NULL), -1);
    ck_assert_ptr_null(nn_model_checkpoint_path(nameless));
    nn_callback_free(nameless);
}
END_TEST

/* A fit resumed from its own checkpoint knows the best number and how often it saved. */
START_TEST(the_state_is_in_its_own_files)
{
    static const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[4] = {1, 1, 2, 2};
    enter_folder();
    nn_tensor *tx = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(4, 2));
    nn_tensor *ty = nn_tensor_borrow_const(NN_F32, y, NN_SHAPE(4, 1));
    nn_dataset *data = nn_arrays(.x = tx, .y = ty);
    nn_model *model = nn_sequential(nn_input(2), nn_dense(.units = 1));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.001), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_callback *first = nn_model_checkpoint("{epoch}", "loss", .save_best_only = 1);
    ck_assert_int_eq(nn_fit(model, data, .epochs = 2, .callbacks = nn_callbacks(first)), NN_OK);
    double best = nn_model_checkpoint_best(first);
    ck_assert_int_eq(nn_model_checkpoint_saves(first), 2);
    nn_model_free(model);
    ck_assert_int_eq(nn_model_load("2", &model), NN_OK);
    nn_callback *second = nn_model_checkpoint("{epoch}", "loss", .save_best_only = 1);
    ck_assert_int_eq(nn_fit(model, data, .epochs = 2, .initial_epoch = 2, .resume = 1,
                            .callbacks = nn_callbacks(second)),
                     NN_OK);
    ck_assert(nn_model_checkpoint_best(second) == best);
    ck_assert_int_eq(nn_model_checkpoint_saves(second), 2);
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}
END_TEST

Suite *model_checkpoint_suite(void);
Suite *model_checkpoint_suite(void)
{
    return TEST_SUITE("model_checkpoint", each_epoch_is_saved, only_better_epochs_are_saved,
                      a_threshold_is_the_first_best, direction_nan_and_missing_numbers,
                      batches_count_over_epochs, folders_are_made_and_weights_can_stand_alone,
                      failures_fail_the_fit, the_state_is_in_its_own_files);
}
