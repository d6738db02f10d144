/* Tensors: own and borrowed memory, views, classes as one-hot rows. */
#include "test.h"

START_TEST(a_new_tensor_is_zero_and_aligned)
{
    static const size_t sizes[] = {[NN_F32] = sizeof(nn_real), [NN_U8] = 1, [NN_I32] = 4};
    for (int dtype = NN_F32; dtype <= NN_I32; dtype++) {
        nn_tensor *tensor = nn_tensor_new(dtype, NN_SHAPE(2, 3, 4));
        ck_assert_int_eq(nn_tensor_dtype(tensor), dtype);
        ck_assert_int_eq(nn_tensor_rank(tensor), 3);
        ck_assert_int_eq(nn_tensor_dim(tensor, 2), 4);
        ck_assert_int_eq(nn_tensor_dim(tensor, 3), 0);
        ck_assert_int_eq(nn_tensor_dim(tensor, -1), 0);
        ck_assert_uint_eq(nn_tensor_count(tensor), 24);
        const unsigned char *bytes = nn_tensor_read(tensor);
        ck_assert_uint_eq((uintptr_t)bytes % 64, 0);
        for (size_t i = 0; i < 24 * sizes[dtype]; i++)
            ck_assert_uint_eq(bytes[i], 0);
        nn_tensor_free(tensor);
    }
    nn_tensor_free(NULL);
}
END_TEST

START_TEST(borrowed_memory_stays_the_callers)
{
    nn_real data[6] = {1, 2, 3, 4, 5, 6};
    test_memory_begin();
    nn_tensor *tensor = nn_tensor_borrow(NN_F32, data, NN_SHAPE(3, 2));
    nn_tensor *fixed = nn_tensor_borrow_const(NN_F32, data, NN_SHAPE(6));
    ck_assert_ptr_eq(nn_tensor_data(tensor), data);
    ck_assert_ptr_eq(nn_tensor_read(fixed), data);
    ck_assert_ptr_null(nn_tensor_data(fixed));
    nn_tensor *view = nn_tensor_rows(fixed, 1, 2);
    ck_assert_ptr_null(nn_tensor_data(view));
    ck_assert_ptr_eq(nn_tensor_read(view), data + 1);
    nn_tensor_free(view);
    nn_tensor_free(tensor);
    nn_tensor_free(fixed);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(views_share_their_parents_memory)
{
    int32_t data[12] = {0};
    nn_tensor *tensor = nn_tensor_borrow(NN_I32, data, NN_SHAPE(4, 3));
    nn_tensor *rows = nn_tensor_rows(tensor, 1, 3), *last = nn_tensor_rows(rows, 2, 1);
    nn_tensor *flat = nn_tensor_reshape(rows, NN_SHAPE(9));
    ((int32_t *)nn_tensor_data(last))[2] = 42;
    ck_assert_int_eq(data[11], 42);
    ck_assert_int_eq(((const int32_t *)nn_tensor_read(flat))[8], 42);
    ck_assert_int_eq(nn_tensor_dim(rows, 0), 3);
    ck_assert_int_eq(nn_tensor_dim(rows, 1), 3);
    ck_assert_ptr_null(nn_tensor_rows(tensor, 3, 2));
    test_message_has("rows 3 to 4 of 4");
    ck_assert_ptr_null(nn_tensor_rows(tensor, -1, 2));
    ck_assert_ptr_null(nn_tensor_rows(tensor, 0, 0));
    ck_assert_ptr_null(nn_tensor_rows(tensor, INT32_MAX, INT32_MAX));
    ck_assert_ptr_null(nn_tensor_rows(NULL, 0, 1));
    ck_assert_ptr_null(nn_tensor_reshape(tensor, NN_SHAPE(5, 2)));
    test_message_has("4x3 cannot become 5x2");
    ck_assert_ptr_null(nn_tensor_reshape(NULL, NN_SHAPE(5, 2)));
    nn_tensor_free(flat);
    nn_tensor_free(last);
    nn_tensor_free(rows);
    nn_tensor_free(tensor);
}
END_TEST

START_TEST(wrong_arguments_are_told)
{
    int dims[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, zero[2] = {3, 0},
        huge[3] = {1 << 30, 1 << 30, 1 << 30};
    ck_assert_ptr_null(nn_tensor_new(0, dims, 1));
    test_message_has("0 is no element type");
    ck_assert_ptr_null(nn_tensor_new(4, dims, 1));
    ck_assert_ptr_null(nn_tensor_new(NN_F32, dims, 0));
    ck_assert_ptr_null(nn_tensor_new(NN_F32, dims, 9));
    ck_assert_ptr_null(nn_tensor_new(NN_F32, NULL, 2));
    ck_assert_ptr_null(nn_tensor_new(NN_F32, zero, 2));
    test_message_has("dimension 1 is 0");
    ck_assert_ptr_null(nn_tensor_new(NN_F32, huge, 3));
    ck_assert_ptr_null(nn_tensor_borrow(NN_F32, NULL, dims, 2));
    nn_tensor *widest = nn_tensor_new(NN_U8, dims, 8);
    ck_assert_int_eq(nn_tensor_rank(widest), 8);
    nn_tensor_free(widest);
}
END_TEST

START_TEST(classes_become_one_hot_rows)
{
    int32_t classes[4] = {2, 0, 1, 2};
    unsigned char bytes[2] = {9, 3};
    nn_tensor *y = nn_tensor_borrow(NN_I32, classes, NN_SHAPE(4, 1));
    nn_tensor *z = nn_tensor_borrow(NN_U8, bytes, NN_SHAPE(2));
    nn_tensor *hot = nn_to_categorical(y, 3), *ten = nn_to_categorical(z, 10);
    static const nn_real want[12] = {0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1};
    ck_assert_int_eq(nn_tensor_dtype(hot), NN_F32);
    ck_assert_int_eq(nn_tensor_dim(hot, 0), 4);
    ck_assert_int_eq(nn_tensor_dim(hot, 1), 3);
    ck_assert_mem_eq(nn_tensor_read(hot), want, sizeof want);
    ck_assert(((const nn_real *)nn_tensor_read(ten))[9] == 1);
    ck_assert(((const nn_real *)nn_tensor_read(ten))[13] == 1);
    ck_assert_ptr_null(nn_to_categorical(y, 2));
    test_message_has("row 0: class 2 is outside 0..1");
    classes[3] = -1;
    ck_assert_ptr_null(nn_to_categorical(y, 3));
    test_message_has("row 3: class -1");
    ck_assert_ptr_null(nn_to_categorical(y, 0));
    ck_assert_ptr_null(nn_to_categorical(NULL, 3));
    ck_assert_ptr_null(nn_to_categorical(hot, 3));
    nn_tensor_free(hot);
    nn_tensor_free(ten);
    nn_tensor_free(y);
    nn_tensor_free(z);
}
END_TEST

Suite *tensor_suite(void);
Suite *tensor_suite(void)
{
    return TEST_SUITE("tensor", a_new_tensor_is_zero_and_aligned, borrowed_memory_stays_the_callers,
                      views_share_their_parents_memory, wrong_arguments_are_told,
                      classes_become_one_hot_rows);
}
