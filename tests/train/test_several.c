/* Several inputs, outputs and losses, from compile to files. */
#include "two.h"

#include "model/context.h"

static void check(nn_status status)
{
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
}

/* ---- Against Keras ---- */

/* Keras 3.15 on TensorFlow 2.21: Model([a, b], [label, value]) of the same layers, weights and data,
 * SGD(0.1, momentum=0.5), loss_weights=[1, 0.25], batches of 5 without shuffling, 3 epochs, the
 * first 5 rows as validation. Its targets are one-hot rows. */
static const struct {
    const char *name;
    double epochs[3];
} golden[] = {
    {"label_accuracy", {0.400000006, 0.600000024, 0.600000024}},
    {"label_loss", {1.05930746, 1.03667104, 1.01260555}},
    {"loss", {1.28920817, 1.21690023, 1.15490115}},
    {"val_label_accuracy", {0.400000006, 0.400000006, 0.600000024}},
    {"val_label_loss", {1.0823313, 1.04621053, 1.02012253}},
    {"val_loss", {1.29000843, 1.2136153, 1.16581535}},
    {"val_value_accuracy", {0.600000024, 0.400000006, 0.400000006}},
    {"val_value_loss", {0.830708504, 0.669619203, 0.582771063}},
    {"value_accuracy", {0.400000006, 0.5, 0.400000006}},
    {"value_loss", {0.919602573, 0.720916986, 0.569182158}},
};
enum { GOLDEN = sizeof golden / sizeof golden[0] };

static void check_history(const nn_model *model)
{
    const nn_history *history = nn_model_history(model);
    ck_assert_int_eq(nn_history_epochs(history), 3);
    for (int epoch = 0; epoch < 3; epoch++) {
        const nn_logs *logs = nn_history_logs(history, epoch);
        ck_assert_uint_eq(nn_logs_count(logs), GOLDEN);
        for (size_t i = 0; i < GOLDEN; i++) {
            ck_assert_str_eq(nn_logs_name(logs, i), golden[i].name);
            ck_assert_double_eq_tol(nn_logs_at(logs, i), golden[i].epochs[epoch], 2e-6);
        }
    }
}

static void fit_as_keras(nn_model *model, const two_data *t, int batch, size_t validation)
{
    nn_dataset *few = nn_dataset_take(t->zip, validation);
    check(nn_fit(model, t->zip, .epochs = 3, .batch_size = batch, .no_shuffle = 1,
                 .validation_data = few));
    nn_dataset_free(few);
}

START_TEST(a_fit_is_that_of_keras)
{
    static const double label[2][3] = {{0.40286583, 0.23660137, 0.36053267},
                                       {0.24810067, 0.42461592, 0.32728353}};
    static const double value[2][2] = {{-0.3436111, 0.19070463}, {0.26900545, -0.12529147}};
    two_data t;
    const nn_logs *result;
    nn_tensor *outputs[2];
    two_open(&t);
    nn_model *model = two_model();
    fit_as_keras(model, &t, 5, 5);
    check_history(model);
    check(nn_evaluate(model, t.zip, .batch_size = 5, .result = &result));
    ck_assert_uint_eq(nn_logs_count(result), 5);
    ck_assert_double_eq_tol(nn_logs_value(result, "loss"), 1.1145035028457642, 2e-6);
    ck_assert_double_eq_tol(nn_logs_value(result, "label_loss"), 0.9886194467544556, 2e-6);
    ck_assert_double_eq_tol(nn_logs_value(result, "value_loss"), 0.5035361051559448, 2e-6);
    ck_assert_double_eq_tol(nn_logs_value(result, "value_accuracy"), 0.4, 1e-6);
    check(nn_predict(model, t.zip, .results = outputs, .result_count = 2));
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol((double)((const nn_real *)nn_tensor_read(outputs[0]))[i],
                                label[i / 3][i % 3], 2e-6);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq_tol((double)((const nn_real *)nn_tensor_read(outputs[1]))[i],
                                value[i / 2][i % 2], 2e-6);
    nn_tensor_free(outputs[0]);
    nn_tensor_free(outputs[1]);
    nn_model_free(model);
    two_close(&t);
}
END_TEST

/* The same with batches of 4, 4 and 2, of 4 and 3. Keras on TensorFlow weighs these batches by their
 * rows in "loss" and the accuracies, as we do everywhere, but not in label_loss and value_loss. */
