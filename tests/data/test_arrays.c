/* Datasets over the caller's tensors. */
#include "data/dataset.h"
#include "sweep.h"

enum { ROWS = 5 };

static unsigned char bytes[256];
static nn_real values[ROWS][2][3];
static int32_t classes[ROWS] = {2, 0, 3, 1, 0};

static void fill(void)
{
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    for (int i = 0; i < ROWS * 6; i++)
        values[i / 6][i / 3 % 2][i % 3] = (nn_real)i;
}

static nn_tensor *x_tensor(void)
{
    fill();
    return nn_tensor_borrow_const(NN_F32, values, NN_SHAPE(ROWS, 2, 3));
}

START_TEST(bytes_become_the_float_nearest_to_their_share_of_the_divisor)
{
    fill();
    nn_tensor *x = nn_tensor_borrow_const(NN_U8, bytes, NN_SHAPE(2, 128));
    nn_dataset *dataset = nn_arrays(.x = x, .divisor = 255);
    nn_real row[128];
    for (size_t r = 0; r < 2; r++) {
        ck_assert_int_eq(nn_dataset_row(dataset, r, row, NULL), NN_OK);
        for (int i = 0; i < 128; i++)
            ck_assert(row[i] == (nn_real)((double)((int)r * 128 + i) / 255.0));
    }
    nn_dataset_free(dataset);
    nn_tensor_free(x);
}
END_TEST

START_TEST(reals_are_read_as_they_stand_or_divided_in_double)
{
    nn_tensor *x = x_tensor();
    nn_dataset *plain = nn_arrays(x), *thirds = nn_arrays(.x = x, .divisor = 3);
    nn_real row[6];
    int label = 7;
    ck_assert_int_eq(nn_dataset_row(plain, 4, row, &label), NN_OK);
    ck_assert_mem_eq(row, values[4], sizeof row);
    ck_assert_int_eq(label, -1);
    ck_assert_int_eq(nn_dataset_row(thirds, 4, row, NULL), NN_OK);
    for (int i = 0; i < 6; i++)
        ck_assert(row[i] == (nn_real)((24 + i) / 3.0));
    ck_assert_int_eq(nn_dataset_shape(plain)->rank, 2);
    ck_assert_int_eq(nn_dataset_shape(plain)->dims[1], 3);
    ck_assert_uint_eq(nn_dataset_rows(plain), ROWS);
    ck_assert_int_eq(nn__dataset_info(plain)->has_targets, 0);
    nn_dataset_free(plain);
    nn_dataset_free(thirds);
    nn_tensor_free(x);
}
END_TEST

START_TEST(classes_come_from_either_integer_type_and_their_number_from_the_largest)
{
    static const unsigned char small[ROWS] = {2, 0, 3, 1, 0};
    const size_t order[3] = {4, 2, 0};
    nn_tensor *x = x_tensor();
    nn_tensor *y[2] = {nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS)),
                       nn_tensor_borrow_const(NN_U8, small, NN_SHAPE(ROWS, 1))};
    for (int i = 0; i < 2; i++) {
        nn_dataset *dataset = nn_arrays(x, y[i]);
        nn_real rows[3][6];
        int32_t got[3] = {-1, -1, -1};
        ck_assert_int_eq(nn_dataset_classes(dataset), 4);
        ck_assert_int_eq(nn__dataset_info(dataset)->y.rank, 0);
        ck_assert_int_eq(nn__dataset_read(dataset, order, 3, rows[0], NULL, got), NN_OK);
        for (int k = 0; k < 3; k++) {
            ck_assert_int_eq(got[k], classes[order[k]]);
            ck_assert_mem_eq(rows[k], values[order[k]], sizeof rows[k]);
        }
        ck_assert_ptr_null(nn_dataset_class_name(dataset, 0));
        nn_dataset_free(dataset);
        nn_tensor_free(y[i]);
    }
    nn_tensor_free(x);
}
END_TEST

START_TEST(one_hot_rows_have_a_one_at_their_class)
{
    const size_t all[ROWS] = {0, 1, 2, 3, 4};
    nn_tensor *x = x_tensor(), *y = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS, 1));
    nn_dataset *dataset = nn_arrays(x, y, .classes = 6, .one_hot = 1);
    nn_real rows[ROWS * 6], targets[ROWS][6];
    int label;
    ck_assert_int_eq(nn_dataset_classes(dataset), 6);
    ck_assert_int_eq(nn__dataset_info(dataset)->y.rank, 1);
    ck_assert_int_eq(nn__dataset_info(dataset)->y.dims[0], 6);
    memset(targets, 0x55, sizeof targets);
    ck_assert_int_eq(nn__dataset_read(dataset, all, ROWS, rows, targets[0], NULL), NN_OK);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < 6; k++)
            ck_assert(targets[i][k] == (nn_real)(k == classes[i]));
    ck_assert_int_eq(nn_dataset_row(dataset, 2, NULL, &label), NN_OK);
    ck_assert_int_eq(label, 3);
    nn_dataset_free(dataset);
    nn_tensor_free(x);
    nn_tensor_free(y);
}
END_TEST

