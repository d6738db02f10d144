/*
 * Folding against the layers by themselves. The same kernels run over the same numbers, so outputs
 * must have the same bits. Only BLAS may round a product otherwise when it is cut otherwise: where it
 * computes, inputs and weights are small whole numbers and scales powers of two, so that every sum is
 * exact.
 */
#include "test.h"

#include "model/context.h"
#include "scratch.h"

typedef struct folded {
    const char *what;
    int algorithm, whole; /* whole numbers                      */
    int h, w, c, f;
    int kernel, padding;
    int activation, norm, then; /* norm: 1, or 2 without center, 3 without scale */
    int pool[2];
    int rows, steps; /* of the fused program up to the dense layer */
} folded;

enum { GEMM = NN_CONV_GEMM, DIRECT = NN_CONV_DIRECT, WINOGRAD = NN_CONV_WINOGRAD };
enum { SAME = NN_SAME, VALID = NN_VALID, NONE = NN_LINEAR, RELU = NN_RELU, TANH = NN_TANH };

static const folded cases[] = {
    {"gemm", GEMM, 1, 8, 8, 3, 5, 3, SAME, RELU, 1, NONE, {2, 2}, 3, 1},
    {"gemm, activation behind", GEMM, 1, 12, 8, 4, 7, 5, SAME, NONE, 1, RELU, {3, 4}, 2, 1},
    {"gemm, many tiles", GEMM, 1, 64, 40, 2, 3, 3, SAME, RELU, 3, NONE, {2, 2}, 2, 1},
    {"gemm, tiles of broad windows", GEMM, 1, 60, 40, 2, 3, 3, SAME, RELU, 1, NONE, {3, 4}, 2, 1},
    {"gemm, pool alone", GEMM, 1, 8, 12, 3, 5, 1, SAME, RELU, 0, NONE, {2, 2}, 3, 1},
    {"gemm, norm alone", GEMM, 1, 7, 9, 3, 5, 3, VALID, NONE, 1, NONE, {0}, 3, 1},
    {"gemm, odd picture", GEMM, 1, 9, 8, 3, 5, 3, SAME, RELU, 1, NONE, {2, 2}, 3, 2},
    {"direct", DIRECT, 0, 8, 8, 3, 10, 3, SAME, RELU, 1, NONE, {2, 2}, 3, 1},
    {"direct, many bands", DIRECT, 0, 66, 50, 3, 19, 3, SAME, TANH, 2, RELU, {3, 2}, 2, 1},
    {"direct, both activations", DIRECT, 0, 10, 10, 2, 33, 3, VALID, RELU, 3, TANH, {4, 2}, 1, 1},
    {"direct, window over the edge", DIRECT, 0, 8, 9, 3, 4, 3, SAME, RELU, 1, NONE, {2, 2}, 1, 2},
    {"direct, broad picture", DIRECT, 0, 2, 300, 1, 2, 3, SAME, RELU, 1, NONE, {2, 2}, 1, 2},
    {"winograd", WINOGRAD, 0, 16, 16, 16, 32, 3, SAME, RELU, 1, NONE, {2, 2}, 4, 1},
    {"winograd, strips", WINOGRAD, 0, 8, 8, 17, 75, 3, SAME, NONE, 1, RELU, {2, 2}, 1, 1},
    {"winograd, cut tiles", WINOGRAD, 0, 10, 14, 5, 20, 3, SAME, RELU, 2, NONE, {2, 2}, 3, 1},
    {"winograd, tall windows", WINOGRAD, 0, 12, 18, 5, 6, 3, SAME, RELU, 0, NONE, {4, 1}, 2, 1},
    {"winograd, window of three", WINOGRAD, 0, 12, 12, 5, 6, 3, SAME, RELU, 1, NONE, {3, 3}, 2, 2},
    {"winograd, rows of three", WINOGRAD, 0, 12, 12, 5, 6, 3, SAME, RELU, 1, NONE, {3, 2}, 2, 2},
    {"winograd, columns of three", WINOGRAD, 0, 12, 12, 5, 6, 3, SAME, RELU, 1, NONE, {2, 3}, 2, 2},
    {"winograd, odd picture", WINOGRAD, 0, 9, 7, 16, 16, 3, SAME, TANH, 1, TANH, {2, 2}, 2, 2},
    {"winograd, norm alone", WINOGRAD, 0, 9, 7, 16, 40, 3, SAME, RELU, 3, NONE, {0}, 5, 1},
    {"winograd, only a norm", WINOGRAD, 0, 9, 7, 16, 40, 3, SAME, NONE, 1, NONE, {0}, 2, 1},
    {"winograd, only a pool", WINOGRAD, 0, 8, 8, 16, 20, 3, SAME, NONE, 0, NONE, {2, 2}, 3, 1},
};

