/* GaussianNoise and SpatialDropout2D: what they draw, and that no cut or thread changes it. */
#include "base/random.h"
#include "golden.h"
#include "model/context.h"

enum { ROWS = 5, H = 30, W = 40, C = 6, SAMPLE_COUNT = H * W * C, COUNT = ROWS * SAMPLE_COUNT };

static nn_real ones[COUNT], y[3][COUNT], dx[COUNT];

static void run(nn_layer *layer, int rows, int threads, nn_real *out)
{
    static const nn_shape shape = {3, {H, W, C}};
    probe p;
    ck_assert_int_eq(probe_open(&p, layer, rows, &shape, threads, 0), NN_OK);
    for (int i = 0; i < COUNT; i++)
        ones[i] = 1;
    probe_set(&p, "source/value", ones, (size_t)rows * SAMPLE_COUNT);
    probe_forward(&p, out);
    probe_backward(&p, ones);
    probe_gradient(&p, "source/value", dx, (size_t)rows * SAMPLE_COUNT);
    probe_close(&p);
}

/* Words of the element's counter, by the header's rule: model seed 0, step 0, node 2. */
static double noise_of(size_t element)
{
    uint32_t w[4];
    nn__philox(0, element / 4, 0, nn__stream(NN__FOR_MASKS, 2), w);
    const uint32_t *pair = w + element % 4 / 2 * 2;
    double u1 = (pair[0] / 256 + 1) / 16777216.0,
           angle = 2 * acos(-1) * (pair[1] / 256 / 16777216.0);
    return sqrt(-2 * log(u1)) * (element % 2 == 0 ? cos(angle) : sin(angle));
}

START_TEST(noise_follows_from_the_number_of_the_element)
{
    double sum = 0, squares = 0, tails = 0;
    run(nn_gaussian_noise(0.5), ROWS, 1, y[0]);
    for (size_t i = 0; i < COUNT; i++) {
        double z = ((double)y[0][i] - 1) / 0.5;
        if (!(fabs(z - noise_of(i)) <= 1e-6))
            ck_abort_msg("element %zu: %g, not %g", i, z, noise_of(i));
        ck_assert(dx[i] == 1);
        sum += z;
        squares += z * z;
        tails += fabs(z) > 1.96;
    }
    ck_assert_double_le(fabs(sum / COUNT), 4 / sqrt(COUNT));
    ck_assert_double_le(fabs(squares / COUNT - 1), 4 * sqrt(2.0 / COUNT));
    ck_assert_double_le(fabs(tails / COUNT - 0.05), 4 * sqrt(0.05 / COUNT));
}
END_TEST

START_TEST(threads_and_shorter_batches_draw_the_same)
{
    run(nn_gaussian_noise(0.5), ROWS, 1, y[0]);
    run(nn_gaussian_noise(0.5), ROWS, 3, y[1]);
    run(nn_gaussian_noise(0.5), 2, 2, y[2]);
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    ck_assert_mem_eq(y[0], y[2], 2 * SAMPLE_COUNT * sizeof(nn_real));
    run(nn_spatial_dropout2d(0.4), ROWS, 1, y[0]);
    run(nn_spatial_dropout2d(0.4), ROWS, 3, y[1]);
    run(nn_spatial_dropout2d(0.4), 2, 2, y[2]);
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    ck_assert_mem_eq(y[0], y[2], 2 * SAMPLE_COUNT * sizeof(nn_real));
}
END_TEST

START_TEST(channels_are_dropped_as_a_whole)
{
    uint32_t words[4];
    run(nn_spatial_dropout2d(0.4), ROWS, 2, y[0]);
    for (size_t n = 0; n < ROWS; n++)
        for (size_t c = 0; c < C; c++) {
            size_t element = n * C + c;
            nn__philox(0, element / 4, 0, nn__stream(NN__FOR_MASKS, 2), words);
            nn_real want = words[element % 4] >= 0.4 * 4294967296.0 ? (nn_real)(1 / 0.6) : 0;
            for (size_t i = 0; i < H * W; i++) {
                size_t at = (n * H * W + i) * C + c;
                if (y[0][at] != want || dx[at] != want)
                    ck_abort_msg("row %zu channel %zu: %g and %g, not %g", n, c, (double)y[0][at],
                                 (double)dx[at], (double)want);
            }
        }
    run(nn_spatial_dropout2d(1), ROWS, 2, y[0]);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert(y[0][i] == 0 && dx[i] == 0);
}
END_TEST

START_TEST(a_later_step_draws_anew)
{
    nn_layer *layers[] = {nn_gaussian_noise(0.5), nn_spatial_dropout2d(0.5)};
    for (int k = 0; k < 2; k++) {
        nn_model *model = nn_sequential(nn_input(2, 2, 40), layers[k], nn_dense(1));
        static nn_real x[2 * 160], first[2 * 4];
        nn_real again[2 * 4];
        ck_assert_int_eq(
            nn_compile(model, .optimizer = nn_sgd(.learning_rate = 1e-30), .loss = probe_dot()),
            NN_OK);
        nn_context *context = nn_context(model, .batch_size = 2, .training = 1);
        nn_tensor *t = nn_tensor_new(NN_F32, NN_SHAPE(2, 2, 2, 1));
        for (int i = 0; i < 2 * 160; i++)
            x[i] = 1;
        ck_assert_int_eq(nn_context_forward(context, x, 2, first), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, t, NULL), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
        ck_assert_int_eq(nn_context_forward(context, x, 2, again), NN_OK);
        ck_assert_mem_ne(first, again, sizeof again);
        nn_tensor_free(t);
        nn_context_free(context);
        nn_model_free(model);
    }
}
END_TEST

START_TEST(inference_leaves_x_as_it_is)
{
    nn_real x[2 * 12], out[2 * 12];
    uint64_t state = 1;
    nn_model *model =
        nn_sequential(nn_input(2, 2, 3), nn_gaussian_noise(3), nn_spatial_dropout2d(0.9));
    nn_context *context = nn_context(model, .batch_size = 2);
    test_fill_reals(x, 24, &state);
    ck_assert_int_eq(nn_context_predict(context, x, 2, out), NN_OK);
    ck_assert_mem_eq(x, out, sizeof x);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    golden_refused(nn_gaussian_noise(), (nn_shape){1, {3}}, NN_EINVAL,
                   "gaussian_noise: stddev must be given");
    golden_refused(nn_gaussian_noise(-1), (nn_shape){1, {3}}, NN_EINVAL, "stddev is -1");
    golden_refused(nn_spatial_dropout2d(1.5), (nn_shape){3, {3, 3, 3}}, NN_EINVAL, "rate is 1.5");
    golden_refused(nn_spatial_dropout2d(0.5), (nn_shape){2, {3, 4}}, NN_ESHAPE,
                   "spatial_dropout2d: the input 3x4 is not a picture");
}
END_TEST

Suite *noise_suite(void);
Suite *noise_suite(void)
{
    return TEST_SUITE("noise", noise_follows_from_the_number_of_the_element,
                      threads_and_shorter_batches_draw_the_same, channels_are_dropped_as_a_whole,
                      a_later_step_draws_anew, inference_leaves_x_as_it_is,
                      what_cannot_be_is_refused);
}
