#include "base/random.h"
#include "levels.h"

enum { N = 1000 };

/* The vectors published with the algorithm (Random123). */
START_TEST(philox_gives_the_published_words)
{
    static const uint32_t zeros[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    uint32_t words[4];
    nn__philox(0, 0, 0, 0, words);
    ck_assert_mem_eq(words, zeros, sizeof words);
    nn__philox(UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX, words);
    ck_assert_mem_eq(words, ones, sizeof words);
}
END_TEST

START_TEST(elements_take_the_words_of_their_numbers_wherever_the_run_begins)
{
    static const uint64_t firsts[] = {0, 1, 2, 3, 5, 62, 63, 64, 65, 4294967290u, 17179869180u};
    uint64_t state = 4;
    nn_real x[N];
    test_fill_reals(x, N, &state);
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t f = 0; k != NULL && f < 11; f++) {
            for (size_t n = 0; n < N; n += 1 + n / 2) {
                nn_real y[N + 1];
                unsigned char mask[N + 1];
                y[n] = 77;
                mask[n] = 77;
                k->dropout(y, mask, x, 0.3, 0x123456789abcdefu, 17, 0x02000005u, firsts[f], n);
                for (size_t i = 0; i < n; i++) {
                    uint64_t e = firsts[f] + i;
                    uint32_t words[4];
                    nn__philox(0x123456789abcdefu, e / 4, 17, 0x02000005u, words);
                    int keep = (double)words[e % 4] >= 0.3 * 4294967296.0;
                    ck_assert_int_eq(mask[i], keep);
                    ck_assert(y[i] == (keep ? x[i] * (nn_real)(1 / (1 - 0.3)) : 0));
                }
                ck_assert(y[n] == 77 && mask[n] == 77);
            }
        }
    }
}
END_TEST

START_TEST(in_place_equals_out_of_place_and_the_gradient_uses_the_mask)
{
    nn_real x[N], y[N], dx[N];
    unsigned char mask[N];
    uint64_t state = 6;
    test_fill_reals(x, N, &state);
    x[5] = (nn_real)NAN;
    nn__kernels->dropout(y, mask, x, 0.6, 1, 2, 3, 0, N);
    nn__kernels->dropout_gradient(dx, x, mask, 0.6, N);
    same_bits(y, dx, sizeof y, "the gradient of ones is the mask's scale");
    nn__kernels->dropout(x, mask, x, 0.6, 1, 2, 3, 0, N);
    same_bits(y, x, sizeof y, "in place");
    nn__kernels->dropout_gradient(dx, dx, mask, 0.6, N);
    for (size_t i = 0; i < N; i++)
        ck_assert(isnan(dx[i]) || dx[i] == y[i] * (nn_real)(1 / (1 - 0.6)));
}
END_TEST

/* Kept elements are binomial: five deviations of a million draws. */
START_TEST(the_share_of_kept_elements_is_one_minus_the_rate)
{
    enum { MANY = 1000000 };
    nn_real *x = malloc(MANY * sizeof *x);
    unsigned char *mask = malloc(MANY);
    for (int tenth = 1; tenth < 10; tenth++) {
        double rate = tenth / 10.0, kept = 0, sum = 0;
        for (size_t i = 0; i < MANY; i++)
            x[i] = 1;
        nn__kernels->dropout(x, mask, x, rate, 7, (uint32_t)tenth, 1, 0, MANY);
        for (size_t i = 0; i < MANY; i++) {
            kept += mask[i];
            sum += (double)x[i];
        }
        double deviation = sqrt(rate * (1 - rate) / MANY);
        near(kept / MANY, 1 - rate, 5 * deviation, "kept", (size_t)tenth);
        near(sum / MANY, 1, 5 * deviation / (1 - rate) + 1e-6, "mean", (size_t)tenth);
    }
    free(mask);
    free(x);
}
END_TEST

START_TEST(rate_zero_keeps_all_and_rate_one_keeps_nothing)
{
    nn_real x[N], y[N], dx[N];
    unsigned char mask[N];
    uint64_t state = 8;
    test_fill_reals(x, N, &state);
    nn__kernels->dropout(y, mask, x, 0, 1, 2, 3, 0, N);
    same_bits(y, x, sizeof y, "rate 0");
    x[7] = (nn_real)INFINITY;
    nn__kernels->dropout(y, mask, x, 1, 1, 2, 3, 0, N);
    nn__kernels->dropout_gradient(dx, x, mask, 1, N);
    for (size_t i = 0; i < N; i++)
        ck_assert(y[i] == 0 && mask[i] == 0 && dx[i] == 0);
}
END_TEST

Suite *dropout_suite(void)
{
    return TEST_SUITE("dropout", philox_gives_the_published_words,
                      elements_take_the_words_of_their_numbers_wherever_the_run_begins,
                      in_place_equals_out_of_place_and_the_gradient_uses_the_mask,
                      the_share_of_kept_elements_is_one_minus_the_rate,
                      rate_zero_keeps_all_and_rate_one_keeps_nothing);
}
