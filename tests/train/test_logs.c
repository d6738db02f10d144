#include "test.h"

#include "train/logs.h"

START_TEST(what_is_added_follows_behind_what_was_sorted)
{
    static const char *const names[] = {"loss", "val_loss", "accuracy", "learning_rate", "a"};
    static const int values[] = {2, 0, 1, 3, 4};
    nn_logs *logs = nn__logs_new();
    for (int round = 0; round < 2; round++) {
        nn__logs_clear(logs);
        for (int i = 0; i < 5; i++) {
            if (i == 3)
                nn__logs_sort(logs);
            ck_assert_int_eq(nn_logs_set(logs, names[i], i), NN_OK);
        }
        ck_assert_uint_eq(nn_logs_count(logs), 5);
        for (size_t i = 0; i < 5; i++) {
            ck_assert_str_eq(nn_logs_name(logs, i), names[values[i]]);
            ck_assert_double_eq(nn_logs_at(logs, i), values[i]);
        }
    }
    nn__logs_free(logs);
}
END_TEST

START_TEST(setting_again_replaces_the_value)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 2), NN_OK);
    ck_assert_uint_eq(nn_logs_count(logs), 1);
    ck_assert_double_eq(nn_logs_value(logs, "loss"), 2);
    nn__logs_free(logs);
}
END_TEST

START_TEST(what_is_not_there_is_nan)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    ck_assert(isnan(nn_logs_value(logs, "los")));
    ck_assert(isnan(nn_logs_value(logs, NULL)));
    ck_assert(isnan(nn_logs_at(logs, 1)));
    ck_assert_ptr_null(nn_logs_name(logs, 1));
    ck_assert_int_eq(nn_logs_has(logs, "loss"), 1);
    ck_assert_int_eq(nn_logs_has(logs, "accuracy"), 0);
    ck_assert_uint_eq(nn_logs_count(NULL), 0);
    ck_assert(isnan(nn_logs_value(NULL, "loss")));
    nn__logs_free(logs);
}
END_TEST

START_TEST(missing_arguments_are_refused)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(NULL, "loss", 1), NN_EINVAL);
    ck_assert_int_eq(nn_logs_set(logs, NULL, 1), NN_EINVAL);
    ck_assert_int_eq(nn_logs_set(logs, "", 1), NN_EINVAL);
    ck_assert_uint_eq(nn_logs_count(logs), 0);
    nn__logs_free(logs);
}
END_TEST

START_TEST(cleared_logs_show_only_what_is_set_anew)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "accuracy", 1), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "val_loss", 1), NN_OK);
    nn__logs_clear(logs);
    ck_assert_uint_eq(nn_logs_count(logs), 0);
    ck_assert_int_eq(nn_logs_has(logs, "loss"), 0);
    ck_assert(isnan(nn_logs_value(logs, "loss")));
    ck_assert_int_eq(nn_logs_set(logs, "val_loss", 3), NN_OK);
    ck_assert_uint_eq(nn_logs_count(logs), 1);
    ck_assert_str_eq(nn_logs_name(logs, 0), "val_loss");
    ck_assert_double_eq(nn_logs_at(logs, 0), 3);
    nn__logs_free(logs);
}
END_TEST

START_TEST(known_names_allocate_nothing)
{
    test_memory_begin();
    nn_logs *logs = nn__logs_new(), *other = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "accuracy", 0), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 0), NN_OK);
    ck_assert_int_eq(nn__logs_assign(other, logs), NN_OK);
    long before = test_memory_total();
    for (int i = 0; i < 100; i++) {
        nn__logs_clear(logs);
        ck_assert_int_eq(nn_logs_set(logs, "loss", i), NN_OK);
        ck_assert_int_eq(nn_logs_set(logs, "accuracy", i), NN_OK);
        ck_assert_int_eq(nn__logs_assign(other, logs), NN_OK);
    }
    ck_assert_int_eq(test_memory_total(), before);
    nn__logs_free(logs);
    nn__logs_free(other);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(copy_is_its_own)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "gone", 9), NN_OK);
    nn__logs_clear(logs);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    nn_logs *copy = nn__logs_copy(logs);
    ck_assert_int_eq(nn_logs_set(logs, "loss", 2), NN_OK);
    ck_assert_uint_eq(nn_logs_count(copy), 1);
    ck_assert_double_eq(nn_logs_value(copy, "loss"), 1);
    nn__logs_free(logs);
    nn__logs_free(copy);
}
END_TEST

START_TEST(many_names_are_sorted)
{
    char name[16];
    uint64_t state = 7;
    nn_logs *logs = nn__logs_new();
    for (int i = 0; i < 500; i++) {
        int number = test_random_int(&state, 0, 299);
        snprintf(name, sizeof name, "m%03d", number);
        ck_assert_int_eq(nn_logs_set(logs, name, number), NN_OK);
    }
    nn__logs_sort(logs);
    for (size_t i = 0; i < nn_logs_count(logs); i++) {
        snprintf(name, sizeof name, "m%03d", (int)nn_logs_at(logs, i));
        ck_assert_str_eq(nn_logs_name(logs, i), name);
        if (i > 0)
            ck_assert(strcmp(nn_logs_name(logs, i - 1), nn_logs_name(logs, i)) < 0);
    }
    nn__logs_free(logs);
}
END_TEST

START_TEST(lack_of_memory_leaves_the_logs_whole)
{
    test_memory_begin();
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", 1), NN_OK);
    test_memory_fail(0, 0);
    ck_assert_int_eq(nn_logs_set(logs, "accuracy", 1), NN_ENOMEM);
    ck_assert_ptr_null(nn__logs_copy(logs));
    test_memory_fail(-1, 0);
    ck_assert_uint_eq(nn_logs_count(logs), 1);
    ck_assert_double_eq(nn_logs_value(logs, "loss"), 1);
    nn__logs_free(logs);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *logs_suite(void);
Suite *logs_suite(void)
{
    return TEST_SUITE("logs", what_is_added_follows_behind_what_was_sorted,
                      setting_again_replaces_the_value, what_is_not_there_is_nan,
                      missing_arguments_are_refused, cleared_logs_show_only_what_is_set_anew,
                      known_names_allocate_nothing, copy_is_its_own, many_names_are_sorted,
                      lack_of_memory_leaves_the_logs_whole);
}
