/*
 * Regularizers: the whole way from a layer's option to the loss, the gradients and the file. The
 * layer is a small dense one of the test's own, so that only public tables are used.
 *
 * Expected numbers: Keras 3.15.1 on TensorFlow 2.21.
 */
#include "base/options.h"
#include "model/architecture.h"
#include "model/model.h"
#include "probe.h"

typedef struct plain_options {
    size_t struct_size;
    int units;
    int tanh;
    nn_regularizer kernel_regularizer;
    nn_regularizer bias_regularizer;
    const char *name;
} plain_options;

static nn_status plain_infer(nn_infer *infer)
{
    const plain_options *o = infer->options;
    const int dims[2] = {infer->inputs[0].dims[0], o->units};
    nn_initializer he = NN_HE_UNIFORM;
    infer->output = (nn_shape){1, {o->units}};
    infer->flags = NN_KEEPS_X | NN_KEEPS_Y;
    if (nn_infer_weight(infer, "kernel", dims, 2, he, 1) != NN_OK ||
        nn_infer_regularize(infer, o->kernel_regularizer) != NN_OK ||
        nn_infer_weight(infer, "bias", dims + 1, 1, he, 1) != NN_OK)
        return NN_ENOMEM;
    return nn_infer_regularize(infer, o->bias_regularizer);
}

static void plain_forward(const nn_pass *pass)
{
    const plain_options *o = pass->options;
    const int k = pass->x_shape->dims[0], u = o->units;
    for (int n = 0; n < pass->rows; n++)
        for (int j = 0; j < u; j++) {
            double sum = (double)pass->weights[1][j];
            for (int i = 0; i < k; i++)
                sum += (double)pass->x[0][n * k + i] * (double)pass->weights[0][i * u + j];
            pass->y[n * u + j] = (nn_real)(o->tanh ? tanh(sum) : sum);
        }
}

/* One element of the gradients at a time; dy becomes dz first. */
static void plain_backward(const nn_pass *pass)
{
    const plain_options *o = pass->options;
    const int k = pass->x_shape->dims[0], u = o->units, rows = pass->rows;
    for (int i = 0; o->tanh && i < rows * u; i++)
        pass->dy[i] *= 1 - pass->y[i] * pass->y[i];
    for (int j = 0; pass->trainable && j < u; j++) {
        double sum = 0;
        for (int n = 0; n < rows; n++)
            sum += (double)pass->dy[n * u + j];
        pass->gradients[1][j] = (nn_real)sum;
        for (int i = 0; i < k; i++) {
            sum = 0;
            for (int n = 0; n < rows; n++)
                sum += (double)pass->dy[n * u + j] * (double)pass->x[0][n * k + i];
            pass->gradients[0][i * u + j] = (nn_real)sum;
        }
    }
    for (int n = 0; pass->dx[0] != NULL && n < rows; n++)
        for (int i = 0; i < k; i++) {
            double sum = 0;
            for (int j = 0; j < u; j++)
                sum += (double)pass->dy[n * u + j] * (double)pass->weights[0][i * u + j];
            pass->dx[0][n * k + i] = (nn_real)sum;
        }
}

static const nn_option plain_fields[] = {
    NN__OPTION(plain_options, INT, units),
    NN__OPTION(plain_options, FLAG, tanh),
    NN__OPTION(plain_options, REGULARIZER, kernel_regularizer),
    NN__OPTION(plain_options, REGULARIZER, bias_regularizer),
    NN__OPTION(plain_options, STRING, name),
};

static const nn_layer_kind plain_kind = {
    .kind = NN__KIND(nn_layer_kind, "plain", "Plain", plain_options, plain_fields),
    .infer = plain_infer,
    .forward = plain_forward,
    .backward = plain_backward,
};

#define plain(...) nn_layer_new(&plain_kind, NN_OPTIONS(plain_options, __VA_ARGS__))

/* ---- Against Keras ---- */

static const float first_x[] = {1, 2, 3, 0, -1, .5F, .25F, .5F, -.75F, 2, 0, 1, -1, 1, 1};
static const float first_y[] = {1, 0, -1, .5F, 2};

