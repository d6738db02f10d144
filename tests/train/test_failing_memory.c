/* A whole program, any of whose allocations may fail: a status, no crash, no leak; and a model that
 * lost a fit to it is as good as before. */
#include "recorder.h"

#include "base/files.h"
#include "two.h"

static int no_sync(int file)
{
    (void)file;
    return 0;
}

/* A graph, a fit with callbacks, and everything that prints or plans. */
static nn_status program(const rows *r, const char *csv)
{
    nn_status status = NN_OK;
    char room[20000];
    FILE *stream = fmemopen(room, sizeof room, "w");
    nn_model *m = nn_model_new();
    nn_node x = nn_model_input(m, WIDTH);
    nn_node y = nn_apply(nn_dense(WIDTH, NN_RELU, .name = "first"), x);
    y = nn_merge(nn_add(), y, x);
    y = nn_apply(nn_dropout(.rate = 0.5), nn_apply(nn_batch_norm(), y));
    y = nn_apply(nn_dense(CLASSES, NN_SOFTMAX), y);
    status = m == NULL ? NN_ENOMEM : nn_model_output(m, y);
    if (status == NN_OK)
        status = nn_model_set_threads(m, 1);
    nn_optimizer *optimizer = nn_sgd(.momentum = 0.9);
    nn_loss *loss = nn_sparse_categorical_crossentropy();
    int missing = optimizer == NULL || loss == NULL;
    nn_status compiled = nn_compile(m, .optimizer = optimizer, .loss = loss,
                                    .metrics = nn_metrics(nn_accuracy(), nn_accuracy("again")));
    if (status == NN_OK)
        status = missing && compiled == NN_EINVAL ? NN_ENOMEM : compiled;
    nn_fit_options fit = {
        .struct_size = sizeof fit,
        .model = m,
        .data = r->data,
        .batch_size = 8,
        .epochs = 3,
        .verbose = NN_ONE_LINE,
        .stream = stream,
        .validation_data = r->data,
        .callbacks = nn_callbacks(
            nn_early_stopping(.monitor = "val_loss", .restore_best_weights = 1, .patience = 5),
            nn_reduce_lr_on_plateau(.monitor = "loss", .patience = 1), nn_csv_logger(csv),
            recorder(NULL))};
    nn_status fitted = nn_model_fit(&fit); /* takes the callbacks, whatever happened before */
    if (status == NN_OK)
        status = m == NULL ? NN_ENOMEM : fitted;
    if (status == NN_OK)
        status = nn_model_summary(m, stream);
    if (status == NN_OK)
        status = nn_model_print_plan(m, 8, stream);
    if (status == NN_OK) {
        nn_context *context = nn_context(m, .batch_size = 4, .training = 1);
        status = context == NULL ? NN_ENOMEM : NN_OK;
        nn_context_free(context);
    }
    nn_model_free(m);
    fclose(stream);
    return status;
}

/* Two inputs and two outputs: data, compile, fit, predict, a file and back. */
static nn_status two_program(const two_data *t, const char *path)
{
    nn_tensor *results[2] = {NULL, NULL};
    nn_model *loaded = NULL, *m = two_graph();
    nn_dataset *zip = nn_zip(nn_datasets(t->left, t->right), nn_datasets(t->left, t->right));
    nn_optimizer *optimizer = nn_sgd(.momentum = 0.9);
    nn_loss *first = nn_sparse_categorical_crossentropy(), *second = nn_mean_squared_error();
    int missing = optimizer == NULL;
    nn_status status = m == NULL || zip == NULL ? NN_ENOMEM : nn_model_set_threads(m, 1);
    nn_status compiled =
        nn_compile(m, .optimizer = optimizer, .losses = nn_losses(first, second),
                   .loss_weights = nn_loss_weights(1, 2),
                   .output_metrics = nn_output_metrics(
                       nn_metrics(nn_accuracy()), nn_metrics(nn_accuracy(), nn_accuracy("again"))));
    if (status == NN_OK)
        status = missing && compiled == NN_EINVAL ? NN_ENOMEM : compiled;
    if (status == NN_OK)
        status = nn_fit(m, zip, .batch_size = 4, .validation_data = zip);
    if (status == NN_OK)
        status = nn_predict(m, zip, .results = results, .result_count = 2);
    if (status == NN_OK)
        status = nn_model_save(m, path);
    if (status == NN_OK)
        status = nn_model_load(path, &loaded);
    nn_tensor_free(results[0]);
    nn_tensor_free(results[1]);
    nn_model_free(loaded);
    nn_model_free(m);
    nn_dataset_free(zip);
    return status;
}

