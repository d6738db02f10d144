/* Option tables: defaults, required fields, ranges, versions of the struct. */
#include "test.h"

#include "base/base.h"
#include "base/options.h"

typedef struct options {
    size_t struct_size;
    int count, pair[2], flag, choice;
    double rate, factor;
    const char *name;
    nn_maybe limit;
    nn_initializer start;
} options;

static const char *const choices[] = {"none", "some", "all", NULL};

static const nn_option fields[] = {
    NN__OPTION(options, INT, count, .rules = NN_REQUIRED, .minimum = 1, .maximum = 10),
    NN__OPTION(options, PAIR, pair, .fallback = 2, .minimum = 1, .maximum = 9),
    NN__OPTION(options, FLAG, flag),
    NN__OPTION(options, CHOICE, choice, .choices = choices),
    NN__OPTION(options, DOUBLE, rate, .fallback = 0.5, .minimum = 0, .maximum = 1,
               .rules = NN_BELOW),
    NN__OPTION(options, DOUBLE, factor, .rules = NN_REQUIRED | NN_WHOLE, .minimum = -5,
               .maximum = 5),
    NN__OPTION(options, STRING, name),
    NN__OPTION(options, MAYBE, limit),
    NN__OPTION(options, INITIALIZER, start, .fallback = NN_INIT_ONES),
};

static const nn_kind kind = NN__KIND(nn_kind, "thing", "Thing", options, fields);

static nn__object *thing(const options *o)
{
    nn__object *object = nn__object_new(sizeof *object, &kind, o);
    ck_assert_ptr_nonnull(object);
    return object;
}

#define THING(...) thing(&(options){.struct_size = sizeof(options), __VA_ARGS__})

static void fails(nn__object *object, nn_status status, const char *message)
{
    ck_assert_int_eq(nn__object_check(object, "thing_1"), status);
    test_message_has(message);
    nn__object_free(object);
}

START_TEST(absent_fields_take_their_defaults)
{
    nn__object *object = THING(.count = 3, .factor = 1);
    const options *o = object->options;
    ck_assert_int_eq(nn__object_check(object, "thing"), NN_OK);
    ck_assert_uint_eq(o->struct_size, sizeof *o);
    ck_assert_int_eq(o->count, 3);
    ck_assert_int_eq(o->pair[0], 2);
    ck_assert_int_eq(o->pair[1], 2);
    ck_assert_int_eq(o->flag, 0);
    ck_assert_double_eq(o->rate, 0.5);
    ck_assert_ptr_null(o->name);
    ck_assert_int_eq(o->limit.present, 0);
    ck_assert_int_eq(o->start.kind, NN_INIT_ONES);
    nn__object_free(object);
}
END_TEST

START_TEST(given_fields_are_kept_and_strings_copied)
{
    char name[] = "first";
    nn__object *object = THING(.count = 10, .pair = {1, 9}, .flag = 1, .choice = 2, .rate = NN_ZERO,
                               .factor = NN_ZERO, .name = name, .limit = NN_SOME(4),
                               .start = {.kind = NN_INIT_HE_NORMAL});
    const options *o = object->options;
    strcpy(name, "later");
    ck_assert_int_eq(nn__object_check(object, "thing"), NN_OK);
    ck_assert_int_eq(o->pair[1], 9);
    ck_assert_int_eq(o->choice, 2);
    ck_assert_double_eq(o->rate, 0);
    ck_assert(!signbit(o->rate));
    ck_assert_double_eq(o->factor, 0);
    ck_assert_str_eq(o->name, "first");
    ck_assert_str_eq(nn__option_string(object, "name"), "first");
    ck_assert_ptr_null(nn__option_string(object, "count"));
    ck_assert_ptr_null(nn__option_string(object, "unknown"));
    ck_assert_double_eq(o->limit.value, 4);
    nn__object_free(object);
}
END_TEST