START_TEST(a_short_batch_counts_by_its_rows)
{
    static const double loss[3] = {1.28694332, 1.17910767, 1.11126447};
    static const double val_loss[3] = {1.21098518, 1.15297914, 1.12452614};
    static const double accuracy[3] = {0.400000006, 0.600000024, 0.699999988};
    two_data t;
    two_open(&t);
    nn_model *model = two_model();
    fit_as_keras(model, &t, 4, 7);
    for (int epoch = 0; epoch < 3; epoch++) {
        const nn_logs *logs = nn_history_logs(nn_model_history(model), epoch);
        ck_assert_double_eq_tol(nn_logs_value(logs, "loss"), loss[epoch], 2e-6);
        ck_assert_double_eq_tol(nn_logs_value(logs, "val_loss"), val_loss[epoch], 2e-6);
        ck_assert_double_eq_tol(nn_logs_value(logs, "label_accuracy"), accuracy[epoch], 1e-6);
        ck_assert_double_eq_tol(
            nn_logs_value(logs, "loss"),
            nn_logs_value(logs, "label_loss") + 0.25 * nn_logs_value(logs, "value_loss"), 1e-12);
    }
    nn_model_free(model);
    two_close(&t);
}
END_TEST

START_TEST(any_number_of_threads_gives_the_same_bits)
{
    two_data t;
    two_open(&t);
    nn_model *first = two_model();
    fit_as_keras(first, &t, 4, 7);
    for (int threads = 1; threads < 8; threads += 3) {
        nn_model *model = two_model();
        nn_model_set_threads(model, threads);
        fit_as_keras(model, &t, 4, 7);
        ck_assert(two_same(first, model));
        nn_model_free(model);
    }
    nn_model_free(first);
    two_close(&t);
}
END_TEST

/* ---- What compile takes ---- */

#define COMPILE(model, ...) nn_compile(model, .optimizer = nn_sgd(), __VA_ARGS__)

START_TEST(lists_must_fit_the_number_of_outputs)
{
    test_memory_begin();
    nn_model *model = two_graph();
    ck_assert_int_eq(COMPILE(model, .loss = nn_mean_squared_error()), NN_EINVAL);
    test_message_has("1 loss for 2 outputs (.losses = nn_losses(...) takes one each)");
    ck_assert_int_eq(
        COMPILE(model, .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error(),
                                           nn_mean_squared_error())),
        NN_EINVAL);
    test_message_has("3 losses for 2 outputs");
    ck_assert_int_eq(COMPILE(model,
                             .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()),
                             .loss_weights = nn_loss_weights(1)),
                     NN_EINVAL);
    test_message_has("1 loss weights for 2 outputs");
    ck_assert_int_eq(COMPILE(model,
                             .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()),
                             .metrics = nn_metrics(nn_accuracy())),
                     NN_EINVAL);
    test_message_has("metrics are for one output, the model has 2");
    ck_assert_int_eq(
        COMPILE(model, .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()),
                .output_metrics = nn_output_metrics(nn_no_metrics(), nn_metrics(nn_accuracy()),
                                                    nn_metrics(nn_accuracy()))),
        NN_EINVAL);
    test_message_has("3 lists of metrics for 2 outputs");
    ck_assert_int_eq(COMPILE(model,
                             .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()),
                             .loss_weights = nn_loss_weights(1, (double)NAN)),
                     NN_EINVAL);
    test_message_has("the loss weight of value is");
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(no_output_takes_the_names_of_a_validation)
{
    static const char *const names[][2] = {{"a", "val"}, {"val_b", "b"}, {"val_c", "b"}};
    for (int i = 0; i < 3; i++) {
        nn_model *m = nn_model_new();
        nn_node x = nn_model_input(m, 2);
        nn_model_outputs(m, nn_apply(nn_dense(1, .name = names[i][0]), x),
                         nn_apply(nn_dense(1, .name = names[i][1]), x));
        nn_status status =
            COMPILE(m, .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()));
        ck_assert_int_eq(status, i < 2 ? NN_EINVAL : NN_OK);
        if (i < 2)
            test_message_has(i == 0 ? "the logs of output 'val' are" : "of output 'val_b' are");
        nn_model_free(m);
    }
}
END_TEST