/* Weights that make every sum exact, gammas and scales of both signs and zero; or any numbers. */
static void set_weights(nn_model *model, int whole, uint64_t seed)
{
    static const double gammas[] = {2, -0.5, 1, 0, -4}, variances[] = {0.25, 1, 4, 0.0625};
    for (int w = 0; w < model->weight_count; w++) {
        const nn__weight *weight = &model->weights[w];
        nn_real *values = model->values + weight->offset;
        test_fill_reals(values, weight->count, &seed);
        for (size_t i = 0; i < weight->count; i++) {
            if (strstr(weight->name, "moving_variance"))
                values[i] = (nn_real)variances[i % 4];
            else if (strstr(weight->name, "gamma"))
                values[i] = (nn_real)gammas[i % 5];
            else if (whole)
                values[i] = (nn_real)test_random_int(&seed, -3, 3);
        }
    }
    nn__model_changed(model);
}

static nn_model *case_model(const folded *k)
{
    nn_model *model = nn_model_new();
    nn_model_set_threads(model, 2);
    nn_model_add(model, nn_input(k->h, k->w, k->c));
    nn_model_add(model, nn_conv2d(k->f, {k->kernel, k->kernel}, .padding = k->padding,
                                  .activation = k->activation, .algorithm = k->algorithm));
    if (k->norm > 0)
        nn_model_add(model, nn_batch_norm(.epsilon = NN_ZERO, .no_center = k->norm == 2,
                                          .no_scale = k->norm == 3));
    if (k->then != NN_LINEAR)
        nn_model_add(model, nn_activation(k->then));
    if (k->pool[0] > 0)
        nn_model_add(model, nn_max_pool2d({k->pool[0], k->pool[1]}));
    ck_assert_msg(nn_model_build(model) == NN_OK, "%s", nn_error_message());
    set_weights(model, k->whole, 3);
    return model;
}

static nn_context *case_context(nn_model *model, int rows, int no_fusion)
{
    nn_context *context = nn_context(model, .batch_size = rows, .no_fusion = no_fusion);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    return context;
}

/* And no worker writes beyond its scratch. */
START_TEST(folded_and_apart_have_the_same_bits)
{
    const folded *k = &cases[_i];
    nn_model *model = case_model(k);
    nn_context *fused = case_context(model, k->rows, 0), *apart = case_context(model, k->rows, 1);
    const size_t in = (size_t)(k->rows * k->h * k->w * k->c),
                 out = (size_t)k->rows * nn__context_width(fused, 0);
    nn_real *x = malloc(in * sizeof *x), *y[2];
    uint64_t seed = 9;
    test_fill_reals(x, in, &seed);
    for (size_t i = 0; k->whole && i < in; i++)
        x[i] = (nn_real)test_random_int(&seed, -3, 3);
    for (int i = 0; i < 2; i++)
        y[i] = malloc(out * sizeof *y[i]);
    ck_assert_int_eq(fused->runs[NN__PREDICT].program.step_count, k->steps);
    test_scratch guarded = test_scratch_begin(fused, NN__PREDICT, 1 << 18);
    for (int rows = k->rows; rows > 0; rows--) {
        const size_t count = out / (size_t)k->rows * (size_t)rows;
        ck_assert_int_eq(nn_context_predict(fused, x, rows, y[0]), NN_OK);
        ck_assert_int_eq(nn_context_predict(apart, x, rows, y[1]), NN_OK);
        for (size_t i = 0; i < count; i++)
            if (memcmp(&y[0][i], &y[1][i], sizeof(nn_real)) != 0)
                ck_abort_msg("%s, %d rows: number %zu is %.9g, apart %.9g", k->what, rows, i,
                             (double)y[0][i], (double)y[1][i]);
    }
    test_scratch_end(fused, &guarded, k->what);
    free(x);
    free(y[0]);
    free(y[1]);
    nn_context_free(fused);
    nn_context_free(apart);
    nn_model_free(model);
}
END_TEST

/* The norm's output is wanted elsewhere, two norms, an activation that is not by element: what may
 * not be taken is left. */
static int steps_of(nn_model *model)
{
    nn_context *context = case_context(model, 2, 0);
    int steps = context->runs[NN__PREDICT].program.step_count;
    nn_context_free(context);
    nn_model_free(model);
    return steps;
}

