#include "levels.h"

/* A random picture and window, small integers so that ties are common. */
static nn__window random_window(uint64_t *state)
{
    nn__window s = {.dh = 1, .dw = 1};
    int padding;
    do {
        s.h = test_random_int(state, 1, 13);
        s.w = test_random_int(state, 1, 13);
        s.c = test_random_int(state, 1, 3) == 1 ? test_random_int(state, 1, 40)
                                                : test_random_int(state, 1, 10);
        s.kh = test_random_int(state, 1, 4);
        s.kw = test_random_int(state, 1, 3) == 1 ? test_random_int(state, 1, 4) : s.kh;
        s.sh = test_random_int(state, 0, 1) ? s.kh : test_random_int(state, 1, 5);
        s.sw = test_random_int(state, 0, 1) ? s.kw : test_random_int(state, 1, 5);
        padding = test_random_int(state, NN_VALID, NN_SAME);
        s.oh = nn_window_output(s.h, s.kh, s.sh, 1, padding, &s.top);
        s.ow = nn_window_output(s.w, s.kw, s.sw, 1, padding, &s.left);
    } while (s.oh < 1 || s.ow < 1);
    return s;
}

/* y, where and (if dx is given) the gradient by the definition, cell by cell. */
static void pool(nn_real *y, uint32_t *where, nn_real *dx, const nn_real *x, const nn_real *dy,
                 const nn__window *s)
{
    memset(dx, 0, (size_t)(s->h * s->w * s->c) * sizeof *dx);
    for (int at = 0; at < s->oh * s->ow * s->c; at++) {
        int l = at % s->c, j = at / s->c % s->ow, i = at / s->c / s->ow, winner = -1;
        for (int place = 0; place < s->kh * s->kw; place++) {
            int row = i * s->sh - s->top + place / s->kw, column = j * s->sw - s->left;
            column += place % s->kw;
            if (row < 0 || row >= s->h || column < 0 || column >= s->w)
                continue;
            int cell = (row * s->w + column) * s->c + l;
            if (winner < 0 || x[cell] > x[winner] || (isnan(x[cell]) && !isnan(x[winner]))) {
                winner = cell;
                where[at] = (uint32_t)place;
            }
        }
        y[at] = x[winner];
        dx[winner] += dy[at];
    }
}

enum { CELLS = 13 * 13 * 40 };

static void compare(const nn__window *s, const nn_real *x, const nn_real *dy)
{
    static nn_real y[CELLS], dx[CELLS], got_y[CELLS], got_dx[CELLS];
    static uint32_t where[CELLS], got_where[CELLS];
    size_t outputs = (size_t)(s->oh * s->ow * s->c), inputs = (size_t)(s->h * s->w * s->c);
    pool(y, where, dx, x, dy, s);
    for (int level = 0; level < LEVELS; level++) {
        const nn__kernel_table *k = nn__kernel_table_of(level);
        int half = s->oh / 2;
        if (k == NULL)
            continue;
        memset(got_y, 1, sizeof got_y);
        k->max_pool(got_y, got_where, x, s, half, s->oh);
        k->max_pool(got_y, got_where, x, s, 0, half);
        ck_assert_msg(memcmp(y, got_y, outputs * sizeof *y) == 0, "values differ");
        ck_assert_msg(memcmp(where, got_where, outputs * sizeof *where) == 0, "winners differ");
        memset(got_y, 1, sizeof got_y);
        k->max_pool(got_y, NULL, x, s, 0, s->oh);
        ck_assert_msg(memcmp(y, got_y, outputs * sizeof *y) == 0, "values without winners");
        memset(got_dx, 1, sizeof got_dx);
        k->max_pool_gradient(got_dx, dy, where, s);
        for (size_t i = 0; i < inputs; i++)
            ck_assert_msg(dx[i] == got_dx[i], "gradient %zu of %dx%dx%d, window %dx%d", i, s->h,
                          s->w, s->c, s->kh, s->kw);
    }
}

START_TEST(random_shapes_match_the_definition_exactly_ties_included)
{
    static nn_real x[CELLS], dy[CELLS];
    uint64_t state = 1;
    for (int round = 0; round < 3000; round++) {
        nn__window s = random_window(&state);
        test_fill_integers(x, (size_t)(s.h * s.w * s.c), round % 2 ? 2 : 50, &state);
        test_fill_integers(dy, (size_t)(s.oh * s.ow * s.c), 100, &state);
        compare(&s, x, dy);
    }
}
END_TEST

START_TEST(the_first_nan_of_a_window_wins)
{
    static nn_real x[CELLS], dy[CELLS];
    uint64_t state = 2;
    for (int round = 0; round < 600; round++) {
        nn__window s = random_window(&state);
        test_fill_integers(x, (size_t)(s.h * s.w * s.c), 3, &state);
        test_fill_integers(dy, (size_t)(s.oh * s.ow * s.c), 100, &state);
        for (int i = 0; i < s.h * s.w * s.c; i++)
            if (test_random_int(&state, 0, 9) == 0)
                x[i] = (nn_real)NAN;
        compare(&s, x, dy);
    }
}
END_TEST

START_TEST(padding_never_wins_over_negative_values)
{
    nn__window s = {3, 3, 1, 2, 2, 2, 2, 1, 1, 0, 0, 2, 2};
    nn_real x[9], y[4];
    uint32_t where[4];
    for (int i = 0; i < 9; i++)
        x[i] = (nn_real)(-INFINITY);
    x[8] = -7;
    nn__kernels->max_pool(y, where, x, &s, 0, 2);
    ck_assert(isinf(y[0]) && isinf(y[1]) && isinf(y[2]) && y[3] == -7);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(where[i], 0);
}
END_TEST

Suite *pooling_suite(void)
{
    return TEST_SUITE("pooling", random_shapes_match_the_definition_exactly_ties_included,
                      the_first_nan_of_a_window_wins, padding_never_wins_over_negative_values);
}
