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

/* A step that adds to several gradients at once: its inputs are read before and again. */
static nn_model *dense_blocks(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(probe_source(ROWS, &picture), nn_model_input(m, 1));
    nn_node a = nn_apply(nn_conv2d(2, {3, 3}, .activation = NN_TANH), x);
    nn_node b = nn_apply(nn_conv2d(2, {3, 3}, .activation = NN_SILU), x);
    nn_node p = nn_merge(nn_multiply(), a, b, a, b);
    nn_node s = nn_merge(nn_subtract(), b, a);
    nn_node y = nn_merge(nn_concatenate(), a, p, b, s, a);
    nn_model_output(m, nn_apply(nn_dense(CLASSES, NN_SOFTMAX), nn_apply(nn_flatten(), y)));
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
static make_model *const models[] = {chain, residual, doubled, branches, read_output, dense_blocks};
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
                   .loss =
                       nn_sparse_categorical_crossentropy(.from_logits = which > 1 && which != 3 &&
                                                                         which != 5)) == NN_OK,
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
    numeric n = {model, context, zeros, ROWS, targets, 1, NULL, NULL};
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

/* ---- Several outputs ---- */

/* The product of two inputs, whose gradients differ. */
typedef struct product_options {
    size_t struct_size;
    const char *name;
} product_options;

static nn_status product_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    infer->flags = NN_KEEPS_X;
    return NN_OK;
}

static size_t product_count(const nn_pass *pass)
{
    return (size_t)pass->rows * nn__shape_count(pass->y_shape);
}

static void product_forward(const nn_pass *pass)
{
    for (size_t i = 0; i < product_count(pass); i++)
        pass->y[i] = pass->x[0][i] * pass->x[1][i];
}

static void product_backward(const nn_pass *pass)
{
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; pass->dx[k] != NULL && i < product_count(pass); i++)
            pass->dx[k][i] = pass->dy[i] * pass->x[1 - k][i];
}

static nn_layer *product(void)
{
    static const nn_option fields[] = {
        {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(product_options, name)},
    };
    static const nn_layer_kind kind = {
        .kind = {sizeof(nn_layer_kind), "product", "Product", sizeof(product_options), fields, 1},
        .inputs = NN_TWO_OR_MORE_INPUTS,
        .infer = product_infer,
        .forward = product_forward,
        .backward = product_backward};
    return nn_layer_new(&kind, NULL);
}

/* Two inputs; two outputs after a trunk, of one softmax and loss each. */
static void two_heads(nn_model *m, nn_node a, nn_node b)
{
    nn_node x = nn_merge(nn_add(), nn_apply(nn_dense(5, NN_TANH), a), nn_apply(nn_dense(5), b));
    nn_model_outputs(m, nn_apply(nn_dense(CLASSES, NN_SOFTMAX), x),
                     nn_apply(nn_dense(CLASSES, NN_SIGMOID), x));
}

/* The first output is read on the way to the second; both are read once more, to the product. */
static void outputs_with_readers(nn_model *m, nn_node a, nn_node b)
{
    nn_node x = nn_apply(nn_dense(CLASSES, NN_SOFTMAX), a);
    nn_node y = nn_apply(nn_dense(CLASSES, NN_TANH), nn_merge(nn_add(), x, b));
    nn_node z = nn_apply(nn_dense(CLASSES), nn_merge(product(), x, y));
    nn_apply(nn_activation(NN_TANH), z); /* leads nowhere */
    nn_model_output(m, x);
    nn_model_output(m, nn_merge(nn_add(), z, y));
}

/* Logits and their softmax are outputs both, and two outputs are one value under two names. */
static void logits_and_softmax(nn_model *m, nn_node a, nn_node b)
{
    nn_node x = nn_merge(nn_add(), nn_apply(nn_dense(CLASSES), a), b);
    nn_node z = nn_apply(nn_dense(CLASSES), x);
    nn_model_output(m, nn_apply(nn_activation(NN_SOFTMAX), z));
    nn_model_output(m, nn_apply(nn_flatten(), z));
}

static void one_value_twice(nn_model *m, nn_node a, nn_node b)
{
    nn_node z = nn_merge(nn_add(), nn_apply(nn_dense(CLASSES, NN_SOFTMAX), a), b);
    nn_model_output(m, nn_apply(nn_flatten(), z));
    nn_model_output(m, z);
}

