/* An activation whose slope batch normalization multiplies in: the gradients are those of the layers by
 * themselves, to the last bit, and nobody else's dy is taken for dz. */
#include <string.h>

#include "test.h"

#include "model/context.h"

enum { ROWS = 7, CLASSES = 5, WEIGHTS = 1 << 16 };

typedef nn_model *make_model(void);

static nn_model *winograd(void)
{
    return nn_sequential(nn_input(9, 10, 3),
                         nn_conv2d(18, {3, 3}, .padding = NN_SAME, .activation = NN_RELU,
                                   .algorithm = NN_CONV_WINOGRAD),
                         nn_batch_norm(), nn_max_pool2d({2, 2}),
                         nn_conv2d(19, {3, 3}, .padding = NN_SAME, .activation = NN_ELU,
                                   .algorithm = NN_CONV_WINOGRAD),
                         nn_batch_norm(), nn_flatten(), nn_dense(CLASSES));
}

static nn_model *other_ways(void)
{
    return nn_sequential(
        nn_input(9, 10, 3),
        nn_conv2d(8, {3, 3}, .activation = NN_TANH, .algorithm = NN_CONV_DIRECT), nn_batch_norm(),
        nn_conv2d(6, {3, 3}, .activation = NN_LEAKY_RELU, .algorithm = NN_CONV_GEMM),
        nn_batch_norm(.no_center = 1, .no_scale = 1), nn_flatten(), nn_dense(CLASSES));
}

/* Windows that overlap have their dy written out. */
static nn_model *dense_and_overlap(void)
{
    return nn_sequential(nn_input(9, 10, 3),
                         nn_conv2d(4, {2, 2}, .no_bias = 1, .activation = NN_SIGMOID),
                         nn_batch_norm(), nn_max_pool2d({3, 3}, {2, 2}), nn_flatten(),
                         nn_dense(11, NN_SOFTPLUS), nn_batch_norm(), nn_dense(CLASSES));
}

/* So many channels that the first pooling goes by two rows of windows. The second one's windows lie
 * across the border, and its picture is not parted. */
static nn_model *bands(void)
{
    return nn_sequential(
        nn_input(9, 10, 3), nn_conv2d(75, {1, 1}, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_conv2d(500, {1, 1}, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({3, 2}, .padding = NN_SAME), nn_flatten(), nn_dense(CLASSES));
}

/* The convolution's output is pooled before batch norm sees it. */
static nn_model *pooled_before(void)
{
    return nn_sequential(nn_input(9, 10, 3), nn_conv2d(8, {2, 3}, .activation = NN_RELU),
                         nn_max_pool2d({2, 2}), nn_batch_norm(), nn_flatten(), nn_dense(CLASSES));
}

/* Two readers: a sum of gradients is no dz. */
static nn_model *two_readers(void)
{
    nn_model *m = nn_model_new();
    nn_node y = nn_apply(nn_conv2d(8, {3, 3}, .activation = NN_RELU), nn_model_input(m, 9, 10, 3));
    nn_node sum = nn_merge(nn_add(), nn_apply(nn_batch_norm(), y), y);
    nn_model_output(m, nn_apply(nn_dense(CLASSES), nn_apply(nn_flatten(), sum)));
    return m;
}

/* The slope of this one is not told from its output. */
static nn_model *slope_from_x(void)
{
    return nn_sequential(nn_input(9, 10, 3), nn_flatten(), nn_dense(9, NN_GELU), nn_batch_norm(),
                         nn_dense(CLASSES));
}

static nn_model *no_activation(void)
{
    return nn_sequential(nn_input(9, 10, 3), nn_batch_norm(), nn_flatten(), nn_dense(9),
                         nn_batch_norm(), nn_dense(CLASSES));
}

static const struct {
    make_model *make;
    int given; /* layers whose slope is taken elsewhere */
} cases[] = {{winograd, 2},      {other_ways, 2},  {dense_and_overlap, 2}, {bands, 2},
             {pooled_before, 0}, {two_readers, 0}, {slope_from_x, 0},      {no_activation, 0}};

static nn_context *context_of(nn_model *model, int no_fusion)
{
    nn_model_set_seed(model, 3);
    nn_model_set_threads(model, 2);
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error(),
                             .no_fusion = no_fusion) == NN_OK,
                  "%s", nn_error_message());
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    return context;
}

static int count_given(const nn_context *context)
{
    const nn__program *program = &context->runs[NN__TRAIN].program;
    int given = 0, taken = 0;
    for (int s = 0; s < program->step_count; s++) {
        given += program->steps[s].dz_given;
        taken += program->steps[s].x_activation != NN_LINEAR;
    }
    ck_assert_int_eq(given, taken);
    return given;
}

/* Several passes of one context, of a short batch, too: forward has its activation back each time. */
static void run(nn_context *context, nn_model *model, nn_real *y, nn_real *gradients)
{
    static nn_real x[ROWS * 270], t[ROWS * CLASSES];
    uint64_t state = 17;
    double loss;
    test_fill_reals(x, ROWS * 270, &state);
    for (int r = 0; r < ROWS; r++)
        t[r * CLASSES + r % CLASSES] = 1;
    for (int rows = ROWS; rows > ROWS - 3; rows--) {
        nn_tensor *targets = nn_tensor_borrow(NN_F32, t, NN_SHAPE(rows, CLASSES));
        ck_assert_int_eq(nn_context_forward(context, x, rows, y), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, targets, &loss), NN_OK);
        nn_tensor_free(targets);
    }
    for (int w = 0; w < model->weight_count; w++)
        if (model->weights[w].trainable)
            ck_assert_int_eq(nn_context_gradient(context, model->weights[w].name,
                                                 gradients + model->weights[w].offset,
                                                 model->weights[w].count),
                             NN_OK);
}

START_TEST(gradients_have_the_same_bits)
{
    static nn_real y[2][ROWS * CLASSES], gradients[2][WEIGHTS];
    for (int i = 0; i < 2; i++) {
        nn_model *model = cases[_i].make();
        nn_context *context = context_of(model, i);
        ck_assert_int_eq(count_given(context), i == 0 ? cases[_i].given : 0);
        memset(gradients[i], 0, sizeof gradients[i]);
        run(context, model, y[i], gradients[i]);
        nn_context_free(context);
        nn_model_free(model);
    }
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
}
END_TEST

/* Frozen, batch norm keeps no x. */
START_TEST(a_frozen_batch_norm_takes_no_slope)
{
    for (int frozen = 0; frozen < 2; frozen++) {
        nn_model *model =
            nn_sequential(nn_input(9, 10, 3), nn_conv2d(4, {3, 3}, .activation = NN_RELU),
                          nn_batch_norm(.name = "norm"), nn_flatten(), nn_dense(CLASSES));
        ck_assert_int_eq(nn_model_set_trainable(model, "norm", !frozen), NN_OK);
        nn_context *context = context_of(model, 0);
        ck_assert_int_eq(count_given(context), !frozen);
        nn_context_free(context);
        nn_model_free(model);
    }
}
END_TEST

Suite *slope_suite(void);
Suite *slope_suite(void)
{
    Suite *suite = TEST_SUITE("slope", a_frozen_batch_norm_takes_no_slope);
    TCase *tcase = tcase_create("models");
    tcase_add_loop_test(tcase, gradients_have_the_same_bits, 0, NN__COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
