/*
 * Metrics of Keras 3.15.1 on TensorFlow 2.21.0 after a batch of 4 rows and after one of 5 more, with
 * and without weights of rows. Data: predictions for four classes with one-hot rows (ONE_HOT) or
 * classes (CLASSES), and one number per row with targets 0 and 1 (BINARY; LOGITS).
 */
#include "metrics/metric.h"
#include "test.h"

enum { ROWS = 9, FIRST = 4, WIDTH = 4 };
enum { ONE_HOT, CLASSES, BINARY, LOGITS };

static const double P[ROWS * WIDTH] = {0.212, 0.334, 0.245, 0.209, 0.126, 0.237, 0.131, 0.507,
                                       0.542, 0.079, 0.256, 0.123, 0.233, 0.721, 0.02,  0.025,
                                       0.004, 0.334, 0.281, 0.381, 0.507, 0.212, 0.082, 0.2,
                                       0.03,  0.243, 0.037, 0.69,  0.24,  0.175, 0.1,   0.485,
                                       0.251, 0.346, 0.008, 0.396},
                             BINARY_P[ROWS] = {0.61, 0.5, 1, 0, 0.36, 0.44, 0.7, 0.06, 0.67},
                             BINARY_Y[ROWS] = {0, 1, 1, 0, 1, 0, 1, 1, 0},
                             WEIGHTS[ROWS] = {1, 0.5, 2, 0, 1, 1.5, 1, 3, 0.25};
static const int32_t LABELS[ROWS] = {0, 1, 2, 3, 3, 1, 0, 0, 2};

typedef struct golden {
    nn_metric *(*make)(void);
    int data;
    double plain[2], weighted[2];
} golden;

static nn_metric *make_0(void)
{
    return nn_top_k_categorical_accuracy(2);
}

static nn_metric *make_1(void)
{
    return nn_top_k_categorical_accuracy(2);
}

static nn_metric *make_2(void)
{
    return nn_binary_accuracy();
}

static nn_metric *make_3(void)
{
    return nn_binary_accuracy(0.3);
}

static nn_metric *make_4(void)
{
    return nn_binary_accuracy(0.3);
}

static nn_metric *make_5(void)
{
    return nn_accuracy();
}

static nn_metric *make_6(void)
{
    return nn_precision();
}

static nn_metric *make_7(void)
{
    return nn_precision(NN_SOME(0.2));
}

static nn_metric *make_8(void)
{
    return nn_precision(NN_SOME(0.3));
}

static nn_metric *make_9(void)
{
    return nn_precision(.top_k = 2);
}

static nn_metric *make_10(void)
{
    return nn_precision(NN_SOME(0.2), .class_id = NN_SOME(1));
}

static nn_metric *make_11(void)
{
    return nn_precision(.top_k = 2, .class_id = NN_SOME(3));
}

static nn_metric *make_12(void)
{
    return nn_recall();
}

static nn_metric *make_13(void)
{
    return nn_recall(NN_SOME(0.2));
}

static nn_metric *make_14(void)
{
    return nn_recall(NN_SOME(0.3));
}

static nn_metric *make_15(void)
{
    return nn_recall(.top_k = 2);
}

static nn_metric *make_16(void)
{
    return nn_recall(NN_SOME(0.2), .class_id = NN_SOME(1));
}

static nn_metric *make_17(void)
{
    return nn_recall(.top_k = 2, .class_id = NN_SOME(3));
}

static nn_metric *make_18(void)
{
    return nn_f1_score(NN_MICRO);
}

static nn_metric *make_19(void)
{
    return nn_f1_score(NN_MICRO, .threshold = NN_SOME(0.3));
}

static nn_metric *make_20(void)
{
    return nn_fbeta_score(NN_MICRO, .beta = 2, .threshold = NN_SOME(0.3));
}

static nn_metric *make_21(void)
{
    return nn_f1_score(NN_MACRO);
}

static nn_metric *make_22(void)
{
    return nn_f1_score(NN_MACRO, .threshold = NN_SOME(0.3));
}

static nn_metric *make_23(void)
{
    return nn_fbeta_score(NN_MACRO, .beta = 2, .threshold = NN_SOME(0.3));
}

static nn_metric *make_24(void)
{
    return nn_f1_score(NN_WEIGHTED);
}

static nn_metric *make_25(void)
{
    return nn_f1_score(NN_WEIGHTED, .threshold = NN_SOME(0.3));
}

