#include "test.h"

#include "callbacks/state.h"

START_TEST(what_was_written_is_read_back)
{
    nn_state *state = nn__state_new();
    nn_real values[3] = {1, 2, 3}, read[3] = {0, 0, 0};
    double number = 1. / 3, wait = 4;
    ck_assert_int_eq(nn_state_reading(state), 0);
    nn_state_number(state, "best", &number);
    ck_assert_int_eq(nn_state_array(state, "weights", values, 3), 1);
    nn_state_number(state, "wait", &wait);
    values[0] = 9; /* the list has its own copy */

    nn__state_set_reading(state, 1);
    ck_assert_int_eq(nn_state_reading(state), 1);
    double back = 0;
    nn_state_number(state, "best", &back);
    ck_assert_double_eq(back, number);
    nn_state_number(state, "wait", &back);
    ck_assert_double_eq(back, 4);
    ck_assert_int_eq(nn_state_array(state, "weights", read, 3), 1);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq((double)read[i], i + 1);
    nn__state_free(state);
}
END_TEST

START_TEST(unknown_names_and_other_counts_leave_the_reader_alone)
{
    nn_state *state = nn__state_new();
    nn_real values[3] = {1, 2, 3}, read[4] = {7, 7, 7, 7};
    double number = 1, back = 5;
    nn_state_number(state, "number", &number);
    nn_state_array(state, "array", values, 3);
    nn__state_set_reading(state, 1);
    nn_state_number(state, "nothing", &back);
    nn_state_number(state, "array", &back);
    ck_assert_double_eq(back, 5);
    ck_assert_int_eq(nn_state_array(state, "array", read, 4), 0);
    ck_assert_int_eq(nn_state_array(state, "array", read, 2), 0);
    ck_assert_int_eq(nn_state_array(state, "number", read, 1), 0);
    ck_assert_int_eq(nn_state_array(state, "nothing", read, 1), 0);
    ck_assert_double_eq((double)read[0], 7);
    nn__state_free(state);
}
END_TEST

START_TEST(entries_stand_in_the_order_written)
{
    nn_state *state = nn__state_new();
    char name[16];
    for (int i = 0; i < 40; i++) {
        double number = i;
        snprintf(name, sizeof name, "n%d", i);
        nn_state_number(state, name, &number);
    }
    nn_real value = 3;
    nn_state_array(state, "array", &value, 1);
    ck_assert_uint_eq(nn__state_count(state), 41);
    for (int i = 0; i < 40; i++) {
        const nn__state_entry *entry = nn__state_entry_at(state, (size_t)i);
        snprintf(name, sizeof name, "n%d", i);
        ck_assert_str_eq(entry->name, name);
        ck_assert_int_eq(entry->is_array, 0);
        ck_assert_double_eq(entry->number, i);
    }
    const nn__state_entry *array = nn__state_entry_at(state, 40);
    ck_assert_int_eq(array->is_array, 1);
    ck_assert_uint_eq(array->count, 1);
    ck_assert_double_eq((double)array->values[0], 3);
    ck_assert_ptr_null(nn__state_entry_at(state, 41));
    nn__state_free(state);
}
END_TEST

START_TEST(writing_again_replaces_and_allocates_nothing)
{
    test_memory_begin();
    nn_state *state = nn__state_new();
    nn_real values[2] = {1, 2};
    double number = 1;
    nn_state_number(state, "number", &number);
    nn_state_array(state, "array", values, 2);
    long before = test_memory_total();
    number = 2;
    values[1] = 5;
    nn_state_number(state, "number", &number);
    nn_state_array(state, "array", values, 2);
    ck_assert_int_eq(test_memory_total(), before);
    ck_assert_uint_eq(nn__state_count(state), 2);
    ck_assert_double_eq(nn__state_entry_at(state, 0)->number, 2);
    ck_assert_double_eq((double)nn__state_entry_at(state, 1)->values[1], 5);
    nn__state_free(state);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(lack_of_memory_is_remembered)
{
    test_memory_begin();
    for (int n = 0; n < 5; n++) {
        nn_real values[2] = {1, 2};
        double number = 1;
        nn_state *state = nn__state_new();
        test_memory_fail(n, 1);
        nn_state_number(state, "number", &number);
        nn_state_array(state, "array", values, 2);
        test_memory_fail(-1, 1);
        ck_assert_int_eq(nn__state_status(state), n < 4 ? NN_ENOMEM : NN_OK);
        nn__state_free(state);
    }
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *state_suite(void);
Suite *state_suite(void)
{
    return TEST_SUITE("state", what_was_written_is_read_back,
                      unknown_names_and_other_counts_leave_the_reader_alone,
                      entries_stand_in_the_order_written,
                      writing_again_replaces_and_allocates_nothing, lack_of_memory_is_remembered);
}
