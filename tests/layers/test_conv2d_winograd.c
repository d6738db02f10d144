/* Conv2D by Winograd against plain loops in double, within the derived bound. */
#include "conv_reference.h"
#include "layers/conv2d.h"
#include "model/context.h"
#include "probe.h"

enum { K = CONV_K };

static void within(const nn_real *have, const double *want, const double *bound, size_t count,
                   const char *what)
{
    for (size_t i = 0; i < count; i++) {
        double error = fabs((double)have[i] - want[i]);
        ck_assert_msg(error <= bound[i], "%s[%zu] is %.9g, it must be %.9g within %.2g", what, i,
                      (double)have[i], want[i], bound[i]);
    }
}

static void check_shape(const conv_shape *s, int algorithm, uint64_t *state)
{
    probe p;
    nn_shape x_shape = {3, {s->h, s->w, s->c}};
    nn_layer *layer =
        nn_conv2d(.filters = s->f, .kernel = {K, K}, .padding = s->same ? NN_SAME : NN_VALID,
                  .no_bias = 1, .algorithm = algorithm);
    ck_assert_msg(probe_open(&p, layer, s->n, &x_shape, 2, 0) == NN_OK, "%s", nn_error_message());
    const size_t nx = p.x_count, ny = p.y_count, nw = (size_t)(K * K * s->c * s->f),
                 all = nx + nw + ny;
    nn_real *x = calloc(2 * all + ny, sizeof *x), *w = x + nx, *dy = w + nw, *y = dy + ny,
            *dx = y + ny, *dw = dx + nx, *again = dw + nw;
    double *want = conv_doubles(all), *bound = conv_doubles(all);
    const conv_numbers numbers = {x, w, dy};
    test_fill_reals(x, all, state);
    conv_reference((conv_results){want, want + ny, want + ny + nx}, numbers, s);
    conv_winograd_bounds((conv_results){bound, bound + ny, bound + ny + nx}, numbers, s);
    probe_set(&p, "source/value", x, nx);
    probe_set(&p, "conv2d/kernel", w, nw);
    probe_forward(&p, y);
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, nx);
    probe_gradient(&p, "conv2d/kernel", dw, nw);
    within(y, want, bound, ny, "y");
    within(dx, want + ny, bound + ny, nx, "dx");
    within(dw, want + ny + nx, bound + ny + nx, nw, "dkernel");
    probe_forward(&p, again); /* meets nothing that backward has left */
    ck_assert_mem_eq(again, y, ny * sizeof *y);
    probe_close(&p);
    free(want);
    free(bound);
    free(x);
}

START_TEST(random_shapes_are_within_the_derived_bound)
{
    uint64_t state = 21;
    for (int i = 0; i < 60; i++) {
        conv_shape s = conv_fitted((conv_shape){.n = test_random_int(&state, 1, 4),
                                                .h = test_random_int(&state, 3, 11),
                                                .w = test_random_int(&state, 3, 11),
                                                .c = test_random_int(&state, 1, 10),
                                                .f = test_random_int(&state, 1, 10),
                                                .same = test_random_int(&state, 0, 1)});
        check_shape(&s, NN_CONV_WINOGRAD, &state);
    }
}
END_TEST

START_TEST(blocks_of_tiles_and_strips_of_products_join_without_a_seam)
{
    static const conv_shape shapes[] = {{.n = 70, .h = 9, .w = 12, .c = 2, .f = 3, .same = 1},
                                        {.n = 1, .h = 120, .w = 83, .c = 3, .f = 2, .same = 0},
                                        {.n = 9, .h = 1, .w = 1, .c = 5, .f = 17, .same = 1},
                                        {.n = 3, .h = 5, .w = 5, .c = 19, .f = 35, .same = 1},
                                        {.n = 1, .h = 4, .w = 4, .c = 2, .f = 600, .same = 1},
                                        {.n = 2, .h = 9, .w = 83, .c = 4, .f = 40, .same = 1},
                                        {.n = 3, .h = 6, .w = 41, .c = 3, .f = 24, .same = 0},
                                        {.n = 9, .h = 32, .w = 32, .c = 3, .f = 10, .same = 1},
                                        {.n = 2, .h = 70, .w = 1, .c = 1, .f = 17, .same = 1},
                                        {.n = 2, .h = 5, .w = 35, .c = 7, .f = 3, .same = 1}};
    uint64_t state = 4;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        conv_shape s = conv_fitted(shapes[i]);
        check_shape(&s, NN_CONV_WINOGRAD, &state);
    }
}
END_TEST