static nn_metric *make_26(void)
{
    return nn_fbeta_score(NN_WEIGHTED, .beta = 2, .threshold = NN_SOME(0.3));
}

static nn_metric *make_27(void)
{
    return nn_auc(.curve = NN_ROC, .summation_method = NN_INTERPOLATION);
}

static nn_metric *make_28(void)
{
    return nn_auc(5, NN_ROC, NN_INTERPOLATION);
}

static nn_metric *make_29(void)
{
    return nn_auc(.curve = NN_ROC, .summation_method = NN_MINORING);
}

static nn_metric *make_30(void)
{
    return nn_auc(5, NN_ROC, NN_MINORING);
}

static nn_metric *make_31(void)
{
    return nn_auc(.curve = NN_ROC, .summation_method = NN_MAJORING);
}

static nn_metric *make_32(void)
{
    return nn_auc(5, NN_ROC, NN_MAJORING);
}

static nn_metric *make_33(void)
{
    return nn_auc(.curve = NN_PR, .summation_method = NN_INTERPOLATION);
}

static nn_metric *make_34(void)
{
    return nn_auc(5, NN_PR, NN_INTERPOLATION);
}

static nn_metric *make_35(void)
{
    return nn_auc(.curve = NN_PR, .summation_method = NN_MINORING);
}

static nn_metric *make_36(void)
{
    return nn_auc(5, NN_PR, NN_MINORING);
}

static nn_metric *make_37(void)
{
    return nn_auc(.curve = NN_PR, .summation_method = NN_MAJORING);
}

static nn_metric *make_38(void)
{
    return nn_auc(5, NN_PR, NN_MAJORING);
}

static nn_metric *make_39(void)
{
    return nn_auc(.from_logits = 1);
}

static nn_metric *make_40(void)
{
    return nn_mean_squared_error_metric();
}

static nn_metric *make_41(void)
{
    return nn_mean_absolute_error_metric();
}

static nn_metric *make_42(void)
{
    return nn_root_mean_squared_error();
}

static const golden cases[] = {
    {make_0, ONE_HOT, {0.5, 0.555555582}, {0.714285731, 0.780487776}},
    {make_1, CLASSES, {0.5, 0.555555582}, {0.714285731, 0.780487776}},
    {make_2, BINARY, {0.5, 0.444444448}, {0.571428597, 0.439024389}},
    {make_3, BINARY, {0.75, 0.555555582}, {0.714285731, 0.439024389}},
    {make_4, ONE_HOT, {0.5, 0.5}, {0.5, 0.518292665}},
    {make_5, ONE_HOT, {0, 0.111111112}, {0, 0.097560972}},
    {make_6, BINARY, {0.5, 0.5}, {0.666666687, 0.70588237}},
    {make_7, BINARY, {0.666666687, 0.571428597}, {0.714285731, 0.620689631}},
    {make_8, ONE_HOT, {0, 0.0909090936}, {0, 0.0869565234}},
    {make_9, ONE_HOT, {0.25, 0.277777791}, {0.357142866, 0.390243888}},
    {make_10, ONE_HOT, {0.333333343, 0.285714298}, {0.333333343, 0.380952388}},
    {make_11, CLASSES, {0, 0.200000003}, {0, 0.173913047}},
    {make_12, BINARY, {0.5, 0.400000006}, {0.800000012, 0.400000006}},
    {make_13, BINARY, {1, 0.800000012}, {1, 0.600000024}},
    {make_14, ONE_HOT, {0, 0.111111112}, {0, 0.097560972}},
    {make_15, ONE_HOT, {0.5, 0.555555582}, {0.714285731, 0.780487776}},
    {make_16, ONE_HOT, {1, 1}, {1, 1}},
    {make_17, CLASSES, {0, 0.5}, {0, 1}},
    {make_18, ONE_HOT, {0, 0.11111106}, {0, 0.0975609124}},
    {make_19, CLASSES, {0, 0.0999999493}, {0, 0.091953963}},
    {make_20, ONE_HOT, {0, 0.106382959}, {0, 0.0952380747}},
    {make_21, ONE_HOT, {0, 0.0714285597}, {0, 0.0740740746}},
    {make_22, CLASSES, {0, 0.0714285597}, {0, 0.0740740746}},
    {make_23, ONE_HOT, {0, 0.0961538404}, {0, 0.128205121}},
    {make_24, ONE_HOT, {0, 0.0634920523}, {0, 0.0289069545}},
    {make_25, CLASSES, {0, 0.0634920523}, {0, 0.0289069545}},
    {make_26, ONE_HOT, {0, 0.0854700804}, {0, 0.0500312634}},
    {make_27, BINARY, {0.75, 0.600000024}, {0.800000012, 0.436363637}},
    {make_28, ONE_HOT, {0.427083284, 0.368312776}, {0.551020384, 0.431489199}},
    {make_29, BINARY, {0.75, 0.600000024}, {0.800000012, 0.436363637}},
    {make_30, ONE_HOT, {0.166666657, 0.123456798}, {0.380952388, 0.180844724}},
    {make_31, BINARY, {0.75, 0.600000024}, {0.800000012, 0.436363637}},
    {make_32, ONE_HOT, {0.68749994, 0.613168776}, {0.721088409, 0.682133675}},
    {make_33, BINARY, {0.797267437, 0.738133311}, {0.93833977, 0.800073743}},
    {make_34, ONE_HOT, {0.204927221, 0.186652601}, {0.254772246, 0.205869511}},
    {make_35, BINARY, {0.25, 0.514285684}, {0.133333325, 0.503334641}},
    {make_36, ONE_HOT, {0.150000006, 0.111111119}, {0.107142851, 0.1438611}},
    {make_37, BINARY, {0.833333373, 0.759285688}, {0.942857146, 0.824564338}},
    {make_38, ONE_HOT, {0.237499997, 0.226190478}, {0.363636374, 0.236358002}},
    {make_39, LOGITS, {0.75, 0.600000024}, {0.800000012, 0.436363637}},
    {make_40, ONE_HOT, {0.256392896, 0.257087827}, {0.214976668, 0.227783173}},
    {make_41, ONE_HOT, {0.408749998, 0.411111116}, {0.379678577, 0.388176858}},
    {make_42, CLASSES, {0.506352544, 0.507038295}, {0.46365577, 0.477266341}},
};
enum { CASES = sizeof cases / sizeof cases[0] };

