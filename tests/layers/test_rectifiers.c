/* ReLU, LeakyReLU, ELU and PReLU with parameters, against Keras 3.15 on TensorFlow 2.21 and plain
 * loops. */
#include "golden.h"

enum { R = 8 };
static const double rectified[R] = {-2, -1, -0.5, 0, 0.5, 1, 2, 8};

static void check_rectifier(nn_layer *layer, const double *y, const double *dx)
{
    golden_check(&(golden){.layer = layer,
                           .rows = 1,
                           .shapes = {{1, {R}}},
                           .x = {rectified},
                           .y = y,
                           .dx = {dx},
                           .bound = 1e-6});
}

START_TEST(leaky_relu_is_that_of_keras)
{
    static const double y0[] = {-0.600000024, -0.300000012, -0.150000006, 0, 0.5, 1, 2, 8};
    static const double dx0[] = {-0.450000018, -0.300000012, -0.150000006, 0, 0.5, 1, 1.5, -1.5};
    static const double y1[] = {-0.200000003, -0.100000001, -0.0500000007, 0, 0.5, 1, 2, 8};
    static const double dx1[] = {-0.150000006, -0.100000001, -0.0500000007, 0, 0.5, 1, 1.5, -1.5};
    check_rectifier(nn_leaky_relu(), y0, dx0);
    check_rectifier(nn_leaky_relu(0.1), y1, dx1);
}
END_TEST

START_TEST(relu_is_that_of_keras)
{
    static const double y0[] = {-0.6875, -0.4375, -0.3125, -0.1875, -0.0625, 1, 2, 6};
    static const double dx0[] = {-0.375, -0.25, -0.125, 0, 0.125, 1, 1.5, 0};
    static const double y1[] = {0, 0, 0, 0, 0.5, 1, 1.5, 1.5};
    static const double dx1[] = {0, 0, 0, 0, 0.5, 1, 0, 0};
    check_rectifier(nn_relu(.max_value = NN_SOME(6), .negative_slope = 0.25, .threshold = 0.75), y0,
                    dx0);
    check_rectifier(nn_relu(.max_value = NN_SOME(1.5)), y1, dx1);
}
END_TEST

START_TEST(elu_is_that_of_keras)
{
    static const double y0[] = {-0.864664733, -0.63212055, -0.393469334, 0, 0.5, 1, 2, 8};
    static const double dx0[] = {-0.2030029, -0.36787945, -0.303265333, 0, 0.5, 1, 1.5, -1.5};
    static const double y1[] = {-0.432332367, -0.316060275, -0.196734667, 0, 0.5, 1, 2, 8};
    static const double dx1[] = {-0.10150145, -0.183939725, -0.151632667, 0, 0.5, 1, 1.5, -1.5};
    check_rectifier(nn_elu(), y0, dx0);
    check_rectifier(nn_elu(.alpha = 0.5), y1, dx1);
}
END_TEST

static const double pictures[24] = {-2.5, 0,   2.5,  -0.5, 2,  -1,  1.5,  -1.5, 1,  -2,  0.5,  -2.5,
                                    0,    2.5, -0.5, 2,    -1, 1.5, -1.5, 1,    -2, 0.5, -2.5, 0};

START_TEST(prelu_is_that_of_keras)
{
    static const double alpha0[] = {0.25, -0.5}, alpha1[] = {0, 0.25, 0.5, 0.75, 1, 1.25};
    static const double y0[] = {-0.625, 0,   2.5,    0.25, 2,    0.5, 1.5,    0.75,
                                1,      1,   0.5,    1.25, 0,    2.5, -0.125, 2,
                                -0.25,  1.5, -0.375, 1,    -0.5, 0.5, -0.625, 0};
    static const double dx0[] = {-0.375, 0,    -0.5,  0,     0.5,   -0.5, 1.5,    0.75,
                                 -1,     0.25, 0,     -0.25, 0,     1.5,  -0.375, -1,
                                 -0.125, 0,    0.125, 1,     0.375, -1.5, -0.25,  0};
    static const double dalpha0[] = {3.75, 1};
    static const double y1[] = {0,  0,    2.5, -0.375, 2,  -1.25, 1.5,   -0.375,
                                1,  -1.5, 0.5, -3.125, 0,  2.5,   -0.25, 2,
                                -1, 1.5,  0,   1,      -1, 0.5,   -2.5,  0};
    static const double dx1[] = {0,    0,      -0.5, 0,     0.5,  1.25, 1.5,   -0.375,
                                 -1,   -0.375, 0,    0.625, 0,    1.5,  -0.75, -1,
                                 -0.5, 0,      0,    1,     0.75, -1.5, -1,    0};
    static const double dalpha1[] = {3, 2.25, -2.25, 1, 3, -2.25};
    golden g = {.layer = nn_prelu(.shared_axes = NN_DIMS(1, 2)),
                .rows = 2,
                .shapes = {{3, {2, 3, 2}}},
                .x = {pictures},
                .y = y0,
                .dx = {dx0},
                .weights = {{"p_re_lu/alpha", alpha0, dalpha0, 2}},
                .bound = 1e-6};
    golden_check(&g);
    g.layer = nn_prelu(.shared_axes = NN_DIMS(1));
    g.y = y1;
    g.dx[0] = dx1;
    g.weights[0] = (golden_weight){"p_re_lu/alpha", alpha1, dalpha1, 6};
    golden_check(&g);
}
END_TEST