/* Of the outputs' tiles less than half is picture, of x's more. */
START_TEST(a_gradient_of_x_by_winograd_needs_no_forward_by_it)
{
    uint64_t state = 5;
    conv_shape s = conv_fitted((conv_shape){.n = 3, .h = 7, .w = 7, .c = 16, .f = 18, .same = 0});
    check_shape(&s, NN_CONV_AUTO, &state);
}
END_TEST

/* The memory between guards: tasks and sweeps that end early stay within it. */
static void run_between_guards(const probe *p, const nn__conv2d *g, int rows)
{
    enum { GUARD = 1 << 16 };
    const nn__run *run = &p->context->runs[NN__TRAIN];
    const nn_pass *pass = &run->passes[run->program.step_count - 1];
    nn__engine engine = {.threads = 1};
    const size_t counts[] = {nn__conv2d_winograd_kernel(g->window.c, g->filters),
                             nn__conv2d_winograd_scratch(&g->window, g->filters),
                             nn__conv2d_winograd_dw_memory(g, rows)};
    nn_real *memory[3], guard[GUARD], db[64];
    for (size_t i = 0; i < GUARD; i++)
        guard[i] = 77;
    for (int k = 0; k < 3; k++) {
        memory[k] = malloc((counts[k] + 2 * GUARD) * sizeof *guard);
        memcpy(memory[k], guard, sizeof guard);
        memcpy(memory[k] + GUARD + counts[k], guard, sizeof guard);
    }
    nn_pass own = *pass;
    engine.scratch = (char *)(memory[1] + GUARD);
    own.engine = &engine;
    for (int after = 0; after < 2; after++) {
        nn__epilogue e = {.activation = NN_RELU};
        if (g->window.oh % 4 == 0 && g->window.ow % 4 == 0)
            e.pool_rows = e.pool_columns = 2;
        nn__winograd job = {.y = pass->y,
                            .x = pass->x[0],
                            .u = memory[0] + GUARD,
                            .window = &g->window,
                            .filters = g->filters,
                            .after = after ? &e : NULL};
        nn__conv2d_winograd_transform(&own, memory[0] + GUARD, pass->weights[0], g->window.c,
                                      g->filters);
        nn__conv2d_winograd(&own, &job);
    }
    nn__conv2d_winograd_dw(&own, g, db, memory[2] + GUARD);
    for (int k = 0; k < 3; k++) {
        ck_assert_mem_eq(memory[k], guard, sizeof guard);
        ck_assert_mem_eq(memory[k] + GUARD + counts[k], guard, sizeof guard);
        free(memory[k]);
    }
}

START_TEST(blocks_and_strips_stay_within_their_memory)
{
    static const int sides[][3] = {{1, 57, 55}, {3, 5, 5},  {2, 45, 90},
                                   {5, 32, 32}, {21, 8, 8}, {1, 1, 1}};
    for (size_t i = 0; i < NN__COUNT(sides); i++) {
        enum { C = 5, F = 16 }; /* 84 tiles are a full task */
        const int n = sides[i][0], h = sides[i][1], w = sides[i][2];
        nn_shape shape = {3, {h, w, C}};
        nn__window window = {.h = h,
                             .w = w,
                             .c = C,
                             .kh = K,
                             .kw = K,
                             .sh = 1,
                             .sw = 1,
                             .dh = 1,
                             .dw = 1,
                             .top = 1,
                             .left = 1,
                             .oh = h,
                             .ow = w};
        nn__conv2d g = {.window = window, .mirror = window, .filters = F, .groups = 1};
        probe p;
        ck_assert_int_eq(probe_open(&p,
                                    nn_conv2d(F, {K, K}, .padding = NN_SAME, .no_bias = 1,
                                              .algorithm = NN_CONV_WINOGRAD),
                                    n, &shape, 1, 0),
                         NN_OK);
        probe_forward(&p, NULL); /* the pass has its rows */
        run_between_guards(&p, &g, n);
        probe_close(&p);
    }
}
END_TEST