typedef struct data {
    nn_real p[ROWS * WIDTH], y[ROWS * WIDTH];
    int width, has_classes;
} data;

static data data_of(int which)
{
    data d = {.width = which < BINARY ? WIDTH : 1, .has_classes = which == CLASSES};
    for (int i = 0; i < ROWS; i++) {
        if (which >= BINARY) {
            d.p[i] = (nn_real)BINARY_P[i];
            if (which == LOGITS)
                d.p[i] = d.p[i] * 4 - 2;
            d.y[i] = (nn_real)BINARY_Y[i];
            continue;
        }
        d.y[i * WIDTH + LABELS[i]] = 1;
        for (int j = 0; j < WIDTH; j++)
            d.p[i * WIDTH + j] = (nn_real)P[i * WIDTH + j];
    }
    return d;
}

static void update(const nn_metric *metric, void *state, const data *d, int first, int end,
                   const double *weights)
{
    nn_metric_pass pass = {.struct_size = sizeof pass,
                           .options = metric->object.options,
                           .rows = end - first,
                           .width = d->width,
                           .last_axis = d->width,
                           .prediction = d->p + first * d->width,
                           .targets = d->has_classes ? NULL : d->y + first * d->width,
                           .classes = d->has_classes ? LABELS + first : NULL,
                           .weights = weights != NULL ? weights + first : NULL};
    nn__metric_kind(metric)->update(&pass, state);
}

/* The metric's state, zeroed. */
static void *state_of(const nn_metric *metric, int width)
{
    void *state = calloc(1, nn__metric_state_bytes(metric, width));
    ck_assert_ptr_nonnull(state);
    return state;
}

