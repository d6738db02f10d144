/* EarlyStopping against traces that Keras 3.15's callback gave for the same numbers. */
#include "callbacks/callback.h"
#include "callbacks/state.h"
#include "drive.h"

/* An epoch without the watched number. */
#define MISSING HUGE_VAL
#define NOT_A_NUMBER ((double)NAN)

enum { MOST = 16 };

typedef struct trace {
    nn_early_stopping_options options;
    int count;
    double values[MOST];
    int stopped, best_epoch, restored; /* expected; -1: none */
    double best;
    const char *text;
} trace;

#define OPTIONS(...)                                                                               \
    {                                                                                              \
        .struct_size = sizeof(nn_early_stopping_options), .verbose = 1, .restore_best_weights = 1, \
        __VA_ARGS__                                                                                \
    }
#define BEST(epoch) "Restoring model weights from the end of the best epoch: " #epoch ".\n"
#define STOP(epoch) "Epoch " #epoch ": early stopping\n"

static int trace_epoch(drive *d, const trace *t, int epoch)
{
    const char *monitor = t->options.monitor != NULL ? t->options.monitor : "val_loss";
    return drive_value(d, epoch, t->values[epoch] == MISSING ? NULL : monitor, t->values[epoch]);
}

static void trace_check(drive *d, const trace *t)
{
    const nn_callback *callback = d->callbacks[0];
    ck_assert_int_eq(nn_early_stopping_stopped_epoch(callback), t->stopped);
    ck_assert_int_eq(nn_early_stopping_best_epoch(callback), t->best_epoch);
    if (isnan(t->best))
        ck_assert(isnan(nn_early_stopping_best(callback)));
    else
        ck_assert_double_eq(nn_early_stopping_best(callback), t->best);
    if (t->restored >= 0)
        ck_assert_int_eq(drive_weights(d), t->restored);
}

static void trace_run(const trace *t)
{
    drive d;
    drive_open(&d, nn_early_stopping_new(&t->options), NULL);
    drive_begin(&d);
    int stop = 0;
    for (int epoch = 0; epoch < t->count && !stop; epoch++) {
        stop = trace_epoch(&d, t, epoch);
        ck_assert_int_eq(stop, epoch == t->stopped);
    }
    drive_end(&d);
    trace_check(&d, t);
    if (t->text != NULL)
        ck_assert_str_eq(drive_text(&d), t->text);
    drive_close(&d);
}

static const trace patience_traces[] = {
    {OPTIONS(.patience = 3),
     11,
     {5, 4, 3, 3.5, 3.2, 3.1, 2.9, 3, 3, 3, 3},
     5,
     2,
     2,
     3,
     STOP(6) BEST(3)},
    {OPTIONS(.patience = 4),
     11,
     {5, 4, 3, 3.5, 3.2, 3.1, 2.9, 3, 3, 3, 3},
     10,
     6,
     6,
     2.9,
     STOP(11) BEST(7)},
    {OPTIONS(.mode = NN_AUTO),
     11,
     {5, 4, 3, 3.5, 3.2, 3.1, 2.9, 3, 3, 3, 3},
     3,
     2,
     2,
     3,
     STOP(4) BEST(3)},
    {OPTIONS(.mode = NN_AUTO), 3, {1, 2, 3}, 1, 0, 0, 1, STOP(2) BEST(1)},
    {OPTIONS(.patience = 1), 3, {1, 1, 1}, 1, 0, 0, 1, STOP(2) BEST(1)},
    {OPTIONS(.patience = 5), 3, {3, 2, 2.5}, -1, 1, 1, 2, BEST(2)},
};

START_TEST(stops_after_patience_epochs_without_improvement)
{
    trace_run(&patience_traces[_i]);
}
END_TEST

START_TEST(first_nan_is_never_beaten)
{
    trace t = {OPTIONS(.patience = 2), 4, {NOT_A_NUMBER, 1, .5, .2}, 2, 0, 0, NOT_A_NUMBER,
               STOP(3) BEST(1)};
    trace_run(&t);
}
END_TEST

START_TEST(later_nan_never_improves)
{
    trace t = {
        OPTIONS(.patience = 2), 5, {2, NOT_A_NUMBER, 1, NOT_A_NUMBER, NOT_A_NUMBER}, 4, 2, 2, 1,
        STOP(5) BEST(3)};
    trace_run(&t);
}
END_TEST

START_TEST(patience_runs_until_the_baseline_is_beaten)
{
    trace t = {OPTIONS(.patience = 3, .baseline = NN_SOME(.4)),
               8,
               {5, 4, .3, .35, .2, .25, .3, .4},
               7,
               4,
               4,
               .2,
               STOP(8) BEST(5)};
    trace_run(&t);
}
END_TEST

