/* CSVLogger: the expected files were written by Keras 3.15's callback. */
#include "callbacks/callback.h"
#include "drive.h"

/* The file as it is; static. */
static const char *file_text(const char *path)
{
    static char text[4096];
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set(drive *d, const char *name, double value)
{
    ck_assert_int_eq(nn_logs_set(d->logs, name, value), NN_OK);
}

START_TEST(columns_are_those_of_the_first_epoch_and_their_twins)
{
    drive d;
    const char *path = test_path("log.csv");
    drive_open(&d, nn_csv_logger(path), NULL);
    drive_begin(&d);
    set(&d, "loss", 1.5);
    set(&d, "accuracy", .1);
    drive_epoch(&d, 0);
    set(&d, "loss", 1e-6);
    set(&d, "accuracy", 1. / 3);
    set(&d, "val_loss", (double)NAN);
    set(&d, "learning_rate", 1);
    drive_epoch(&d, 1);
    ck_assert_str_eq(file_text(path), "epoch,accuracy,loss,val_accuracy,val_loss\r\n"
                                      "0,0.1,1.5,NA,NA\r\n"
                                      "1,0.3333333333333333,1e-06,NA,nan\r\n");
    drive_end(&d);
    drive_close(&d);
}
END_TEST

START_TEST(validated_epoch_needs_no_twins)
{
    drive d;
    const char *path = test_path("log.csv");
    drive_open(&d, nn_csv_logger(path), NULL);
    drive_begin(&d);
    set(&d, "loss", 1.5);
    set(&d, "learning_rate", 0.0010000000474974513);
    set(&d, "val_loss", 2);
    drive_epoch(&d, 0);
    drive_end(&d);
    ck_assert_str_eq(file_text(path), "epoch,learning_rate,loss,val_loss\r\n"
                                      "0,0.0010000000474974513,1.5,2.0\r\n");
    drive_close(&d);
}
END_TEST

START_TEST(fields_with_the_separator_are_quoted)
{
    drive d;
    const char *path = test_path("log.csv");
    drive_open(&d, nn_csv_logger(path, ";"), NULL);
    drive_begin(&d);
    set(&d, "loss", 1e22);
    set(&d, "a;b\"c", 0);
    set(&d, "val_loss", -HUGE_VAL);
    drive_epoch(&d, 2);
    nn__logs_clear(d.logs);
    drive_epoch(&d, 3);
    drive_end(&d);
    ck_assert_str_eq(file_text(path), "epoch;\"a;b\"\"c\";loss;val_loss\r\n"
                                      "2;0.0;1e+22;-inf\r\n3;NA;NA;NA\r\n");
    drive_close(&d);
}
END_TEST

START_TEST(append_goes_on_without_a_second_header)
{
    drive d;
    const char *path = test_path("log.csv");
    file_write(path, "epoch,loss,val_loss\r\n0,3.0,4.0\r\n");
    drive_open(&d, nn_csv_logger(path, .append = 1), NULL);
    drive_begin(&d);
    set(&d, "loss", 1);
    set(&d, "val_loss", 2);
    drive_epoch(&d, 1);
    drive_end(&d);
    ck_assert_str_eq(file_text(path), "epoch,loss,val_loss\r\n0,3.0,4.0\r\n1,1.0,2.0\r\n");
    drive_close(&d);
}
END_TEST

START_TEST(append_to_nothing_writes_the_header)
{
    drive d;
    const char *empty = test_path("empty.csv"), *absent = test_path("absent.csv");
    file_write(empty, "");
    for (int i = 0; i < 2; i++) {
        drive_open(&d, nn_csv_logger(i == 0 ? empty : absent, .append = 1), NULL);
        drive_begin(&d);
        set(&d, "val_loss", 2);
        drive_epoch(&d, 0);
        drive_end(&d);
        ck_assert_str_eq(file_text(i == 0 ? empty : absent), "epoch,val_loss\r\n0,2.0\r\n");
        drive_close(&d);
    }
}
END_TEST

START_TEST(second_fit_replaces_the_file)
{
    drive d;
    const char *path = test_path("log.csv");
    drive_open(&d, nn_csv_logger(path), NULL);
    for (int fit = 0; fit < 2; fit++) {
        const char *name = fit == 0 ? "val_a" : "val_b";
        drive_begin(&d);
        drive_value(&d, fit, name, 1);
        drive_end(&d);
    }
    ck_assert_str_eq(file_text(path), "epoch,val_b\r\n1,1.0\r\n");
    drive_close(&d);
}
END_TEST

START_TEST(file_that_cannot_be_opened_fails_the_fit_at_once)
{
    drive d;
    drive_open(&d, nn_csv_logger(test_path("no/such/folder.csv")), NULL);
    ck_assert_int_eq(nn__csv_logger_callback.train_begin(d.callbacks[0], &d.event), NN_EIO);
    test_message_has("no/such/folder.csv");
    drive_close(&d);
}
END_TEST

START_TEST(options_are_checked)
{
    static const char *const separators[] = {"", ",,", "\"", "\n"};
    drive d;
    const char *path = test_path("log.csv");
    for (size_t i = 0; i < NN__COUNT(separators); i++) {
        drive_open(&d, nn_csv_logger(path, separators[i]), NULL);
        ck_assert_int_eq(nn__csv_logger_callback.train_begin(d.callbacks[0], &d.event), NN_EINVAL);
        test_message_has("csv_logger: separator");
        drive_close(&d);
    }
    ck_assert_ptr_null(fopen(path, "rb"));
    nn_callback *nameless = nn_csv_logger(.append = 1);
    ck_assert_int_eq(nn__object_check(&nameless->object, "csv_logger"), NN_EINVAL);
    test_message_has("csv_logger: path");
    nn_callback_free(nameless);
}
END_TEST

START_TEST(path_is_copied)
{
    drive d;
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("log.csv"));
    drive_open(&d, nn_csv_logger(path), NULL);
    memset(path, 'x', 8);
    drive_begin(&d);
    drive_value(&d, 0, "val_loss", 1);
    drive_close(&d); /* without the end of the fit */
    ck_assert_str_eq(file_text(test_path("log.csv")), "epoch,val_loss\r\n0,1.0\r\n");
}
END_TEST

START_TEST(lack_of_memory_loses_nothing)
{
    drive d;
    const char *path = test_path("log.csv");
    test_memory_begin();
    nn_status status = NN_ENOMEM;
    for (int n = 0; status == NN_ENOMEM; n++) {
        drive_open(&d, nn_csv_logger(path), NULL);
        drive_begin(&d);
        set(&d, "loss", 1);
        test_memory_fail(n, 1);
        status = nn__csv_logger_callback.epoch_end(d.callbacks[0], &d.event);
        test_memory_fail(-1, 1);
        ck_assert(status == NN_OK || n < 20);
        ck_assert(n > 2 || status == NN_ENOMEM);
        drive_close(&d);
    }
    ck_assert_int_eq(status, NN_OK);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *csv_logger_suite(void);
Suite *csv_logger_suite(void)
{
    return TEST_SUITE("csv_logger", columns_are_those_of_the_first_epoch_and_their_twins,
                      validated_epoch_needs_no_twins, fields_with_the_separator_are_quoted,
                      append_goes_on_without_a_second_header, append_to_nothing_writes_the_header,
                      second_fit_replaces_the_file,
                      file_that_cannot_be_opened_fails_the_fit_at_once, options_are_checked,
                      path_is_copied, lack_of_memory_loses_nothing);
}