START_TEST(two_batches_are_keras)
{
    const golden *g = &cases[_i];
    const data d = data_of(g->data);
    for (int weighted = 0; weighted < 2; weighted++) {
        nn_metric *metric = g->make();
        const nn_metric_kind *kind = nn__metric_kind(metric);
        const double *want = weighted ? g->weighted : g->plain;
        const nn_shape shape = {1, {d.width}};
        void *state = state_of(metric, d.width);
        ck_assert_int_eq(nn__object_check(&metric->object, kind->kind.name), NN_OK);
        ck_assert_int_eq(nn__metric_check(metric, &shape), NN_OK);
        ck_assert(kind->result(metric->object.options, state) == 0);
        for (int b = 0; b < 2; b++) {
            update(metric, state, &d, b == 0 ? 0 : FIRST, b == 0 ? FIRST : ROWS,
                   weighted ? WEIGHTS : NULL);
            const double have = kind->result(metric->object.options, state);
            ck_assert_msg(fabs(have - want[b]) <= 2e-6 * fabs(want[b]) + 1e-7,
                          "%s, case %d, batch %d%s: %.9g, Keras has %.9g", kind->kind.name, _i, b,
                          weighted ? ", weighted" : "", have, want[b]);
        }
        free(state);
        nn_metric_free(metric);
    }
}
END_TEST

/* However the rows are cut into batches, and a weight of 2 is the row twice. */
START_TEST(cut_and_weights_do_what_repeating_rows_does)
{
    const golden *g = &cases[_i];
    const data d = data_of(g->data);
    static const double twos[ROWS] = {1, 2, 1, 2, 2, 0, 1, 2, 1};
    nn_metric *metric = g->make();
    void *once = state_of(metric, d.width), *repeated = state_of(metric, d.width);
    update(metric, once, &d, 0, ROWS, twos);
    for (int i = ROWS; i-- > 0;)
        for (int k = 0; k < (int)twos[i]; k++)
            update(metric, repeated, &d, i, i + 1, NULL);
    const nn_metric_kind *kind = nn__metric_kind(metric);
    ck_assert_double_eq_tol(kind->result(metric->object.options, once),
                            kind->result(metric->object.options, repeated), 1e-12);
    free(once);
    free(repeated);
    nn_metric_free(metric);
}
END_TEST

/* Thresholds one by one, every element compared with each, as the definition says. */
static double naive_auc(const nn_real *p, const int *y, int count, int thresholds)
{
    double area = 0, x_before = 0, y_before = 0;
    for (int t = 0; t < thresholds; t++) {
        const double threshold = t == 0                ? -1e-7
                                 : t == thresholds - 1 ? 1 + 1e-7
                                                       : (double)t / (thresholds - 1);
        double tp = 0, fp = 0, positives = 0;
        for (int i = 0; i < count; i++) {
            positives += y[i];
            tp += y[i] && (double)p[i] > threshold;
            fp += !y[i] && (double)p[i] > threshold;
        }
        const double x = fp / (count - positives), height = tp / positives;
        if (t > 0)
            area += (x_before - x) * (y_before + height) / 2;
        x_before = x;
        y_before = height;
    }
    return area;
}

/* Predictions in sixteenths, 65 thresholds: no rounding decides. */
START_TEST(auc_is_the_naive_sum_over_thresholds)
{
    enum { COUNT = 60 };
    nn_real p[COUNT], targets[COUNT];
    int y[COUNT];
    uint64_t random = 5;
    nn_metric *metric = nn_auc(65);
    void *state = state_of(metric, 1);
    for (int i = 0; i < COUNT; i++) {
        p[i] = (nn_real)(test_random_int(&random, 0, 16) / 16.0);
        y[i] = test_random_int(&random, 0, 16) < 3 + 10 * (double)p[i];
        targets[i] = (nn_real)y[i];
    }
    nn_metric_pass pass = {.struct_size = sizeof pass,
                           .options = metric->object.options,
                           .rows = COUNT,
                           .width = 1,
                           .last_axis = 1,
                           .prediction = p,
                           .targets = targets};
    nn__auc_metric.update(&pass, state);
    ck_assert_double_eq_tol(nn__auc_metric.result(metric->object.options, state),
                            naive_auc(p, y, COUNT, 65), 1e-12);
    free(state);
    nn_metric_free(metric);
}
END_TEST

/* Pictures of two lines: a row is as right as the share of its lines. */
START_TEST(accuracy_is_of_lines_where_there_are_several)
{
    nn_real p[12] = {1, 3, 2, 5, 4, 0, 0, 1, 7, 2, 1, 3},
            y[12] = {0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1};
    nn__mean mean = {0, 0};
    nn_metric_pass pass = {.struct_size = sizeof pass,
                           .rows = 2,
                           .width = 6,
                           .last_axis = 3,
                           .prediction = p,
                           .targets = y};
    nn__accuracy_metric.update(&pass, &mean);
    ck_assert(nn__mean_result(NULL, &mean) == 0.75 && mean.weight == 2);
}
END_TEST

