/* LayerNormalization and Normalization, against Keras 3.15 on TensorFlow 2.21, and plain loops. */
#include "golden.h"

#include "model/context.h"

static const double numbers[12] = {-2.5, 0, 2.5, -0.5, 2, -1, 1.5, -1.5, 1, -2, 0.5, -2.5};

START_TEST(layer_norm_is_that_of_keras)
{
    static const double gamma[] = {1, 2, -1, 0.5}, beta[] = {0, 1, 0.25, -1};
    static const double y[] = {-1.33332837, 1.14035034,   -1.22367871,  -1.10526276,
                               1.15054417,  -0.643634558, -0.571817338, -1.57527208,
                               1.15054417,  -0.643634558, -0.571817279, -1.57527208};
    static const double dx[] = {0.0648365915, -0.727324784, 0.164718091,  0.49777019,
                                0.559606671,  1.07955217,   -0.833006978, -0.806151807,
                                -0.253258973, -0.453074098, 0.370892346,  0.335440665};
    static const double dgamma[] = {1.42472053, -0.48108381, 0.495886624, 1.15054429};
    static const double dbeta[] = {-2, -0.5, 1, -1};
    golden_check(&(golden){.layer = nn_layer_norm(),
                           .rows = 1,
                           .shapes = {{3, {1, 3, 4}}},
                           .x = {numbers},
                           .y = y,
                           .dx = {dx},
                           .weights = {{"layer_normalization/gamma", gamma, dgamma, 4},
                                       {"layer_normalization/beta", beta, dbeta, 4}},
                           .bound = 3e-6});
}
END_TEST

START_TEST(layer_norm_of_two_axes_is_that_of_keras)
{
    static const double gamma[] = {-0.5, -0.25, 0, 0.25, 0.5, 0.75};
    static const double beta[] = {0, 0.125, 0.25, 0.375, 0.5, 0.625};
    static const double y[] = {0.751859128, 0.137126759, 0.25,         0.290112674,
                               1.05783093,  0.152056336, -0.643266201, 0.28581655,
                               0.25,        0.133775175, 0.821633101,  -0.339899242};
    static const double dx[] = {0.0479370803, -0.0547843948, -0.0119847208, -0.237969667,
                                0.0958722234, 0.160929546,   -0.25277859,   0.146491379,
                                0.175603613,  -0.229209125,  0.12153621,    0.0383565575};
    static const double dgamma[] = {4.18537617,  1.0134064,  -1.6682514,
                                    0.482449651, 0.55783093, -1.27385771};
    static const double dbeta[] = {0, -2.5, -1.5, -0.5, 0.5, 1.5};
    golden_check(&(golden){.layer = nn_layer_norm(.axis = NN_DIMS(2, 3), .epsilon = 1e-5),
                           .rows = 1,
                           .shapes = {{3, {2, 2, 3}}},
                           .x = {numbers},
                           .y = y,
                           .dx = {dx},
                           .weights = {{"layer_normalization/gamma", gamma, dgamma, 6},
                                       {"layer_normalization/beta", beta, dbeta, 6}},
                           .bound = 3e-6});
}
END_TEST

/* ---- LayerNormalization against plain loops in double ---- */

enum { ROWS = 50, LINES = 7, C = 53, N = ROWS * LINES, COUNT = N * C };

static void line_reference(const nn_real *x, const nn_real *dy, const nn_real *gamma,
                           const nn_real *beta, double *y, double *dx, double *dgamma,
                           double *dbeta)
{
    double mean = 0, variance = 0, sum = 0, product = 0;
    for (int j = 0; j < C; j++)
        mean += (double)x[j] / C;
    for (int j = 0; j < C; j++)
        variance += ((double)x[j] - mean) * ((double)x[j] - mean) / C;
    const double rstd = 1 / sqrt(variance + 1e-3);
    for (int j = 0; j < C; j++) {
        double xhat = ((double)x[j] - mean) * rstd, g = (double)dy[j] * (double)gamma[j];
        y[j] = xhat * (double)gamma[j] + (double)beta[j];
        dgamma[j] += (double)dy[j] * xhat;
        dbeta[j] += (double)dy[j];
        sum += g;
        product += g * xhat;
    }
    for (int j = 0; j < C; j++) {
        double xhat = ((double)x[j] - mean) * rstd, g = (double)dy[j] * (double)gamma[j];
        dx[j] = rstd * (g - sum / C - xhat * product / C);
    }
}

