/* A callback of one's own, made with the public table only. */
#include "callbacks/callback.h"
#include "base/registry.h"
#include "test.h"

typedef struct counter_options {
    size_t struct_size;
    double step;
} counter_options;

typedef struct counter_state {
    double count;
} counter_state;

static int released;

static void counter_release(nn_callback *callback)
{
    (void)callback;
    released++;
}

static nn_status counter_epoch_end(nn_callback *callback, nn_event *event)
{
    const counter_options *options = nn_callback_options(callback);
    counter_state *state = nn_callback_state(callback);
    (void)event;
    state->count += options->step;
    return NN_OK;
}

static const nn_option counter_table[] = {
    NN__OPTION(counter_options, DOUBLE, step, .fallback = 2),
};

static const nn_callback_kind counter_kind = {
    .kind = NN__KIND(nn_callback_kind, "counter", "Counter", counter_options, counter_table),
    .state_size = sizeof(counter_state),
    .release = counter_release,
    .epoch_end = counter_epoch_end,
};

START_TEST(own_kind_has_options_and_zeroed_state)
{
    counter_options options = {sizeof options, 3};
    nn_callback *callback = nn_callback_new(&counter_kind, &options);
    nn_callback *plain = nn_callback_new(&counter_kind, NULL);
    nn_event event = {.struct_size = sizeof event};
    ck_assert_ptr_eq(nn_callback_kind_of(callback), &counter_kind);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(nn_callback_kind_of(callback)->epoch_end(callback, &event), NN_OK);
        ck_assert_int_eq(nn_callback_kind_of(plain)->epoch_end(plain, &event), NN_OK);
    }
    ck_assert_double_eq(((counter_state *)nn_callback_state(callback))->count, 9);
    ck_assert_double_eq(((counter_state *)nn_callback_state(plain))->count, 6);
    released = 0;
    nn_callback_free(callback);
    nn_callback_free(plain);
    nn_callback_free(NULL);
    ck_assert_int_eq(released, 2);
}
END_TEST

START_TEST(lack_of_memory_gives_null_and_loses_nothing)
{
    test_memory_begin();
    nn_callback *callback = NULL;
    int n = 0;
    for (; callback == NULL; n++) {
        ck_assert_int_lt(n, 10);
        test_memory_fail(n, 1);
        callback = nn_early_stopping(.monitor = "val_accuracy", .patience = 2);
        test_memory_fail(-1, 1);
        ck_assert_int_eq(test_memory_live() == 0, callback == NULL);
    }
    ck_assert_int_eq(n, 5);
    nn_callback_free(callback);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(built_in_kinds_are_found_by_name)
{
    static const char *const names[] = {"early_stopping", "reduce_lr_on_plateau", "csv_logger"};
    static const char *const classes[] = {"EarlyStopping", "ReduceLROnPlateau", "CSVLogger"};
    for (int i = 0; i < 3; i++) {
        const nn_kind *kind = nn__kind_named(nn__callback_kinds, names[i]);
        ck_assert_ptr_nonnull(kind);
        ck_assert_str_eq(kind->class_name, classes[i]);
        ck_assert_uint_eq(kind->struct_size, sizeof(nn_callback_kind));
    }
    ck_assert_ptr_null(nn__kind_named(nn__callback_kinds, "counter"));
}
END_TEST

Suite *callback_suite(void);
Suite *callback_suite(void)
{
    return TEST_SUITE("callback", own_kind_has_options_and_zeroed_state,
                      lack_of_memory_gives_null_and_loses_nothing,
                      built_in_kinds_are_found_by_name);
}
