/* The kernels over windows: the same bits at every level, and nothing written beside the result.
 * The layers' tests compare them with plain loops. */
#include "levels.h"

enum { MOST = 9 * 9 * 3 * 70, GUARD = 32 };

typedef struct outcome {
    nn_real y[MOST + GUARD], dx[MOST + GUARD], dk[MOST + GUARD], mean[MOST + GUARD],
        spread[MOST + GUARD], up[MOST + GUARD], down[MOST + GUARD];
} outcome;

static nn__window random_window(uint64_t *state)
{
    nn__window s;
    do {
        s = (nn__window){.h = test_random_int(state, 1, 9),
                         .w = test_random_int(state, 1, 9),
                         .c = test_random_int(state, 1, 70),
                         .kh = test_random_int(state, 1, 5),
                         .kw = test_random_int(state, 1, 5),
                         .sh = test_random_int(state, 1, 3),
                         .sw = test_random_int(state, 1, 3),
                         .dh = test_random_int(state, 1, 3),
                         .dw = test_random_int(state, 1, 3)};
        int padding = test_random_int(state, 0, 1);
        s.oh = nn_window_output(s.h, s.kh, s.sh, s.dh, padding, &s.top);
        s.ow = nn_window_output(s.w, s.kw, s.sw, s.dw, padding, &s.left);
    } while (s.oh < 1 || s.ow < 1);
    return s;
}

static void run(const nn__kernel_table *k, const nn__window *s, int m, const nn_real *x,
                const nn_real *kernel, nn_real *dy, outcome *o)
{
    nn__window flat = *s, large = *s;
    const size_t half = (size_t)(s->oh / 2 * s->ow * s->c * m);
    memset(o, 0, sizeof *o);
    k->depthwise(o->y + half, x, kernel, s, m, s->oh / 2, s->oh);
    k->depthwise(o->y, x, kernel, s, m, 0, s->oh / 2);
    k->depthwise_dx(o->dx, dy, kernel, s, m, 0, s->oh / 2);
    k->depthwise_dx(o->dx, dy + half, kernel, s, m, s->oh / 2, s->oh);
    k->depthwise_dkernel(o->dk, x, dy, s, m, 0, s->oh);
    flat.dh = flat.dw = 1;
    flat.oh = nn_window_output(s->h, s->kh, s->sh, 1, NN_SAME, &flat.top);
    flat.ow = nn_window_output(s->w, s->kw, s->sw, 1, NN_SAME, &flat.left);
    k->average_pool(o->mean, x, &flat, 0, flat.oh);
    memcpy(o->up, x, (size_t)(flat.oh * flat.ow * s->c) * sizeof *x);
    k->average_pool_gradient(o->spread, o->up, &flat);
    large.h = (s->h + 2) / 3, large.w = (s->w + 2) / 3;
    large.oh = large.h * s->sh, large.ow = large.w * s->sw;
    k->upsample(o->up, x, &large, s->kh % 2, 0, large.oh);
    k->upsample_gradient(o->down, o->up, &large, s->kh % 2, 0, large.h);
}

START_TEST(levels_give_the_same_bits)
{
    static nn_real x[MOST], kernel[25 * 3 * 70], dy[MOST];
    static outcome first, other;
    uint64_t state = 341;
    for (int round = 0; round < 300; round++) {
        nn__window s = random_window(&state);
        int m = test_random_int(&state, 1, 3);
        test_fill_reals(x, MOST, &state);
        test_fill_reals(kernel, 25 * 3 * 70, &state);
        test_fill_reals(dy, MOST, &state);
        run(nn__kernel_table_of(0), &s, m, x, kernel, dy, &first);
        for (int i = s.oh * s.ow * s.c * m; i < s.oh * s.ow * s.c * m + GUARD; i++)
            ck_assert(first.y[i] == 0);
        for (int i = s.h * s.w * s.c; i < s.h * s.w * s.c + GUARD; i++)
            ck_assert(first.dx[i] == 0 && first.spread[i] == 0);
        for (int level = 1; level < LEVELS; level++)
            if (nn__kernel_table_of(level) != NULL) {
                run(nn__kernel_table_of(level), &s, m, x, kernel, dy, &other);
                same_bits(&first, &other, sizeof first, "windows");
            }
    }
}
END_TEST

/* <y, dy> = <x, dx> = <kernel, dkernel>: equal integers, whatever the window. */
START_TEST(depthwise_and_its_ways_back_are_adjoint)
{
    static nn_real x[MOST], kernel[25 * 3 * 70], dy[MOST];
    static outcome o;
    uint64_t state = 342;
    for (int round = 0; round < 300; round++) {
        nn__window s = random_window(&state);
        int m = test_random_int(&state, 1, 3);
        double y_dy = 0, x_dx = 0, k_dk = 0;
        test_fill_integers(x, MOST, 3, &state);
        test_fill_integers(kernel, 25 * 3 * 70, 3, &state);
        test_fill_integers(dy, MOST, 3, &state);
        run(nn__kernels, &s, m, x, kernel, dy, &o);
        for (int i = 0; i < s.oh * s.ow * s.c * m; i++)
            y_dy += (double)o.y[i] * (double)dy[i];
        for (int i = 0; i < s.h * s.w * s.c; i++)
            x_dx += (double)x[i] * (double)o.dx[i];
        for (int i = 0; i < s.kh * s.kw * s.c * m; i++)
            k_dk += (double)kernel[i] * (double)o.dk[i];
        ck_assert(y_dy == x_dx && y_dy == k_dk);
    }
}
END_TEST

Suite *windows_suite(void);
Suite *windows_suite(void)
{
    return TEST_SUITE("windows", levels_give_the_same_bits,
                      depthwise_and_its_ways_back_are_adjoint);
}
