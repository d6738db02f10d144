/* A convolution of few channels with the max pooling that follows, in training, against the layers by
 * themselves: nothing may differ, not in the last bit. */
#include <math.h>
#include <string.h>

#include "test.h"

#include "model/context.h"

enum { ROWS = 11, CLASSES = 10 };

typedef struct pool_case {
    int h, w, c, filters, same, activation, pool[2], no_bias;
    int fused; /* is it to be one step? */
    int algorithm, kernel, stride;
} pool_case;

static const pool_case cases[] = {
    {32, 32, 3, 10, 1, NN_RELU, {2, 2}, 0, 1, NN_CONV_AUTO, 3, 0},
    {8, 8, 3, 10, 1, NN_RELU, {2, 2}, 0, 1, NN_CONV_WINOGRAD, 3, 0},
    /* the last row of tiles is half */
    {12, 10, 3, 24, 0, NN_RELU, {2, 2}, 0, 1, NN_CONV_WINOGRAD, 3, 0},
    /* more tiles than a run */
    {16, 70, 1, 17, 1, NN_TANH, {4, 2}, 0, 1, NN_CONV_WINOGRAD, 3, 0},
    /* tiles beyond the picture, windows across tiles */
    {10, 11, 4, 33, 0, NN_LINEAR, {1, 3}, 1, 1, NN_CONV_WINOGRAD, 3, 0},
    {8, 6, 2, 1, 1, NN_SIGMOID, {4, 6}, 0, 1, NN_CONV_WINOGRAD, 3, 0},
    /* its slope wants z */
    {8, 8, 3, 10, 1, NN_SILU, {2, 2}, 0, 0, NN_CONV_WINOGRAD, 3, 0},
    /* a window would cross rows of tiles; a row is left over; windows overlap */
    {9, 9, 3, 10, 1, NN_RELU, {3, 3}, 0, 0, NN_CONV_WINOGRAD, 3, 0},
    {9, 8, 3, 10, 1, NN_RELU, {2, 2}, 0, 0, NN_CONV_WINOGRAD, 3, 0},
    {8, 8, 3, 10, 1, NN_RELU, {2, 2}, 0, 0, NN_CONV_WINOGRAD, 3, 1},
    /* another way, another window, too many channels */
    {8, 8, 3, 10, 1, NN_RELU, {2, 2}, 0, 0, NN_CONV_GEMM, 3, 0},
    {8, 8, 3, 10, 1, NN_RELU, {2, 2}, 0, 0, NN_CONV_AUTO, 5, 0},
    {8, 8, 5, 10, 1, NN_RELU, {2, 2}, 0, 0, NN_CONV_WINOGRAD, 3, 0},
};

static nn_model *model_of(const pool_case *k, int no_fusion)
{
    nn_model *model = nn_sequential(
        nn_input(k->h, k->w, k->c),
        nn_conv2d(k->filters, {k->kernel, k->kernel}, .padding = k->same ? NN_SAME : NN_VALID,
                  .activation = k->activation, .no_bias = k->no_bias, .algorithm = k->algorithm,
                  .bias_initializer = NN_RANDOM_NORMAL(0.1)),
        nn_max_pool2d({k->pool[0], k->pool[1]}, {k->stride, k->stride}), nn_flatten(),
        nn_dense(CLASSES));
    nn_model_set_seed(model, 7);
    nn_model_set_threads(model, 2);
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error(),
                             .no_fusion = no_fusion) == NN_OK,
                  "%s", nn_error_message());
    return model;
}

static nn_context *context_of(nn_model *model, int no_fusion)
{
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    return context;
}

static int is_fused(const nn_context *context)
{
    return strcmp(context->runs[NN__TRAIN].program.steps[0].kind->kind.name, "conv2d_pool") == 0;
}

static void same_gradients(nn_context *const context[2], nn_model *model)
{
    for (size_t w = 0; w < nn_model_weight_count(model); w++) {
        const char *name = nn_model_weight_name(model, w);
        const size_t count = model->weights[w].count;
        nn_real *g = malloc(2 * count * sizeof *g);
        for (size_t i = 0; i < 2; i++)
            ck_assert_int_eq(nn_context_gradient(context[i], name, g + i * count, count), NN_OK);
        ck_assert_msg(memcmp(g, g + count, count * sizeof *g) == 0, "gradient of %s", name);
        free(g);
    }
}

