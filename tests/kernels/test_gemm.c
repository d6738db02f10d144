/* The product of matrices: BLAS's or the built-in one behind nn__gemm, and the built-in one at
 * every level, against three loops in double. */
#include "test.h"

#include <dirent.h>

#include "base/base.h"
#include "kernels/kernels.h"

typedef void gemm_function(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a,
                           int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc);

enum { LEVELS = 3 };

/* Product number `which`: a level's built-in one, or LEVELS for nn__gemm; NULL: not on this
 * machine. */
static gemm_function *gemm_of(int which)
{
    if (which == LEVELS)
        return nn__gemm;
    const nn__kernel_table *table = nn__kernel_table_of(which);
    return table == NULL ? NULL : table->builtin_gemm;
}

typedef struct gemm_case {
    int ta, tb, m, n, k, lda, ldb, ldc;
    int alpha, beta;
} gemm_case;

static size_t area(int rows, int stride)
{
    return (size_t)rows * (size_t)stride;
}

static double element(const nn_real *x, int stride, int transposed, int i, int j)
{
    return (double)(transposed ? x[area(j, stride) + (size_t)i] : x[area(i, stride) + (size_t)j]);
}

static double product(const gemm_case *g, const nn_real *a, const nn_real *b, int i, int j)
{
    double sum = 0;
    for (int p = 0; p < g->k; p++)
        sum += element(a, g->lda, g->ta, i, p) * element(b, g->ldb, g->tb, p, j);
    return sum;
}

/* Integers; what lies beside the matrices is NaN and must be neither used nor touched. */
static void fill(nn_real *x, int rows, int columns, int stride, uint64_t *state)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < stride; j++)
            x[area(i, stride) + (size_t)j] =
                j < columns ? (nn_real)test_random_int(state, -4, 4) : (nn_real)NAN;
}