static void check_layer_norm(int threads, double level)
{
    static const nn_shape shape = {2, {LINES, C}};
    static nn_real x[COUNT], y[COUNT], dy[COUNT], dx[COUNT], gamma[C], beta[C], dgamma[C], dbeta[C];
    static double want_y[COUNT], want_dx[COUNT], want_dgamma[C], want_dbeta[C];
    uint64_t state = 31;
    probe p;
    ck_assert_int_eq(probe_open(&p, nn_layer_norm(), ROWS, &shape, threads, 0), NN_OK);
    test_fill_reals(x, COUNT, &state);
    test_fill_reals(dy, COUNT, &state);
    test_fill_reals(gamma, C, &state);
    test_fill_reals(beta, C, &state);
    for (int i = 0; i < COUNT; i++)
        x[i] += (nn_real)level;
    memset(want_dgamma, 0, sizeof want_dgamma);
    memset(want_dbeta, 0, sizeof want_dbeta);
    for (int n = 0; n < N; n++)
        line_reference(x + n * C, dy + n * C, gamma, beta, want_y + n * C, want_dx + n * C,
                       want_dgamma, want_dbeta);
    probe_set(&p, "source/value", x, COUNT);
    probe_set(&p, "layer_normalization/gamma", gamma, C);
    probe_set(&p, "layer_normalization/beta", beta, C);
    probe_forward(&p, y);
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, COUNT);
    probe_gradient(&p, "layer_normalization/gamma", dgamma, C);
    probe_gradient(&p, "layer_normalization/beta", dbeta, C);
    golden_close(y, want_y, COUNT, 4e-6 * fmax(1, level), "y");
    golden_close(dx, want_dx, COUNT, 4e-6 * fmax(1, level), "dx");
    golden_close(dgamma, want_dgamma, C, 1e-4 * fmax(1, level), "dgamma");
    golden_close(dbeta, want_dbeta, C, 1e-4, "dbeta");
    probe_close(&p);
}

START_TEST(layer_norm_follows_its_formulas)
{
    check_layer_norm(1, 0);
    check_layer_norm(3, 0);
    check_layer_norm(2, 30); /* a mean far from zero costs digits of x, not of the sums */
}
END_TEST

static void predict(nn_model *model, int rows, const nn_real *x, nn_real *y)
{
    nn_context *context = nn_context(model, .batch_size = rows);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_int_eq(nn_context_predict(context, x, rows, y), NN_OK);
    nn_context_free(context);
}

START_TEST(layer_norm_does_not_see_level_and_scale)
{
    static nn_real x[4 * C], z[4 * C], y[2][4 * C];
    uint64_t state = 9;
    nn_model *model = nn_sequential(nn_input(2, C), nn_layer_norm(.epsilon = NN_ZERO));
    test_fill_integers(x, 4 * C, 20, &state);
    for (int i = 0; i < 4 * C; i++)
        z[i] = 8 * x[i] + 64; /* exact */
    predict(model, 2, x, y[0]);
    predict(model, 2, z, y[1]);
    for (int i = 0; i < 4 * C; i++)
        ck_assert_double_eq_tol((double)y[0][i], (double)y[1][i], 1e-6);
    nn_model_free(model);
}
END_TEST

/* ---- Normalization ---- */

/* d[6][2][3] = 5 i^2 mod 23 */
static nn_dataset *squares(nn_tensor **tensor)
{
    *tensor = nn_tensor_new(NN_F32, NN_SHAPE(6, 2, 3));
    for (int i = 0; i < 36; i++)
        ((nn_real *)nn_tensor_data(*tensor))[i] = (nn_real)(i * i * 5 % 23);
    return nn_arrays(*tensor);
}

static void check_adapt(nn_layer *layer, size_t kept, const double *mean, const double *variance,
                        const double *y, double count)
{
    nn_tensor *tensor;
    nn_dataset *data = squares(&tensor);
    nn_model *model = nn_sequential(nn_input(2, 3), layer);
    nn_real have[6], first[6], n;
    ck_assert_msg(nn_normalization_adapt(model, "normalization", data) == NN_OK, "%s",
                  nn_error_message());
    ck_assert_int_eq(nn_normalization_adapt(model, "normalization", data), NN_OK); /* anew */
    ck_assert_int_eq(nn_model_get_weight(model, "normalization/mean", have, kept), NN_OK);
    golden_close(have, mean, kept, 1e-6, "mean");
    ck_assert_int_eq(nn_model_get_weight(model, "normalization/variance", have, kept), NN_OK);
    golden_close(have, variance, kept, 1e-6, "variance");
    ck_assert_int_eq(nn_model_get_weight(model, "normalization/count", &n, 1), NN_OK);
    ck_assert_double_eq((double)n, count);
    predict(model, 1, nn_tensor_read(tensor), first);
    golden_close(first, y, 6, 1e-6, "y");
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tensor);
}

