/* Memory and shapes: alignment, zeros, overflow, failures with names. */
#include "test.h"

#include "base/base.h"

START_TEST(blocks_are_zero_and_aligned)
{
    for (size_t bytes = 0; bytes < 3000; bytes += 113) {
        unsigned char *block = nn__alloc(bytes, "a test");
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < bytes; i++)
            if (block[i] != 0)
                ck_abort_msg("byte %zu of %zu is %d", i, bytes, block[i]);
        memset(block, 0xFF, bytes);
        nn__free(block);
    }
    nn__free(NULL);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    ck_assert_uint_eq(nn__mul(SIZE_MAX / 2, 3), SIZE_MAX);
    ck_assert_uint_eq(nn__mul(SIZE_MAX, 0), 0);
    ck_assert_uint_eq(nn__mul(0, SIZE_MAX), 0);
    ck_assert_uint_eq(nn__mul(7, 6), 42);
    ck_assert_uint_eq(nn__add(SIZE_MAX, 1), SIZE_MAX);
    ck_assert_uint_eq(nn__add(40, 2), 42);
    ck_assert_ptr_null(nn__alloc(SIZE_MAX, "the moon"));
    test_message_has("no memory for the moon");
    ck_assert_ptr_null(nn__alloc_array(SIZE_MAX / 4, 8, "too much"));
    test_message_has("too much");
}
END_TEST

START_TEST(growing_keeps_the_old_and_clears_the_new)
{
    int *numbers = nn__alloc(2 * sizeof *numbers, "numbers");
    numbers[0] = 4, numbers[1] = 2;
    int *more = nn__grow(numbers, 2 * sizeof *more, 5 * sizeof *more, "numbers");
    static const int want[5] = {4, 2, 0, 0, 0};
    ck_assert_mem_eq(more, want, sizeof want);
    ck_assert_ptr_null(nn__grow(more, sizeof want, SIZE_MAX, "numbers"));
    ck_assert_mem_eq(more, want, sizeof want); /* still there */
    nn__free(more);
    char *copy = nn__copy_string("text", "a string");
    ck_assert_str_eq(copy, "text");
    nn__free(copy);
}
END_TEST

START_TEST(the_allocator_can_be_replaced_to_count_and_to_fail)
{
    test_memory_begin();
    void *a = nn__alloc(10, "a"), *b = nn__alloc(10, "b");
    ck_assert_int_eq(test_memory_live(), 2);
    test_memory_fail(1, 1);
    void *c = nn__alloc(10, "c");
    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_null(nn__alloc(10, "d"));
    test_message_has("no memory for d: 10 bytes");
    nn__free(a);
    nn__free(b);
    nn__free(c);
    ck_assert_int_eq(test_memory_live(), 0);
    ck_assert_int_eq(test_memory_total(), 4);
    test_memory_end();
}
END_TEST

START_TEST(shapes_are_made_counted_compared_and_printed)
{
    nn_shape a, b;
    char text[NN__SHAPE_TEXT];
    ck_assert_int_eq(nn__shape_make(&a, (const int[]){32, 16, 3}, 3, "x"), NN_OK);
    ck_assert_uint_eq(nn__shape_count(&a), 32 * 16 * 3);
    ck_assert_str_eq(nn__shape_text(&a, text, sizeof text), "32x16x3");
    b = a;
    ck_assert(nn__shape_equal(&a, &b));
    b.dims[2] = 4;
    ck_assert(!nn__shape_equal(&a, &b));
    b = a;
    b.rank = 2;
    ck_assert(!nn__shape_equal(&a, &b));
    ck_assert_int_eq(nn__shape_make(&b, (const int[]){1, 0}, 2, "the picture"), NN_EINVAL);
    test_message_has("the picture: dimension 1 is 0");
    ck_assert_int_eq(nn__shape_make(&b, (const int[]){1}, 0, "x"), NN_EINVAL);
    ck_assert_int_eq(nn__shape_make(&b, (const int[]){1}, NN_MAX_RANK + 1, "x"), NN_EINVAL);
    ck_assert_int_eq(nn__shape_make(&b, NULL, 1, "x"), NN_EINVAL);
    ck_assert_int_eq(nn__shape_make(&b, (const int[]){INT32_MAX, INT32_MAX, INT32_MAX}, 3, "huge"),
                     NN_EINVAL);
    test_message_has("huge");
    nn_shape widest = {8, {0}};
    for (int i = 0; i < 8; i++)
        widest.dims[i] = INT32_MAX;
    ck_assert_uint_eq(strlen(nn__shape_text(&widest, text, sizeof text)), 87);
    ck_assert_uint_eq(nn__shape_count(&widest), SIZE_MAX);
}
END_TEST

Suite *memory_suite(void);
Suite *memory_suite(void)
{
    return TEST_SUITE("memory", blocks_are_zero_and_aligned, sizes_that_overflow_are_refused,
                      growing_keeps_the_old_and_clears_the_new,
                      the_allocator_can_be_replaced_to_count_and_to_fail,
                      shapes_are_made_counted_compared_and_printed);
}
