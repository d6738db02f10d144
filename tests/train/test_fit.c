/* Fit's bookkeeping, which is Keras's: order, running means, shuffles, stops, histories. */
#include "recorder.h"

#define FIT(...) ck_assert_msg(nn_fit(__VA_ARGS__) == NN_OK, "%s", nn_error_message())

/* ---- Order ---- */

START_TEST(hooks_come_in_the_order_of_keras)
{
    rows train, validation;
    rows_open(&train, 10, 1, 0);
    rows_open(&validation, 6, 2, 0);
    nn_model *model = small_model(0.1);
    FIT(model, train.data, .batch_size = 4, .epochs = 2, .validation_data = validation.data,
        .callbacks = nn_callbacks(recorder(NULL)));
#define EPOCH(n)                                                                                   \
    "epoch_begin " n "; batch_begin 0; batch_end 0; batch_begin 1; batch_end 1; batch_begin 2; "   \
    "batch_end 2; test_begin; test_batch_begin 0; test_batch_end 0; test_batch_begin 1; "          \
    "test_batch_end 1; test_end; epoch_end " n "; "
    ck_assert_str_eq(notes, "train_begin; " EPOCH("0") EPOCH("1") "train_end; ");
#undef EPOCH
    nn_model_free(model);
    rows_close(&train);
    rows_close(&validation);
}
END_TEST

static char order[64];

static nn_status note_in_order(nn_callback *callback, nn_event *event)
{
    (void)event;
    size_t used = strlen(order);
    order[used] = *(const char *)nn_callback_state(callback);
    order[used + 1] = '\0';
    return NN_OK;
}

static nn_callback *named(char name)
{
    static const nn_callback_kind kind = {
        .kind = {sizeof(nn_callback_kind), "named", "Named", sizeof(recorder_options), NULL, 0},
        .state_size = 1,
        .epoch_end = note_in_order,
    };
    nn_callback *callback = nn_callback_new(&kind, NULL);
    *(char *)nn_callback_state(callback) = name;
    return callback;
}

START_TEST(callbacks_are_called_in_list_order)
{
    rows train;
    rows_open(&train, 8, 1, 0);
    nn_model *model = small_model(0.1);
    FIT(model, train.data, .epochs = 2,
        .callbacks = nn_callbacks(named('b'), named('a'), named('c')));
    ck_assert_str_eq(order, "bacbac");
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

/* ---- Numbers ---- */

/* Losses and hits of every row at the model's weights. */
static double row_loss[MOST_ROWS];
static int row_hit[MOST_ROWS];
static double batch_loss[8], batch_accuracy[8];

static nn_status keep_means(const char *hook, nn_event *event)
{
    if (strcmp(hook, "batch_end") == 0) {
        batch_loss[event->step] = nn_logs_value(event->logs, "loss");
        batch_accuracy[event->step] = nn_logs_value(event->logs, "accuracy");
    }
    if (strcmp(hook, "epoch_begin") == 0 || strcmp(hook, "train_begin") == 0)
        ck_assert_uint_eq(nn_logs_count(event->logs), 0);
    return NN_OK;
}

/* Without dropout and batch norm: training's pass is that of predict. */
static nn_model *still_model(void)
{
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
    nn_model_set_seed(model, 3);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = NN_ZERO),
                                .loss = nn_sparse_categorical_crossentropy(),
                                .metrics = nn_metrics(nn_accuracy())),
                     NN_OK);
    return model;
}

static void find_rows(nn_model *model, const rows *r)
{
    static nn_real p[MOST_ROWS * CLASSES];
    ck_assert_int_eq(nn_predict(model, r->data, .into = p, .capacity = MOST_ROWS * CLASSES), NN_OK);
    for (int i = 0; i < r->count; i++) {
        const nn_real *row = p + i * CLASSES;
        int best = 0;
        for (int c = 1; c < CLASSES; c++)
            best = row[c] > row[best] ? c : best;
        row_loss[i] = -log((double)row[r->classes[i]]);
        row_hit[i] = best == r->classes[i];
    }
}

static void means_of(int count, double *loss, double *accuracy)
{
    *loss = *accuracy = 0;
    for (int i = 0; i < count; i++) {
        *loss += row_loss[i] / count;
        *accuracy += (double)row_hit[i] / count;
    }
}

