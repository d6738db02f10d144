#include "levels.h"

enum { N = 1031 };

START_TEST(add_and_scale_are_exact_in_place_too)
{
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        if (k == NULL)
            continue;
        for (size_t n = 0; n < 70; n++) {
            nn_real y[N], x[N], twice[N];
            uint64_t state = n;
            test_fill_integers(y, N, 1000, &state);
            test_fill_integers(x, N, 1000, &state);
            memcpy(twice, y, sizeof y);
            nn_real old[N];
            memcpy(old, y, sizeof y);
            k->add(y, x, n);
            k->add(twice, twice, n);
            for (size_t i = 0; i < N; i++) {
                ck_assert(y[i] == (i < n ? old[i] + x[i] : old[i]));
                ck_assert(twice[i] == (i < n ? 2 * old[i] : old[i]));
            }
            k->scale_offset(y, x, 3, -5, n);
            k->scale_offset(x, x, 3, -5, n);
            for (size_t i = 0; i < n; i++)
                ck_assert(y[i] == x[i]);
        }
    }
}
END_TEST

/* x / 255 as NumPy computes it: the quotient in double, rounded once more. */
START_TEST(bytes_become_the_rounded_double_quotient)
{
    static const double divisors[] = {255, 1, 127.5, 0.3, 256, 3};
    unsigned char x[256];
    for (int i = 0; i < 256; i++)
        x[i] = (unsigned char)i;
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t d = 0; k != NULL && d < 6; d++) {
            nn_real y[256];
            k->bytes_to_real(y, x, divisors[d], 256);
            for (int i = 0; i < 256; i++) {
                volatile double quotient = i / divisors[d];
                ck_assert(y[i] == (nn_real)quotient);
            }
        }
    }
}
END_TEST

Suite *elementwise_suite(void)
{
    return TEST_SUITE("elementwise", add_and_scale_are_exact_in_place_too,
                      bytes_become_the_rounded_double_quotient);
}
