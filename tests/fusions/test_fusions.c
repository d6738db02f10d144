/* What the fusions do: the same numbers within their bounds, and nothing that a user can see. */
#include "test.h"

#include "model/context.h"

enum { ROWS = 6 };

typedef nn_model *make_model(void);

static nn_model *chain(void)
{
    return nn_sequential(nn_input(8, 8, 3),
                         nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_max_pool2d({2, 2}), nn_conv2d(5, {3, 3}, .activation = NN_SIGMOID),
                         nn_flatten(), nn_dense(12, NN_TANH), nn_dense(10, NN_SOFTMAX));
}

static nn_model *layers_of_activation(void)
{
    return nn_sequential(nn_input(8, 8, 3), nn_conv2d(4, {3, 3}), nn_activation(NN_RELU),
                         nn_batch_norm(), nn_activation(NN_TANH), nn_flatten(), nn_dense(10),
                         nn_softmax());
}

/* z of the first convolution is read twice: its activation must stay a step. */
static nn_model *shared_input(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_model_input(m, 8, 8, 3);
    nn_node z = nn_apply(nn_conv2d(3, {3, 3}, .padding = NN_SAME), x);
    nn_node y = nn_merge(nn_add(), nn_apply(nn_activation(NN_RELU), z), z);
    nn_model_output(m, nn_apply(nn_dense(10, NN_SOFTMAX), nn_apply(nn_flatten(), y)));
    return m;
}

/* The output is z, and an activation that nobody wants reads it. */
static nn_model *read_output(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(nn_flatten(), nn_model_input(m, 8, 8, 3));
    nn_node z = nn_apply(nn_dense(10), x);
    nn_apply(nn_activation(NN_RELU), z);
    nn_model_output(m, z);
    return m;
}

/* The output is softmax, and somebody else reads its logits. */
static nn_model *read_logits(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(nn_flatten(), nn_model_input(m, 8, 8, 3));
    nn_node z = nn_apply(nn_dense(10), x);
    nn_apply(nn_activation(NN_TANH), z);
    nn_model_output(m, nn_apply(nn_softmax(), z));
    return m;
}

/* An activation after an activation: only the first belongs to the convolution. */
static nn_model *two_activations(void)
{
    return nn_sequential(nn_input(8, 8, 3), nn_conv2d(3, {3, 3}, .activation = NN_RELU),
                         nn_activation(NN_SIGMOID), nn_flatten(), nn_dense(10, NN_SIGMOID),
                         nn_activation(NN_SOFTMAX));
}

static nn_model *norm_and_pool(void)
{
    return nn_sequential(nn_input(8, 8, 3), nn_conv2d(5, {3, 3}, .activation = NN_RELU),
                         nn_batch_norm(), nn_max_pool2d({2, 2}), nn_batch_norm(.no_center = 1),
                         nn_max_pool2d({2, 2}, {1, 1}, .padding = NN_SAME), nn_flatten(),
                         nn_dense(10, NN_SOFTMAX));
}

/* The slopes of these cannot be told from y: convolution and dense keep z for them. */
static nn_model *slopes_from_x(void)
{
    return nn_sequential(nn_input(8, 8, 3),
                         nn_conv2d(4, {3, 3}, .padding = NN_SAME, .activation = NN_SILU),
                         nn_activation(NN_GELU), nn_max_pool2d({2, 2}), nn_flatten(),
                         nn_dense(12, NN_MISH), nn_dense(10, NN_SOFTMAX));
}

static make_model *const models[] = {chain,         layers_of_activation, shared_input,
                                     read_output,   read_logits,          two_activations,
                                     norm_and_pool, slopes_from_x};
enum { MODELS = sizeof models / sizeof models[0] };

/* Every weight of a layer's vectors away from its first value: gammas of both signs, and zeros. */
static void stir(nn_model *model)
{
    static const double values[] = {0.75, -1.5, 0, 1, 0.25};
    for (int w = 0; w < model->weight_count; w++)
        for (size_t i = 0; model->weights[w].shape.rank == 1 && i < model->weights[w].count; i++)
            if (model->weights[w].trainable)
                model->values[model->weights[w].offset + i] = (nn_real)values[i % 5];
}