START_TEST(what_others_read_and_what_does_not_follow_stays_a_step)
{
    nn_model *m = nn_model_new();
    nn_node z = nn_apply(nn_conv2d(3, {3, 3}), nn_model_input(m, 8, 8, 3));
    nn_node n = nn_apply(nn_batch_norm(), z);
    nn_model_output(
        m, nn_merge(nn_add(), nn_apply(nn_max_pool2d({2, 2}, {1, 1}, .padding = NN_SAME), n), n));
    ck_assert_int_eq(steps_of(m), 3);

    m = nn_model_new();
    z = nn_apply(nn_conv2d(3, {3, 3}), nn_model_input(m, 8, 8, 3));
    nn_model_output(m, z);
    nn_model_output(m, nn_apply(nn_batch_norm(), z));
    ck_assert_int_eq(steps_of(m), 2);

    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), nn_conv2d(4, {3, 3}, .padding = NN_SAME),
                               nn_batch_norm(), nn_batch_norm(), nn_max_pool2d({2, 2}))),
        2);
    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), nn_conv2d(4, {2, 2}, .activation = NN_SOFTMAX),
                               nn_batch_norm(), nn_activation(NN_SOFTMAX))),
        4);
    ck_assert_int_eq(steps_of(nn_sequential(nn_input(9), nn_dense(4, NN_RELU), nn_batch_norm(),
                                            nn_activation(NN_TANH), nn_dense(3, NN_SOFTMAX))),
                     3);
}
END_TEST

/* Behind a pooling only another layer can follow, softmax is not by element, windows that overlap
 * and a dense layer's pictures are pooled apart. */
START_TEST(what_comes_too_late_or_reads_a_whole_row_stays_a_step)
{
    nn_layer *conv[6];
    for (int i = 0; i < 6; i++)
        conv[i] = nn_conv2d(4, {3, 3}, .padding = NN_SAME);
    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), conv[0], nn_max_pool2d({2, 2}), nn_batch_norm())),
        2);
    ck_assert_int_eq(steps_of(nn_sequential(nn_input(8, 8, 3), conv[1], nn_batch_norm(),
                                            nn_max_pool2d({2, 2}), nn_activation(NN_SILU))),
                     2);
    ck_assert_int_eq(steps_of(nn_sequential(nn_input(8, 8, 3), conv[2], nn_max_pool2d({2, 2}),
                                            nn_max_pool2d({2, 2}))),
                     2);
    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), conv[3], nn_batch_norm(), nn_softmax())), 2);
    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), conv[4], nn_max_pool2d({2, 2}, {1, 2}))), 2);
    ck_assert_int_eq(
        steps_of(nn_sequential(nn_input(8, 8, 3), conv[5], nn_max_pool2d({2, 2}, {2, 1}))), 2);
    ck_assert_int_eq(steps_of(nn_sequential(nn_input(8, 8, 3), nn_dense(4), nn_batch_norm(),
                                            nn_max_pool2d({2, 2}))),
                     2);
}
END_TEST

START_TEST(dense_folds_in_both_of_its_cuts)
{
    enum { MOST = 400 };
    static nn_real x[MOST * 600], y[2][MOST * 24];
    uint64_t seed = 8;
    nn_model *model = nn_sequential(nn_input(600), nn_dense(24, NN_RELU),
                                    nn_batch_norm(.epsilon = NN_ZERO), nn_activation(NN_SIGMOID));
    ck_assert_int_eq(nn_model_build(model), NN_OK);
    set_weights(model, 1, 5);
    for (size_t i = 0; i < NN__COUNT(x); i++)
        x[i] = (nn_real)test_random_int(&seed, -3, 3);
    nn_context *fused = case_context(model, MOST, 0), *apart = case_context(model, MOST, 1);
    ck_assert_int_eq(fused->runs[NN__PREDICT].program.step_count, 1);
    for (int rows = 1; rows <= MOST; rows += 133) {
        ck_assert_int_eq(nn_context_predict(fused, x, rows, y[0]), NN_OK);
        ck_assert_int_eq(nn_context_predict(apart, x, rows, y[1]), NN_OK);
        ck_assert_mem_eq(y[0], y[1], (size_t)rows * 24 * sizeof(nn_real));
    }
    nn_context_free(fused);
    nn_context_free(apart);
    nn_model_free(model);
}
END_TEST

/* ---- What is made of the weights follows them ---- */

enum { ROWS = 3, SIDE = 16, CHANNELS = 16, NUMBERS = ROWS * SIDE * SIDE * CHANNELS };