START_TEST(adapted_numbers_are_those_of_keras)
{
    static const double mean0[] = {13.416667, 12.833333, 14.583333},
                        variance0[] = {44.243057, 27.805555, 47.409725},
                        y0[] = {-2.017075, -1.4855278,  0.7866806,
                                1.2904269, -0.34767666, -0.6656527};
    static const double mean1[] = {9.333334, 14.833334, 18.833334, 17.5, 10.833334, 10.333334},
                        variance1[] = {39.555557, 30.138891, 12.138889,
                                       15.583334, 17.472221, 46.555557},
                        y1[] = {-1.4839971, -1.7911713, 0.33485523,
                                1.1399409,  0.03987246, -0.04885329};
    static const double mean2[] = {13.611111}, variance2[] = {40.348766},
                        y2[] = {-2.142784, -1.355639,   1.0057968,
                                1.3206549, -0.41106465, -0.5684937};
    check_adapt(nn_normalization(), 3, mean0, variance0, y0, 12);
    check_adapt(nn_normalization(.axis = NN_DIMS(1, -1)), 6, mean1, variance1, y1, 6);
    check_adapt(nn_normalization(.no_axis = 1), 1, mean2, variance2, y2, 36);
}
END_TEST

/* Several batches of reading, with different means; a constant column, whose deviation is 0. */
START_TEST(a_large_dataset_is_adapted_to_in_parts)
{
    enum { BIG = 300000 };
    nn_tensor *x = nn_tensor_new(NN_F32, NN_SHAPE(BIG, 2));
    nn_real *values = nn_tensor_data(x), mean[2], variance[2], y[2];
    double sum = 0, squares_sum = 0;
    uint64_t state = 5;
    for (int i = 0; i < BIG; i++) {
        values[2 * i] = (nn_real)(i < BIG / 3 ? 1000 : 1002) + test_random_real(&state);
        values[2 * i + 1] = 7;
        sum += (double)values[2 * i];
    }
    for (int i = 0; i < BIG; i++)
        squares_sum += pow((double)values[2 * i] - sum / BIG, 2);
    nn_dataset *data = nn_arrays(x);
    nn_model *model = nn_sequential(nn_input(2), nn_normalization());
    ck_assert_int_eq(nn_normalization_adapt(model, "normalization", data), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "normalization/mean", mean, 2), NN_OK);
    ck_assert_int_eq(nn_model_get_weight(model, "normalization/variance", variance, 2), NN_OK);
    ck_assert_double_eq_tol((double)mean[0], sum / BIG, 1e-4);
    ck_assert_double_eq_tol((double)variance[0], squares_sum / BIG, 1e-6);
    ck_assert(mean[1] == 7 && variance[1] == 0);
    predict(model, 1, (const nn_real[]){1000, 7.5f}, y);
    ck_assert_double_eq_tol((double)y[1], 0.5 / 1e-7, 1);
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(x);
}
END_TEST