static nn_model *compiled(make_model *make, int no_fusion)
{
    nn_model *model = make();
    nn_model_set_seed(model, 5);
    nn_model_set_threads(model, 2);
    ck_assert_msg(
        nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.01),
                   .loss = nn_categorical_crossentropy(.from_logits = make == read_output),
                   .metrics = nn_metrics(nn_accuracy()), .no_fusion = no_fusion) == NN_OK,
        "%s", nn_error_message());
    stir(model);
    return model;
}

static void fill(nn_real *x, nn_real *y)
{
    uint64_t state = 81;
    test_fill_reals(x, (size_t)ROWS * 192, &state);
    for (int i = 0; i < ROWS; i++)
        y[i * 10 + test_random_int(&state, 0, 9)] = 1;
}

/* |a - b| <= bound * max(|a|, |b|, 1). A row passes at most 192 + 27 + 108 + 36 + 12 products, each
 * rounded once in either order: bound = 2 * 400 * 2^-24 of the sum of sizes, below 30 here. */
static void close_to(const nn_real *a, const nn_real *b, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)(a[i] - b[i])) <=
              800 * ldexp(1, -24) * fmax(1, fmax(fabs((double)a[i]), fabs((double)b[i])))))
            ck_abort_msg("%s: element %zu: fused %.9g, apart %.9g", what, i, (double)a[i],
                         (double)b[i]);
}

START_TEST(fused_and_apart_give_the_same_outputs_losses_and_gradients)
{
    static nn_real x[ROWS * 192], t[ROWS * 10], y[2][ROWS * 10], p[2][ROWS * 10], g[2][20000];
    double loss[2];
    nn_model *model[2];
    nn_context *context[2];
    memset(t, 0, sizeof t);
    fill(x, t);
    nn_tensor *targets = nn_tensor_borrow(NN_F32, t, NN_SHAPE(ROWS, 10));
    for (int i = 0; i < 2; i++) {
        model[i] = compiled(models[_i], i);
        context[i] = nn_context(model[i], .batch_size = ROWS, .training = 1, .no_fusion = i);
        ck_assert_int_eq(nn_context_predict(context[i], x, ROWS, p[i]), NN_OK);
        ck_assert_int_eq(nn_context_forward(context[i], x, ROWS, y[i]), NN_OK);
        ck_assert_int_eq(nn_context_backward(context[i], targets, &loss[i]), NN_OK);
    }
    close_to(p[0], p[1], ROWS * 10, "predict");
    close_to(y[0], y[1], ROWS * 10, "forward");
    ck_assert_double_eq_tol(loss[0], loss[1], 1e-4 * fabs(loss[0]));
    for (int w = 0; w < model[0]->weight_count; w++) {
        const nn__weight *weight = &model[0]->weights[w];
        if (!weight->trainable)
            continue;
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(nn_context_gradient(context[i], weight->name, g[i], weight->count),
                             NN_OK);
        close_to(g[0], g[1], weight->count, weight->name);
    }
    for (int i = 0; i < 2; i++) {
        nn_context_free(context[i]);
        nn_model_free(model[i]);
    }
    nn_tensor_free(targets);
}
END_TEST

static char *text_of_summary(nn_model *model)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ck_assert_int_eq(nn_model_summary(model, stream), NN_OK);
    fclose(stream);
    return text;
}

START_TEST(names_parameters_and_summary_do_not_notice)
{
    nn_model *fused = compiled(models[_i], 0), *apart = compiled(models[_i], 1);
    ck_assert_uint_eq(nn_model_weight_count(fused), nn_model_weight_count(apart));
    ck_assert_uint_eq(nn_model_parameters(fused), nn_model_parameters(apart));
    for (size_t i = 0; i < nn_model_weight_count(fused); i++)
        ck_assert_str_eq(nn_model_weight_name(fused, i), nn_model_weight_name(apart, i));
    char *a = text_of_summary(fused), *b = text_of_summary(apart);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    nn_model_free(fused);
    nn_model_free(apart);
}
END_TEST

static int steps_of(make_model *make, int no_fusion, int *loss_fused)
{
    nn_model *model = compiled(make, no_fusion);
    nn_context *context =
        nn_context(model, .batch_size = ROWS, .training = 1, .no_fusion = no_fusion);
    int steps = context->runs[NN__TRAIN].program.step_count;
    *loss_fused = context->runs[NN__TRAIN].program.predictions[0].loss_fused;
    nn_context_free(context);
    nn_model_free(model);
    return steps;
}