START_TEST(what_is_missing_or_out_of_range_is_named)
{
    fails(THING(.factor = 1), NN_EINVAL, "thing_1: count must be given");
    fails(THING(.count = 1), NN_EINVAL, "thing_1: factor");
    fails(THING(.count = 11, .factor = 1), NN_EINVAL, "thing_1: count is 11");
    fails(THING(.count = -2, .factor = 1), NN_EINVAL, "at least 1");
    fails(THING(.count = 1, .factor = 1, .pair = {3, 0}), NN_EINVAL, "pair is 0");
    fails(THING(.count = 1, .factor = 1, .pair = {3, 10}), NN_EINVAL, "pair is 10");
    fails(THING(.count = 1, .factor = 1, .flag = 2), NN_EINVAL, "flag is 2, it must be 0 or 1");
    fails(THING(.count = 1, .factor = 1, .choice = 3), NN_EINVAL, "choice is 3, it must be 0..2");
    fails(THING(.count = 1, .factor = 1, .choice = -1), NN_EINVAL, "choice is -1");
    fails(THING(.count = 1, .factor = 1, .rate = 1), NN_EINVAL, "below 1");
    fails(THING(.count = 1, .factor = 1, .rate = (double)NAN), NN_EINVAL, "rate is not a number");
    fails(THING(.count = 1, .factor = 1.5), NN_EINVAL, "factor is 1.5, it must be a whole number");
    fails(THING(.count = 1, .factor = 6), NN_EINVAL, "factor is 6");
    fails(THING(.count = 1, .factor = 1, .start = {.kind = 77}), NN_EINVAL, "start is 77");
    fails(thing(NULL), NN_EINVAL, "count must be given");
}
END_TEST

START_TEST(shorter_structs_are_older_callers)
{
    options o = {.struct_size = offsetof(options, rate), .count = 2, .rate = 99, .factor = 99};
    nn__object *object = thing(&o);
    ck_assert_double_eq(((const options *)object->options)->rate, 0.5); /* beyond: absent */
    fails(object, NN_EINVAL, "factor");
    o.struct_size = 0;
    fails(thing(&o), NN_EINVAL, "thing_1: struct_size is not set");
    o.struct_size = 3;
    fails(thing(&o), NN_EINVAL, "struct_size");
}
END_TEST

START_TEST(longer_structs_are_newer_callers)
{
    struct {
        options o;
        char tail[24];
    } newer = {.o = {.struct_size = sizeof newer, .count = 2, .factor = 1, .name = "new"}};
    nn__object *object = thing(&newer.o);
    ck_assert_int_eq(nn__object_check(object, "thing"), NN_OK);
    nn__object_free(object);
    newer.tail[23] = 1;
    fails(thing(&newer.o), NN_ENOTSUP, "thing_1: an option is used");
    newer.o.struct_size = sizeof newer - 1; /* the 1 is not part of it */
    object = thing(&newer.o);
    ck_assert_int_eq(nn__object_check(object, "thing"), NN_OK);
    nn__object_free(object);
}
END_TEST

START_TEST(objects_fail_only_for_memory_and_leave_nothing)
{
    test_memory_begin();
    nn__object_free(THING(.count = 1, .factor = 1, .name = "name"));
    long count = test_memory_total();
    ck_assert_int_ge(count, 3);
    for (long n = 0; n < count; n++) {
        options o = {.struct_size = sizeof o, .count = 1, .name = "name"};
        test_memory_fail(n, 1);
        ck_assert_ptr_null(nn__object_new(sizeof(nn__object), &kind, &o));
        test_memory_fail(-1, 1);
        ck_assert_int_eq(test_memory_live(), 0);
    }
    nn__object_free(NULL);
    test_memory_end();
}
END_TEST

Suite *options_suite(void);
Suite *options_suite(void)
{
    return TEST_SUITE(
        "options", absent_fields_take_their_defaults, given_fields_are_kept_and_strings_copied,
        what_is_missing_or_out_of_range_is_named, shorter_structs_are_older_callers,
        longer_structs_are_newer_callers, objects_fail_only_for_memory_and_leave_nothing);
}
