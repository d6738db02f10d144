/* Weights of rows and of classes, against fits of Keras 3.15.1 on TensorFlow 2.21.0. */
#include "test.h"

enum { ROWS = 5, IN = 3, OUT = 3, EPOCHS = 3 };

/* Three numbers to three classes; one dense layer whose kernel starts as (i - 4) / 8. */
static nn_real X[ROWS * IN] = {(nn_real)0.5,
                               -1,
                               2,
                               1,
                               (nn_real)0.25,
                               (nn_real)-0.5,
                               (nn_real)-1.5,
                               1,
                               0,
                               (nn_real)0.75,
                               (nn_real)0.75,
                               -1,
                               2,
                               (nn_real)-0.5,
                               1};
static int32_t LABELS[ROWS] = {0, 1, 2, 1, 0};
static nn_real WEIGHTS[ROWS] = {1, (nn_real)0.5, 2, 0, 3};
static nn_real VALIDATION[ROWS] = {2, 0, 1, 1, (nn_real)0.5};

typedef struct set {
    nn_tensor *x, *y, *weights, *validation;
    nn_dataset *data;
} set;

static set set_of(int one_hot)
{
    set s = {nn_tensor_borrow(NN_F32, X, NN_SHAPE(ROWS, IN)),
             nn_tensor_borrow(NN_I32, LABELS, NN_SHAPE(ROWS)),
             nn_tensor_borrow(NN_F32, WEIGHTS, NN_SHAPE(ROWS)),
             nn_tensor_borrow(NN_F32, VALIDATION, NN_SHAPE(ROWS)), NULL};
    s.data = nn_arrays(s.x, s.y, .one_hot = one_hot);
    return s;
}

static void set_free(set *s)
{
    nn_dataset_free(s->data);
    nn_tensor_free(s->x);
    nn_tensor_free(s->y);
    nn_tensor_free(s->weights);
    nn_tensor_free(s->validation);
}

static nn_model *model_of(nn_loss *loss)
{
    nn_model *model = nn_sequential(nn_input(IN), nn_dense(OUT, NN_SOFTMAX));
    nn_real kernel[IN * OUT];
    for (int i = 0; i < IN * OUT; i++)
        kernel[i] = (nn_real)((i - 4) / 8.0);
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(0.5), .loss = loss,
                   .metrics = nn_metrics(nn_accuracy(), nn_weighted(nn_accuracy(.name = "wacc")))),
        NN_OK);
    ck_assert_int_eq(nn_model_set_weight(model, "dense/kernel", kernel, IN * OUT), NN_OK);
    return model;
}

enum { SPARSE, ONE_HOT, BY_CLASS, SQUARED };

typedef struct golden {
    int kind;
    double loss[EPOCHS], wacc[EPOCHS], val_loss[EPOCHS];
    double val_accuracy, val_wacc, plain, kernel[IN * OUT], bias[OUT]; /* after the fit */
} golden;

