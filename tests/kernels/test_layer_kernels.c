/* The kernels of layers whose formulas are tested in tests/layers: the same bits at every level. */
#include "levels.h"

enum { ROWS = 9, C = 53, N = ROWS * C };

static nn_real x[N], dy[N], by_column[C], ids[ROWS];

/* Appends what a kernel wrote. */
typedef struct results {
    nn_real numbers[40 * N];
    size_t count;
} results;

static nn_real *next(results *r, const nn_real *start, size_t count)
{
    nn_real *place = r->numbers + r->count;
    ck_assert_uint_le(r->count + count, 40 * N);
    r->count += count;
    if (start != NULL)
        memcpy(place, start, count * sizeof *place);
    return place;
}

static void run_rectifiers(const nn__kernel_table *k, results *r)
{
    const nn__rectifier rectifier = {(nn_real)0.3, (nn_real)0.1, (nn_real)0.7};
    k->rectify(next(r, NULL, N), x, &rectifier, N);
    k->rectify_gradient(next(r, NULL, N), dy, x, &rectifier, N);
    k->elu(next(r, NULL, N), x, (nn_real)0.7, N);
    k->elu_gradient(next(r, NULL, N), dy, x, (nn_real)0.7, N);
    k->prelu(next(r, NULL, N), x, dy, N);
    k->prelu_dalpha(next(r, x, N), dy, x, N);
    k->prelu_dx(next(r, NULL, N), dy, x, dy, N);
}

static void run_merges(const nn__kernel_table *k, results *r)
{
    unsigned char where[N] = {0};
    k->add_scaled(next(r, x, N), dy, (nn_real)0.3, N);
    k->multiply(next(r, x, N), dy, N);
    k->extreme(next(r, x, N), where, dy, 1, 0, N);
    k->extreme_gradient(next(r, NULL, N), dy, where, 1, N);
    k->extreme(next(r, x, N), NULL, dy, 1, 1, N);
}

static void run_rows(const nn__kernel_table *k, results *r)
{
    k->take_rows(next(r, NULL, N), ids, x, ROWS, ROWS, C);
    k->add_to_rows(next(r, x, N), ids, dy, ROWS, ROWS, C, 2, ROWS);
    k->column_scale(next(r, NULL, N), x, by_column, ROWS, C);
    k->center_divide(next(r, NULL, N), x, dy, x, N);
    k->multiply_shift(next(r, NULL, N), x, dy, x, N);
    k->gaussian_noise(next(r, NULL, N), x, 0.7, 5, 3, 9, 7, N);
}

static void run_layer_norm(const nn__kernel_table *k, results *r)
{
    nn_real *statistics = next(r, NULL, (size_t)2 * ROWS);
    nn_real *dgamma = next(r, x, C), *dbeta = next(r, x, C);
    k->layer_norm(next(r, NULL, N), statistics, x, by_column, dy, 1e-3, ROWS, C);
    k->layer_norm_sums(dgamma, dbeta, dy, x, statistics, ROWS, C);
    k->layer_norm_dx(next(r, dy, N), r->numbers + r->count - N, x, by_column, statistics, ROWS, C);
}

START_TEST(every_level_gives_the_same_bits)
{
    static results first, other;
    uint64_t state = 17;
    test_fill_reals(x, N, &state);
    test_fill_reals(dy, N, &state);
    test_fill_reals(by_column, C, &state);
    test_fill_integers(ids, ROWS, ROWS, &state);
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        results *r = level == 0 ? &first : &other;
        if (k == NULL)
            continue;
        r->count = 0;
        run_rectifiers(k, r);
        run_merges(k, r);
        run_rows(k, r);
        run_layer_norm(k, r);
        if (level == 0)
            continue;
        ck_assert_uint_eq(first.count, other.count);
        for (size_t i = 0; i < first.count; i++)
            if (memcmp(&first.numbers[i], &other.numbers[i], sizeof(nn_real)) != 0)
                ck_abort_msg("level %d: number %zu is %.9g, not %.9g", level, i,
                             (double)other.numbers[i], (double)first.numbers[i]);
    }
}
END_TEST

START_TEST(noise_is_that_of_its_elements_wherever_the_run_begins)
{
    nn_real whole[N], part[N];
    memset(x, 0, sizeof x);
    nn__kernels->gaussian_noise(whole, x, 0.7, 5, 3, 9, 0, N);
    for (size_t first = 0; first < 9; first++)
        for (size_t n = 0; n < 12; n++) {
            part[n] = 77;
            nn__kernels->gaussian_noise(part, x, 0.7, 5, 3, 9, first, n);
            ck_assert_mem_eq(part, whole + first, n * sizeof *part);
            ck_assert(part[n] == 77);
        }
}
END_TEST

Suite *layer_kernels_suite(void);
Suite *layer_kernels_suite(void)
{
    return TEST_SUITE("layer_kernels", every_level_gives_the_same_bits,
                      noise_is_that_of_its_elements_wherever_the_run_begins);
}
