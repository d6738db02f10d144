#include "test.h"

#include "train/history.h"
#include "train/logs.h"

START_TEST(entries_are_copies_in_order)
{
    nn_history *history = nn__history_new();
    nn_logs *logs = nn__logs_new();
    for (int epoch = 0; epoch < 40; epoch++) {
        ck_assert_int_eq(nn_logs_set(logs, "loss", 40 - epoch), NN_OK);
        ck_assert_int_eq(nn__history_append(history, logs), NN_OK);
    }
    ck_assert_int_eq(nn_history_epochs(history), 40);
    for (int epoch = 0; epoch < 40; epoch++)
        ck_assert_double_eq(nn_history_value(history, epoch, "loss"), 40 - epoch);
    nn__logs_free(logs);
    nn__history_free(history);
}
END_TEST

START_TEST(what_is_not_there_is_nan_or_null)
{
    nn_history *history = nn__history_new();
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    ck_assert_int_eq(nn__history_append(history, logs), NN_OK);
    ck_assert(isnan(nn_history_value(history, 0, "val_loss")));
    ck_assert(isnan(nn_history_value(history, 1, "loss")));
    ck_assert(isnan(nn_history_value(history, -1, "loss")));
    ck_assert_ptr_null(nn_history_logs(history, 1));
    ck_assert_ptr_null(nn_history_logs(NULL, 0));
    ck_assert_int_eq(nn_history_epochs(NULL), 0);
    nn__logs_free(logs);
    nn__history_free(history);
}
END_TEST

START_TEST(cleared_history_begins_anew)
{
    test_memory_begin();
    nn_history *history = nn__history_new();
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    ck_assert_int_eq(nn__history_append(history, logs), NN_OK);
    nn__history_clear(history);
    ck_assert_int_eq(nn_history_epochs(history), 0);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 2), NN_OK);
    ck_assert_int_eq(nn__history_append(history, logs), NN_OK);
    ck_assert_double_eq(nn_history_value(history, 0, "loss"), 2);
    nn__logs_free(logs);
    nn__history_free(history);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(lack_of_memory_leaves_the_history_whole)
{
    test_memory_begin();
    nn_history *history = nn__history_new();
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    for (int n = 0; n < 4; n++) {
        test_memory_fail(n, 1);
        ck_assert_int_eq(nn__history_append(history, logs), NN_ENOMEM);
        ck_assert_int_eq(nn_history_epochs(history), 0);
        test_memory_fail(-1, 1);
        if (n == 0)
            continue; /* the list itself; later rounds have it */
        nn__history_free(history);
        history = nn__history_new();
    }
    nn__history_free(history);
    nn__logs_free(logs);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *history_suite(void);
Suite *history_suite(void)
{
    return TEST_SUITE("history", entries_are_copies_in_order, what_is_not_there_is_nan_or_null,
                      cleared_history_begins_anew, lack_of_memory_leaves_the_history_whole);
}