/* The context predicts what a new one does, with many rows and with one. */
static void is_current(nn_context *context, nn_model *model, const nn_real *x, const char *after)
{
    static nn_real y[2][ROWS * 10];
    nn_context *anew = case_context(model, ROWS, 0);
    for (int rows = 1; rows <= ROWS; rows += ROWS - 1) {
        ck_assert_int_eq(nn_context_predict(context, x, rows, y[0]), NN_OK);
        ck_assert_int_eq(nn_context_predict(anew, x, rows, y[1]), NN_OK);
        ck_assert_msg(memcmp(y[0], y[1], (size_t)rows * 10 * sizeof(nn_real)) == 0,
                      "%d rows after %s", rows, after);
    }
    nn_context_free(anew);
}

START_TEST(whoever_writes_weights_the_next_prediction_sees_it)
{
    static nn_real x[NUMBERS], gamma[32], kernel[9 * CHANNELS * 32];
    const char *path = test_path("folding.safetensors");
    uint64_t seed = 4;
    nn_model *model = nn_sequential(
        nn_input(SIDE, SIDE, CHANNELS),
        nn_conv2d(32, {3, 3}, .padding = NN_SAME, .activation = NN_RELU, .name = "conv"),
        nn_batch_norm(.name = "norm"), nn_max_pool2d({2, 2}), nn_global_average_pool2d(),
        nn_dense(10, NN_SOFTMAX));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.1),
                                .loss = nn_categorical_crossentropy()),
                     NN_OK);
    test_fill_reals(x, NUMBERS, &seed);
    test_fill_reals(kernel, NN__COUNT(kernel), &seed);
    test_fill_reals(gamma, NN__COUNT(gamma), &seed);
    nn_context *context = nn_context(model, .batch_size = ROWS, .training = 1);
    is_current(context, model, x, "the build");
    ck_assert_int_eq(nn_model_save(model, path), NN_OK);
    nn_real *all = malloc(nn_model_snapshot_count(model) * sizeof *all);
    nn_model_snapshot(model, all);
    ck_assert_int_eq(nn_model_set_weight(model, "conv/kernel", kernel, NN__COUNT(kernel)), NN_OK);
    is_current(context, model, x, "nn_model_set_weight of a kernel");
    ck_assert_int_eq(nn_model_set_weight(model, "norm/gamma", gamma, 32), NN_OK);
    is_current(context, model, x, "nn_model_set_weight of gamma");
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, NULL), NN_OK);
    is_current(context, model, x, "moving averages");
    nn_real t[ROWS * 10] = {[3] = 1, [14] = 1, [29] = 1};
    nn_tensor *targets = nn_tensor_borrow(NN_F32, t, NN_SHAPE(ROWS, 10));
    double loss;
    ck_assert_int_eq(nn_context_forward(context, x, ROWS, NULL), NN_OK);
    ck_assert_int_eq(nn_context_backward(context, targets, &loss), NN_OK);
    is_current(context, model, x, "a backward pass");
    ck_assert_int_eq(nn_context_update(context), NN_OK);
    is_current(context, model, x, "an update");
    nn_model_restore(model, all);
    is_current(context, model, x, "nn_model_restore");
    ck_assert_int_eq(nn_model_set_weight(model, "conv/kernel", kernel, NN__COUNT(kernel)), NN_OK);
    is_current(context, model, x, "nn_model_set_weight again");
    ck_assert_int_eq(nn_model_load_weights(model, path), NN_OK);
    is_current(context, model, x, "nn_model_load_weights");
    free(all);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

static nn_status predicted(nn_model *model, const nn_dataset *data, nn_real *y)
{
    return nn_predict(model, data, .batch_size = 1, .into = y, .capacity = (size_t)ROWS * 10);
}