START_TEST(what_is_handed_over_is_freed_once_whatever_happens)
{
    test_memory_begin();
    nn_model *model = two_graph();
    nn_loss *loss = nn_mean_squared_error();
    nn_metric *metric = nn_accuracy();
    ck_assert_int_eq(COMPILE(model, .losses = nn_losses(loss, loss)), NN_EINVAL);
    test_message_has("loss (mean_squared_error) already belongs to a model");
    ck_assert_int_eq(
        COMPILE(model, .losses = nn_losses(nn_mean_squared_error(), NULL),
                .output_metrics = nn_output_metrics(nn_metrics(metric), nn_metrics(metric))),
        NN_ENOMEM);
    test_message_has("no memory for a loss");
    ck_assert_int_eq(COMPILE(model, .loss = nn_mean_squared_error(),
                             .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error())),
                     NN_EINVAL);
    test_message_has("loss and losses are both given");
    ck_assert_int_eq(
        COMPILE(model, .losses = nn_losses(nn_mean_squared_error(), nn_mean_squared_error()),
                .metrics = nn_metrics(nn_accuracy()),
                .output_metrics = nn_output_metrics(nn_no_metrics(), nn_metrics(nn_accuracy()))),
        NN_EINVAL);
    test_message_has("metrics and output_metrics are both given");
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(one_output_may_be_told_in_lists_and_weighed)
{
    two_data t;
    double losses[2];
    two_open(&t);
    for (int i = 0; i < 2; i++) {
        nn_model *model = nn_sequential(nn_input(TWO_B), nn_dense(TWO_VALUES));
        check(i == 0 ? COMPILE(model, .loss = nn_mean_squared_error(),
                               .metrics = nn_metrics(nn_accuracy()))
                     : COMPILE(model, .losses = nn_losses(nn_mean_squared_error()),
                               .loss_weights = nn_loss_weights(3),
                               .output_metrics = nn_output_metrics(nn_metrics(nn_accuracy()))));
        check(nn_fit(model, t.right, .batch_size = TWO_ROWS));
        const nn_logs *logs = nn_history_logs(nn_model_history(model), 0);
        ck_assert_uint_eq(nn_logs_count(logs), 2); /* as in Keras: accuracy and loss */
        losses[i] = nn_logs_value(logs, "loss");
        nn_model_free(model);
    }
    ck_assert_double_eq(losses[1], 3 * losses[0]);
    two_close(&t);
}
END_TEST

START_TEST(callbacks_know_which_way_is_better)
{
    nn_model *model = two_model();
    ck_assert_int_eq(nn_model_better(model, "val_loss"), NN_MIN);
    ck_assert_int_eq(nn_model_better(model, "val_label_loss"), NN_MIN);
    ck_assert_int_eq(nn_model_better(model, "value_accuracy"), NN_MAX);
    ck_assert_int_eq(nn_model_better(model, "accuracy"), NN_AUTO);
    ck_assert_int_eq(nn_model_better(model, "labels_loss"), NN_AUTO);
    nn_model_free(model);
}
END_TEST

/* ---- Data ---- */

START_TEST(data_must_fit_inputs_and_outputs)
{
    two_data t;
    two_open(&t);
    nn_model *model = two_model();
    ck_assert_int_eq(nn_fit(model, t.left), NN_ESHAPE);
    test_message_has("fit: the dataset's rows have 1 x, the model has 2 inputs");
    nn_dataset *zip = nn_zip(nn_datasets(t.right, t.left), nn_datasets(t.left, t.right));
    ck_assert_int_eq(nn_fit(model, zip), NN_ESHAPE);
    test_message_has("the dataset's rows are 3, the model's input is 4: input");
    nn_dataset_free(zip);
    zip = nn_zip(nn_datasets(t.left, t.right), nn_datasets(t.left));
    ck_assert_int_eq(nn_fit(model, zip), NN_ESHAPE);
    test_message_has("the dataset's rows have 1 targets, the model has 2 outputs");
    nn_dataset_free(zip);
    zip = nn_zip(nn_datasets(t.left, t.right), nn_datasets(t.left, t.left));
    ck_assert_int_eq(nn_fit(model, zip), NN_ESHAPE);
    test_message_has("fit, value: mean_squared_error takes values like the output 2");
    nn_dataset_free(zip);
    zip = nn_zip(nn_datasets(t.left, t.right));
    ck_assert_int_eq(nn_fit(model, zip), NN_ESHAPE);
    test_message_has("no targets");
    nn_tensor *outputs[2] = {NULL, NULL};
    check(nn_predict(model, zip, .results = outputs, .result_count = 2)); /* needs none */
    nn_tensor_free(outputs[0]);
    nn_tensor_free(outputs[1]);
    nn_dataset_free(zip);
    nn_model_free(model);
    two_close(&t);
}
END_TEST