/* Runs a program with each of its allocations failing, once and from then on. */
static void sweep(nn_status (*run)(const void *data, const char *path), const void *data,
                  const char *path)
{
    test_memory_begin();
    ck_assert_msg(run(data, path) == NN_OK, "%s", nn_error_message());
    long count = test_memory_total();
    ck_assert_int_gt(count, 200);
    ck_assert_int_eq(test_memory_live(), 0);
    for (long n = 0; n < count; n++)
        for (int once = 0; once < 2; once++) {
            test_memory_fail(n, once);
            nn_status status = run(data, path);
            test_memory_fail(-1, 0);
            if (status != NN_ENOMEM || test_memory_live() != 0)
                ck_abort_msg("allocation %ld of %ld fails %s: status %d (%s), %ld blocks are left",
                             n, count, once ? "once" : "for good", (int)status, nn_error_message(),
                             test_memory_live());
        }
    test_memory_end();
}

static nn_status run_program(const void *data, const char *path)
{
    return program(data, path);
}

static nn_status run_two_program(const void *data, const char *path)
{
    return two_program(data, path);
}

START_TEST(a_program_survives_the_failure_of_any_allocation)
{
    rows r;
    two_data t;
    nn__io io = nn__posix_io;
    rows_open(&r, 20, 1, 0);
    two_open(&t);
    io.fsync = no_sync;
    nn__set_io(&io);
    sweep(run_program, &r, test_path("log.csv"));
    sweep(run_two_program, &t, test_path("two.safetensors"));
    nn__set_io(NULL);
    two_close(&t);
    rows_close(&r);
}
END_TEST

START_TEST(a_fit_that_lacked_memory_can_be_tried_again)
{
    rows r;
    rows_open(&r, 20, 1, 0);
    nn_model *model, *untouched;
    test_memory_begin();
    for (long n = 0; n < 100; n += 7) {
        model = small_model(0.1);
        untouched = small_model(0.1);
        nn_model_set_threads(model, 1);
        test_memory_fail(n, 0);
        nn_status status = nn_fit(model, r.data, .batch_size = 8);
        test_memory_fail(-1, 0);
        if (status == NN_ENOMEM) {
            if (nn_model_steps(model) == 0)
                ck_assert(same_weights(model, untouched));
            ck_assert_int_eq(nn_fit(model, r.data, .batch_size = 8), NN_OK);
        } else {
            ck_assert_int_eq(status, NN_OK);
        }
        nn_model_free(model);
        nn_model_free(untouched);
    }
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    rows_close(&r);
}
END_TEST

START_TEST(a_list_of_callbacks_with_a_failed_one_is_freed_and_refused)
{
    rows r;
    rows_open(&r, 20, 1, 0);
    test_memory_begin();
    nn_model *model = small_model(0.1);
    nn_model_set_threads(model, 1);
    ck_assert_int_eq(
        nn_fit(model, r.data,
               .callbacks = nn_callbacks(nn_early_stopping(), NULL, nn_reduce_lr_on_plateau())),
        NN_ENOMEM);
    test_message_has("callback 1");
    nn_callback *twice = nn_early_stopping();
    ck_assert_int_eq(nn_fit(model, r.data, .callbacks = nn_callbacks(twice, twice)), NN_EINVAL);
    test_message_has("stands twice");
    ck_assert_int_eq(nn_fit(NULL, r.data, .callbacks = nn_callbacks(recorder(NULL))), NN_EINVAL);
    ck_assert_int_eq(nn_fit(model, NULL, .callbacks = nn_callbacks(recorder(NULL))), NN_EINVAL);
    ck_assert_uint_eq(nn_model_steps(model), 0);
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    rows_close(&r);
}
END_TEST

Suite *failing_memory_suite(void);
Suite *failing_memory_suite(void)
{
    return TEST_SUITE("failing_memory", a_program_survives_the_failure_of_any_allocation,
                      a_fit_that_lacked_memory_can_be_tried_again,
                      a_list_of_callbacks_with_a_failed_one_is_freed_and_refused);
}
