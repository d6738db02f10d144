/* Counted random numbers. */
#include "test.h"

#include "base/random.h"

/* From the known answers of the authors' Random123 library, kat_vectors: philox4x32 10. */
START_TEST(philox_gives_the_published_answers)
{
    uint32_t out[4];
    nn__philox(0, 0, 0, 0, out);
    ck_assert_uint_eq(out[0], 0x6627e8d5u);
    ck_assert_uint_eq(out[1], 0xe169c58du);
    ck_assert_uint_eq(out[2], 0xbc57ac4cu);
    ck_assert_uint_eq(out[3], 0x9b00dbd8u);
    nn__philox(UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, out);
    ck_assert_uint_eq(out[0], 0x408f276du);
    ck_assert_uint_eq(out[1], 0x41c83b0eu);
    ck_assert_uint_eq(out[2], 0xa20bc7c6u);
    ck_assert_uint_eq(out[3], 0x6d5451fdu);
    /* counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0 */
    nn__philox(0x299f31d0a4093822u, 0x85a308d3243f6a88u, 0x13198a2eu, 0x03707344u, out);
    ck_assert_uint_eq(out[0], 0xd16cfe09u);
    ck_assert_uint_eq(out[1], 0x94fdccebu);
    ck_assert_uint_eq(out[2], 0x5001e420u);
    ck_assert_uint_eq(out[3], 0x24126ea1u);
}
END_TEST

START_TEST(a_sequence_is_the_elements_in_order)
{
    nn__random r = nn__random_begin(7, 3, nn__stream(NN__FOR_MASKS, 5));
    for (uint64_t e = 0; e < 40; e++) {
        uint32_t words[4];
        nn__philox(7, e / 4, 3, nn__stream(NN__FOR_MASKS, 5), words);
        ck_assert_uint_eq(nn__random_word(&r), words[e % 4]);
    }
}
END_TEST

START_TEST(seed_position_purpose_and_number_each_matter)
{
    uint32_t base[4], other[4];
    nn__philox(7, 0, 3, nn__stream(NN__FOR_MASKS, 5), base);
    nn__philox(8, 0, 3, nn__stream(NN__FOR_MASKS, 5), other);
    ck_assert_mem_ne(base, other, sizeof base);
    nn__philox(7, 0, 4, nn__stream(NN__FOR_MASKS, 5), other);
    ck_assert_mem_ne(base, other, sizeof base);
    nn__philox(7, 0, 3, nn__stream(NN__FOR_SHUFFLE, 5), other);
    ck_assert_mem_ne(base, other, sizeof base);
    nn__philox(7, 0, 3, nn__stream(NN__FOR_MASKS, 6), other);
    ck_assert_mem_ne(base, other, sizeof base);
    nn__philox(7, 1, 3, nn__stream(NN__FOR_MASKS, 5), other);
    ck_assert_mem_ne(base, other, sizeof base);
}
END_TEST

START_TEST(numbers_below_a_bound_are_even)
{
    enum { BOUND = 7, COUNT = 70000 };
    int found[BOUND] = {0};
    nn__random r = nn__random_begin(1, 0, 0);
    for (int i = 0; i < COUNT; i++) {
        uint64_t value = nn__random_below(&r, BOUND);
        if (value >= BOUND)
            ck_abort_msg("%d is out of bounds", (int)value);
        found[value]++;
    }
    for (int i = 0; i < BOUND; i++) /* five deviations of the binomial distribution */
        ck_assert_int_lt(abs(found[i] - COUNT / BOUND), 470);
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(nn__random_below(&r, 1), 0);
}
END_TEST

START_TEST(shuffles_are_permutations_and_each_place_is_even)
{
    enum { N = 5, ROUNDS = 24000 };
    int at[N][N] = {{0}};
    nn__random r = nn__random_begin(2, 0, 0);
    for (int round = 0; round < ROUNDS; round++) {
        size_t items[N] = {0, 1, 2, 3, 4};
        unsigned seen = 0;
        nn__random_shuffle(&r, items, N);
        for (size_t i = 0; i < N; i++) {
            seen |= 1u << items[i];
            at[i][items[i]]++;
        }
        if (seen != 31)
            ck_abort_msg("round %d is no permutation", round);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            ck_assert_int_lt(abs(at[i][j] - ROUNDS / N), 320);
}
END_TEST

Suite *random_suite(void);
Suite *random_suite(void)
{
    return TEST_SUITE("random", philox_gives_the_published_answers,
                      a_sequence_is_the_elements_in_order,
                      seed_position_purpose_and_number_each_matter, numbers_below_a_bound_are_even,
                      shuffles_are_permutations_and_each_place_is_even);
}