static const nn_real first_weights[4][6] = {
    {(nn_real).5, (nn_real)-.25, 0, (nn_real).75, -1, (nn_real).125},
    {(nn_real).25, (nn_real)-.5},
    {(nn_real)1.5, (nn_real)-.75},
    {(nn_real).125},
};
static const char *const weight_names[4] = {"plain/kernel", "plain/bias", "plain_1/kernel",
                                            "plain_1/bias"};
static const size_t weight_counts[4] = {6, 2, 2, 1};

static nn_model *keras_model(nn_optimizer *optimizer)
{
    nn_model *model = nn_sequential(
        nn_input(3),
        plain(2, 1, .kernel_regularizer = NN_L1_L2(.01, .02), .bias_regularizer = NN_L1(.03)),
        plain(1, .kernel_regularizer = NN_L2(.05)));
    ck_assert_msg(nn_compile(model, .optimizer = optimizer, .loss = nn_mean_squared_error()) ==
                      NN_OK,
                  "%s", nn_error_message());
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            nn_model_set_weight(model, weight_names[i], first_weights[i], weight_counts[i]), NN_OK);
    return model;
}

static void check_weights(nn_model *model, const double want[4][6])
{
    for (int i = 0; i < 4; i++) {
        nn_real have[6];
        ck_assert_int_eq(nn_model_get_weight(model, weight_names[i], have, weight_counts[i]),
                         NN_OK);
        for (size_t j = 0; j < weight_counts[i]; j++)
            ck_assert_double_eq_tol((double)have[j], want[i][j], 1e-6);
    }
}

static double train(nn_model *model)
{
    nn_tensor *x = nn_tensor_borrow_const(NN_F32, first_x, NN_SHAPE(5, 3));
    nn_tensor *y = nn_tensor_borrow_const(NN_F32, first_y, NN_SHAPE(5, 1));
    const nn_logs *logs = NULL;
    ck_assert_msg(nn_train_on_batch(model, x, y, &logs) == NN_OK, "%s", nn_error_message());
    nn_tensor_free(x);
    nn_tensor_free(y);
    return nn_logs_value(logs, "loss");
}

START_TEST(train_on_batch_evaluate_and_fit_are_those_of_keras)
{
    static const double losses[4] = {5.883967876434326, 3.525513172149658, 2.341684341430664,
                                     1.7963201999664307};
    static const double stepped[4][6] = {{0.17992281913757324, -0.07661645114421844,
                                          0.2318570613861084, 0.43715187907218933,
                                          -0.6620330214500427, -0.4669785797595978},
                                         {0.198439821600914, -0.5701579451560974},
                                         {0.6214173436164856, -0.4581330418586731},
                                         {0.3774391710758209}};
    static const double fitted[4][6] = {{-0.08136425912380219, 0.1521805375814438,
                                         0.46044036746025085, 0.2810893654823303,
                                         -0.38419365882873535, -0.7656192779541016},
                                        {0.22932712733745575, -0.5434609651565552},
                                        {0.2767332196235657, -0.6945611238479614},
                                        {0.5242171883583069}};
    nn_model *model = keras_model(nn_sgd(.1));
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol(train(model), losses[i], 2e-6);
    check_weights(model, stepped);
    nn_tensor *x = nn_tensor_borrow_const(NN_F32, first_x, NN_SHAPE(5, 3));
    nn_tensor *y = nn_tensor_borrow_const(NN_F32, first_y, NN_SHAPE(5, 1));
    nn_dataset *data = nn_arrays(.x = x, .y = y);
    const nn_logs *result = NULL;
    ck_assert_int_eq(nn_evaluate(model, data, .batch_size = 2, .result = &result), NN_OK);
    ck_assert_double_eq_tol(nn_logs_value(result, "loss"), 1.4748830795288086, 2e-6);
    ck_assert_int_eq(
        nn_fit(model, data, .batch_size = 2, .epochs = 2, .no_shuffle = 1, .validation_data = data),
        NN_OK);
    const nn_history *history = nn_model_history(model);
    ck_assert_double_eq_tol(nn_history_value(history, 0, "loss"), 1.5400418043136597, 2e-6);
    ck_assert_double_eq_tol(nn_history_value(history, 1, "loss"), 1.166355848312378, 2e-6);
    ck_assert_double_eq_tol(nn_history_value(history, 0, "val_loss"), 1.0641871690750122, 2e-6);
    ck_assert_double_eq_tol(nn_history_value(history, 1, "val_loss"), 0.9514186978340149, 2e-6);
    check_weights(model, fitted);
    nn_dataset_free(data);
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_model_free(model);
}
END_TEST