START_TEST(improving_epoch_does_not_stop_even_above_the_baseline)
{
    trace t = {OPTIONS(.patience = 3, .baseline = NN_SOME(.4)),
               6,
               {5, 4, 3, 2, 1, .5},
               -1,
               5,
               5,
               .5,
               BEST(6)};
    trace_run(&t);
}
END_TEST

START_TEST(missed_baseline_stops_at_the_first_epoch_without_improvement)
{
    trace t = {OPTIONS(.patience = 3, .baseline = NN_SOME(.4)),
               6,
               {5, 4, 3, 2, 3, .5},
               4,
               3,
               3,
               2,
               STOP(5) BEST(4)};
    trace_run(&t);
}
END_TEST

START_TEST(epochs_before_start_from_epoch_do_not_count)
{
    trace t = {OPTIONS(.patience = 2, .start_from_epoch = 1),
               6,
               {1, 5, 4, 4.5, 4.2, 4.1},
               4,
               2,
               2,
               4,
               STOP(5) BEST(3)};
    trace_run(&t);
    trace late = {OPTIONS(.patience = 2, .start_from_epoch = 3),
                  6,
                  {1, 5, 4, 4.5, 4.2, 4.1},
                  -1,
                  5,
                  5,
                  4.1,
                  BEST(6)};
    trace_run(&late);
    trace never = {OPTIONS(.patience = 2, .start_from_epoch = 9),
                   4,
                   {4, 3, 2, 1},
                   -1,
                   -1,
                   3,
                   NOT_A_NUMBER,
                   ""};
    trace_run(&never);
}
END_TEST

START_TEST(accuracy_is_better_when_larger)
{
    trace t = {OPTIONS(.monitor = "val_accuracy", .patience = 3),
               9,
               {.1, .2, .3, .25, .29, .31, .3, .3, .3},
               8,
               5,
               5,
               .31,
               STOP(9) BEST(6)};
    trace_run(&t);
}
END_TEST

START_TEST(mode_overrules_the_name)
{
    trace t = {OPTIONS(.monitor = "accuracy", .mode = NN_MIN, .patience = 2),
               4,
               {1, 2, 3, 4},
               2,
               0,
               0,
               1,
               NULL};
    trace_run(&t);
    trace u = {OPTIONS(.monitor = "loss", .mode = NN_MAX, .patience = 2),
               4,
               {4, 3, 2, 1},
               2,
               0,
               0,
               4,
               NULL};
    trace_run(&u);
}
END_TEST

START_TEST(improvement_must_exceed_min_delta)
{
    trace t = {OPTIONS(.patience = 2, .min_delta = .125),
               6,
               {1, .9375, .875, .8125, .75, .6875},
               2,
               0,
               0,
               1,
               STOP(3) BEST(1)};
    trace_run(&t);
    trace max = {OPTIONS(.patience = 2, .min_delta = .125, .mode = NN_MAX),
                 4,
                 {1, 1.125, 1.25, 1.5},
                 -1,
                 3,
                 3,
                 1.5,
                 BEST(4)};
    trace_run(&max);
}
END_TEST

START_TEST(equal_number_does_not_improve)
{
    trace min = {OPTIONS(.patience = 2), 3, {1, 1, 1}, 2, 0, 0, 1, NULL};
    trace max = {OPTIONS(.patience = 2, .mode = NN_MAX), 3, {1, 1, 1}, 2, 0, 0, 1, NULL};
    trace_run(&min);
    trace_run(&max);
}
END_TEST

START_TEST(epoch_without_the_number_is_skipped_and_said_once)
{
    trace t = {OPTIONS(.patience = 2),
               6,
               {3, MISSING, 2, MISSING, 2.5, 2.6},
               5,
               2,
               2,
               2,
               "Early stopping conditioned on metric `val_loss` which is not available. Available "
               "metrics are: loss\n" STOP(6) BEST(3)};
    trace_run(&t);
}
END_TEST

START_TEST(warning_lists_all_names)
{
    drive d;
    drive_open(&d, nn_early_stopping(.monitor = "val_loss"), NULL);
    drive_begin(&d);
    ck_assert_int_eq(nn_logs_set(d.logs, "accuracy", 1), NN_OK);
    ck_assert_int_eq(nn_logs_set(d.logs, "loss", 1), NN_OK);
    drive_epoch(&d, 0);
    ck_assert_str_eq(drive_text(&d), "Early stopping conditioned on metric `val_loss` which is "
                                     "not available. Available metrics are: accuracy,loss\n");
    drive_close(&d);
}
END_TEST