/* One picture, two questions: the second dataset stands for its targets alone. */
START_TEST(one_input_may_have_targets_of_two_datasets)
{
    two_data t;
    two_open(&t);
    nn_dataset *zip = nn_zip(nn_datasets(t.left), nn_datasets(t.left, t.right));
    nn_model *models[2];
    for (int i = 0; i < 2; i++) {
        nn_model *m = models[i] = nn_model_new();
        nn_node x = nn_model_input(m, TWO_A);
        nn_model_outputs(m, nn_apply(nn_dense(TWO_CLASSES, NN_SOFTMAX), x),
                         nn_apply(nn_dense(TWO_VALUES), x));
        check(COMPILE(
            m, .losses = nn_losses(nn_sparse_categorical_crossentropy(), nn_mean_squared_error())));
    }
    check(nn_fit(models[0], zip, .batch_size = TWO_ROWS, .no_shuffle = 1));
    const nn_tensor *x[] = {t.ta}, *y[] = {t.tclasses, t.tvalues};
    check(nn_train_on_batch_many(models[1], x, 1, y, 2, NULL));
    ck_assert(two_same(models[0], models[1]));
    nn_model_free(models[0]);
    nn_model_free(models[1]);
    nn_dataset_free(zip);
    two_close(&t);
}
END_TEST

/* ---- Predict ---- */

START_TEST(every_output_is_predicted_to_its_own_place)
{
    two_data t;
    nn_real label[TWO_ROWS * TWO_CLASSES], value[TWO_ROWS * TWO_VALUES], l[30], v[20];
    nn_tensor *outputs[2], *one = NULL;
    two_open(&t);
    nn_model *model = two_model();
    check(nn_predict(model, t.zip, .batch_size = 4, .results = outputs, .result_count = 2,
                     .buffers = nn_buffers({label, 30}, {value, 20})));
    ck_assert_int_eq(nn_tensor_dim(outputs[0], 1), TWO_CLASSES);
    ck_assert_int_eq(nn_tensor_dim(outputs[1], 1), TWO_VALUES);
    ck_assert(memcmp(nn_tensor_read(outputs[0]), label, sizeof label) == 0);
    ck_assert(memcmp(nn_tensor_read(outputs[1]), value, sizeof value) == 0);
    nn_context *context = nn_context(model, .batch_size = 4);
    for (int first = 0; first < TWO_ROWS; first += 4) {
        const nn_real *x[] = {t.a + first * TWO_A, t.b + first * TWO_B};
        nn_real *y[] = {l + first * TWO_CLASSES, v + first * TWO_VALUES};
        check(nn_context_predict_many(context, x, first == 8 ? 2 : 4, y));
        y[0] = NULL;
        check(nn_context_predict_many(context, x, 1, y));
    }
    ck_assert(memcmp(l, label, sizeof label) == 0);
    ck_assert(memcmp(v, value, sizeof value) == 0);
    ck_assert_int_eq(nn_context_predict(context, t.a, 1, l), NN_EINVAL);
    test_message_has("2 inputs and 2 outputs; use nn_context_predict_many");
    ck_assert_int_eq(nn_predict(model, t.zip, .result = &one), NN_EINVAL);
    test_message_has("into and result are for one output, the model has 2");
    ck_assert_int_eq(nn_predict(model, t.zip, .results = outputs, .result_count = 1), NN_EINVAL);
    test_message_has("1 results for 2 outputs");
    ck_assert_int_eq(nn_predict(model, t.zip, .buffers = nn_buffers({label, 30})), NN_EINVAL);
    test_message_has("1 buffers for 2 outputs");
    ck_assert_int_eq(nn_predict(model, t.zip, .buffers = nn_buffers({label, 30}, {value, 19})),
                     NN_ESHAPE);
    test_message_has("room for 19 numbers, 20 are needed");
    ck_assert_ptr_null(one);
    nn_tensor_free(outputs[0]);
    nn_tensor_free(outputs[1]);
    nn_context_free(context);
    nn_model_free(model);
    two_close(&t);
}
END_TEST

/* ---- One step at a time ---- */