/* An input that is an output; and a product whose inputs have other readers behind it, so that both
 * of its gradients are added to others. */
static void input_and_product(nn_model *m, nn_node a, nn_node b)
{
    nn_node x = nn_apply(nn_dense(CLASSES, NN_TANH), a), y = nn_apply(nn_dense(CLASSES), b);
    nn_node z = nn_merge(product(), x, y);
    z = nn_merge(nn_add(), nn_apply(nn_dense(CLASSES), nn_merge(nn_add(), x, z)), y);
    nn_model_output(m, nn_apply(nn_softmax(), z));
    nn_model_output(m, b);
}

typedef void make_heads(nn_model *model, nn_node a, nn_node b);
static make_heads *const heads[] = {two_heads, outputs_with_readers, logits_and_softmax,
                                    one_value_twice, input_and_product};
enum { HEADS = sizeof heads / sizeof heads[0], WIDTH = 4 };

static nn_model *model_of_heads(make_heads *make)
{
    nn_model *m = nn_model_new();
    nn_node a = nn_model_input(m, WIDTH);
    make(m, a, nn_model_input(m, CLASSES));
    nn_status status = nn_compile(
        m, .optimizer = nn_sgd(),
        .losses = nn_losses(nn_sparse_categorical_crossentropy(), nn_mean_squared_error()),
        .loss_weights = nn_loss_weights(0.75, 1.5));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return m;
}

static void check_heads(int which, int no_fusion, int threads)
{
    uint64_t state = 72;
    char what[64];
    nn_real a[ROWS * WIDTH], b[ROWS * CLASSES], values[ROWS * CLASSES];
    int32_t classes[ROWS] = {2, 0, 1, 2};
    nn_model *model = model_of_heads(heads[which]);
    nn_context *context = nn_context(model, .batch_size = ROWS, .training = 1, .threads = threads,
                                     .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    test_fill_reals(a, ROWS * WIDTH, &state);
    test_fill_reals(values, ROWS * CLASSES, &state);
    for (int i = 0; i < ROWS * CLASSES;
         i++) /* where it is added to probabilities, no kink is near */
        b[i] = (nn_real)(0.2 + 0.1 * (i % 4));
    nn_tensor *const targets[2] = {nn_tensor_borrow(NN_I32, classes, NN_SHAPE(ROWS)),
                                   nn_tensor_borrow(NN_F32, values, NN_SHAPE(ROWS, CLASSES))};
    const nn_real *const inputs[2] = {a, b};
    const nn_tensor *const outputs[2] = {targets[0], targets[1]};
    numeric n = {.model = model,
                 .context = context,
                 .rows = ROWS,
                 .scale = 1,
                 .inputs = inputs,
                 .outputs = outputs};
    snprintf(what, sizeof what, "heads %d%s", which, no_fusion ? ", not fused" : "");
    ck_assert_double_gt(numeric_check(&n, what), 1e-2);
    nn_tensor_free(targets[0]);
    nn_tensor_free(targets[1]);
    nn_context_free(context);
    nn_model_free(model);
}

START_TEST(backward_is_the_slope_of_the_weighted_sum_of_losses)
{
    check_heads(_i, 0, 1);
    check_heads(_i, 1, 2);
}
END_TEST

START_TEST(a_loss_is_fused_only_where_nobody_else_wants_its_softmax)
{
    static const int fused[HEADS] = {1, 0, 0, 0, 1};
    for (int i = 0; i < HEADS; i++) {
        nn_model *model = model_of_heads(heads[i]);
        nn_context *context = nn_context(model, .batch_size = ROWS, .training = 1);
        const nn__program *program = &context->runs[NN__TRAIN].program;
        ck_assert_int_eq(program->predictions[0].loss_fused, fused[i]);
        ck_assert_int_eq(program->predictions[1].loss_fused, 0);
        nn_context_free(context);
        nn_model_free(model);
    }
}
END_TEST

Suite *model_gradients_suite(void);
Suite *model_gradients_suite(void)
{
    Suite *suite = suite_create("model_gradients");
    TCase *tcase = tcase_create("models");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, backward_is_the_slope_of_the_loss, 0, MODELS);
    tcase_add_loop_test(tcase, backward_is_the_slope_of_the_weighted_sum_of_losses, 0, HEADS);
    tcase_add_test(tcase, a_loss_is_fused_only_where_nobody_else_wants_its_softmax);
    suite_add_tcase(suite, tcase);
    return suite;
}
