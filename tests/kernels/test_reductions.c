#include "levels.h"

START_TEST(columns_are_summed_in_the_order_of_the_rows)
{
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (size_t c = 1; k != NULL && c < 90; c++) {
            for (size_t n = 0; n < 40; n += 1 + n / 2) {
                nn_real x[40 * 90], sums[91], want[90] = {0};
                uint64_t state = c * 100 + n;
                test_fill_reals(x, n * c, &state);
                for (size_t i = 0; i < n; i++)
                    for (size_t j = 0; j < c; j++)
                        want[j] += x[i * c + j];
                for (size_t j = 0; j < c; j++) {
                    sums[j] = (nn_real)j;
                    want[j] += (nn_real)j;
                }
                sums[c] = 77;
                k->add_column_sums(sums, x, n, c);
                same_bits(want, sums, c * sizeof *sums, "add_column_sums");
                ck_assert(sums[c] == 77);
            }
        }
    }
}
END_TEST

/* The sum of parts first..first+count-1 (count a power of two) as the tree adds them. */
static nn_real tree(const nn_real *x, int first, int count, int parts, size_t stride)
{
    if (first >= parts)
        return 0;
    if (count == 1)
        return x[(size_t)first * stride];
    nn_real left = tree(x, first, count / 2, parts, stride);
    return first + count / 2 < parts ? left + tree(x, first + count / 2, count / 2, parts, stride)
                                     : left;
}

START_TEST(parts_are_summed_as_one_tree_however_the_elements_are_cut)
{
    enum { COUNT = 2100 };
    static nn_real x[17 * COUNT], parts[17 * COUNT];
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        for (int n = 1; k != NULL && n <= 17; n++) {
            static nn_real whole[COUNT], pieces[COUNT];
            uint64_t state = (uint64_t)n;
            test_fill_reals(x, (size_t)n * COUNT, &state);
            memcpy(parts, x, sizeof x);
            k->tree_sum(whole, parts, n, COUNT, 0, COUNT);
            memcpy(parts, x, sizeof x);
            k->tree_sum(pieces, parts, n, COUNT, 0, 5);
            k->tree_sum(pieces, parts, n, COUNT, 5, 1700);
            k->tree_sum(pieces, parts, n, COUNT, 1700, COUNT);
            same_bits(whole, pieces, sizeof whole, "cut elements");
            for (size_t i = 0; i < COUNT; i++)
                ck_assert(whole[i] == tree(x + i, 0, 32, n, COUNT));
        }
    }
}
END_TEST

Suite *reductions_suite(void)
{
    return TEST_SUITE("reductions", columns_are_summed_in_the_order_of_the_rows,
                      parts_are_summed_as_one_tree_however_the_elements_are_cut);
}