START_TEST(real_targets_are_read_as_they_stand)
{
    static const nn_real targets[ROWS][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    const size_t order[2] = {3, 1};
    nn_tensor *x = x_tensor(), *y = nn_tensor_borrow_const(NN_F32, targets, NN_SHAPE(ROWS, 2));
    nn_tensor *flat = nn_tensor_borrow_const(NN_F32, targets, NN_SHAPE(ROWS));
    nn_dataset *dataset = nn_arrays(x, y), *single = nn_arrays(x, flat);
    nn_real rows[12], got[4];
    ck_assert_int_eq(nn__dataset_read(dataset, order, 2, rows, got, NULL), NN_OK);
    ck_assert(got[0] == 7 && got[1] == 8 && got[2] == 3 && got[3] == 4);
    ck_assert_int_eq(nn_dataset_classes(dataset), 0);
    ck_assert_int_eq(nn__dataset_info(single)->y.rank, 1);
    ck_assert_int_eq(nn__dataset_info(single)->y.dims[0], 1);
    nn_dataset_free(dataset);
    nn_dataset_free(single);
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_tensor_free(flat);
}
END_TEST

START_TEST(the_callers_memory_is_borrowed_not_copied_nor_freed)
{
    nn_tensor *x = x_tensor(), *y = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS));
    nn_dataset *dataset = nn_arrays(x, y);
    nn_real row[6];
    int32_t got;
    const size_t first = 0;
    values[0][0][0] = 42;
    ck_assert_int_eq(nn_dataset_row(dataset, 0, row, NULL), NN_OK);
    ck_assert(row[0] == 42);
    classes[0] = 99;
    ck_assert_int_eq(nn__dataset_read(dataset, &first, 1, row, NULL, &got), NN_EINVAL);
    classes[0] = 2;
    nn_dataset_free(dataset);
    ck_assert_int_eq(nn_tensor_dim(x, 0), ROWS);
    nn_tensor_free(x);
    nn_tensor_free(y);
}
END_TEST

static void expect_failure(const nn_arrays_options *options, const char *message)
{
    ck_assert_ptr_null(nn_arrays_new(options));
    test_message_has(message);
}
#define EXPECT_FAILURE(message, ...)                                                               \
    expect_failure(NN_OPTIONS(nn_arrays_options, __VA_ARGS__), message)

START_TEST(what_does_not_fit_is_named_with_its_numbers)
{
    nn_tensor *x = x_tensor(), *y = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS));
    nn_tensor *four = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(4));
    nn_tensor *wide = nn_tensor_borrow_const(NN_U8, bytes, NN_SHAPE(ROWS, 2));
    nn_tensor *real = nn_tensor_borrow_const(NN_F32, values, NN_SHAPE(ROWS, 6));
    EXPECT_FAILURE("arrays: x must be given", .y = y);
    EXPECT_FAILURE("x is i32", .x = y);
    EXPECT_FAILURE("x has 5 rows, y has 4", x, four);
    EXPECT_FAILURE("row 2: class 3 is outside 0..2", x, y, .classes = 3);
    EXPECT_FAILURE("classes is -1", x, y, .classes = -1);
    EXPECT_FAILURE("one_hot is 2", x, y, .one_hot = 2);
    EXPECT_FAILURE("u8 with 2 elements per row", x, wide);
    EXPECT_FAILURE("one_hot is for classes, but y is f32", x, real, .one_hot = 1);
    EXPECT_FAILURE("classes is for classes, but y is not given", x, .classes = 4);
    EXPECT_FAILURE("divisor", x, .divisor = NN_ZERO);
    EXPECT_FAILURE("divisor is nan", x, .divisor = (double)NAN);
    expect_failure(&(nn_arrays_options){.x = x}, "struct_size is not set");
    classes[1] = -3;
    EXPECT_FAILURE("row 1: class -3 is outside 0..", x, y);
    classes[1] = INT32_MAX;
    EXPECT_FAILURE("row 1: class 2147483647 is outside 0..", x, y);
    classes[1] = 0;
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_tensor_free(four);
    nn_tensor_free(wide);
    nn_tensor_free(real);
}
END_TEST

static nn_dataset *make_arrays(void *arg)
{
    nn_tensor *const *tensors = arg;
    return nn_arrays(tensors[0], tensors[1]);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    test_memory_begin();
    nn_tensor *tensors[2] = {x_tensor(), nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS))};
    sweep_allocations(make_arrays, tensors, 2);
    nn_tensor_free(tensors[0]);
    nn_tensor_free(tensors[1]);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *arrays_suite(void);
Suite *arrays_suite(void)
{
    return TEST_SUITE("arrays", bytes_become_the_float_nearest_to_their_share_of_the_divisor,
                      reals_are_read_as_they_stand_or_divided_in_double,
                      classes_come_from_either_integer_type_and_their_number_from_the_largest,
                      one_hot_rows_have_a_one_at_their_class, real_targets_are_read_as_they_stand,
                      the_callers_memory_is_borrowed_not_copied_nor_freed,
                      what_does_not_fit_is_named_with_its_numbers,
                      failing_memory_leaves_nothing_behind);
}
