#include "test.h"

#include "formats/sort.h"

static int compare_numbers(const void *items, uint32_t a, uint32_t b)
{
    const int *numbers = items;
    return (numbers[a] > numbers[b]) - (numbers[a] < numbers[b]);
}

START_TEST(every_length_comes_out_ascending_and_complete)
{
    int numbers[100] = {0};
    uint32_t order[100];
    uint64_t state = 3;
    for (size_t count = 0; count <= 100; count++) {
        char seen[100] = {0};
        for (size_t i = 0; i < count; i++) {
            numbers[i] = test_random_int(&state, 0, 40);
            order[i] = (uint32_t)i;
        }
        nn__sort(order, count, compare_numbers, numbers);
        for (size_t i = 0; i < count; i++) {
            ck_assert_int_eq(seen[order[i]]++, 0);
            if (i > 0)
                ck_assert_int_le(numbers[order[i - 1]], numbers[order[i]]);
        }
    }
}
END_TEST

Suite *sort_suite(void)
{
    return TEST_SUITE("sort", every_length_comes_out_ascending_and_complete);
}
