/* For tests of layers with windows: where windows lie, by the definition. */
#ifndef NN__TESTS_LAYERS_WINDOWS_H
#define NN__TESTS_LAYERS_WINDOWS_H

#include "probe.h"

/* Output positions (0 where there is none) and positions added before; nn_padding's formulas. */
static inline void window_place(int n, int k, int s, int d, int same, int *out, int *before)
{
    int extent = (k - 1) * d + 1;
    *before = 0;
    if (!same) {
        *out = n < extent ? 0 : (n - extent) / s + 1;
        return;
    }
    *out = (n + s - 1) / s;
    int total = (*out - 1) * s + extent - n;
    *before = total > 0 ? total / 2 : 0;
}

/* The layer cannot be applied to x: status and part of the message. */
static inline void window_fails(nn_layer *layer, nn_shape x, nn_status status, const char *message)
{
    probe p;
    ck_assert_int_eq(probe_open(&p, layer, 1, &x, 1, 0), status);
    test_message_has(message);
}

/* Sets x and dy, random integers, and runs the layer; fails where y, dx or a weight's gradient are
 * not those that want() gives. The weights are integers too. */
typedef struct window_run {
    size_t nx, ny, nw[3];
    nn_real *x, *dy, *w[3]; /* given          */
    double *y, *dx, *dw[3]; /* to be computed */
    nn_real *memory;
    double *wanted;
} window_run;

static inline void window_check(probe *p, const size_t nw[3], uint64_t *state,
                                void (*want)(const window_run *run, const void *arg),
                                const void *arg)
{
    window_run r = {.nx = p->x_count, .ny = p->y_count};
    size_t all = r.nx + r.ny;
    for (int k = 0; k < 3; k++)
        all += r.nw[k] = nw[k];
    r.memory = calloc(2 * all, sizeof *r.memory);
    r.wanted = calloc(all, sizeof *r.wanted);
    r.x = r.memory, r.dy = r.x + r.nx, r.w[0] = r.dy + r.ny;
    r.dx = r.wanted, r.y = r.dx + r.nx, r.dw[0] = r.y + r.ny;
    for (int k = 1; k < 3; k++)
        r.w[k] = r.w[k - 1] + nw[k - 1], r.dw[k] = r.dw[k - 1] + nw[k - 1];
    test_fill_integers(r.memory, all, 3, state);
    want(&r, arg);
    nn_real *have = r.memory + all;
    probe_set(p, "source/value", r.x, r.nx);
    for (int k = 0; k < 3 && nw[k] > 0; k++)
        probe_set(p, probe_weight(p, (size_t)k), r.w[k], nw[k]);
    probe_forward(p, have);
    probe_same(have, r.y, r.ny, "y");
    probe_backward(p, r.dy);
    probe_gradient(p, "source/value", have, r.nx);
    probe_same(have, r.dx, r.nx, "dx");
    for (int k = 0; k < 3 && nw[k] > 0; k++) {
        probe_gradient(p, probe_weight(p, (size_t)k), have, nw[k]);
        probe_same(have, r.dw[k], nw[k], probe_weight(p, (size_t)k));
    }
    free(r.wanted);
    free(r.memory);
}

#endif