static const golden cases[] = {
    {SPARSE,
     {1.13041949, 0.371444106, 0.263622612},
     {0.461538464, 0.923076928, 0.923076928},
     {0.355303138, 0.276031286, 0.222358346},
     0.6,
     0.777777791,
     0.5783334970474243,
     {0.897055149, -0.619986713, -1.4020685, -0.856448829, 0.0810948163, 0.775354147, 1.37818992,
      -0.452280283, 0.199090108},
     {0.428789973, -0.611834347, 0.183044225}},
    {ONE_HOT,
     {1.13041949, 0.371444106, 0.263622612},
     {0.461538464, 0.923076928, 0.923076928},
     {0.355303138, 0.276031286, 0.222358346},
     0.6,
     0.777777791,
     0.5783334970474243,
     {0.897055149, -0.619986713, -1.4020685, -0.856448829, 0.0810948163, 0.775354147, 1.37818992,
      -0.452280283, 0.199090108},
     {0.428789973, -0.611834347, 0.183044225}},
    {BY_CLASS,
     {1.25168729, 0.353985608, 0.230048776},
     {0.166666672, 1, 1},
     {0.269838333, 0.14795436, 0.0987394303},
     1,
     1,
     0.17480972409248352,
     {0.264488161, 0.153309211, -1.54279745, -0.820060372, 0.170953616, 0.649106681, 1.02270794,
      -0.480574578, 0.582866728},
     {-0.193129629, 0.0242742449, 0.168855309}},
    {SQUARED,
     {0.311147153, 0.101249173, 0.0696433932},
     {0, 0.923076928, 0.923076928},
     {0.0935387686, 0.0729794055, 0.0642510206},
     0.6,
     0.777777791,
     0.12290365993976593,
     {0.174676225, -0.476930797, -0.822745323, -0.402837187, -0.00310327206, 0.405940503,
      0.684288502, 0.131991625, 0.308719844},
     {0.255878687, -0.260294408, 0.00441573467}},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void near(double have, double want, const char *what, int which)
{
    ck_assert_msg(fabs(have - want) <= 4e-6, "%s, case %d: %.9g, Keras has %.9g", what, which, have,
                  want);
}

static void check_weight(nn_model *model, const char *name, const double *want, size_t count,
                         int which)
{
    nn_real have[IN * OUT];
    ck_assert_int_eq(nn_model_get_weight(model, name, have, count), NN_OK);
    for (size_t i = 0; i < count; i++)
        near((double)have[i], want[i], name, which);
}

START_TEST(fit_and_evaluate_are_keras)
{
    const golden *g = &cases[_i];
    set s = set_of(g->kind != SPARSE);
    nn_model *model = model_of(g->kind == SPARSE    ? nn_sparse_categorical_crossentropy()
                               : g->kind == SQUARED ? nn_mean_squared_error()
                                                    : nn_categorical_crossentropy());
    nn_fit_options o = {.struct_size = sizeof o,
                        .model = model,
                        .data = s.data,
                        .batch_size = 2,
                        .epochs = EPOCHS,
                        .no_shuffle = 1,
                        .validation_data = s.data,
                        .validation_sample_weight = s.validation};
    const double by_class[] = {0.5, 1, 3};
    if (g->kind == BY_CLASS)
        o.class_weight = (nn_class_weight_list){by_class, 3};
    else
        o.sample_weight = s.weights;
    ck_assert_msg(nn_model_fit(&o) == NN_OK, "%s", nn_error_message());
    const nn_history *history = nn_model_history(model);
    for (int e = 0; e < EPOCHS; e++) {
        near(nn_history_value(history, e, "loss"), g->loss[e], "loss", _i);
        near(nn_history_value(history, e, "wacc"), g->wacc[e], "wacc", _i);
        near(nn_history_value(history, e, "val_loss"), g->val_loss[e], "val_loss", _i);
    }
    near(nn_history_value(history, 2, "val_accuracy"), g->val_accuracy, "val_accuracy", _i);
    near(nn_history_value(history, 2, "val_wacc"), g->val_wacc, "val_wacc", _i);
    check_weight(model, "dense/kernel", g->kernel, IN * OUT, _i);
    check_weight(model, "dense/bias", g->bias, OUT, _i);
    const nn_logs *result;
    ck_assert_int_eq(
        nn_evaluate(model, s.data, 2, .result = &result, .sample_weight = s.validation), NN_OK);
    near(nn_logs_value(result, "loss"), g->val_loss[EPOCHS - 1], "evaluate", _i);
    near(nn_logs_value(result, "wacc"), g->val_wacc, "evaluate wacc", _i);
    ck_assert_int_eq(nn_evaluate(model, s.data, 2, .result = &result), NN_OK);
    near(nn_logs_value(result, "loss"), g->plain, "evaluate without weights", _i);
    near(nn_logs_value(result, "wacc"), nn_logs_value(result, "accuracy"), "all alike", _i);
    nn_model_free(model);
    set_free(&s);
}
END_TEST

START_TEST(train_on_batch_is_keras)
{
    static const double kernel[] = {-0.496003568, -0.138295576, -0.490700841,
                                    -0.300893366, 0.0828053057, 0.218088061,
                                    0.542725086,  0.153906092,  0.428368807};
    nn_real three[] = {1, 2, (nn_real)0.5};
    set s = set_of(0);
    nn_model *model = model_of(nn_sparse_categorical_crossentropy());
    nn_tensor *x = nn_tensor_rows(s.x, 0, 3), *y = nn_tensor_rows(s.y, 0, 3);
    nn_tensor *weights = nn_tensor_borrow(NN_F32, three, NN_SHAPE(3));
    const nn_logs *result;
    ck_assert_int_eq(nn_train_on_batch_weighted(model, x, y, weights, &result), NN_OK);
    near(nn_logs_value(result, "loss"), 1.360694408416748, "loss", 0);
    check_weight(model, "dense/kernel", kernel, IN * OUT, 0);
    ck_assert_int_eq(nn_train_on_batch_weighted(model, x, y, s.weights, NULL), NN_ESHAPE);
    test_message_has("train_on_batch: sample_weight has 5 numbers, 3 of f32 are needed");
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_tensor_free(weights);
    nn_model_free(model);
    set_free(&s);
}
END_TEST

/* All weights 1 change no bit; a row of weight 0 could be any. */
START_TEST(ones_change_nothing_and_rows_of_weight_0_do_not_matter)
{
    nn_real kernels[4][IN * OUT], ones[ROWS] = {1, 1, 1, 1, 1}, kept = X[9];
    for (int run = 0; run < 4; run++) {
        set s = set_of(0);
        nn_tensor *weights = run == 1 ? nn_tensor_borrow(NN_F32, ones, NN_SHAPE(ROWS)) : NULL;
        nn_model *model = model_of(nn_sparse_categorical_crossentropy());
        X[9] = run == 3 ? 7 : kept; /* row 3, of weight 0 */
        ck_assert_int_eq(
            nn_fit(model, s.data, 2, 3, .sample_weight = run > 1 ? s.weights : weights), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", kernels[run], IN * OUT), NN_OK);
        nn_model_free(model);
        nn_tensor_free(weights);
        set_free(&s);
    }
    X[9] = kept;
    ck_assert_mem_eq(kernels[0], kernels[1], sizeof kernels[0]);
    ck_assert_mem_eq(kernels[2], kernels[3], sizeof kernels[0]);
    ck_assert(memcmp(kernels[0], kernels[2], sizeof kernels[0]) != 0);
}
END_TEST

START_TEST(wrong_weights_are_told_before_the_fit)
{
    set s = set_of(0);
    nn_model *model = model_of(nn_sparse_categorical_crossentropy());
    nn_tensor *few = nn_tensor_rows(s.weights, 0, 4);
    ck_assert_int_eq(nn_fit(model, s.data, .sample_weight = few), NN_ESHAPE);
    test_message_has("fit: sample_weight has 4 numbers, 5 of f32 are needed");
    ck_assert_int_eq(nn_fit(model, s.data, .sample_weight = s.y), NN_ESHAPE);
    ck_assert_int_eq(
        nn_fit(model, s.data, .sample_weight = s.weights, .class_weight = nn_class_weights(1, 2)),
        NN_EINVAL);
    test_message_has("fit: class_weight and sample_weight exclude each other");
    ck_assert_int_eq(nn_fit(model, s.data, .class_weight = nn_class_weights(1, (double)INFINITY)),
                     NN_EINVAL);
    test_message_has("class_weight of class 1 is inf");
    ck_assert_int_eq(
        nn_fit(model, s.data, .validation_data = s.data, .validation_sample_weight = few),
        NN_ESHAPE);
    test_message_has("fit, validation: sample_weight");
    WEIGHTS[2] = (nn_real)NAN;
    ck_assert_int_eq(nn_evaluate(model, s.data, .sample_weight = s.weights), NN_EINVAL);
    test_message_has("evaluate: sample_weight of row 2 is nan");
    WEIGHTS[2] = 2;
    ck_assert_ptr_null(nn_weighted(NULL));
    nn_tensor_free(few);
    nn_model_free(model);
    set_free(&s);
}
END_TEST

START_TEST(a_file_keeps_which_metrics_are_weighted)
{
    set s = set_of(0);
    nn_model *model = model_of(nn_sparse_categorical_crossentropy(.ignore_class = NN_SOME(7))),
             *copy;
    const nn_logs *result;
    ck_assert_int_eq(nn_fit(model, s.data, 2, EPOCHS, .no_shuffle = 1, .sample_weight = s.weights),
                     NN_OK);
    ck_assert_int_eq(nn_model_save(model, test_path("weighted")), NN_OK);
    ck_assert_msg(nn_model_load(test_path("weighted"), &copy) == NN_OK, "%s", nn_error_message());
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(nn_evaluate(i == 0 ? model : copy, s.data, .result = &result,
                                     .sample_weight = s.validation),
                         NN_OK);
        near(nn_logs_value(result, "accuracy"), 0.6, "accuracy", i);
        near(nn_logs_value(result, "wacc"), 3.5 / 4.5, "wacc", i);
    }
    nn_model_free(model);
    nn_model_free(copy);
    set_free(&s);
}
END_TEST

/* ---- What targets mean ---- */

START_TEST(classes_0_and_1_are_values_of_one_number)
{
    int32_t labels[ROWS] = {0, 1, 1, 0, 1};
    nn_real values[ROWS] = {0, 1, 1, 0, 1}, kernels[2][IN];
    nn_tensor *x = nn_tensor_borrow(NN_F32, X, NN_SHAPE(ROWS, IN));
    nn_tensor *y[] = {nn_tensor_borrow(NN_I32, labels, NN_SHAPE(ROWS)),
                      nn_tensor_borrow(NN_F32, values, NN_SHAPE(ROWS))};
    for (int i = 0; i < 2; i++) {
        nn_dataset *data = nn_arrays(x, y[i]);
        nn_model *model = nn_sequential(nn_input(IN), nn_dense(1, NN_SIGMOID));
        ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_binary_crossentropy(),
                                    .metrics = nn_metrics(nn_accuracy())),
                         NN_OK);
        ck_assert_msg(nn_fit(model, data, .epochs = 2) == NN_OK, "%s", nn_error_message());
        ck_assert_int_eq(nn_model_get_weight(model, "dense/kernel", kernels[i], IN), NN_OK);
        nn_model_free(model);
        nn_dataset_free(data);
        nn_tensor_free(y[i]);
    }
    ck_assert_mem_eq(kernels[0], kernels[1], sizeof kernels[0]);
    nn_tensor_free(x);
}
END_TEST

