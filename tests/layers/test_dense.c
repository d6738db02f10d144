/* Dense against plain loops in double, on integers, where float is exact. */
#include "probe.h"

typedef struct dense_case {
    int rows; /* samples */
    nn_shape x;
    int units, relu, no_bias, threads;
} dense_case;

/* Returns the share of numbers that are not zero. */
static double check_case(const dense_case *d, uint64_t *state)
{
    probe p;
    nn_layer *layer = nn_dense(.units = d->units, .activation = d->relu ? NN_RELU : NN_LINEAR,
                               .no_bias = d->no_bias);
    nn_status status = probe_open(&p, layer, d->rows, &d->x, d->threads, 0);
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    const size_t k = (size_t)d->x.dims[d->x.rank - 1], u = (size_t)d->units, n = p.x_count / k;
    const size_t all = p.x_count + k * u + u + p.y_count;
    nn_real *x = calloc(2 * all, sizeof *x), *w = x + p.x_count, *b = w + k * u, *dy = b + u,
            *y = dy + p.y_count, *dx = y + p.y_count, *dw = dx + p.x_count, *db = dw + k * u;
    double *want = calloc(all + p.y_count, sizeof *want), *wx = want + p.y_count,
           *ww = wx + p.x_count, *wb = ww + k * u, *dz = wb + u;
    ck_assert_uint_eq(n * u, p.y_count);
    test_fill_integers(x, all, 3, state);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < u; j++) {
            double sum = d->no_bias ? 0 : (double)b[j];
            for (size_t m = 0; m < k; m++)
                sum += (double)x[i * k + m] * (double)w[m * u + j];
            want[i * u + j] = d->relu && sum < 0 ? 0 : sum;
            dz[i * u + j] = d->relu && sum <= 0 ? 0 : (double)dy[i * u + j];
            wb[j] += dz[i * u + j];
            for (size_t m = 0; m < k; m++) {
                wx[i * k + m] += dz[i * u + j] * (double)w[m * u + j];
                ww[m * u + j] += dz[i * u + j] * (double)x[i * k + m];
            }
        }
    probe_set(&p, "source/value", x, p.x_count);
    probe_set(&p, "dense/kernel", w, k * u);
    if (!d->no_bias)
        probe_set(&p, "dense/bias", b, u);
    probe_forward(&p, y);
    probe_same(y, want, p.y_count, "y");
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, p.x_count);
    probe_gradient(&p, "dense/kernel", dw, k * u);
    probe_same(dx, wx, p.x_count, "dx");
    probe_same(dw, ww, k * u, "dkernel");
    if (!d->no_bias) {
        probe_gradient(&p, "dense/bias", db, u);
        probe_same(db, wb, u, "db");
    }
    double share = (double)probe_nonzero(want, all) / (double)all;
    probe_close(&p);
    free(want);
    free(x);
    return share;
}

START_TEST(random_shapes_are_exact_to_the_last_integer)
{
    uint64_t state = 21;
    double shares = 0;
    enum { COUNT = 600 };
    for (int i = 0; i < COUNT; i++) {
        dense_case d = {.rows = test_random_int(&state, 1, 20),
                        .units = test_random_int(&state, 1, 40),
                        .relu = test_random_int(&state, 0, 2) == 0,
                        .no_bias = test_random_int(&state, 0, 3) == 0,
                        .threads = test_random_int(&state, 1, 3)};
        d.x.rank = test_random_int(&state, 1, 3);
        for (int r = 0; r < d.x.rank; r++)
            d.x.dims[r] = test_random_int(&state, 1, r + 1 == d.x.rank ? 60 : 4);
        shares += check_case(&d, &state);
    }
    ck_assert_msg(shares / COUNT > 0.7, "only %.2f are not zero", shares / COUNT);
}
END_TEST

/* The cuts into chunks of the input, blocks and groups of rows, and their edges. */
START_TEST(every_cut_into_tasks_is_exact)
{
    static const dense_case cases[] = {
        {.rows = 32, .x = {1, {2560}}, .units = 100, .relu = 1},
        {.rows = 7, .x = {1, {5000}}, .units = 3},
        {.rows = 1, .x = {1, {257}}, .units = 10},
        {.rows = 5, .x = {1, {256}}, .units = 2049, .no_bias = 1},
        {.rows = 256, .x = {1, {300}}, .units = 8, .relu = 1},
        {.rows = 257, .x = {1, {30}}, .units = 8},
        {.rows = 3, .x = {3, {11, 13, 20}}, .units = 9, .relu = 1},
        {.rows = 2100, .x = {1, {3}}, .units = 5},
        {.rows = 1, .x = {4, {5, 5, 5, 17}}, .units = 33, .no_bias = 1},
    };
    uint64_t state = 22;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dense_case d = cases[i];
        d.threads = 2;
        ck_assert_double_gt(check_case(&d, &state), 0.4);
    }
}
END_TEST

static void fails(nn_layer *layer, nn_status status, const char *message)
{
    probe p;
    nn_shape x = {1, {4}};
    ck_assert_int_eq(probe_open(&p, layer, 1, &x, 1, 0), status);
    test_message_has(message);
}

START_TEST(what_does_not_fit_is_named)
{
    fails(nn_dense(.activation = NN_RELU), NN_EINVAL, "dense: units must be given");
    fails(nn_dense(-5), NN_EINVAL, "dense: units is -5");
    fails(nn_dense(5, .activation = 99), NN_EINVAL, "dense: activation is 99");
    fails(nn_dense(5, .name = "head", .bias_initializer = {.kind = -1}), NN_EINVAL,
          "head: bias_initializer is -1");
}
END_TEST

Suite *dense_suite(void);
Suite *dense_suite(void)
{
    return TEST_SUITE("dense", random_shapes_are_exact_to_the_last_integer,
                      every_cut_into_tasks_is_exact, what_does_not_fit_is_named);
}