/* A kernel of zeros leaves the bias, in every strip of filters. */
START_TEST(every_filter_has_its_own_bias)
{
    enum { N = 8, C = 2, F = 75 };
    static const nn_real kernel[K * K * C * F];
    nn_shape shape = {3, {N, N, C}};
    nn_real bias[F], y[N * N * F];
    probe p;
    for (int f = 0; f < F; f++)
        bias[f] = (nn_real)(f - 30);
    ck_assert_int_eq(
        probe_open(&p, nn_conv2d(F, {K, K}, .padding = NN_SAME, .algorithm = NN_CONV_WINOGRAD), 1,
                   &shape, 1, 0),
        NN_OK);
    probe_set(&p, "conv2d/kernel", kernel, NN__COUNT(kernel));
    probe_set(&p, "conv2d/bias", bias, F);
    probe_forward(&p, y);
    for (size_t i = 0; i < NN__COUNT(y); i++)
        ck_assert(y[i] == bias[i % F]);
    probe_close(&p);
}
END_TEST

/* Inference keeps the transformed kernel, training makes it anew in each step. With one row there
 * are too few tiles and GEMM computes: that the kernel has changed must not be forgotten then. */
START_TEST(inference_and_training_have_the_same_bits)
{
    enum { N = 3, C = 64, F = 60, ROWS = 24 };
    static nn_real x[ROWS * N * N * C], y[2][ROWS * N * N * C], kernel[K * K * C * F];
    const nn_conv2d_options o = {.filters = F,
                                 .kernel = {K, K},
                                 .strides = {1, 1},
                                 .dilation = {1, 1},
                                 .groups = 1,
                                 .padding = NN_SAME};
    const nn_shape shape = {3, {N, N, C}};
    uint64_t state = 6;
    ck_assert_int_eq(nn__conv2d_way(&o, &shape, 1, NN__CONV_INFERENCE), NN_CONV_GEMM);
    ck_assert_int_eq(nn__conv2d_way(&o, &shape, ROWS, NN__CONV_FORWARD), NN_CONV_WINOGRAD);
    nn_model *model = nn_sequential(
        nn_input(N, N, C), nn_conv2d(F, {K, K}, .padding = NN_SAME, .name = "first"),
        nn_conv2d(C, {K, K}, .padding = NN_SAME, .name = "second"), nn_conv2d(C, {1, 1}));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_context *context = nn_context(model, .batch_size = ROWS, .training = 1, .threads = 1);
    test_fill_reals(x, NN__COUNT(x), &state);
    for (int change = 0; change < 3; change++) {
        test_fill_reals(kernel, NN__COUNT(kernel), &state);
        const char *name = change == 1 ? "first/kernel" : "second/kernel";
        if (change > 0)
            ck_assert_int_eq(nn_model_set_weight(model, name, kernel, NN__COUNT(kernel)), NN_OK);
        for (int rows = 1; rows <= ROWS; rows += ROWS - 1)
            ck_assert_int_eq(nn_context_predict(context, x, rows, y[0]), NN_OK);
        ck_assert_int_eq(nn_context_forward(context, x, ROWS, y[1]), NN_OK);
        ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    }
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* Bias and activation of the tiles are those of the other way: relu of a constant picture. */
START_TEST(bias_and_activation_follow_the_sum)
{
    enum { N = 6, C = 2, F = 3 };
    nn_shape shape = {3, {N, N, C}};
    nn_real x[N * N * C], kernel[K * K * C * F], bias[F] = {100, -1000, 0.5f}, y[N * N * F];
    probe p;
    for (int i = 0; i < N * N * C; i++)
        x[i] = 1;
    for (int i = 0; i < K * K * C * F; i++)
        kernel[i] = 1;
    ck_assert_int_eq(probe_open(&p,
                                nn_conv2d(F, {K, K}, .padding = NN_SAME, .activation = NN_RELU,
                                          .algorithm = NN_CONV_WINOGRAD),
                                1, &shape, 1, 0),
                     NN_OK);
    probe_set(&p, "source/value", x, N * N * C);
    probe_set(&p, "conv2d/kernel", kernel, K * K * C * F);
    probe_set(&p, "conv2d/bias", bias, F);
    probe_forward(&p, y);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int rows = i == 0 || i == N - 1 ? 2 : 3, columns = j == 0 || j == N - 1 ? 2 : 3;
            nn_real sum = (nn_real)(rows * columns * C);
            const nn_real *at = y + (i * N + j) * F;
            ck_assert_double_eq_tol((double)at[0], (double)(sum + 100), 1e-4);
            ck_assert(at[1] == 0);
            ck_assert_double_eq_tol((double)at[2], (double)(sum + bias[2]), 1e-4);
        }
    probe_close(&p);
}
END_TEST

