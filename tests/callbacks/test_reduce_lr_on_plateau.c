/* ReduceLROnPlateau against traces that Keras 3.15's callback gave for the same numbers. Keras
 * holds the rate as float32, so 0.001 reads 0.0010000000474974513. */
#include "callbacks/callback.h"
#include "callbacks/state.h"
#include "drive.h"

#define MISSING HUGE_VAL
#define NOT_A_NUMBER ((double)NAN)
#define RATE 0.0010000000474974513

enum { MOST = 32 };

typedef struct trace {
    nn_reduce_lr_on_plateau_options options;
    int count;
    double values[MOST];
    double rates[MOST + 1]; /* expected: of each epoch, and after the last */
    const char *text;
} trace;

#define OPTIONS(...)                                                                               \
    {                                                                                              \
        .struct_size = sizeof(nn_reduce_lr_on_plateau_options), .verbose = 1, __VA_ARGS__          \
    }
#define REDUCED(epoch, rate)                                                                       \
    "\nEpoch " #epoch ": ReduceLROnPlateau reducing learning rate to " #rate ".\n"

static void trace_epoch(drive *d, const trace *t, int epoch)
{
    const char *monitor = t->options.monitor != NULL ? t->options.monitor : "val_loss";
    drive_value(d, epoch, t->values[epoch] == MISSING ? NULL : monitor, t->values[epoch]);
    ck_assert_double_eq(nn_logs_value(d->logs, "learning_rate"), t->rates[epoch]);
}

static void trace_run(const trace *t)
{
    drive d;
    drive_open(&d, nn_reduce_lr_on_plateau_new(&t->options), NULL);
    drive_begin(&d);
    for (int epoch = 0; epoch < t->count; epoch++)
        trace_epoch(&d, t, epoch);
    drive_end(&d);
    ck_assert_double_eq((double)(float)nn_model_learning_rate(d.model), t->rates[t->count]);
    if (t->text != NULL)
        ck_assert_str_eq(drive_text(&d), t->text);
    drive_close(&d);
}

static const trace halving = {
    OPTIONS(.patience = 2, .factor = .5),
    9,
    {1, 1, 1, 1, 1, 1, 1, 1, 1},
    {RATE, RATE, RATE, RATE / 2, RATE / 2, RATE / 4, RATE / 4, RATE / 8, RATE / 8, RATE / 16},
    REDUCED(3, 0.0005000000237487257) REDUCED(5, 0.0002500000118743628)
        REDUCED(7, 0.0001250000059371814) REDUCED(9, 6.25000029685907e-05)};

static const trace resting = {
    OPTIONS(.patience = 2, .factor = .5, .cooldown = 2),
    9,
    {1, 1, 1, 1, 1, 1, 1, 1, 1},
    {RATE, RATE, RATE, RATE / 2, RATE / 2, RATE / 2, RATE / 4, RATE / 4, RATE / 4, RATE / 8},
    REDUCED(3, 0.0005000000237487257) REDUCED(6, 0.0002500000118743628)
        REDUCED(9, 0.0001250000059371814)};

START_TEST(rate_falls_after_patience_epochs)
{
    trace_run(&halving);
}
END_TEST

START_TEST(cooldown_rests_after_a_reduction)
{
    trace_run(&resting);
}
END_TEST

START_TEST(rate_stops_at_its_minimum)
{
    const double least = 9.999999747378752e-06;
    trace t = {OPTIONS(.patience = 1, .min_lr = 1e-5),
               9,
               {1, 1, 1, 1, 1, 1, 1, 1, 1},
               {RATE, RATE, 0.00010000000474974513, 1.0000000656873453e-05, least, least, least,
                least, least, least},
               REDUCED(2, 0.00010000000474974513) REDUCED(3, 1.0000000474974514e-05)
                   REDUCED(4, 1e-05)};
    trace_run(&t);
}
END_TEST

START_TEST(minimum_is_compared_as_float)
{
    /* As float, 0.001 is a bit more than 0.001: the rate must not count as above its minimum. */
    trace t = {OPTIONS(.patience = 1, .min_lr = 1e-3), 3, {1, 1, 1}, {RATE, RATE, RATE, RATE}, ""};
    trace_run(&t);
}
END_TEST

START_TEST(patience_zero_reduces_at_once)
{
    trace t = {OPTIONS(.patience = NN_ZERO, .factor = .2),
               4,
               {1, 1, 1, 1},
               {RATE, RATE, 0.00020000000949949026, 4.0000002627493814e-05, 8.000000889296643e-06},
               REDUCED(2, 0.00020000000949949026) REDUCED(3, 4.0000001899898055e-05)
                   REDUCED(4, 8.000000525498762e-06)};
    trace_run(&t);
}
END_TEST

