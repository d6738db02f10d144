/* Logger: its lines, to a function and to a stream. */
#include "callbacks/callback.h"
#include "drive.h"

static double now;

static double clock_of_the_test(void)
{
    return now;
}

static char lines[1024];

static void keep(const char *line, void *data)
{
    ck_assert_ptr_eq(data, lines);
    strcat(lines, line);
    strcat(lines, "|");
}

/* Two epochs of three batches, two seconds each batch. */
static void drive_logger(drive *d)
{
    const nn_callback_kind *kind = nn_callback_kind_of(d->callbacks[0]);
    nn__set_clock(clock_of_the_test);
    drive_begin(d);
    d->event.epochs = 2;
    d->event.steps = 3;
    for (int e = 0; e < 2; e++) {
        d->event.epoch = e;
        ck_assert_int_eq(kind->epoch_begin(d->callbacks[0], &d->event), NN_OK);
        for (int b = 0; b < 3; b++) {
            now += 2.04;
            d->event.step = b;
            nn__logs_clear(d->logs);
            ck_assert_int_eq(nn_logs_set(d->logs, "loss", 1.64021 - b), NN_OK);
            ck_assert_int_eq(kind->train_batch_end(d->callbacks[0], &d->event), NN_OK);
        }
        ck_assert_int_eq(nn_logs_set(d->logs, "learning_rate", .0005), NN_OK);
        ck_assert_int_eq(nn_logs_set(d->logs, "val_loss", e == 0 ? (double)NAN : 0), NN_OK);
        drive_epoch(d, e);
    }
    drive_end(d);
    nn__set_clock(NULL);
}

static const char want[] = "epoch 1/2 batch 2/3 4.1s loss 0.6402|"
                           "epoch 1/2 6.1s loss -0.3598 learning_rate 5.0000e-04 val_loss nan|"
                           "epoch 2/2 batch 2/3 4.1s loss 0.6402|"
                           "epoch 2/2 6.1s loss -0.3598 learning_rate 5.0000e-04 val_loss 0.0000|";

START_TEST(lines_go_to_a_function)
{
    drive d;
    drive_open(&d, nn_logger(.write = keep, .data = lines, .every = 2), NULL);
    lines[0] = '\0';
    drive_logger(&d);
    ck_assert_str_eq(lines, want);
    ck_assert_str_eq(drive_text(&d), "");
    drive_close(&d);
}
END_TEST

START_TEST(lines_go_to_a_stream)
{
    drive d;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    drive_open(&d, nn_logger(.stream = stream, .every = 2), NULL);
    drive_logger(&d);
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n')
            *c = '|';
    ck_assert_str_eq(text, want);
    drive_close(&d);
    fclose(stream);
    free(text);
}
END_TEST

START_TEST(without_every_there_are_only_epochs)
{
    drive d;
    drive_open(&d, nn_logger(.write = keep, .data = lines), NULL);
    lines[0] = '\0';
    drive_logger(&d);
    ck_assert_ptr_null(strstr(lines, "batch"));
    ck_assert_ptr_nonnull(strstr(lines, "epoch 2/2 6.1s"));
    drive_close(&d);
    nn_callback *bad = nn_logger(.every = -1);
    ck_assert_int_eq(nn__object_check(&bad->object, "logger"), NN_EINVAL);
    test_message_has("logger: every is -1");
    nn_callback_free(bad);
}
END_TEST

Suite *logger_suite(void);
Suite *logger_suite(void)
{
    return TEST_SUITE("logger", lines_go_to_a_function, lines_go_to_a_stream,
                      without_every_there_are_only_epochs);
}