START_TEST(logs_are_running_means_weighted_by_rows)
{
    rows train;
    rows_open(&train, 80, 3, 0); /* 32 + 32 + 16 rows */
    nn_model *model = still_model();
    find_rows(model, &train);
    FIT(model, train.data, .no_shuffle = 1, .epochs = 2,
        .callbacks = nn_callbacks(recorder(keep_means)));
    for (int step = 0; step < 3; step++) {
        double loss, accuracy;
        means_of(step < 2 ? 32 * (step + 1) : 80, &loss, &accuracy);
        ck_assert_double_eq_tol(batch_loss[step], loss, 1e-6);
        ck_assert_double_eq_tol(batch_accuracy[step], accuracy, 1e-12);
    }
    const nn_history *history = nn_model_history(model);
    ck_assert_double_eq(nn_history_value(history, 0, "loss"), batch_loss[2]);
    ck_assert_double_eq(nn_history_value(history, 1, "loss"), batch_loss[2]);
    ck_assert_double_eq(nn_history_value(history, 1, "accuracy"), batch_accuracy[2]);
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

static nn_status check_keys(const char *hook, nn_event *event)
{
    static const char *const names[] = {"accuracy", "loss", "val_accuracy", "val_loss"};
    if (strcmp(hook, "epoch_end") != 0)
        return NN_OK;
    ck_assert_uint_eq(nn_logs_count(event->logs), 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(nn_logs_name(event->logs, i), names[i]);
    return NN_OK;
}

START_TEST(keys_are_alphabetical_and_validation_equals_evaluate)
{
    rows train, validation;
    rows_open(&train, 40, 1, 0);
    rows_open(&validation, 37, 2, 0);
    nn_model *model = small_model(0.1);
    const nn_logs *result;
    FIT(model, train.data, .batch_size = 8, .validation_data = validation.data,
        .callbacks = nn_callbacks(recorder(check_keys)));
    ck_assert_int_eq(nn_evaluate(model, validation.data, .batch_size = 8, .result = &result),
                     NN_OK);
    ck_assert_double_eq(nn_logs_value(result, "loss"),
                        nn_history_value(nn_model_history(model), 0, "val_loss"));
    ck_assert_double_eq(nn_logs_value(result, "accuracy"),
                        nn_history_value(nn_model_history(model), 0, "val_accuracy"));
    nn_model_free(model);
    rows_close(&train);
    rows_close(&validation);
}
END_TEST

START_TEST(validation_comes_every_so_many_epochs)
{
    rows train;
    rows_open(&train, 8, 1, 0);
    nn_model *model = small_model(0.1);
    FIT(model, train.data, .epochs = 5, .validation_data = train.data, .validation_freq = 2);
    const nn_history *history = nn_model_history(model);
    ck_assert_int_eq(nn_history_epochs(history), 5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(nn_logs_has(nn_history_logs(history, i), "val_loss"), i % 2 == 1);
    ck_assert_ptr_null(nn_history_logs(history, 5));
    ck_assert(isnan(nn_history_value(history, 0, "val_loss")));
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

static nn_status check_epochs(const char *hook, nn_event *event)
{
    if (strcmp(hook, "epoch_begin") == 0) {
        ck_assert_int_eq(event->epochs, 5);
        ck_assert_int_eq(event->steps, 2);
    }
    return NN_OK;
}

START_TEST(epochs_count_from_initial_epoch)
{
    rows train;
    rows_open(&train, 8, 1, 0);
    nn_model *model = small_model(0.1);
    FIT(model, train.data, .batch_size = 4, .epochs = 5, .initial_epoch = 3,
        .callbacks = nn_callbacks(recorder(check_epochs)));
    ck_assert_str_eq(notes,
                     "train_begin; epoch_begin 3; batch_begin 0; batch_end 0; batch_begin 1; "
                     "batch_end 1; epoch_end 3; epoch_begin 4; batch_begin 0; batch_end 0; "
                     "batch_begin 1; batch_end 1; epoch_end 4; train_end; ");
    ck_assert_int_eq(nn_history_epochs(nn_model_history(model)), 2);
    ck_assert_uint_eq(nn_model_steps(model), 4);
    FIT(model, train.data, .epochs = 2, .initial_epoch = 2);
    ck_assert_int_eq(nn_history_epochs(nn_model_history(model)), 0);
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

/* ---- Shuffles ---- */

enum { SHUFFLED = 50 };
static size_t seen[8 * SHUFFLED];
static size_t seen_count;

static nn_status see(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                     int32_t *classes)
{
    (void)self;
    (void)y;
    for (size_t i = 0; i < count; i++) {
        if (seen_count < sizeof seen / sizeof seen[0])
            seen[seen_count++] = indices[i];
        for (int j = 0; j < WIDTH; j++)
            x[i * WIDTH + (size_t)j] = (nn_real)indices[i] / SHUFFLED;
        if (classes != NULL)
            classes[i] = (int32_t)(indices[i] % CLASSES);
    }
    return NN_OK;
}

static nn_dataset *watched(void)
{
    static const nn_dataset_kind kind = {
        .struct_size = sizeof kind, .name = "watched", .read = see};
    nn_dataset_info info = {.struct_size = sizeof info,
                            .rows = SHUFFLED,
                            .x = {1, {WIDTH}},
                            .classes = CLASSES,
                            .has_targets = 1};
    seen_count = 0;
    return nn_dataset_new(&kind, NULL, &info);
}

static int is_permutation(const size_t *indices)
{
    int found[SHUFFLED] = {0};
    for (int i = 0; i < SHUFFLED; i++)
        found[indices[i]]++;
    for (int i = 0; i < SHUFFLED; i++)
        if (found[i] != 1)
            return 0;
    return 1;
}

START_TEST(every_epoch_is_a_new_permutation_told_by_seed_and_epoch)
{
    nn_dataset *data = watched();
    nn_model *model = small_model(0.1);
    size_t kept[3 * SHUFFLED];
    nn_model_set_threads(model, 1); /* rows are noted in the order in which they are read */
    FIT(model, data, .batch_size = 8, .epochs = 3);
    ck_assert_uint_eq(seen_count, 3 * SHUFFLED);
    memcpy(kept, seen, sizeof kept);
    for (int epoch = 0; epoch < 3; epoch++)
        ck_assert(is_permutation(kept + epoch * SHUFFLED));
    ck_assert_mem_ne(kept, kept + SHUFFLED, sizeof kept / 3);
    ck_assert_mem_ne(kept + SHUFFLED, kept + 2 * SHUFFLED, sizeof kept / 3);
    seen_count = 0;
    FIT(model, data, .batch_size = 16, .initial_epoch = 1, .epochs = 3);
    ck_assert_mem_eq(seen, kept + SHUFFLED, 2 * sizeof kept / 3);
    seen_count = 0;
    FIT(model, data, .no_shuffle = 1);
    for (size_t i = 0; i < SHUFFLED; i++)
        ck_assert_uint_eq(seen[i], i);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* ---- Going on ---- */

START_TEST(a_second_fit_goes_on_where_the_first_ended)
{
    rows train;
    rows_open(&train, 50, 1, 0);
    nn_model *once = small_model(0.1), *twice = small_model(0.1);
    FIT(once, train.data, .batch_size = 16, .epochs = 3);
    FIT(twice, train.data, .batch_size = 16, .epochs = 1);
    ck_assert(!same_weights(once, twice));
    FIT(twice, train.data, .batch_size = 16, .initial_epoch = 1, .epochs = 3);
    ck_assert(same_weights(once, twice));
    ck_assert_uint_eq(nn_model_steps(once), 12);
    ck_assert_uint_eq(nn_model_steps(twice), 12);
    ck_assert_double_eq(nn_history_value(nn_model_history(once), 2, "loss"),
                        nn_history_value(nn_model_history(twice), 1, "loss"));
    nn_model_free(once);
    nn_model_free(twice);
    rows_close(&train);
}
END_TEST

static nn_real *before_epoch_1;

static nn_status rest_in_epoch_1(const char *hook, nn_event *event)
{
    if (strcmp(hook, "epoch_begin") == 0 && event->epoch == 1) {
        before_epoch_1 = snapshot(event->model);
        return nn_model_set_learning_rate(event->model, 0);
    }
    return NN_OK;
}

START_TEST(a_callback_can_change_the_learning_rate)
{
    rows train;
    rows_open(&train, 20, 1, 0);
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.5),
                                .loss = nn_sparse_categorical_crossentropy()),
                     NN_OK);
    ck_assert_double_eq(nn_model_learning_rate(model), 0.5);
    FIT(model, train.data, .epochs = 2, .callbacks = nn_callbacks(recorder(rest_in_epoch_1)));
    nn_real *after = snapshot(model);
    ck_assert_mem_eq(after, before_epoch_1, nn_model_snapshot_count(model) * sizeof *after);
    ck_assert_double_eq(nn_model_learning_rate(model), 0);
    free(after);
    free(before_epoch_1);
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

/* ---- Ending early ---- */

static nn_status stop_by_event(const char *hook, nn_event *event)
{
    if (strcmp(hook, "batch_end") == 0 && event->step == 1)
        event->stop = 1;
    return NN_OK;
}

static nn_status stop_by_call(const char *hook, nn_event *event)
{
    if (strcmp(hook, "batch_begin") == 0 && event->step == 1)
        nn_model_stop(event->model);
    return NN_OK;
}

static nn_status stop_at_epoch_end(const char *hook, nn_event *event)
{
    if (strcmp(hook, "epoch_end") == 0)
        event->stop = 1;
    return NN_OK;
}

START_TEST(a_stop_ends_after_the_batch_with_validation_and_hooks)
{
    recorder_act *const ways[] = {stop_by_event, stop_by_call};
    rows train;
    rows_open(&train, 20, 1, 0);
    nn_model *model = small_model(0.1);
    for (int i = 0; i < 2; i++) {
        nn_model_stop(model); /* before the fit: of no effect */
        FIT(model, train.data, .batch_size = 4, .epochs = 3, .validation_data = train.data,
            .validation_batch_size = 20, .callbacks = nn_callbacks(recorder(ways[i])));
        ck_assert_str_eq(notes,
                         "train_begin; epoch_begin 0; batch_begin 0; batch_end 0; batch_begin 1; "
                         "batch_end 1; test_begin; test_batch_begin 0; test_batch_end 0; test_end; "
                         "epoch_end 0; train_end; ");
        ck_assert_int_eq(nn_history_epochs(nn_model_history(model)), 1);
        ck_assert_uint_eq(nn_model_steps(model), (uint64_t)(2 * (i + 1)));
    }
    FIT(model, train.data, .epochs = 3, .callbacks = nn_callbacks(recorder(stop_at_epoch_end)));
    ck_assert_int_eq(nn_history_epochs(nn_model_history(model)), 1);
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

static nn_status fail_with_message(const char *hook, nn_event *event)
{
    if (strcmp(hook, "epoch_begin") == 0 && event->epoch == 1)
        return nn_fail(NN_EIO, "the disk is full");
    return NN_OK;
}

static nn_status fail_with_number(const char *hook, nn_event *event)
{
    (void)event;
    return strcmp(hook, "train_begin") == 0 ? (nn_status)7 : NN_OK;
}

START_TEST(a_failing_callback_ends_the_fit_and_what_was_done_stands)
{
    rows train;
    rows_open(&train, 20, 1, 0);
    nn_model *model = small_model(0.1);
    ck_assert_int_eq(nn_fit(model, train.data, .epochs = 3,
                            .callbacks = nn_callbacks(recorder(fail_with_message))),
                     NN_EIO);
    test_message_has("the disk is full");
    ck_assert_int_eq(nn_history_epochs(nn_model_history(model)), 1);
    ck_assert_uint_eq(nn_model_steps(model), 1);
    ck_assert_int_eq(nn_fit(model, train.data, .epochs = 3,
                            .callbacks = nn_callbacks(recorder(fail_with_number))),
                     NN_EUSER);
    test_message_has("recorder");
    test_message_has("7");
    FIT(model, train.data); /* the model is as good as before */
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

/* ---- What does not fit ---- */

START_TEST(wrong_options_are_named)
{
    rows train;
    rows_open(&train, 20, 1, 0);
    nn_model *model = small_model(0.1);
    ck_assert_int_eq(nn_fit(model, train.data, .batch_size = -1), NN_EINVAL);
    test_message_has("batch_size is -1");
    ck_assert_int_eq(nn_fit(model, train.data, .epochs = -2), NN_EINVAL);
    ck_assert_int_eq(nn_fit(model, train.data, .verbose = 3), NN_EINVAL);
    test_message_has("verbose is 3");
    ck_assert_int_eq(nn_fit(model, train.data, .initial_epoch = -1), NN_EINVAL);
    ck_assert_int_eq(nn_fit(model, train.data, .validation_freq = -1), NN_EINVAL);
    ck_assert_int_eq(nn_fit(model, NULL), NN_EINVAL);
    ck_assert_int_eq(nn_fit(NULL, train.data), NN_EINVAL);
    ck_assert_int_eq(nn_model_fit(NULL), NN_EINVAL);
    ck_assert_int_eq(nn_model_fit(&(nn_fit_options){.model = model, .data = train.data}),
                     NN_EINVAL);
    test_message_has("struct_size");
    struct {
        nn_fit_options o;
        double later;
    } newer = {.o = {.struct_size = sizeof newer, .model = model, .data = train.data}};
    ck_assert_int_eq(nn_model_fit(&newer.o), NN_OK);
    newer.later = 1;
    ck_assert_int_eq(nn_model_fit(&newer.o), NN_ENOTSUP);
    nn_model_free(model);
    rows_close(&train);
}
END_TEST

START_TEST(data_that_does_not_fit_is_named_with_both_shapes)
{
    rows train, one_hot;
    rows_open(&train, 20, 1, 0);
    rows_open(&one_hot, 20, 1, 1);
    nn_model *model = small_model(0.1);
    nn_model *wide = nn_sequential(nn_input(3, 2), nn_flatten(), nn_dense(CLASSES, NN_SOFTMAX));
    ck_assert_int_eq(nn_fit(wide, train.data), NN_ESTATE);
    test_message_has("not compiled");
    ck_assert_int_eq(
        nn_compile(wide, .optimizer = nn_sgd(), .loss = nn_sparse_categorical_crossentropy()),
        NN_OK);
    ck_assert_int_eq(nn_fit(wide, train.data), NN_ESHAPE);
    test_message_has("rows are 6");
    test_message_has("3x2");
    ck_assert_int_eq(nn_fit(model, one_hot.data), NN_ESHAPE);
    test_message_has("takes classes");
    nn_dataset *bare = nn_arrays(train.tx);
    ck_assert_int_eq(nn_fit(model, bare), NN_ESHAPE);
    test_message_has("no targets");
    ck_assert_int_eq(nn_fit(model, train.data, .validation_data = one_hot.data), NN_ESHAPE);
    test_message_has("validation");
    train.classes[7] = CLASSES;
    nn_dataset *many = nn_arrays(train.tx, train.ty);
    ck_assert_int_eq(nn_fit(model, many), NN_ESHAPE);
    test_message_has("5 classes");
    nn_dataset_free(many);
    nn_dataset_free(bare);
    nn_model_free(wide);
    nn_model_free(model);
    rows_close(&train);
    rows_close(&one_hot);
}
END_TEST

/* Called by several threads at once. */
static nn_status refuse(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                        int32_t *classes)
{
    (void)self;
    (void)y;
    memset(x, 0, count * WIDTH * sizeof *x);
    memset(classes, 0, count * sizeof *classes);
    for (size_t i = 0; i < count; i++)
        if (indices[i] == 33)
            return nn_fail(NN_EUSER, "row 33 is damaged");
    return NN_OK;
}

START_TEST(a_dataset_that_could_not_be_made_is_told_with_its_reason)
{
    nn_model *model = small_model(0.1);
    nn_dataset *data = nn_cifar10(.directory = "no/such/folder");
    ck_assert_int_eq(nn_fit(model, data), NN_EINVAL);
    test_message_has(
        "fit: the dataset is NULL; the failure before that: no/such/folder/data_batch");
    nn_model_free(model);
}
END_TEST

START_TEST(a_failure_of_the_data_in_a_worker_reaches_the_caller)
{
    static const nn_dataset_kind kind = {.struct_size = sizeof kind, .name = "bad", .read = refuse};
    nn_dataset_info info = {.struct_size = sizeof info,
                            .rows = SHUFFLED,
                            .x = {1, {WIDTH}},
                            .classes = CLASSES,
                            .has_targets = 1};
    nn_dataset *data = nn_dataset_new(&kind, NULL, &info);
    nn_model *model = small_model(0.1);
    nn_model_set_threads(model, 3);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = 50), NN_EUSER);
    test_message_has("row 33 is damaged");
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

Suite *fit_suite(void);
Suite *fit_suite(void)
{
    return TEST_SUITE(
        "fit", hooks_come_in_the_order_of_keras, callbacks_are_called_in_list_order,
        logs_are_running_means_weighted_by_rows,
        keys_are_alphabetical_and_validation_equals_evaluate, validation_comes_every_so_many_epochs,
        epochs_count_from_initial_epoch, every_epoch_is_a_new_permutation_told_by_seed_and_epoch,
        a_second_fit_goes_on_where_the_first_ended, a_callback_can_change_the_learning_rate,
        a_stop_ends_after_the_batch_with_validation_and_hooks,
        a_failing_callback_ends_the_fit_and_what_was_done_stands, wrong_options_are_named,
        data_that_does_not_fit_is_named_with_both_shapes,
        a_dataset_that_could_not_be_made_is_told_with_its_reason,
        a_failure_of_the_data_in_a_worker_reaches_the_caller);
}