START_TEST(the_optimizer_sees_the_gradient_of_the_penalty)
{
    static const double losses[3] = {5.883967876434326, 5.740855693817139, 5.598405361175537};
    static const double stepped[4][6] = {{0.47002023458480835, -0.22002793848514557,
                                          0.029985930770635605, 0.719968318939209,
                                          -0.9699658155441284, 0.09497874230146408},
                                         {0.22010251879692078, -0.5300090312957764},
                                         {1.470018982887268, -0.7200487852096558},
                                         {0.15498313307762146}};
    nn_model *model = keras_model(nn_adam(.learning_rate = .01));
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq_tol(train(model), losses[i], 2e-6);
    check_weights(model, stepped);
    nn_model_free(model);
}
END_TEST

/* ---- Against the formula, on a weight of several pieces ---- */

enum { INPUTS = 300, UNITS = 170, COUNT = INPUTS * UNITS };

static nn_real large_weight(size_t i)
{
    return i % 7 == 0 ? 0 : (nn_real)(((double)(i % 401) - 200) / 128);
}

/* Loss and gradient of the kernel with that regularizer; dy = 1 everywhere. */
static double large(nn_regularizer regularizer, int threads, int frozen, nn_real *gradient)
{
    static nn_real x[2 * INPUTS], kernel[COUNT], bias[UNITS], ones[2 * UNITS];
    nn_model *model = nn_sequential(nn_input(INPUTS), plain(UNITS), plain(UNITS));
    plain_options *o = model->nodes[1].layer->object.options;
    o->kernel_regularizer = regularizer;
    o->bias_regularizer = regularizer;
    nn_model_set_threads(model, threads);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()), NN_OK);
    uint64_t state = 3;
    test_fill_integers(x, 2 * INPUTS, 3, &state);
    for (size_t i = 0; i < COUNT; i++)
        kernel[i] = large_weight(i);
    for (size_t i = 0; i < 2 * UNITS; i++)
        ones[i] = 1;
    ck_assert_int_eq(nn_model_set_weight(model, "plain/kernel", kernel, COUNT), NN_OK);
    ck_assert_int_eq(nn_model_set_weight(model, "plain/bias", bias, UNITS), NN_OK);
    model->nodes[1].frozen = frozen;
    nn_context *context = nn_context(model, .batch_size = 2, .training = 1);
    ck_assert_ptr_nonnull(context);
    nn_tensor *targets = nn_tensor_borrow_const(NN_F32, ones, NN_SHAPE(2, UNITS));
    double loss = 0;
    ck_assert_int_eq(nn_context_forward(context, x, 2, NULL), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, targets, &loss), NN_OK);
    if (!frozen)
        ck_assert_int_eq(nn_context_gradient(context, "plain/kernel", gradient, COUNT), NN_OK);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
    return loss;
}

START_TEST(loss_and_gradient_follow_the_formula)
{
    static nn_real with[COUNT], without[COUNT];
    const nn_regularizer both = NN_L1_L2(.5, .25), none = {0, 0};
    double want = 0, plain_loss = large(none, 1, 0, without);
    for (size_t i = 0; i < COUNT; i++) {
        double w = (double)large_weight(i);
        want += .5 * fabs(w) + .25 * w * w;
    }
    ck_assert_double_eq_tol(large(both, 1, 0, with) - plain_loss, want, 1e-6);
    for (size_t i = 0; i < COUNT; i++) {
        double w = (double)large_weight(i), sign = (w > 0) - (w < 0);
        double have = (double)with[i] - (double)without[i];
        if (fabs(have - (.5 * sign + .5 * w)) > 1e-4)
            ck_abort_msg("element %zu: %g, it should be %g", i, have, .5 * sign + .5 * w);
    }
    ck_assert_double_eq(large(both, 1, 1, NULL), large(none, 1, 1, NULL));
}
END_TEST

START_TEST(bits_do_not_depend_on_the_number_of_threads)
{
    static nn_real one[COUNT], three[COUNT];
    const nn_regularizer both = NN_L1_L2(.1, .3);
    double loss = large(both, 1, 0, one);
    ck_assert(large(both, 3, 0, three) == loss);
    ck_assert_mem_eq(one, three, sizeof one);
}
END_TEST

