/* The dataset contract: datasets of the caller's own kind. */
#include "data/dataset.h"
#include "test.h"

static int released;

static nn_status count_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                            int32_t *classes)
{
    for (size_t i = 0; i < count; i++) {
        x[i] = (nn_real)(indices[i] * 10);
        if (y != NULL)
            y[i] = (nn_real)indices[i];
        if (classes != NULL)
            classes[i] = (int32_t)(indices[i] % 3);
    }
    return *(const nn_status *)self;
}

static int count_label(void *self, size_t row)
{
    (void)self;
    return (int)(row % 3);
}

static void count_release(void *self)
{
    (void)self;
    released++;
}

static const nn_dataset_kind kind = {sizeof kind, "count", count_read, count_label, count_release};
static const char *const names[] = {"a", "b", "c"};

static nn_dataset_info class_info(void)
{
    return (nn_dataset_info){.struct_size = sizeof(nn_dataset_info),
                             .rows = 9,
                             .x = {1, {1}},
                             .classes = 3,
                             .has_targets = 1,
                             .class_names = names};
}

START_TEST(an_own_kind_is_read_through_its_table_and_released_once)
{
    nn_status result = NN_OK;
    nn_dataset_info info = class_info();
    nn_dataset *dataset = nn_dataset_new(&kind, &result, &info), *view;
    const size_t rows[2] = {8, 1};
    nn_real x[2], y[2] = {-1, -1};
    int32_t classes[2];
    ck_assert_int_eq(nn__dataset_read(dataset, rows, 2, x, y, classes), NN_OK);
    ck_assert(x[0] == 80 && x[1] == 10 && classes[0] == 2 && classes[1] == 1);
    ck_assert_msg(y[0] == -1, "targets are classes, so y must be left alone");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 2), "c");
    released = 0;
    view = nn_dataset_take(dataset, 2);
    nn_dataset_free(view);
    ck_assert_int_eq(released, 0);
    nn_dataset_free(dataset);
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(targets_of_values_leave_the_classes_alone)
{
    nn_status result = NN_OK;
    nn_dataset_info info = class_info();
    info.y = (nn_shape){1, {1}};
    nn_dataset *dataset = nn_dataset_new(&kind, &result, &info);
    const size_t row = 4;
    nn_real x, y;
    int32_t class_ = -5;
    int label;
    ck_assert_int_eq(nn__dataset_read(dataset, &row, 1, &x, &y, &class_), NN_OK);
    ck_assert(y == 4 && class_ == -5);
    ck_assert_int_eq(nn_dataset_row(dataset, 4, NULL, &label), NN_OK);
    ck_assert_int_eq(label, 1);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_target_of_values_is_shown_and_no_other)
{
    nn_status result = NN_OK;
    nn_dataset_info info = class_info();
    nn_dataset *dataset = nn_dataset_new(&kind, &result, &info);
    nn_real y[3] = {-1, -1, -1};
    ck_assert_ptr_null(nn_dataset_target_shape(dataset));
    ck_assert_int_eq(nn_dataset_row_target(dataset, 0, y), NN_EINVAL);
    test_message_has("y is not values");
    nn_dataset_free(dataset);

    info.y = (nn_shape){1, {1}};
    info.classes = 0;
    info.class_names = NULL;
    dataset = nn_dataset_new(&kind, &result, &info);
    nn_dataset *view = nn_dataset_skip(dataset, 5);
    ck_assert_int_eq(nn_dataset_target_shape(view)->dims[0], 1);
    ck_assert_int_eq(nn_dataset_row_target(view, 2, y), NN_OK);
    ck_assert(y[0] == 7);
    ck_assert_int_eq(nn_dataset_row_target(view, 4, y), NN_EINVAL);
    test_message_has("row 4 does not exist; there are 4");
    ck_assert_int_eq(nn_dataset_row_target(view, 0, NULL), NN_EINVAL);
    result = NN_EIO;
    ck_assert_int_eq(nn_dataset_row_target(view, 0, y), NN_EIO);
    nn_dataset_free(view);
    nn_dataset_free(dataset);

    dataset = nn_drawings(.rows = 5, .one_hot = 1);
    nn_real row[10];
    ck_assert_int_eq(nn_dataset_target_shape(dataset)->dims[0], 10);
    ck_assert_int_eq(nn_dataset_row_target(dataset, 3, row), NN_OK);
    for (int k = 0; k < 10; k++)
        ck_assert(row[k] == (k == 3));
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_failing_read_hands_on_its_status)
{
    nn_status result = NN_EIO;
    nn_dataset_info info = class_info();
    nn_dataset *dataset = nn_dataset_new(&kind, &result, &info);
    nn_real x;
    ck_assert_int_eq(nn_dataset_row(dataset, 0, &x, NULL), NN_EIO);
    result = (nn_status)1;
    ck_assert_int_eq(nn_dataset_row(dataset, 0, &x, NULL), NN_EUSER);
    test_message_has("count: read returned 1");
    nn_dataset_free(dataset);
}
END_TEST

