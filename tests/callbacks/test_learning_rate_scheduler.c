/* LearningRateScheduler: the trace is that of Keras 3.15. */
#include "callbacks/callback.h"
#include "drive.h"

static int calls;
static double rates[4];

/* .07 in epoch 0, then half of the rate before. */
static double schedule(int epoch, double rate, void *data)
{
    ck_assert_int_eq(epoch, calls);
    rates[calls++] = rate;
    return epoch > 0 ? rate * .5 : *(const double *)data;
}

static nn_status epoch_begin(drive *d, int epoch)
{
    d->event.epoch = epoch;
    nn__logs_clear(d->logs);
    return nn__learning_rate_scheduler_callback.epoch_begin(d->callbacks[0], &d->event);
}

START_TEST(the_function_sets_the_rate_of_each_epoch)
{
    static const double want_seen[] = {0.10000000149011612, 0.07000000029802322,
                                       0.03500000014901161};
    static const double want_logged[] = {0.07000000029802322, 0.03500000014901161,
                                         0.017500000074505806};
    double first = .07;
    drive d;
    calls = 0;
    drive_open(&d, nn_learning_rate_scheduler(schedule, &first, .verbose = 1), NULL);
    ck_assert_int_eq(nn_model_set_learning_rate(d.model, .1), NN_OK);
    drive_begin(&d);
    for (int e = 0; e < 3; e++) {
        ck_assert_int_eq(epoch_begin(&d, e), NN_OK);
        drive_value(&d, e, "loss", 1);
        ck_assert(rates[e] == want_seen[e]);
        ck_assert(nn_logs_value(d.logs, "learning_rate") == want_logged[e]);
    }
    drive_end(&d);
    ck_assert_str_eq(
        drive_text(&d),
        "\nEpoch 1: LearningRateScheduler setting learning rate to 0.07.\n"
        "\nEpoch 2: LearningRateScheduler setting learning rate to 0.03500000014901161.\n"
        "\nEpoch 3: LearningRateScheduler setting learning rate to 0.017500000074505806.\n");
    drive_close(&d);
}
END_TEST

static double constant(int epoch, double rate, void *data)
{
    (void)epoch, (void)rate;
    return *(const double *)data;
}

START_TEST(bad_rates_and_a_missing_function_fail_the_fit)
{
    static double bad[] = {-1, (double)NAN, HUGE_VAL};
    drive d;
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        drive_open(&d, nn_learning_rate_scheduler(constant, &bad[i]), NULL);
        ck_assert_int_eq(epoch_begin(&d, 0), NN_EINVAL);
        test_message_has("learning_rate is ");
        ck_assert(nn_model_learning_rate(d.model) == .001);
        ck_assert_str_eq(drive_text(&d), "");
        drive_close(&d);
    }
    drive_open(&d, nn_learning_rate_scheduler(.verbose = 1), NULL);
    ck_assert_int_eq(nn__learning_rate_scheduler_callback.train_begin(d.callbacks[0], &d.event),
                     NN_EINVAL);
    test_message_has("learning_rate_scheduler: schedule must be given");
    drive_close(&d);
}
END_TEST

Suite *learning_rate_scheduler_suite(void);
Suite *learning_rate_scheduler_suite(void)
{
    return TEST_SUITE("learning_rate_scheduler", the_function_sets_the_rate_of_each_epoch,
                      bad_rates_and_a_missing_function_fail_the_fit);
}