START_TEST(what_it_cannot_compute_is_named)
{
    probe p;
    nn_shape x = {3, {8, 8, 4}};
    ck_assert_int_eq(
        probe_open(&p, nn_conv2d(4, {5, 3}, .algorithm = NN_CONV_WINOGRAD), 1, &x, 1, 0),
        NN_EINVAL);
    test_message_has("conv2d: algorithm winograd takes 3x3, strides and dilation 1, one group: "
                     "kernel 5x3, strides 1x1, dilation 1x1, 1 groups");
    ck_assert_int_eq(
        probe_open(&p, nn_conv2d(4, {3, 3}, {2, 2}, .algorithm = NN_CONV_WINOGRAD), 1, &x, 1, 0),
        NN_EINVAL);
    test_message_has("strides 2x2");
}
END_TEST

/* The bias's gradient, which few channels take from the transformed dy: whole numbers are exact. */
START_TEST(the_bias_gets_the_sum_of_dy)
{
    enum { N = 3, H = 7, W = 37, F = 19, COUNT = N * H * W * F };
    for (int c = 3; c <= 5; c += 2) {
        static nn_real dy[COUNT];
        nn_real db[F];
        double want[F] = {0};
        nn_shape shape = {3, {H, W, c}};
        uint64_t state = 8;
        probe p;
        test_fill_integers(dy, COUNT, 4, &state);
        for (int i = 0; i < COUNT; i++)
            want[i % F] += (double)dy[i];
        ck_assert_int_eq(
            probe_open(&p, nn_conv2d(F, {K, K}, .padding = NN_SAME, .algorithm = NN_CONV_WINOGRAD),
                       N, &shape, 1, 0),
            NN_OK);
        probe_forward(&p, NULL);
        probe_backward(&p, dy);
        probe_gradient(&p, "conv2d/bias", db, F);
        probe_same(db, want, F, "db");
        probe_close(&p);
    }
}
END_TEST

Suite *conv2d_winograd_suite(void);
Suite *conv2d_winograd_suite(void)
{
    return TEST_SUITE("conv2d_winograd", the_bias_gets_the_sum_of_dy,
                      random_shapes_are_within_the_derived_bound,
                      blocks_of_tiles_and_strips_of_products_join_without_a_seam,
                      blocks_and_strips_stay_within_their_memory, every_filter_has_its_own_bias,
                      inference_and_training_have_the_same_bits,
                      a_gradient_of_x_by_winograd_needs_no_forward_by_it,
                      bias_and_activation_follow_the_sum, what_it_cannot_compute_is_named);
}