START_TEST(one_step_is_the_same_three_ways)
{
    two_data t;
    double loss;
    const nn_logs *result;
    two_open(&t);
    nn_model *by_fit = two_model(), *by_batch = two_model(), *by_context = two_model();
    check(nn_fit(by_fit, t.zip, .batch_size = TWO_ROWS, .no_shuffle = 1));
    const nn_tensor *x[] = {t.ta, t.tb}, *y[] = {t.tclasses, t.tvalues};
    check(nn_train_on_batch_many(by_batch, x, 2, y, 2, &result));
    nn_context *context = nn_context(by_context, .batch_size = TWO_ROWS, .training = 1);
    const nn_real *rows[] = {t.a, t.b};
    nn_real label[30], *outputs[] = {label, NULL};
    check(nn_context_forward_many(context, rows, TWO_ROWS, outputs));
    ck_assert_double_eq_tol((double)(label[0] + label[1] + label[2]), 1, 1e-6);
    check(nn_context_backward_many(context, y, &loss));
    check(nn_context_update(context));
    ck_assert(two_same(by_fit, by_batch));
    ck_assert(two_same(by_fit, by_context));
    ck_assert_double_eq(loss, nn_logs_value(result, "loss"));
    ck_assert_double_eq(loss, nn_logs_value(result, "label_loss") +
                                  0.25 * nn_logs_value(result, "value_loss"));
    ck_assert_int_eq(nn_train_on_batch(by_batch, t.ta, t.tclasses, NULL), NN_EINVAL);
    test_message_has("1 x and 1 y are given, the model has 2 inputs and 2 outputs");
    ck_assert_int_eq(nn_context_forward(context, t.a, 1, NULL), NN_EINVAL);
    ck_assert_int_eq(nn_context_backward(context, t.tclasses, NULL), NN_EINVAL);
    x[1] = NULL;
    ck_assert_int_eq(nn_train_on_batch_many(by_batch, x, 2, y, 2, NULL), NN_EINVAL);
    nn_tensor *few = nn_tensor_rows(t.tb, 0, 5);
    x[1] = few;
    ck_assert_int_eq(nn_train_on_batch_many(by_batch, x, 2, y, 2, NULL), NN_ESHAPE);
    rows[1] = NULL;
    ck_assert_int_eq(nn_context_forward_many(context, rows, 2, NULL), NN_EINVAL);
    test_message_has("x of input 1 (input_layer_1) is NULL");
    nn_tensor_free(few);
    nn_context_free(context);
    nn_model_free(by_fit);
    nn_model_free(by_batch);
    nn_model_free(by_context);
    two_close(&t);
}
END_TEST

/* ---- Files ---- */

START_TEST(a_file_keeps_outputs_losses_weights_and_metrics)
{
    two_data t;
    char path[512];
    nn_model *loaded = NULL;
    two_open(&t);
    nn_model *model = two_model();
    snprintf(path, sizeof path, "%s", test_path("two.safetensors"));
    check(nn_fit(model, t.zip, .batch_size = 4, .epochs = 2));
    check(nn_model_save(model, path));
    check(nn_model_load(path, &loaded));
    ck_assert(two_same(model, loaded));
    ck_assert_str_eq(nn_model_output_name(loaded, 1), "value");
    ck_assert_double_eq(loaded->heads[1].weight, 0.25);
    check(nn_fit(model, t.zip, .batch_size = 4, .epochs = 4, .initial_epoch = 2));
    check(nn_fit(loaded, t.zip, .batch_size = 4, .epochs = 4, .initial_epoch = 2));
    ck_assert(two_same(model, loaded));
    const nn_logs *a = nn_history_logs(nn_model_history(model), 1);
    const nn_logs *b = nn_history_logs(nn_model_history(loaded), 1);
    ck_assert_uint_eq(nn_logs_count(a), 5);
    ck_assert_uint_eq(nn_logs_count(b), 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_double_eq(nn_logs_at(a, i), nn_logs_at(b, i));
    nn_model_free(loaded);
    nn_model *fresh = two_graph();
    check(nn_model_load_weights(fresh, path));
    nn_model_free(fresh);
    nn_model_free(model);
    two_close(&t);
}
END_TEST

START_TEST(plan_and_summary_show_all_inputs)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    nn_model *model = two_model();
    check(nn_model_print_plan(model, 4, stream));
    check(nn_model_summary(model, stream));
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "\ninput_layer "));
    ck_assert_ptr_nonnull(strstr(text, "\ninput_layer_1 "));
    ck_assert_ptr_nonnull(strstr(text, "value (Dense)"));
    free(text);
    nn_model_free(model);
}
END_TEST

Suite *several_suite(void);
Suite *several_suite(void)
{
    return TEST_SUITE(
        "several", a_fit_is_that_of_keras, a_short_batch_counts_by_its_rows,
        any_number_of_threads_gives_the_same_bits, no_output_takes_the_names_of_a_validation,
        lists_must_fit_the_number_of_outputs, what_is_handed_over_is_freed_once_whatever_happens,
        one_output_may_be_told_in_lists_and_weighed, callbacks_know_which_way_is_better,
        data_must_fit_inputs_and_outputs, one_input_may_have_targets_of_two_datasets,
        every_output_is_predicted_to_its_own_place, one_step_is_the_same_three_ways,
        a_file_keeps_outputs_losses_weights_and_metrics, plan_and_summary_show_all_inputs);
}