START_TEST(weights_stay_where_restoring_is_not_asked_for)
{
    drive d;
    drive_open(&d, nn_early_stopping(.patience = 2), NULL);
    drive_begin(&d);
    for (int epoch = 0; epoch < 3; epoch++)
        drive_value(&d, epoch, "val_loss", epoch);
    drive_end(&d);
    ck_assert_int_eq(nn_early_stopping_stopped_epoch(d.callbacks[0]), 2);
    ck_assert_int_eq(drive_weights(&d), 2);
    ck_assert_str_eq(drive_text(&d), "");
    drive_close(&d);
}
END_TEST

START_TEST(silent_fit_prints_what_was_asked_for_and_no_warnings)
{
    drive d;
    drive_open(&d, nn_early_stopping(.verbose = 1, .restore_best_weights = 1), NULL);
    d.event.verbose = NN_SILENT;
    drive_begin(&d);
    drive_value(&d, 0, NULL, 1);
    drive_value(&d, 1, "val_loss", 1);
    ck_assert_int_eq(drive_value(&d, 2, "val_loss", 1), 1);
    drive_end(&d);
    ck_assert_str_eq(drive_text(&d), "Epoch 3: early stopping\nRestoring model weights from the "
                                     "end of the best epoch: 2.\n");
    drive_close(&d);
}
END_TEST

START_TEST(second_fit_begins_anew)
{
    drive d;
    drive_open(&d, nn_early_stopping(.patience = 2, .restore_best_weights = 1), NULL);
    for (int fit = 0; fit < 2; fit++) {
        double scale = fit == 0 ? 1 : 100;
        drive_begin(&d);
        ck_assert_int_eq(nn_early_stopping_best_epoch(d.callbacks[0]), -1);
        ck_assert_int_eq(drive_value(&d, 0, "val_loss", 2 * scale), 0);
        ck_assert_int_eq(drive_value(&d, 1, "val_loss", 1 * scale), 0);
        ck_assert_int_eq(drive_value(&d, 2, "val_loss", 3 * scale), 0);
        ck_assert_int_eq(drive_value(&d, 3, "val_loss", 3 * scale), 1);
        drive_end(&d);
        ck_assert_int_eq(nn_early_stopping_best_epoch(d.callbacks[0]), 1);
        ck_assert_double_eq(nn_early_stopping_best(d.callbacks[0]), scale);
        ck_assert_int_eq(drive_weights(&d), 1);
    }
    drive_close(&d);
}
END_TEST

START_TEST(second_fit_does_not_restore_the_weights_of_the_first)
{
    drive d;
    drive_open(&d, nn_early_stopping(.patience = 2, .restore_best_weights = 1), NULL);
    drive_begin(&d);
    drive_value(&d, 0, "val_loss", 1);
    drive_end(&d);
    drive_begin(&d);
    drive_value(&d, 5, NULL, 1);
    drive_end(&d);
    ck_assert_int_eq(drive_weights(&d), 5);
    drive_close(&d);
}
END_TEST