START_TEST(wrong_options_are_told_at_compile)
{
    nn_metric *metrics[] = {nn_precision(NN_SOME(1.5)),
                            nn_recall(.class_id = NN_SOME(3)),
                            nn_f1_score(.threshold = NN_SOME(-1), .name = "f"),
                            nn_auc(1),
                            nn_top_k_categorical_accuracy(-2),
                            nn_f1_score(7)};
    const char *messages[] = {"precision: threshold is 1.5, it must be 0..1",
                              "recall: class_id is 3, the output has 3 elements",
                              "f: threshold is -1, it must be 0..1",
                              "auc: num_thresholds is 1",
                              "top_k_categorical_accuracy: k is -2",
                              "f1_score: average is 7"};
    for (int i = 0; i < 6; i++) {
        nn_model *model = nn_sequential(nn_input(2), nn_dense(3));
        ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error(),
                                    .metrics = nn_metrics(metrics[i])),
                         NN_EINVAL);
        test_message_has(messages[i]);
        nn_model_free(model);
    }
}
END_TEST

/* ---- An own metric whose memory depends on the width, and one of an older table ---- */

typedef struct own_options {
    size_t struct_size;
    const char *name;
} own_options;

static const nn_option own_fields[] = {
    {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(own_options, name)}};

/* state[0] = width, then each element's largest prediction */
static size_t own_bytes(const void *options, int width)
{
    (void)options;
    return (size_t)(width + 1) * sizeof(double);
}

static void own_update(const nn_metric_pass *pass, void *state)
{
    double *largest = state;
    largest[0] = pass->width;
    for (int i = 0; i < pass->rows * pass->width; i++)
        largest[1 + i % pass->width] =
            fmax(largest[1 + i % pass->width], (double)pass->prediction[i]);
}

static double own_result(const void *options, const void *state)
{
    const double *largest = state;
    double sum = 0;
    (void)options;
    for (int j = 0; j < (int)largest[0]; j++)
        sum += largest[1 + j];
    return sum;
}

#define OWN_KIND(size)                                                                             \
    {                                                                                              \
        size, "largest", "Largest", sizeof(own_options), own_fields, 1                             \
    }

START_TEST(an_own_metric_says_its_bytes_and_an_old_table_has_state_size)
{
    static const nn_metric_kind kind = {.kind = OWN_KIND(sizeof(nn_metric_kind)),
                                        .better = NN_MAX,
                                        .update = own_update,
                                        .result = own_result,
                                        .state_bytes = own_bytes};
    static nn_metric_kind old = {.kind = OWN_KIND(offsetof(nn_metric_kind, check)),
                                 .better = NN_MAX,
                                 .state_size = 4 * sizeof(double),
                                 .update = own_update,
                                 .result = own_result};
    memset(&old.check, 0x5a, sizeof old - offsetof(nn_metric_kind, check)); /* not its own */
    nn_real x[6] = {1, 2, 3, 4, 5, 6};
    nn_tensor *rows = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 3));
    nn_dataset *pairs = nn_arrays(rows, rows);
    nn_model *model = nn_sequential(nn_input(3), nn_flatten());
    const own_options named = {sizeof named, "old"};
    const nn_logs *result;
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_absolute_error(),
                   .metrics = nn_metrics(nn_metric_new(&kind, NULL), nn_metric_new(&old, &named))),
        NN_OK);
    ck_assert_int_eq(nn_evaluate(model, pairs, .result = &result), NN_OK);
    ck_assert_double_eq(nn_logs_value(result, "largest"), 15);
    ck_assert_double_eq(nn_logs_value(result, "old"), 15);
    nn_model_free(model);
    nn_dataset_free(pairs);
    nn_tensor_free(rows);
}
END_TEST

Suite *metrics_keras_suite(void);
Suite *metrics_keras_suite(void)
{
    Suite *suite =
        TEST_SUITE("metrics_keras", auc_is_the_naive_sum_over_thresholds,
                   accuracy_is_of_lines_where_there_are_several, wrong_options_are_told_at_compile,
                   an_own_metric_says_its_bytes_and_an_old_table_has_state_size);
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, two_batches_are_keras, 0, CASES);
    tcase_add_loop_test(tcase, cut_and_weights_do_what_repeating_rows_does, 0, CASES);
    suite_add_tcase(suite, tcase);
    return suite;
}
