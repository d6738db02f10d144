/* Predict: row by row, into the caller's buffer or a new tensor. */
#include "recorder.h"

#include <pthread.h>

enum { ROWS = 77, COUNT = ROWS * CLASSES };

START_TEST(buffer_and_tensor_hold_the_same_rows)
{
    rows r;
    nn_real into[COUNT + 1], one[CLASSES];
    nn_tensor *result;
    rows_open(&r, ROWS, 1, 0);
    nn_model *model = small_model(0.1); /* compile is not needed, and does no harm */
    into[COUNT] = 42;
    ck_assert_int_eq(nn_predict(model, r.data, .into = into, .capacity = COUNT, .result = &result),
                     NN_OK);
    ck_assert(into[COUNT] == 42);
    ck_assert_int_eq(nn_tensor_rank(result), 2);
    ck_assert_int_eq(nn_tensor_dim(result, 0), ROWS);
    ck_assert_int_eq(nn_tensor_dim(result, 1), CLASSES);
    ck_assert_mem_eq(nn_tensor_read(result), into, sizeof into - sizeof *into);
    nn_context *context = nn_context(model, .batch_size = 1);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        ck_assert_int_eq(nn_context_predict(context, r.x + i * WIDTH, 1, one), NN_OK);
        for (int c = 0; c < CLASSES; c++) {
            ck_assert_double_eq_tol((double)one[c], (double)into[i * CLASSES + c], 1e-6);
            sum += (double)one[c];
        }
        ck_assert_double_eq_tol(sum, 1, 1e-6);
    }
    nn_tensor_free(result);
    nn_context_free(context);
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

START_TEST(a_model_that_was_never_compiled_predicts)
{
    rows r;
    nn_tensor *result;
    rows_open(&r, 5, 1, 0);
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(2), nn_dropout(.rate = 0.5));
    nn_dataset *bare = nn_arrays(r.tx);
    ck_assert_int_eq(nn_predict(model, bare, .result = &result, .batch_size = 2), NN_OK);
    ck_assert_uint_eq(nn_tensor_count(result), 10);
    nn_tensor_free(result);
    nn_dataset_free(bare);
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

START_TEST(failures_are_told_and_write_nothing)
{
    rows r;
    nn_real into[COUNT];
    nn_tensor *result = NULL;
    rows_open(&r, ROWS, 1, 0);
    nn_model *model = small_model(0.1), *other = nn_sequential(nn_input(3), nn_dense(2));
    ck_assert_int_eq(nn_predict(model, r.data), NN_EINVAL);
    test_message_has("neither into nor result");
    ck_assert_int_eq(nn_predict(model, r.data, .into = into, .capacity = COUNT - 1), NN_ESHAPE);
    test_message_has("307");
    test_message_has("308");
    ck_assert_int_eq(nn_predict(other, r.data, .result = &result), NN_ESHAPE);
    ck_assert_int_eq(nn_predict(model, NULL, .result = &result), NN_EINVAL);
    ck_assert_int_eq(nn_predict(model, r.data, .result = &result, .batch_size = -1), NN_EINVAL);
    ck_assert_ptr_null(result);
    nn_model_free(model);
    nn_model_free(other);
    rows_close(&r);
}
END_TEST

/* Several threads, one context each, one model. */
struct reader {
    nn_model *model;
    const rows *r;
    nn_real y[COUNT];
    int failures;
};

static void *read_many_times(void *argument)
{
    struct reader *reader = argument;
    nn_context *context = nn_context(reader->model, .batch_size = ROWS, .threads = 2);
    for (int i = 0; i < 50; i++)
        reader->failures += nn_context_predict(context, reader->r->x, ROWS, reader->y) != NN_OK;
    nn_context_free(context);
    return NULL;
}

START_TEST(threads_share_a_model_with_a_context_each)
{
    enum { THREADS = 4 };
    rows r;
    static struct reader readers[THREADS];
    pthread_t threads[THREADS];
    rows_open(&r, ROWS, 1, 0);
    nn_model *model = small_model(0.1);
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (struct reader){.model = model, .r = &r};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_many_times, &readers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(readers[i].failures, 0);
        ck_assert_mem_eq(readers[i].y, readers[0].y, sizeof readers[0].y);
    }
    nn_model_free(model);
    rows_close(&r);
}
END_TEST

Suite *predict_suite(void);
Suite *predict_suite(void)
{
    return TEST_SUITE("predict", buffer_and_tensor_hold_the_same_rows,
                      a_model_that_was_never_compiled_predicts, failures_are_told_and_write_nothing,
                      threads_share_a_model_with_a_context_each);
}