static void steps_are(make_model *make, int apart, int fused, int loss)
{
    int loss_fused;
    ck_assert_int_eq(steps_of(make, 1, &loss_fused), apart);
    ck_assert_int_eq(loss_fused, 0);
    ck_assert_int_eq(steps_of(make, 0, &loss_fused), fused);
    ck_assert_int_eq(loss_fused, loss);
}

START_TEST(what_belongs_together_becomes_one_step_and_nothing_else)
{
    steps_are(chain, 9, 4, 1);
    steps_are(layers_of_activation, 6, 4, 1);
    steps_are(shared_input, 5, 4, 1);
    steps_are(read_output, 2, 2, 0);
    steps_are(read_logits, 3, 3, 0);
    steps_are(two_activations, 6, 4, 0); /* the loss would overwrite a y that is kept */
    steps_are(norm_and_pool, 8, 4, 1);
    steps_are(slopes_from_x, 8, 7, 1);
}
END_TEST

/* Nobody computes z. */
START_TEST(an_activation_of_an_input_stays_a_step)
{
    const nn_real a[2] = {1, 2}, b[3] = {-1, 0, 3};
    nn_real y[3];
    nn_model *m = nn_model_new();
    nn_node x = nn_apply(nn_dense(3), nn_model_input(m, 2));
    nn_node z = nn_apply(nn_activation(NN_RELU), nn_model_input(m, 3));
    nn_model_output(
        m, nn_merge(nn_multiply(), nn_apply(nn_rescaling(.scale = NN_ZERO, .offset = 1), x), z));
    nn_context *context = nn_context(m, .batch_size = 1);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_int_eq(context->runs[NN__PREDICT].program.step_count, 4);
    ck_assert_int_eq(
        nn_context_predict_many(context, (const nn_real *const[]){a, b}, 1, (nn_real *const[]){y}),
        NN_OK);
    ck_assert(y[0] == 0 && y[1] == 0 && y[2] == 3);
    nn_context_free(context);
    nn_model_free(m);
}
END_TEST

/* Through fit, whose context follows compile's no_fusion. */
START_TEST(fits_agree_over_some_steps)
{
    static nn_real x[ROWS * 192], y[ROWS * 10];
    const nn_history *history[2];
    nn_model *model[2];
    memset(y, 0, sizeof y);
    fill(x, y);
    nn_tensor *tx = nn_tensor_borrow(NN_F32, x, NN_SHAPE(ROWS, 8, 8, 3));
    nn_tensor *ty = nn_tensor_borrow(NN_F32, y, NN_SHAPE(ROWS, 10));
    nn_dataset *data = nn_arrays(tx, ty);
    for (int i = 0; i < 2; i++) {
        model[i] = compiled(models[_i], i);
        ck_assert_msg(nn_fit(model[i], data, .batch_size = 3, .epochs = 4) == NN_OK, "%s",
                      nn_error_message());
        history[i] = nn_model_history(model[i]);
    }
    for (int epoch = 0; epoch < 4; epoch++)
        ck_assert_double_eq_tol(nn_history_value(history[0], epoch, "loss"),
                                nn_history_value(history[1], epoch, "loss"), 1e-3);
    ck_assert_double_lt(nn_history_value(history[0], 3, "loss"),
                        nn_history_value(history[0], 0, "loss"));
    nn_model_free(model[0]);
    nn_model_free(model[1]);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
}
END_TEST

Suite *fusions_suite(void);
Suite *fusions_suite(void)
{
    Suite *suite = TEST_SUITE("fusions", what_belongs_together_becomes_one_step_and_nothing_else,
                              an_activation_of_an_input_stays_a_step);
    TCase *tcase = tcase_create("models");
    tcase_add_loop_test(tcase, fused_and_apart_give_the_same_outputs_losses_and_gradients, 0,
                        MODELS);
    tcase_add_loop_test(tcase, names_parameters_and_summary_do_not_notice, 0, MODELS);
    tcase_add_loop_test(tcase, fits_agree_over_some_steps, 0, MODELS);
    suite_add_tcase(suite, tcase);
    return suite;
}
