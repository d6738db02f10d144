/* im2col, col2im and turn_kernel at every level. */
#include "test.h"

#include "kernels/kernels.h"

enum { LEVELS = 3, GUARD = 64 };

static nn__window random_window(uint64_t *state)
{
    nn__window w;
    do {
        w = (nn__window){.h = test_random_int(state, 1, 9),
                         .w = test_random_int(state, 1, 9),
                         .c = test_random_int(state, 1, 7),
                         .kh = test_random_int(state, 1, 5),
                         .kw = test_random_int(state, 1, 5),
                         .sh = test_random_int(state, 1, 3),
                         .sw = test_random_int(state, 1, 3),
                         .dh = test_random_int(state, 1, 2),
                         .dw = test_random_int(state, 1, 2)};
        int padding = test_random_int(state, 0, 1);
        w.oh = nn_window_output(w.h, w.kh, w.sh, w.dh, padding, &w.top);
        w.ow = nn_window_output(w.w, w.kw, w.sw, w.dw, padding, &w.left);
    } while (w.oh < 1 || w.ow < 1);
    return w;
}

/* What stands in the lowered matrix for one place; 0 outside the picture. */
static nn_real lowered(const nn__window *w, const nn_real *x, int pixel, int p, int q, int channel)
{
    int y = pixel / w->ow * w->sh + p * w->dh - w->top;
    int z = pixel % w->ow * w->sw + q * w->dw - w->left;
    if (y < 0 || y >= w->h || z < 0 || z >= w->w)
        return 0;
    return x[(y * w->w + z) * w->c + channel];
}

/* A run over pixels [first, last) and channels [first_c, first_c + count_c). */
static void check_lowering(const nn__kernel_table *kernels, const nn__window *w, const nn_real *x,
                           int first_c, int count_c, int first, int last)
{
    size_t depth = (size_t)(w->kh * w->kw * count_c), count = (size_t)(last - first) * depth;
    nn_real *col = calloc(count + GUARD, sizeof *col);
    for (size_t i = 0; i < count + GUARD; i++)
        col[i] = (nn_real)NAN;
    kernels->im2col(col, x, w, first_c, count_c, first, last);
    for (size_t i = 0; i < count; i++) {
        int place = (int)(i % depth), k = place % count_c, q = place / count_c % w->kw;
        nn_real want =
            lowered(w, x, first + (int)(i / depth), place / count_c / w->kw, q, first_c + k);
        if (col[i] != want)
            ck_abort_msg("element %zu of pixels %d..%d is %g, it should be %g", i, first, last,
                         (double)col[i], (double)want);
    }
    for (size_t i = count; i < count + GUARD; i++)
        if (!isnan(col[i]))
            ck_abort_msg("%zu elements beyond the matrix are written", i - count + 1);
    free(col);
}

START_TEST(every_window_is_lowered_and_nothing_beside_it)
{
    const nn__kernel_table *kernels = nn__kernel_table_of(_i);
    uint64_t state = 41;
    for (int round = 0; kernels != NULL && round < 600; round++) {
        nn__window w = random_window(&state);
        size_t count = (size_t)(w.h * w.w * w.c);
        nn_real *x = calloc(count, sizeof *x); /* its exact size: a sanitizer sees reads beyond */
        for (size_t i = 0; i < count; i++)
            x[i] = (nn_real)(i + 1);
        int first_c = test_random_int(&state, 0, w.c - 1);
        int count_c = test_random_int(&state, 1, w.c - first_c), pixels = w.oh * w.ow;
        int first = test_random_int(&state, 0, pixels - 1);
        int last = test_random_int(&state, first + 1, pixels);
        check_lowering(kernels, &w, x, 0, w.c, 0, pixels);
        check_lowering(kernels, &w, x, first_c, count_c, first, last);
        free(x);
    }
}
END_TEST