/* After the last validation, whose context evaluates again, the weights become their averages. */
START_TEST(averages_of_weights_are_seen_by_what_follows_the_fit)
{
    static nn_real x[NUMBERS], y[2][ROWS * 10], t[ROWS * 10] = {[3] = 1, [14] = 1, [29] = 1};
    uint64_t seed = 4;
    nn_model *model = nn_sequential(nn_input(SIDE, SIDE, CHANNELS), nn_conv2d(32, {3, 3}),
                                    nn_global_average_pool2d(), nn_dense(10, NN_SOFTMAX));
    ck_assert_int_eq(
        nn_compile(model,
                   .optimizer = nn_sgd(.learning_rate = 1, .use_ema = 1, .ema_momentum = 0.5),
                   .loss = nn_categorical_crossentropy()),
        NN_OK);
    test_fill_reals(x, NUMBERS, &seed);
    nn_tensor *pictures = nn_tensor_borrow(NN_F32, x, NN_SHAPE(ROWS, SIDE, SIDE, CHANNELS));
    nn_tensor *targets = nn_tensor_borrow(NN_F32, t, NN_SHAPE(ROWS, 10));
    nn_dataset *data = nn_arrays(pictures, targets);
    const nn_logs *result;
    double loss[2];
    nn_real *all = NULL;
    ck_assert_int_eq(predicted(model, data, y[0]), NN_OK);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = 1, .validation_data = data), NN_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(nn_evaluate(model, data, .batch_size = 1, .result = &result), NN_OK);
        loss[i] = nn_logs_value(result, "loss");
        ck_assert_int_eq(predicted(model, data, y[i]), NN_OK);
        all = realloc(all, nn_model_snapshot_count(model) * sizeof *all);
        nn_model_snapshot(model, all);
        nn_model_restore(model, all); /* the same numbers, to be prepared anew */
    }
    ck_assert_double_eq(loss[0], loss[1]);
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
    free(all);
    nn_dataset_free(data);
    nn_tensor_free(pictures);
    nn_tensor_free(targets);
    nn_model_free(model);
}
END_TEST

/* ---- What a layer of one's own is told ---- */

typedef struct product_options {
    size_t struct_size;
} product_options;

enum { IN = 16, OUT = 240, PREPARED = 1 << 20 };

static struct {
    int prepared, renew, alone;
} told; /* in the last pass */

static nn_status product_infer(nn_infer *infer)
{
    infer->output = (nn_shape){1, {OUT}};
    infer->prepared = PREPARED;
    return nn_infer_weight(infer, "kernel", (const int[]){IN, OUT}, 2, (nn_initializer)NN_ONES, 1);
}

static void product_forward(const nn_pass *pass)
{
    told.prepared = pass->prepared != NULL;
    told.renew = pass->renew;
    told.alone = pass->alone;
    memset(pass->y, 0, (size_t)pass->rows * OUT * sizeof(nn_real));
}

static void product_backward(const nn_pass *pass)
{
    memset(pass->gradients[0], 0, (size_t)IN * OUT * sizeof(nn_real));
}

/* 16 + 240 + 16 * 240 = 4096 multiplications and numbers of a row: 16 rows are not little. */
START_TEST(a_layer_is_told_when_weights_have_changed_and_when_to_work_alone)
{
    static const nn_layer_kind kind = {
        .kind = {sizeof(nn_layer_kind), "product", "Product", sizeof(product_options), NULL, 0},
        .infer = product_infer,
        .forward = product_forward,
        .backward = product_backward};
    static nn_real x[16 * IN], kernel[IN * OUT], y[16 * OUT];
    product_options options = {.struct_size = sizeof options};
    nn_model *model = nn_sequential(nn_input(IN), nn_layer_new(&kind, &options));
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()) ==
                      NN_OK,
                  "%s", nn_error_message());
    nn_context *context = nn_context(model, .batch_size = 16, .training = 1, .threads = 2);
    ck_assert_uint_ge(nn_context_bytes(context), PREPARED);
    for (int change = 0; change < 3; change++)
        for (int rows = 16; rows >= 14; rows--) {
            if (rows == 16 && change > 0)
                ck_assert_int_eq(
                    nn_model_set_weight(model, "product/kernel", kernel, NN__COUNT(kernel)), NN_OK);
            ck_assert_int_eq(nn_context_predict(context, x, rows, y), NN_OK);
            ck_assert_int_eq(told.prepared, 1);
            ck_assert_int_eq(told.renew, rows == 16);
            ck_assert_int_eq(told.alone, rows < 16);
        }
    ck_assert_int_eq(nn_context_forward(context, x, 16, NULL), NN_OK);
    ck_assert_int_eq(told.prepared, 0);
    ck_assert_int_eq(told.alone, 0);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

Suite *folding_suite(void);
Suite *folding_suite(void)
{
    Suite *suite = TEST_SUITE("folding", what_others_read_and_what_does_not_follow_stays_a_step,
                              what_comes_too_late_or_reads_a_whole_row_stays_a_step,
                              dense_folds_in_both_of_its_cuts,
                              whoever_writes_weights_the_next_prediction_sees_it,
                              averages_of_weights_are_seen_by_what_follows_the_fit,
                              a_layer_is_told_when_weights_have_changed_and_when_to_work_alone);
    TCase *tcase = tcase_create("cases");
    tcase_add_loop_test(tcase, folded_and_apart_have_the_same_bits, 0, NN__COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