START_TEST(default_min_delta_is_a_ten_thousandth)
{
    trace t = {OPTIONS(.patience = 2, .factor = .5),
               6,
               {1, .99995, .9998, .9997, .9, .9},
               {RATE, RATE, RATE, RATE, RATE, RATE, RATE},
               ""};
    trace_run(&t);
    trace zero = {OPTIONS(.patience = 1, .factor = .5, .min_delta = NN_ZERO),
                  3,
                  {1, .99999, .99998},
                  {RATE, RATE, RATE, RATE},
                  ""};
    trace_run(&zero);
}
END_TEST

START_TEST(defaults_are_a_tenth_after_ten_epochs)
{
    trace t = {OPTIONS(.mode = NN_AUTO),
               12,
               {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
               {RATE, RATE, RATE, RATE, RATE, RATE, RATE, RATE, RATE, RATE, RATE,
                0.00010000000474974513, 0.00010000000474974513},
               REDUCED(11, 0.00010000000474974513)};
    trace_run(&t);
}
END_TEST

START_TEST(first_nan_is_never_beaten)
{
    trace t = {OPTIONS(.patience = 2, .factor = .5),
               4,
               {NOT_A_NUMBER, 1, 1, .5},
               {RATE, RATE, RATE, RATE / 2, RATE / 2},
               REDUCED(3, 0.0005000000237487257)};
    trace_run(&t);
}
END_TEST

START_TEST(accuracy_is_better_when_larger)
{
    trace t = {OPTIONS(.monitor = "accuracy", .patience = 2, .factor = .5),
               5,
               {.1, .2, .2, .2, .3},
               {RATE, RATE, RATE, RATE, RATE / 2, RATE / 2},
               REDUCED(4, 0.0005000000237487257)};
    trace_run(&t);
}
END_TEST

START_TEST(epoch_without_the_number_only_logs_the_rate)
{
    trace t = {OPTIONS(.patience = 2, .factor = .5),
               6,
               {1, 1, MISSING, 1, 1, 1},
               {RATE, RATE, RATE, RATE, RATE / 2, RATE / 2, RATE / 4},
               "Learning rate reduction is conditioned on metric `val_loss` which is not "
               "available. Available metrics are: loss,learning_rate.\n" REDUCED(
                   4, 0.0005000000237487257) REDUCED(6, 0.0002500000118743628)};
    trace_run(&t);
}
END_TEST

START_TEST(second_fit_begins_anew_with_the_reduced_rate)
{
    drive d;
    drive_open(&d, nn_reduce_lr_on_plateau(.patience = 1, .factor = .5, .cooldown = 3), NULL);
    for (int fit = 0; fit < 2; fit++) {
        double rate = fit == 0 ? RATE : RATE / 2;
        drive_begin(&d);
        drive_value(&d, 0, "val_loss", fit == 0 ? 1 : 100);
        ck_assert_double_eq(nn_logs_value(d.logs, "learning_rate"), rate);
        drive_value(&d, 1, "val_loss", 100);
        drive_value(&d, 2, "val_loss", 100);
        ck_assert_double_eq(nn_logs_value(d.logs, "learning_rate"), rate / 2);
        drive_end(&d);
    }
    ck_assert_str_eq(drive_text(&d), "");
    drive_close(&d);
}
END_TEST

/* The state after epoch cut - 1 and the rate, taken to a new callback, give the same rest. */
static void resume_run(const trace *t, int cut)
{
    drive first, second;
    nn_state *state = nn__state_new();
    drive_open(&first, nn_reduce_lr_on_plateau_new(&t->options), NULL);
    drive_begin(&first);
    for (int epoch = 0; epoch < cut; epoch++)
        trace_epoch(&first, t, epoch);
    nn__reduce_lr_on_plateau_callback.state(first.callbacks[0], state);
    ck_assert_int_eq(nn__state_status(state), NN_OK);
    double rate = nn_model_learning_rate(first.model);
    drive_close(&first);

    nn__state_set_reading(state, 1);
    drive_open(&second, nn_reduce_lr_on_plateau_new(&t->options), NULL);
    ck_assert_int_eq(nn_model_set_learning_rate(second.model, rate), NN_OK);
    drive_begin(&second);
    nn__reduce_lr_on_plateau_callback.state(second.callbacks[0], state);
    nn__state_free(state);
    for (int epoch = cut; epoch < t->count; epoch++)
        trace_epoch(&second, t, epoch);
    rate = nn_model_learning_rate(second.model);
    ck_assert_double_eq((double)(float)rate, t->rates[t->count]);
    drive_close(&second);
}

START_TEST(resumed_fit_goes_the_same_way_from_every_epoch)
{
    for (int cut = 0; cut <= halving.count; cut++) {
        resume_run(&halving, cut);
        resume_run(&resting, cut);
    }
}
END_TEST

/* The deep model's setting: both callbacks watch one val_loss. */
static const double seed_values[] = {2.0,  1.5,  1.2,  1.25, 1.1,  1.12, 1.13, 1.11, 1.05,   1.06,
                                     1.07, 1.08, 1.04, 1.0,  1.01, 1.02, 1.03, 1.0,  .99995, 1.01,
                                     1.0,  1.02, 1.03, 1.0,  1.01, 1.02, 1.03, 1.04, 1.05,   1.02};

START_TEST(both_callbacks_of_the_deep_model_follow_keras)
{
    /* Epochs after whose end the rate halves, 0-based; the last is the one that stops. */
    static const int halved[] = {7, 11, 16, 19, 22, 25, 28};
    drive d;
    drive_open(&d, nn_early_stopping(.patience = 10, .restore_best_weights = 1, .verbose = 1),
               nn_reduce_lr_on_plateau(.patience = 3, .factor = .5, .min_lr = 1e-6));
    drive_begin(&d);
    double rate = RATE;
    size_t next = 0;
    int stop = 0, epoch = 0;
    for (; !stop; epoch++) {
        stop = drive_value(&d, epoch, "val_loss", seed_values[epoch]);
        ck_assert_double_eq(nn_logs_value(d.logs, "learning_rate"), rate);
        if (next < NN__COUNT(halved) && epoch == halved[next]) {
            rate /= 2;
            next++;
        }
        ck_assert_double_eq((double)(float)nn_model_learning_rate(d.model), rate);
    }
    drive_end(&d);
    ck_assert_int_eq(epoch, 29);
    ck_assert_int_eq(nn_early_stopping_stopped_epoch(d.callbacks[0]), 28);
    ck_assert_int_eq(nn_early_stopping_best_epoch(d.callbacks[0]), 18);
    ck_assert_double_eq(nn_early_stopping_best(d.callbacks[0]), .99995);
    ck_assert_int_eq(drive_weights(&d), 18);
    ck_assert_str_eq(drive_text(&d),
                     "Epoch 29: early stopping\n"
                     "Restoring model weights from the end of the best epoch: 19.\n");
    drive_close(&d);
}
END_TEST

START_TEST(options_out_of_range_are_named)
{
    static const struct {
        nn_reduce_lr_on_plateau_options options;
        const char *message;
    } cases[] = {
        {OPTIONS(.factor = 1), "reduce_lr_on_plateau: factor is 1"},
        {OPTIONS(.factor = -.5), "reduce_lr_on_plateau: factor is -0.5"},
        {OPTIONS(.patience = 2.5), "reduce_lr_on_plateau: patience is 2.5"},
        {OPTIONS(.cooldown = -1), "reduce_lr_on_plateau: cooldown is -1"},
        {OPTIONS(.min_delta = -1), "reduce_lr_on_plateau: min_delta is -1"},
        {OPTIONS(.min_lr = -1), "reduce_lr_on_plateau: min_lr is -1"},
        {OPTIONS(.mode = -1), "reduce_lr_on_plateau: mode is -1"},
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++) {
        nn_callback *callback = nn_reduce_lr_on_plateau_new(&cases[i].options);
        ck_assert_ptr_nonnull(callback);
        ck_assert_int_eq(nn__object_check(&callback->object, "reduce_lr_on_plateau"), NN_EINVAL);
        test_message_has(cases[i].message);
        nn_callback_free(callback);
    }
}
END_TEST

Suite *reduce_lr_on_plateau_suite(void);
Suite *reduce_lr_on_plateau_suite(void)
{
    return TEST_SUITE(
        "reduce_lr_on_plateau", rate_falls_after_patience_epochs, cooldown_rests_after_a_reduction,
        rate_stops_at_its_minimum, minimum_is_compared_as_float, patience_zero_reduces_at_once,
        default_min_delta_is_a_ten_thousandth, defaults_are_a_tenth_after_ten_epochs,
        first_nan_is_never_beaten, accuracy_is_better_when_larger,
        epoch_without_the_number_only_logs_the_rate, second_fit_begins_anew_with_the_reduced_rate,
        resumed_fit_goes_the_same_way_from_every_epoch,
        both_callbacks_of_the_deep_model_follow_keras, options_out_of_range_are_named);
}