/* One forward and backward pass of some rows, both ways. */
static void compare(const pool_case *k, const nn_real *x, int rows)
{
    nn_real t[ROWS * CLASSES] = {0}, y[2][ROWS * CLASSES];
    double loss[2];
    nn_model *model[2];
    nn_context *context[2];
    for (int r = 0; r < rows; r++)
        t[r * CLASSES + r % CLASSES] = 1;
    nn_tensor *targets = nn_tensor_borrow(NN_F32, t, NN_SHAPE(rows, CLASSES));
    for (int i = 0; i < 2; i++) {
        model[i] = model_of(k, i);
        context[i] = context_of(model[i], i);
        ck_assert_int_eq(is_fused(context[i]), i == 0 && k->fused);
        ck_assert_int_eq(nn_context_forward(context[i], x, rows, y[i]), NN_OK);
        ck_assert_int_eq(nn_context_backward(context[i], targets, &loss[i]), NN_OK);
    }
    ck_assert_mem_eq(y[0], y[1], (size_t)(rows * CLASSES) * sizeof y[0][0]);
    ck_assert(memcmp(&loss[0], &loss[1], sizeof loss[0]) == 0);
    same_gradients(context, model[0]);
    for (int i = 0; i < 2; i++) {
        nn_context_free(context[i]);
        nn_model_free(model[i]);
    }
    nn_tensor_free(targets);
}

static nn_real *picture_of(const pool_case *k)
{
    const size_t count = (size_t)(ROWS * k->h * k->w * k->c);
    nn_real *x = malloc(count * sizeof *x);
    uint64_t state = 31;
    test_fill_reals(x, count, &state);
    return x;
}

START_TEST(fused_and_apart_have_the_same_bits)
{
    const pool_case *k = &cases[_i];
    nn_real *x = picture_of(k);
    compare(k, x, ROWS);
    compare(k, x, 1); /* a short batch */
    free(x);
}
END_TEST

/* Ties, infinities and NaN lead the same windows. */
START_TEST(every_number_finds_the_same_leader)
{
    const pool_case *k = &cases[1];
    nn_real *x = picture_of(k);
    for (int i = 0; i < 64 * k->c; i++)
        x[i] = 1;
    compare(k, x, ROWS);
    x[192 + 40] = (nn_real)NAN;
    compare(k, x, ROWS);
    free(x);
}
END_TEST

/* Where the picture's own gradient is wanted the layers stay apart; where what stands before is frozen it
 * is not wanted. */
START_TEST(a_gradient_that_is_wanted_keeps_them_apart)
{
    for (int frozen = 0; frozen < 2; frozen++) {
        nn_model *model =
            nn_sequential(nn_input(8, 8, 3), nn_conv2d(3, {1, 1}, .name = "before"),
                          nn_conv2d(8, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                          nn_max_pool2d({2, 2}), nn_flatten(), nn_dense(CLASSES, NN_SOFTMAX));
        ck_assert_int_eq(nn_model_set_trainable(model, "before", !frozen), NN_OK);
        ck_assert_int_eq(
            nn_compile(model, .optimizer = nn_sgd(), .loss = nn_categorical_crossentropy()), NN_OK);
        nn_context *context = context_of(model, 0);
        ck_assert_int_eq(context->runs[NN__TRAIN].program.step_count, frozen ? 3 : 4);
        nn_context_free(context);
        nn_model_free(model);
    }
}
END_TEST

/* Somebody else reads the picture that would not be there. */
START_TEST(a_picture_with_two_readers_is_kept)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(nn_conv2d(8, {3, 3}, .padding = NN_SAME, .algorithm = NN_CONV_WINOGRAD),
                         nn_model_input(m, 8, 8, 3));
    nn_node small = nn_apply(nn_flatten(), nn_apply(nn_max_pool2d({2, 2}), x));
    nn_node whole = nn_apply(nn_flatten(), nn_apply(nn_max_pool2d({4, 4}), x));
    nn_model_output(
        m, nn_apply(nn_dense(CLASSES, NN_SOFTMAX), nn_merge(nn_concatenate(), small, whole)));
    ck_assert_int_eq(nn_compile(m, .optimizer = nn_sgd(), .loss = nn_categorical_crossentropy()),
                     NN_OK);
    nn_context *context = context_of(m, 0);
    ck_assert(!is_fused(context));
    nn_context_free(context);
    nn_model_free(m);
}
END_TEST

Suite *conv2d_pool_suite(void);
Suite *conv2d_pool_suite(void)
{
    Suite *suite =
        TEST_SUITE("conv2d_pool", every_number_finds_the_same_leader,
                   a_gradient_that_is_wanted_keeps_them_apart, a_picture_with_two_readers_is_kept);
    TCase *tcase = tcase_create("cases");
    tcase_add_loop_test(tcase, fused_and_apart_have_the_same_bits, 0, (int)NN__COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