/* The class that is ignored need not be one of the output's; other such classes are errors. */
START_TEST(an_ignored_class_may_lie_outside_the_output)
{
    int32_t labels[ROWS] = {0, 9, 2, 1, 9};
    nn_tensor *x = nn_tensor_borrow(NN_F32, X, NN_SHAPE(ROWS, IN));
    nn_tensor *y = nn_tensor_borrow(NN_I32, labels, NN_SHAPE(ROWS));
    nn_dataset *data = nn_arrays(x, y);
    nn_model *model = model_of(nn_sparse_categorical_crossentropy(.ignore_class = NN_SOME(9)));
    ck_assert_msg(nn_fit(model, data) == NN_OK, "%s", nn_error_message());
    ck_assert_int_eq(nn_train_on_batch(model, x, y, NULL), NN_OK);
    labels[1] = 5;
    ck_assert_int_eq(nn_fit(model, data), NN_EINVAL);
    test_message_has("row 1: class 5 is outside 0..2");
    labels[1] = -1;
    ck_assert_int_eq(nn_train_on_batch(model, x, y, NULL), NN_EINVAL);
    test_message_has("row 1: class -1 is outside 0..2");
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(y);
    nn_tensor_free(x);
}
END_TEST

Suite *weights_suite(void);
Suite *weights_suite(void)
{
    Suite *suite = TEST_SUITE(
        "weights", train_on_batch_is_keras, ones_change_nothing_and_rows_of_weight_0_do_not_matter,
        wrong_weights_are_told_before_the_fit, a_file_keeps_which_metrics_are_weighted,
        classes_0_and_1_are_values_of_one_number, an_ignored_class_may_lie_outside_the_output);
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, fit_and_evaluate_are_keras, 0, CASES);
    suite_add_tcase(suite, tcase);
    return suite;
}