START_TEST(steps_allocate_nothing)
{
    test_memory_begin();
    nn_model *model = keras_model(nn_sgd(.1));
    train(model);
    long before = test_memory_total();
    train(model);
    long tensors = test_memory_total() - before;
    nn_model *bare = nn_sequential(nn_input(3), plain(2, 1), plain(1));
    ck_assert_int_eq(nn_compile(bare, .optimizer = nn_sgd(.1), .loss = nn_mean_squared_error()),
                     NN_OK);
    train(bare);
    before = test_memory_total();
    train(bare);
    ck_assert_int_eq(test_memory_total() - before, tensors);
    nn_model_free(model);
    nn_model_free(bare);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

/* ---- Options ---- */

START_TEST(factors_are_checked)
{
    static const nn_regularizer bad[] = {{-1, 0}, {0, -.5}, {(double)NAN, 0}, {0, HUGE_VAL}};
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        nn_model *model = nn_sequential(nn_input(3), plain(2, .bias_regularizer = bad[i]));
        ck_assert_int_eq(nn_model_build(model), NN_EINVAL);
        test_message_has(i % 2 == 0 ? "plain: bias_regularizer's l1 is "
                                    : "plain: bias_regularizer's l2 is ");
        test_message_has("it must be at least 0 and finite");
        nn_model_free(model);
    }
    nn_model *zero = nn_sequential(nn_input(3), plain(2, .kernel_regularizer = NN_L1(NN_ZERO)));
    ck_assert_int_eq(nn_model_build(zero), NN_OK);
    ck_assert(!signbit(zero->weights[0].regularizer.l1));
    nn_model_free(zero);
}
END_TEST

/* Reads `text` into the options of a layer; the status. */
static nn_status read_options(nn_layer *layer, const char *text)
{
    nn__json *json = NULL;
    ck_assert_int_eq(nn__json_parse(text, strlen(text), NULL, "text", &json), NN_OK);
    nn_status status = nn__object_from_json(&layer->object, json, 0, "text");
    nn__json_free(json);
    return status;
}

START_TEST(files_keep_them)
{
    nn_layer *layer = plain(2, .kernel_regularizer = NN_L1_L2(.125, .1)), *copy = plain(2);
    char *text = NULL;
    nn__json_writer writer = {0};
    nn__object_to_json(&writer, &layer->object);
    ck_assert_int_eq(nn__json_finish(&writer, &text, NULL), NN_OK);
    ck_assert_msg(strstr(text, "\"kernel_regularizer\":{\"l1\":0.125,\"l2\":0.1}") != NULL, "%s",
                  text);
    ck_assert_msg(strstr(text, "\"bias_regularizer\":null") != NULL, "%s", text);
    nn__free(text);
    ck_assert_int_eq(read_options(copy, "{\"kernel_regularizer\":{\"l1\":0.125,\"l2\":0.1},"
                                        "\"bias_regularizer\":null}"),
                     NN_OK);
    const plain_options *o = copy->object.options;
    ck_assert(o->kernel_regularizer.l1 == .125 && o->kernel_regularizer.l2 == .1);
    ck_assert(o->bias_regularizer.l1 == 0 && o->bias_regularizer.l2 == 0);
    static const char *const bad[] = {"0.5", "{\"l1\":1}", "{\"l1\":1,\"l2\":\"x\"}",
                                      "{\"l1\":1,\"l2\":2,\"l3\":3}", "[1,2]"};
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        char whole[128];
        snprintf(whole, sizeof whole, "{\"kernel_regularizer\":%s}", bad[i]);
        ck_assert_int_eq(read_options(copy, whole), NN_EFORMAT);
    }
    nn_layer_free(layer);
    nn_layer_free(copy);
}
END_TEST

Suite *regularizers_suite(void);
Suite *regularizers_suite(void)
{
    return TEST_SUITE("regularizers", train_on_batch_evaluate_and_fit_are_those_of_keras,
                      the_optimizer_sees_the_gradient_of_the_penalty,
                      loss_and_gradient_follow_the_formula,
                      bits_do_not_depend_on_the_number_of_threads, steps_allocate_nothing,
                      factors_are_checked, files_keep_them);
}