static void check_case(gemm_function *gemm, const gemm_case *g, uint64_t *state)
{
    int a_rows = g->ta ? g->k : g->m, b_rows = g->tb ? g->n : g->k;
    nn_real *a = calloc(area(a_rows, g->lda), sizeof *a);
    nn_real *b = calloc(area(b_rows, g->ldb), sizeof *b);
    nn_real *c = calloc(area(g->m, g->ldc), sizeof *c),
            *before = calloc(area(g->m, g->ldc), sizeof *c);
    fill(a, a_rows, g->ta ? g->m : g->k, g->lda, state);
    fill(b, b_rows, g->tb ? g->k : g->n, g->ldb, state);
    fill(c, g->m, g->beta == 0 ? 0 : g->n, g->ldc, state);
    memcpy(before, c, area(g->m, g->ldc) * sizeof *c);
    gemm(g->ta, g->tb, g->m, g->n, g->k, (nn_real)g->alpha, a, g->lda, b, g->ldb, (nn_real)g->beta,
         c, g->ldc);
    for (int i = 0; i < g->m; i++)
        for (int j = 0; j < g->ldc; j++) {
            size_t at = area(i, g->ldc) + (size_t)j;
            if (j >= g->n) {
                if (!isnan(c[at]))
                    ck_abort_msg("row %d is written beyond its %d columns", i, g->n);
                continue;
            }
            double want = g->alpha * product(g, a, b, i, j);
            want += g->beta == 0 ? 0 : g->beta * (double)before[at];
            if ((double)c[at] != want)
                ck_abort_msg("ta %d tb %d %dx%dx%d strides %d %d %d alpha %d beta %d: c[%d][%d] is "
                             "%g, it should be %g",
                             g->ta, g->tb, g->m, g->n, g->k, g->lda, g->ldb, g->ldc, g->alpha,
                             g->beta, i, j, (double)c[at], want);
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

static gemm_case random_case(uint64_t *state, int most)
{
    static const int factors[] = {1, 1, 2, -1, -3}, betas[] = {0, 0, 1, 1, 2, -1};
    gemm_case g = {.ta = test_random_int(state, 0, 1),
                   .tb = test_random_int(state, 0, 1),
                   .m = test_random_int(state, 1, most),
                   .n = test_random_int(state, 1, most),
                   .k = test_random_int(state, 1, most),
                   .alpha = factors[test_random_int(state, 0, 4)],
                   .beta = betas[test_random_int(state, 0, 5)]};
    g.lda = (g.ta ? g.m : g.k) + test_random_int(state, 0, 3);
    g.ldb = (g.tb ? g.k : g.n) + test_random_int(state, 0, 3);
    g.ldc = g.n + test_random_int(state, 0, 3);
    return g;
}

START_TEST(products_of_integers_are_exact)
{
    gemm_function *gemm = gemm_of(_i);
    uint64_t state = 31;
    for (int i = 0; gemm != NULL && i < 1500; i++) {
        gemm_case g = random_case(&state, 33);
        check_case(gemm, &g, &state);
    }
}
END_TEST

START_TEST(products_deeper_and_wider_than_a_panel_are_exact)
{
    gemm_function *gemm = gemm_of(_i);
    uint64_t state = 32;
    for (int i = 0; gemm != NULL && i < 24; i++) {
        gemm_case g = random_case(&state, 40);
        g.k = 200 + 57 * (i % 6);
        g.n += i % 3 == 0 ? 100 : 0;
        g.m += i % 4 == 0 ? 100 : 0;
        g.lda = (g.ta ? g.m : g.k) + 1;
        g.ldb = (g.tb ? g.k : g.n) + 2;
        g.ldc = g.n + 3;
        check_case(gemm, &g, &state);
    }
}
END_TEST

/* A product by a level's row_product, where nothing else is asked of it. */
static const nn__kernel_table *row_table;

static void by_row_product(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a,
                           int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
    ck_assert(!ta && !tb && m == 1 && alpha == 1 && (beta == 0 || beta == 1));
    (void)lda;
    (void)ldc;
    row_table->row_product(c, a, b, ldb, beta == 1, n, k);
}

/* Matrices from the size on at which nn__gemm takes row_product for a single row, and only then. */
START_TEST(one_row_or_two_by_a_large_matrix_are_exact)
{
    gemm_function *gemm = gemm_of(_i);
    uint64_t state = 34;
    row_table = _i < LEVELS ? nn__kernel_table_of(_i) : nn__kernels;
    for (int i = 0; gemm != NULL && i < 200; i++) {
        gemm_case g = random_case(&state, 70);
        g.m = 1 + i % 2;
        g.k += 4096 / g.n;
        g.lda = (g.ta ? g.m : g.k) + 1;
        g.ldb = (g.tb ? g.k : g.n) + i % 3;
        g.ldc = g.n + 2;
        check_case(gemm, &g, &state);
        gemm_case row = {0, 0, 1, g.n, g.k, g.k, g.n + i % 3, g.n + 1, 1, i % 2};
        check_case(gemm, &row, &state);
        check_case(by_row_product, &row, &state);
    }
}
END_TEST

static void by_small_product(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a,
                             int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
    ck_assert(alpha == 1 && (beta == 0 || (beta == 1 && !tb)) && !(ta && tb));
    if (tb)
        row_table->small_product_turned(c, ldc, a, lda, b, ldb, m, n, k);
    else
        row_table->small_product(c, ldc, beta == 1, a, ta ? 1 : lda, ta ? lda : 1, b, ldb, m, n, k);
}

/* Of every number of rows and columns, whole groups and vectors and less, and up to the depth that a
 * strip has room for; by the kernel itself, and by nn__gemm, which takes it for some of them. */
START_TEST(small_products_are_exact)
{
    gemm_function *gemm = gemm_of(_i);
    uint64_t state = 35;
    row_table = _i < LEVELS ? nn__kernel_table_of(_i) : nn__kernels;
    for (int i = 0; gemm != NULL && i < 600; i++) {
        static const int kinds[][3] = {{0, 0, 0}, {0, 0, 1}, {1, 0, 0}, {1, 0, 1}, {0, 1, 0}};
        const int *kind = kinds[i % 5];
        gemm_case g = {.ta = kind[0], .tb = kind[1], .beta = kind[2], .alpha = 1};
        g.m = test_random_int(&state, 1, i % 50 < 5 ? 530 : 70);
        g.n = test_random_int(&state, 1, i % 50 < 5 ? 70 : 140);
        g.k = i % 60 < 5 ? NN__SMALL_DEPTH : test_random_int(&state, 1, i % 4 == 0 ? 256 : 40);
        g.lda = (g.ta ? g.m : g.k) + test_random_int(&state, 0, 3);
        g.ldb = (g.tb ? g.k : g.n) + test_random_int(&state, 0, 3);
        g.ldc = g.n + test_random_int(&state, 0, 3);
        check_case(by_small_product, &g, &state);
        check_case(gemm, &g, &state);
    }
}
END_TEST

/* Of whole panels, without gaps between rows of b and c. */
static void by_panel_product(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a,
                             int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
    ck_assert(!tb && alpha == 1 && (beta == 0 || beta == 1) && ldb == n && ldc == n);
    ck_assert_int_eq(n % NN__PANEL_COLUMNS, 0);
    nn_real *panels = malloc(area(k, n) * sizeof *panels);
    row_table->pack_columns(panels, b, (size_t)k, (size_t)n);
    row_table->panel_product(c, beta == 1, a, ta ? 1 : (size_t)lda, ta ? (size_t)lda : 1, panels,
                             (size_t)m, (size_t)k, (size_t)n);
    free(panels);
}

START_TEST(products_with_panels_are_exact)
{
    uint64_t state = 36;
    row_table = _i < LEVELS ? nn__kernel_table_of(_i) : nn__kernels;
    for (int i = 0; row_table != NULL && i < 200; i++) {
        gemm_case g = {.ta = i % 2, .alpha = 1, .beta = i / 2 % 2};
        g.m = test_random_int(&state, 1, 40);
        g.n = NN__PANEL_COLUMNS * test_random_int(&state, 1, 5);
        g.k = test_random_int(&state, 1, i % 10 == 0 ? 300 : 40);
        g.lda = (g.ta ? g.m : g.k) + test_random_int(&state, 0, 3);
        g.ldb = g.ldc = g.n;
        check_case(by_panel_product, &g, &state);
    }
}
END_TEST

/* |error| <= gamma_k sum |a b|, gamma_k = k u / (1 - k u): Higham, theorem 3.5. */
static void check_rounding(gemm_function *gemm, int tb, int k, uint64_t *state)
{
    enum { M = 37, N = 29 };
    const gemm_case g = {.tb = tb, .m = M, .n = N, .k = k, .lda = k, .ldb = tb ? k : N};
    const double u = sizeof(nn_real) == 4 ? ldexp(1, -24) : ldexp(1, -53);
    nn_real *a = calloc(area(M + N, k) + M * N, sizeof *a), *b = a + area(M, k),
            *c = b + area(N, k);
    test_fill_reals(a, area(M + N, k), state);
    gemm(0, tb, M, N, k, 1, a, g.lda, b, g.ldb, 0, c, N);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = product(&g, a, b, i, j), size = 0;
            for (int p = 0; p < k; p++)
                size += fabs(element(a, g.lda, 0, i, p) * element(b, g.ldb, tb, p, j));
            if (!(fabs((double)c[i * N + j] - sum) <= k * u / (1 - k * u) * size + 1e-15))
                ck_abort_msg("depth %d: element %d, %d is %.9g, it should be %.9g", k, i, j,
                             (double)c[i * N + j], sum);
        }
    free(a);
}

/* Deep ones, and such as nn__gemm computes itself. */
START_TEST(products_of_reals_keep_the_rounding_bound)
{
    gemm_function *gemm = gemm_of(_i);
    uint64_t state = 33;
    for (int k = 100; gemm != NULL && k <= 300; k += 100)
        for (int tb = 0; tb < 2; tb++)
            check_rounding(gemm, tb, k, &state);
}
END_TEST

START_TEST(calls_are_counted_where_wanted)
{
    nn_real a = 2, b = 3, c = (nn_real)NAN;
    uint64_t before = nn__gemm_calls();
    nn__gemm(0, 0, 1, 1, 1, 1, &a, 1, &b, 1, 0, &c, 1);
    ck_assert_uint_eq(nn__gemm_calls(), before);
    nn__gemm_counting = 1;
    nn__gemm(0, 0, 1, 1, 1, 1, &a, 1, &b, 1, 0, &c, 1);
    nn__gemm_counting = 0;
    ck_assert_uint_eq(nn__gemm_calls(), before + 1);
    ck_assert(c == 6);
}
END_TEST

/* ---- Only gemm.c knows who multiplies. Needs the sources beside the working folder. ---- */

static int file_holds(const char *path, const char *word)
{
    char line[512];
    int found = 0;
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    while (!found && fgets(line, sizeof line, file) != NULL)
        found = strstr(line, word) != NULL;
    fclose(file);
    return found;
}

/* Files below lib that hold the word, gemm.c and the kernels' own lists aside. */
static int files_with(const char *word)
{
    int count = 0, files = 0;
    DIR *lib = opendir("lib");
    for (struct dirent *folder; (folder = readdir(lib)) != NULL;) {
        char path[300], name[600];
        snprintf(path, sizeof path, "lib/%s", folder->d_name);
        DIR *dir = strchr(folder->d_name, '.') == NULL ? opendir(path) : NULL;
        for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
            const char *dot = strrchr(entry->d_name, '.');
            if (dot == NULL || (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0) ||
                strcmp(entry->d_name, "gemm.c") == 0 ||
                strcmp(entry->d_name, "builtin_gemm.c") == 0)
                continue;
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            files++;
            count += file_holds(name, word);
        }
        if (dir != NULL)
            closedir(dir);
    }
    closedir(lib);
    ck_assert_int_gt(files, 50);
    return count;
}

