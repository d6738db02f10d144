/* Numeric gradients of whole small models, by the input and by every weight. */
#include "numeric.h"
#include "probe.h"

enum { ROWS = 4, CLASSES = 3 };

static const nn_shape picture = {3, {6, 6, 2}};

static nn_model *chain(void)
{
    return nn_sequential(nn_input(1), probe_source(ROWS, &picture),
                         nn_conv2d(3, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25),
                         nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_TANH),
                         nn_batch_norm(), nn_max_pool2d({2, 2}), nn_flatten(),
                         nn_dense(6, NN_SIGMOID), nn_batch_norm(), nn_dropout(.rate = 0.5),
                         nn_dense(CLASSES, NN_SOFTMAX));
}

static nn_model *residual(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(probe_source(ROWS, &picture), nn_model_input(m, 1));
    nn_node a = nn_apply(nn_conv2d(2, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), x);
    nn_node b = nn_apply(nn_conv2d(2, {1, 1}, .padding = NN_SAME), a);
    nn_node y = nn_merge(nn_add(), b, x);
    y = nn_apply(nn_activation(NN_TANH), y);
    y = nn_merge(nn_add(), y, a, x);
    y = nn_apply(nn_max_pool2d({3, 3}), y);
    nn_model_output(m, nn_apply(nn_dense(CLASSES, NN_SOFTMAX), nn_apply(nn_flatten(), y)));
    return m;
}

/* The same value on both sides, and three times. */
static nn_model *doubled(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(probe_source(ROWS, &picture), nn_model_input(m, 1));
    x = nn_apply(nn_batch_norm(), x);
    x = nn_merge(nn_add(), x, x);
    x = nn_apply(nn_conv2d(2, {2, 2}, .strides = {2, 2}, .activation = NN_SIGMOID), x);
    x = nn_merge(nn_add(), x, x, x);
    nn_model_output(m, nn_apply(nn_dense(CLASSES), nn_apply(nn_flatten(), x)));
    return m;
}

/* Two branches of different length, a value used by three readers, and a branch that leads
 * nowhere. */
static nn_model *branches(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(probe_source(ROWS, &picture), nn_model_input(m, 1));
    nn_node a = nn_apply(nn_conv2d(3, {3, 3}, .activation = NN_RELU), x);
    nn_node dead = nn_apply(nn_dense(2, NN_RELU), a);
    nn_node b = nn_apply(nn_rescaling(.scale = 2), nn_apply(nn_batch_norm(), a));
    nn_node c = nn_apply(nn_dropout(.rate = 0.3), nn_apply(nn_activation(NN_TANH), a));
    nn_node y = nn_apply(nn_rescaling(.scale = -1), nn_merge(nn_add(), c, b));
    nn_apply(nn_softmax(), dead);
    y = nn_apply(nn_dense(4, NN_RELU), nn_apply(nn_flatten(), y));
    nn_model_output(m, nn_apply(nn_dense(CLASSES, NN_SOFTMAX), y));
    return m;
}

/* The output has readers of its own, which lead nowhere. */
static nn_model *read_output(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(probe_source(ROWS, &picture), nn_model_input(m, 1));
    nn_node y = nn_apply(nn_dense(CLASSES), nn_apply(nn_flatten(), x));
    nn_apply(nn_activation(NN_RELU), y);
    nn_model_output(m, y);
    return m;
}

typedef nn_model *make_model(void);
static make_model *const models[] = {chain, residual, doubled, branches, read_output};
enum { MODELS = sizeof models / sizeof models[0] };

static void check_model(make_model *make, int which, int no_fusion, int threads)
{
    uint64_t state = 71;
    char what[64];
    nn_model *model = make();
    nn_model_set_seed(model, 7);
    nn_model_set_threads(model, threads);
    ck_assert_msg(
        nn_compile(model, .optimizer = nn_sgd(),
                   .loss = nn_sparse_categorical_crossentropy(.from_logits = which > 1 &&
                                                                             which != 3)) == NN_OK,
        "%s", nn_error_message());
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    int32_t classes[ROWS] = {2, 0, 1, 2};
    nn_tensor *targets = nn_tensor_borrow(NN_I32, classes, NN_SHAPE(ROWS));
    nn_real zeros[ROWS] = {0};
    for (int w = 0; w < model->weight_count; w++) { /* biases away from 0 */
        nn_real *values = model->values + model->weights[w].offset;
        for (size_t i = 0; i < model->weights[w].count && model->weights[w].trainable; i++)
            values[i] += (nn_real)0.3 * test_random_real(&state);
    }
    numeric_grid(model->values + model->weights[0].offset, model->weights[0].count, &state);
    numeric n = {model, context, zeros, ROWS, targets, 1};
    snprintf(what, sizeof what, "model %d%s", which, no_fusion ? ", not fused" : "");
    ck_assert_double_gt(numeric_check(&n, what), 1e-2);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(backward_is_the_slope_of_the_loss)
{
    check_model(models[_i], _i, 0, 1);
    check_model(models[_i], _i, 1, 2);
}
END_TEST

Suite *model_gradients_suite(void);
Suite *model_gradients_suite(void)
{
    Suite *suite = suite_create("model_gradients");
    TCase *tcase = tcase_create("models");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, backward_is_the_slope_of_the_loss, 0, MODELS);
    suite_add_tcase(suite, tcase);
    return suite;
}