START_TEST(epochs_allocate_nothing)
{
    drive d;
    test_memory_begin();
    drive_open(&d, nn_early_stopping(.patience = 50, .restore_best_weights = 1), NULL);
    drive_begin(&d);
    drive_value(&d, 0, "val_loss", 100);
    long before = test_memory_total();
    for (int epoch = 1; epoch < 20; epoch++)
        drive_value(&d, epoch, "val_loss", 50 - epoch);
    drive_end(&d);
    ck_assert_int_eq(test_memory_total(), before);
    drive_close(&d);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(lack_of_memory_fails_before_the_first_step)
{
    drive d;
    test_memory_begin();
    drive_open(&d, nn_early_stopping(.restore_best_weights = 1), NULL);
    test_memory_fail(0, 1);
    ck_assert_int_eq(nn__early_stopping_callback.train_begin(d.callbacks[0], &d.event), NN_ENOMEM);
    test_message_has("early_stopping");
    test_memory_fail(-1, 1);
    drive_close(&d);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

/* The state after epoch cut - 1, taken to a new callback, gives the same rest. */
static void resume_run(const trace *t, int cut)
{
    drive first, second;
    nn_state *state = nn__state_new();
    drive_open(&first, nn_early_stopping_new(&t->options), NULL);
    drive_begin(&first);
    for (int epoch = 0; epoch < cut; epoch++)
        ck_assert_int_eq(trace_epoch(&first, t, epoch), 0);
    nn__early_stopping_callback.state(first.callbacks[0], state);
    ck_assert_int_eq(nn__state_status(state), NN_OK);
    drive_close(&first);

    nn__state_set_reading(state, 1);
    drive_open(&second, nn_early_stopping_new(&t->options), NULL);
    drive_begin(&second);
    nn__early_stopping_callback.state(second.callbacks[0], state);
    nn__state_free(state);
    int stop = 0;
    for (int epoch = cut; epoch < t->count && !stop; epoch++) {
        stop = trace_epoch(&second, t, epoch);
        ck_assert_int_eq(stop, epoch == t->stopped);
    }
    drive_end(&second);
    trace_check(&second, t);
    drive_close(&second);
}

START_TEST(resumed_fit_goes_the_same_way_from_every_epoch)
{
    static const trace traces[] = {
        {OPTIONS(.patience = 4),
         11,
         {5, 4, 3, 3.5, 3.2, 3.1, 2.9, 3, 3, 3, 3},
         10,
         6,
         6,
         2.9,
         NULL},
        {OPTIONS(.patience = 3, .baseline = NN_SOME(.4)),
         8,
         {5, 4, .3, .35, .2, .25, .3, .4},
         7,
         4,
         4,
         .2,
         NULL},
        {OPTIONS(.patience = 2, .start_from_epoch = 1),
         6,
         {1, 5, 4, 4.5, 4.2, 4.1},
         4,
         2,
         2,
         4,
         NULL},
    };
    for (size_t i = 0; i < NN__COUNT(traces); i++)
        for (int cut = 0; cut <= traces[i].stopped; cut++)
            resume_run(&traces[i], cut);
    trace nan = {OPTIONS(.patience = 3), 4, {NOT_A_NUMBER, 1, .5, .2}, 3, 0, 0, NOT_A_NUMBER, NULL};
    for (int cut = 0; cut <= 3; cut++)
        resume_run(&nan, cut);
}
END_TEST

START_TEST(options_out_of_range_are_named)
{
    static const struct {
        nn_early_stopping_options options;
        const char *message;
    } cases[] = {
        {OPTIONS(.patience = -1), "early_stopping: patience is -1"},
        {OPTIONS(.patience = 1.5), "early_stopping: patience is 1.5"},
        {OPTIONS(.min_delta = -1), "early_stopping: min_delta is -1"},
        {OPTIONS(.mode = 3), "early_stopping: mode is 3"},
        {OPTIONS(.start_from_epoch = -1), "early_stopping: start_from_epoch is -1"},
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++) {
        nn_callback *callback = nn_early_stopping_new(&cases[i].options);
        ck_assert_ptr_nonnull(callback);
        ck_assert_int_eq(nn__object_check(&callback->object, "early_stopping"), NN_EINVAL);
        test_message_has(cases[i].message);
        nn_callback_free(callback);
    }
    nn_callback *good = nn_early_stopping("val_loss", 0.5, 3, 1, NN_MAX, NN_SOME(1), 1, 2);
    ck_assert_int_eq(nn__object_check(&good->object, "early_stopping"), NN_OK);
    nn_callback_free(good);
}
END_TEST

START_TEST(results_of_another_callback_are_none)
{
    nn_callback *other = nn_reduce_lr_on_plateau(.patience = 1);
    ck_assert_int_eq(nn_early_stopping_best_epoch(other), -1);
    ck_assert_int_eq(nn_early_stopping_stopped_epoch(other), -1);
    ck_assert(isnan(nn_early_stopping_best(other)));
    ck_assert(isnan(nn_early_stopping_best(NULL)));
    nn_callback_free(other);
}
END_TEST

Suite *early_stopping_suite(void);
Suite *early_stopping_suite(void)
{
    Suite *suite = TEST_SUITE(
        "early_stopping", first_nan_is_never_beaten, later_nan_never_improves,
        patience_runs_until_the_baseline_is_beaten,
        improving_epoch_does_not_stop_even_above_the_baseline,
        missed_baseline_stops_at_the_first_epoch_without_improvement,
        epochs_before_start_from_epoch_do_not_count, accuracy_is_better_when_larger,
        mode_overrules_the_name, improvement_must_exceed_min_delta, equal_number_does_not_improve,
        epoch_without_the_number_is_skipped_and_said_once, warning_lists_all_names,
        weights_stay_where_restoring_is_not_asked_for,
        silent_fit_prints_what_was_asked_for_and_no_warnings, second_fit_begins_anew,
        second_fit_does_not_restore_the_weights_of_the_first, epochs_allocate_nothing,
        lack_of_memory_fails_before_the_first_step, resumed_fit_goes_the_same_way_from_every_epoch,
        options_out_of_range_are_named, results_of_another_callback_are_none);
    TCase *loop = tcase_create("patience");
    tcase_add_loop_test(loop, stops_after_patience_epochs_without_improvement, 0,
                        (int)NN__COUNT(patience_traces));
    suite_add_tcase(suite, loop);
    return suite;
}