START_TEST(no_other_file_reaches_blas_or_the_built_in_product)
{
    DIR *lib = opendir("lib/kernels");
    if (lib == NULL)
        return; /* the tests run elsewhere */
    closedir(lib);
    ck_assert_int_eq(files_with("cblas"), 0);
    ck_assert_int_eq(files_with("->builtin_gemm"), 0);
    ck_assert_int_gt(files_with("nn__gemm("), 1); /* the search does find things */
}
END_TEST

Suite *gemm_suite(void);
Suite *gemm_suite(void)
{
    Suite *suite = TEST_SUITE("gemm", calls_are_counted_where_wanted,
                              no_other_file_reaches_blas_or_the_built_in_product);
    TCase *tcase = tcase_create("every level");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, products_of_integers_are_exact, 0, LEVELS + 1);
    tcase_add_loop_test(tcase, products_deeper_and_wider_than_a_panel_are_exact, 0, LEVELS + 1);
    tcase_add_loop_test(tcase, one_row_or_two_by_a_large_matrix_are_exact, 0, LEVELS + 1);
    tcase_add_loop_test(tcase, small_products_are_exact, 0, LEVELS + 1);
    tcase_add_loop_test(tcase, products_with_panels_are_exact, 0, LEVELS + 1);
    tcase_add_loop_test(tcase, products_of_reals_keep_the_rounding_bound, 0, LEVELS + 1);
    suite_add_tcase(suite, tcase);
    return suite;
}