/* ---- PReLU against plain loops on integers, where float is exact ---- */

enum { ROWS = 19, H = 3, W = 2, C = 4, SAMPLE_COUNT = H * W * C, COUNT = ROWS * SAMPLE_COUNT };

static void check_prelu(int threads)
{
    static const nn_shape shape = {3, {H, W, C}};
    static nn_real x[COUNT], y[COUNT], dy[COUNT], dx[COUNT], alpha[H * C], dalpha[H * C];
    static double want_y[COUNT], want_dx[COUNT], want_dalpha[H * C];
    uint64_t state = 31;
    probe p;
    ck_assert_int_eq(probe_open(&p, nn_prelu(.shared_axes = NN_DIMS(2)), ROWS, &shape, threads, 0),
                     NN_OK);
    test_fill_integers(x, COUNT, 3, &state);
    test_fill_integers(dy, COUNT, 3, &state);
    test_fill_integers(alpha, H * C, 3, &state);
    memset(want_dalpha, 0, sizeof want_dalpha);
    for (int i = 0; i < COUNT; i++) {
        int a = i / (W * C) % H * C + i % C;
        double v = (double)x[i], g = (double)dy[i], f = (double)alpha[a];
        want_y[i] = v > 0 ? v : f * v;
        want_dx[i] = v > 0 ? g : v < 0 ? f * g : 0;
        want_dalpha[a] += v > 0 ? 0 : g * v;
    }
    probe_set(&p, "source/value", x, COUNT);
    probe_set(&p, "p_re_lu/alpha", alpha, H * C);
    probe_forward(&p, y);
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, COUNT);
    probe_gradient(&p, "p_re_lu/alpha", dalpha, H * C);
    probe_same(y, want_y, COUNT, "y");
    probe_same(dx, want_dx, COUNT, "dx");
    probe_same(dalpha, want_dalpha, H * C, "dalpha");
    probe_close(&p);
}

START_TEST(prelu_is_exact_for_any_number_of_threads)
{
    check_prelu(1);
    check_prelu(3);
}
END_TEST

static void predict(nn_layer *layer, const nn_real *x, nn_real *y, int count)
{
    nn_model *model = nn_sequential(nn_input(count), layer);
    nn_context *context = nn_context(model, .batch_size = 1);
    ck_assert_int_eq(nn_context_predict(context, x, 1, y), NN_OK);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(slopes_of_zero_and_one_make_relu_and_the_identity)
{
    const nn_real x[6] = {-1e30f, -(nn_real)INFINITY, -0.5f, 0, 3, (nn_real)NAN};
    nn_real y[6];
    nn_layer *relus[] = {nn_leaky_relu(NN_ZERO), nn_relu(), nn_elu(NN_ZERO), nn_prelu()};
    for (int k = 0; k < 4; k++) {
        predict(relus[k], x, y, 6);
        for (int i = 0; i < 4; i++)
            ck_assert(y[i] == 0 || (k == 3 && i == 1)); /* alpha * infinity */
        ck_assert(y[4] == 3 && isnan(y[5]));
    }
    predict(nn_leaky_relu(1), x, y, 6);
    ck_assert_mem_eq(x, y, 5 * sizeof *x);
    predict(nn_relu(.max_value = NN_SOME(0)), x, y, 6);
    for (int i = 0; i < 5; i++)
        ck_assert(y[i] == 0);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    const nn_shape picture = {3, {4, 4, 2}};
    golden_refused(nn_relu(.max_value = NN_SOME(-1)), picture, NN_EINVAL,
                   "re_lu: max_value is -1, it must be at least 0");
    golden_refused(nn_relu(.threshold = -1), picture, NN_EINVAL, "re_lu: threshold is -1");
    golden_refused(nn_leaky_relu(-0.1), picture, NN_EINVAL, "leaky_re_lu: negative_slope is -0.1");
    golden_refused(nn_elu(-1), picture, NN_EINVAL, "elu: alpha is -1");
    golden_refused(nn_prelu(.shared_axes = NN_DIMS(4)), picture, NN_EINVAL,
                   "p_re_lu: shared_axes 4 is not an axis of a sample: -3..-1, 1..3");
    golden_refused(nn_prelu(.shared_axes = NN_DIMS(0)), picture, NN_EINVAL, "shared_axes 0 is not");
    golden_refused(nn_prelu(.shared_axes = NN_DIMS(1, -3)), picture, NN_EINVAL,
                   "shared_axes -3 is given twice");
    golden_refused(nn_prelu(.shared_axes = NN_DIMS(1, 2, 3, 4)), picture, NN_EINVAL,
                   "shared_axes has 4 axes, the input 3");
}
END_TEST

Suite *rectifiers_suite(void);
Suite *rectifiers_suite(void)
{
    return TEST_SUITE("rectifiers", relu_is_that_of_keras, leaky_relu_is_that_of_keras,
                      elu_is_that_of_keras, prelu_is_that_of_keras,
                      prelu_is_exact_for_any_number_of_threads,
                      slopes_of_zero_and_one_make_relu_and_the_identity, what_cannot_be_is_refused);
}