static void expect_refused(const nn_dataset_kind *with, nn_dataset_info info, const char *message)
{
    nn_status result = NN_OK;
    released = 0;
    ck_assert_ptr_null(nn_dataset_new(with, &result, &info));
    test_message_has(message);
    ck_assert_int_eq(released, 1);
}

START_TEST(a_wrong_description_is_refused_and_self_released)
{
    nn_dataset_kind mute = kind;
    nn_dataset_info info = class_info();
    mute.read = NULL;
    expect_refused(&mute, info, "count: the kind needs");
    info.rows = 0;
    expect_refused(&kind, info, "count: rows is 0");
    info = class_info();
    info.x.rank = 0;
    expect_refused(&kind, info, "x has rank 0; it must be 1..8");
    info = class_info();
    info.y.rank = 9;
    expect_refused(&kind, info, "y has rank 9; it must be 0..8");
    info = class_info();
    info.x.dims[0] = -4;
    expect_refused(&kind, info, "dimension 0 of x is -4");
    info.x = (nn_shape){3, {INT32_MAX, INT32_MAX, INT32_MAX}};
    expect_refused(&kind, info, "x has too many elements");
    info = class_info();
    info.classes = -1;
    expect_refused(&kind, info, "classes is -1");
    info.classes = 0;
    expect_refused(&kind, info, "neither y nor classes");
    info = class_info();
    info.struct_size = 0;
    expect_refused(&kind, info, "struct_size is not set");
    ck_assert_ptr_null(nn_dataset_new(NULL, NULL, &info));
}
END_TEST

START_TEST(a_newer_callers_options_are_taken_while_the_unknown_is_zero)
{
    struct {
        nn_drawings_options known;
        uint64_t more[2];
    } options = {{.struct_size = sizeof options, .rows = 3}, {0, 0}};
    nn_dataset *dataset = nn_drawings_new(&options.known);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 3);
    nn_dataset_free(dataset);
    options.more[1] = 1;
    ck_assert_ptr_null(nn_drawings_new(&options.known));
    test_message_has("this version does not know");
    options.known.struct_size = offsetof(nn_drawings_options, seed);
    options.known.part = 77;
    dataset = nn_drawings_new(&options.known);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 3);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(no_dataset_has_no_rows)
{
    ck_assert_uint_eq(nn_dataset_rows(NULL), 0);
    ck_assert_ptr_null(nn_dataset_shape(NULL));
    ck_assert_int_eq(nn_dataset_classes(NULL), 0);
    ck_assert_ptr_null(nn_dataset_class_name(NULL, 0));
    ck_assert_int_eq(nn_dataset_row(NULL, 0, NULL, NULL), NN_EINVAL);
    nn_real y;
    ck_assert_ptr_null(nn_dataset_target_shape(NULL));
    ck_assert_int_eq(nn_dataset_row_target(NULL, 0, &y), NN_EINVAL);
    nn_dataset_free(NULL);
}
END_TEST

Suite *dataset_suite(void);
Suite *dataset_suite(void)
{
    return TEST_SUITE(
        "dataset", an_own_kind_is_read_through_its_table_and_released_once,
        targets_of_values_leave_the_classes_alone, a_target_of_values_is_shown_and_no_other,
        a_failing_read_hands_on_its_status, a_wrong_description_is_refused_and_self_released,
        a_newer_callers_options_are_taken_while_the_unknown_is_zero, no_dataset_has_no_rows);
}