START_TEST(given_numbers_are_used_as_in_keras_and_back)
{
    static const double forth[] = {-0.6666667, 1, 6, 6.6666665, 3, 2.6666667};
    static const double back[] = {2, 17, 62, 68, 35, 32};
    const nn_real x[6] = {0, 5, 20, 22, 11, 10};
    nn_real y[6];
    nn_model *model =
        nn_sequential(nn_input(2, 3), nn_normalization(.mean = NN_SOME(2), .variance = NN_SOME(9)));
    predict(model, 1, x, y);
    golden_close(y, forth, 6, 1e-6, "y");
    ck_assert_uint_eq(nn_model_weight_count(model), 0);
    ck_assert_int_eq(nn_normalization_adapt(model, "normalization", NULL), NN_ESTATE);
    nn_model_free(model);
    model = nn_sequential(
        nn_input(2, 3), nn_normalization(.mean = NN_SOME(2), .variance = NN_SOME(9), .invert = 1));
    predict(model, 1, x, y);
    golden_close(y, back, 6, 1e-6, "y");
    nn_model_free(model);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    const nn_shape picture = {3, {4, 4, 2}};
    golden_refused(nn_layer_norm(.axis = NN_DIMS(1, 3)), picture, NN_ENOTSUP,
                   "layer_normalization: axis must list the last axes: 2..3 here");
    golden_refused(nn_layer_norm(.axis = NN_DIMS(4)), picture, NN_EINVAL, "axis 4 is not an axis");
    golden_refused(nn_layer_norm(.epsilon = -1), picture, NN_EINVAL, "epsilon is -1");
    golden_refused(nn_normalization(.axis = NN_DIMS(-4)), picture, NN_EINVAL,
                   "normalization: axis -4 is not an axis of a sample");
    golden_refused(nn_normalization(.axis = NN_DIMS(1), .no_axis = 1), picture, NN_EINVAL,
                   "no_axis and axis exclude each other");
    golden_refused(nn_normalization(.mean = NN_SOME(1)), picture, NN_EINVAL,
                   "mean and variance must be given together");
    golden_refused(nn_normalization(.mean = NN_SOME(1), .variance = NN_SOME(-1)), picture,
                   NN_EINVAL, "variance is -1");
}
END_TEST

START_TEST(adapting_says_what_does_not_fit_and_changes_nothing)
{
    nn_tensor *tensor;
    nn_dataset *data = squares(&tensor);
    nn_model *model =
        nn_sequential(nn_input(2, 2), nn_dense(3), nn_normalization(.name = "n"), nn_flatten());
    nn_real mean[3];
    ck_assert_int_eq(nn_normalization_adapt(model, "nowhere", data), NN_ENOTFOUND);
    test_message_has("adapt: the model has no layer 'nowhere'");
    ck_assert_int_eq(nn_normalization_adapt(model, "dense", data), NN_EINVAL);
    test_message_has("adapt: dense is no Normalization layer");
    ck_assert_int_eq(nn_normalization_adapt(model, "n", NULL), NN_EINVAL);
    ck_assert_int_eq(nn_normalization_adapt(NULL, "n", data), NN_EINVAL);
    ck_assert_int_eq(nn_normalization_adapt(model, NULL, data), NN_ENOTFOUND);
    ck_assert_int_eq(nn_model_get_weight(model, "n/mean", mean, 3), NN_OK);
    ck_assert(mean[0] == 0 && mean[1] == 0 && mean[2] == 0);
    ck_assert_int_eq(nn_normalization_adapt(model, "n", data), NN_OK); /* in a model's middle */
    nn_model_free(model);
    model = nn_sequential(nn_input(3, 2), nn_normalization());
    ck_assert_int_eq(nn_normalization_adapt(model, "normalization", data), NN_ESHAPE);
    test_message_has("the dataset's rows are 2x3, the input of normalization is 3x2");
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tensor);
}
END_TEST

START_TEST(adapting_survives_every_failing_allocation)
{
    test_memory_begin();
    nn_tensor *tensor;
    nn_dataset *data = squares(&tensor);
    nn_model *model = nn_sequential(nn_input(2, 3), nn_normalization());
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    long live = test_memory_live();
    for (long n = 0; n < 4; n++) {
        nn_real mean[3];
        test_memory_fail(n, 1);
        ck_assert_int_eq(nn_normalization_adapt(model, "normalization", data), NN_ENOMEM);
        test_memory_fail(-1, 0);
        ck_assert_int_eq(test_memory_live(), live);
        ck_assert_int_eq(nn_model_get_weight(model, "normalization/mean", mean, 3), NN_OK);
        ck_assert(mean[0] == 0);
    }
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tensor);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *normalizations_suite(void);
Suite *normalizations_suite(void)
{
    return TEST_SUITE("normalizations", layer_norm_is_that_of_keras,
                      layer_norm_of_two_axes_is_that_of_keras, layer_norm_follows_its_formulas,
                      layer_norm_does_not_see_level_and_scale, adapted_numbers_are_those_of_keras,
                      a_large_dataset_is_adapted_to_in_parts,
                      given_numbers_are_used_as_in_keras_and_back, what_cannot_be_is_refused,
                      adapting_says_what_does_not_fit_and_changes_nothing,
                      adapting_survives_every_failing_allocation);
}