/* <im2col(x), c> = <x, col2im(c)>: equal integers, and not zero. */
START_TEST(lowering_and_its_way_back_are_adjoint)
{
    const nn__kernel_table *kernels = nn__kernel_table_of(_i);
    uint64_t state = 42;
    int zeros = 0;
    for (int round = 0; kernels != NULL && round < 400; round++) {
        nn__window w = random_window(&state);
        size_t nx = (size_t)(w.h * w.w * w.c), nc = (size_t)(w.oh * w.ow * w.kh * w.kw * w.c);
        nn_real *x = calloc(2 * nx + 2 * nc, sizeof *x), *back = x + nx, *col = back + nx,
                *c = col + nc;
        double forth = 0, home = 0;
        test_fill_integers(x, nx, 9, &state);
        test_fill_integers(c, nc, 9, &state);
        kernels->im2col(col, x, &w, 0, w.c, 0, w.oh * w.ow);
        kernels->col2im(back, c, &w, 0, w.c, 0, w.oh * w.ow);
        for (size_t i = 0; i < nc; i++)
            forth += (double)col[i] * (double)c[i];
        for (size_t i = 0; i < nx; i++)
            home += (double)x[i] * (double)back[i];
        ck_assert_msg(forth == home, "%g and %g", forth, home);
        zeros += forth == 0;
        free(x);
    }
    ck_assert_int_lt(zeros, 40);
}
END_TEST

START_TEST(pieces_of_col2im_add_up_to_the_whole)
{
    const nn__kernel_table *kernels = nn__kernel_table_of(_i);
    uint64_t state = 43;
    for (int round = 0; kernels != NULL && round < 100; round++) {
        nn__window w = random_window(&state);
        int pixels = w.oh * w.ow, cut = test_random_int(&state, 0, pixels);
        size_t nx = (size_t)(w.h * w.w * w.c), depth = (size_t)(w.kh * w.kw * w.c);
        nn_real *x = calloc(2 * nx + (size_t)pixels * depth, sizeof *x), *y = x + nx, *c = y + nx;
        test_fill_integers(c, (size_t)pixels * depth, 9, &state);
        kernels->col2im(x, c, &w, 0, w.c, 0, pixels);
        kernels->col2im(y, c, &w, 0, w.c, 0, cut);
        kernels->col2im(y, c + (size_t)cut * depth, &w, 0, w.c, cut, pixels);
        ck_assert_mem_eq(x, y, nx * sizeof *x);
        free(x);
    }
}
END_TEST

START_TEST(a_turned_kernel_is_mirrored_and_transposed)
{
    const nn__kernel_table *kernels = nn__kernel_table_of(_i);
    enum { KH = 3, KW = 2, C = 4, F = 5 };
    nn_real kernel[KH][KW][C][F], turned[KH][KW][F][C];
    uint64_t state = 44;
    test_fill_integers(&kernel[0][0][0][0], KH * KW * C * F, 99, &state);
    for (int p = 0; kernels != NULL && p < KH; p++)
        kernels->turn_kernel(&turned[0][0][0][0], &kernel[0][0][0][0], KH, KW, C, F, p, p + 1);
    for (int i = 0; kernels != NULL && i < KH * KW * C * F; i++) {
        int f = i % F, c = i / F % C, q = i / F / C % KW, p = i / F / C / KW;
        ck_assert(turned[p][q][f][c] == kernel[KH - 1 - p][KW - 1 - q][c][f]);
    }
}
END_TEST

Suite *im2col_suite(void);
Suite *im2col_suite(void)
{
    Suite *suite = suite_create("im2col");
    TCase *tcase = tcase_create("every level");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_window_is_lowered_and_nothing_beside_it, 0, LEVELS);
    tcase_add_loop_test(tcase, lowering_and_its_way_back_are_adjoint, 0, LEVELS);
    tcase_add_loop_test(tcase, pieces_of_col2im_add_up_to_the_whole, 0, LEVELS);
    tcase_add_loop_test(tcase, a_turned_kernel_is_mirrored_and_transposed, 0, LEVELS);
    suite_add_tcase(suite, tcase);
    return suite;
}
