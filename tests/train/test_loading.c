/* Reading ahead: the same numbers, failures in their place, nothing left running. */
#include "recorder.h"

#include <stdatomic.h>
#include <time.h>

#include "data/dataset.h"
#include "train/training.h"
#include "two.h"

enum { ROWS = 41, BATCH = 6, STEPS = 7 };

/* ---- A clock: by it, every reading takes a second, or none ---- */

static double clock_now, clock_tick;

static double fake_clock(void)
{
    return clock_now += clock_tick;
}

static void clock_ticks(double seconds)
{
    clock_tick = seconds;
    nn__set_clock(fake_clock);
}

/* ---- Data made by a function that is watched ---- */

static atomic_int rows_read, rows_running;
static int failing_row, pause_ms, wrong_class_row;

static void pause_for(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static nn_status make_row(void *user, size_t row, nn_real *x, nn_real *y, int *label)
{
    uint64_t state = 17 * row + 3;
    (void)user;
    (void)y;
    atomic_fetch_add(&rows_running, 1);
    if (x != NULL)
        atomic_fetch_add(&rows_read, 1);
    if (pause_ms > 0)
        pause_for(pause_ms);
    if (x != NULL)
        test_fill_reals(x, WIDTH, &state);
    if (label != NULL)
        *label = (int)row == wrong_class_row ? CLASSES : (int)(row % CLASSES);
    atomic_fetch_sub(&rows_running, 1);
    return (int)row == failing_row ? nn_fail(NN_EIO, "row %zu is torn", row) : NN_OK;
}

static nn_dataset *made_data(int classes)
{
    failing_row = wrong_class_row = -1;
    pause_ms = 0;
    atomic_store(&rows_read, 0);
    nn_dataset *data =
        nn_function_data(.function = make_row, .rows = ROWS, .x = {1, {WIDTH}}, .classes = classes);
    ck_assert_msg(data != NULL, "%s", nn_error_message());
    return data;
}

/* Waits until so many rows have been read; 1, or 0 after ten seconds. */
static int rows_come_to(int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(&rows_read) < wanted; i++)
        pause_for(1);
    return atomic_load(&rows_read) == wanted;
}

static int rows_until(int step)
{
    return step * BATCH < ROWS ? step * BATCH : ROWS;
}

/* ---- When it is read ahead ---- */

static int ahead_from; /* the step during which the next batch is read for the first time */

/* After each batch: what has been read is just what was to be. */
static nn_status expect_rows(const char *hook, nn_event *event)
{
    int base = event->epoch * ROWS;
    if (strcmp(hook, "epoch_begin") == 0)
        ck_assert_int_eq(atomic_load(&rows_read), base);
    if (strcmp(hook, "batch_end") != 0)
        return NN_OK;
    int next = event->epoch > 0 || event->step >= ahead_from;
    int wanted = base + rows_until(event->step + 1 + next);
    ck_assert_msg(rows_come_to(wanted), "epoch %d, step %d: %d rows read, not %d", event->epoch,
                  event->step, atomic_load(&rows_read), wanted);
    return NN_OK;
}

static void fit_and_expect(int first, int threads, int no_prefetch)
{
    nn_dataset *data = made_data(CLASSES);
    nn_model *model = small_model(0.1);
    nn_model_set_threads(model, threads);
    ahead_from = first;
    ck_assert_msg(nn_fit(model, data, .batch_size = BATCH, .epochs = 2, .no_prefetch = no_prefetch,
                         .callbacks = nn_callbacks(recorder(expect_rows))) == NN_OK,
                  "%s", nn_error_message());
    ck_assert_int_eq(atomic_load(&rows_read), 2 * ROWS);
    nn_model_free(model);
    nn_dataset_free(data);
}

START_TEST(the_next_batch_of_the_epoch_is_read_after_two_slow_readings)
{
    clock_ticks(1);
    fit_and_expect(1, 2, 0);
    fit_and_expect(1, 5, 0);
    nn__set_clock(NULL);
}
END_TEST

static nn_status never_ahead(const char *hook, nn_event *event)
{
    if (strcmp(hook, "batch_end") == 0) {
        pause_for(1);
        ck_assert_int_eq(atomic_load(&rows_read),
                         event->epoch * ROWS + rows_until(event->step + 1));
    }
    return NN_OK;
}

static void fit_never_ahead(int threads, int no_prefetch)
{
    nn_dataset *data = made_data(CLASSES);
    nn_model *model = small_model(0.1);
    nn_model_set_threads(model, threads);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .epochs = 2,
                            .no_prefetch = no_prefetch,
                            .callbacks = nn_callbacks(recorder(never_ahead))),
                     NN_OK);
    nn_model_free(model);
    nn_dataset_free(data);
}

START_TEST(nothing_is_read_ahead_by_one_thread_or_where_it_is_forbidden_or_quick)
{
    clock_ticks(1);
    fit_never_ahead(1, 0);
    fit_never_ahead(2, 1);
    clock_ticks(0.0009);
    clock_now = 0;
    fit_never_ahead(2, 0);
    nn__set_clock(NULL);
}
END_TEST

static int calls_of_clock;

static double one_jump(void)
{
    return ++calls_of_clock == 5 || calls_of_clock == 9 ? clock_now += 1 : clock_now;
}

START_TEST(one_slow_reading_now_and_then_does_not_count)
{
    calls_of_clock = 0;
    clock_tick = 0;
    nn__set_clock(one_jump); /* the end of the 2nd and of the 4th reading */
    fit_never_ahead(2, 0);
    ck_assert_int_eq(calls_of_clock, 2 * (1 + 2 * STEPS)); /* one by the progress line */
    nn__set_clock(NULL);
}
END_TEST

/* What is in memory stays out of it: no second place for a batch, no look at the clock. */
static int has_second_place(const nn_dataset *data)
{
    nn_model *model = small_model(0.1);
    ck_assert_msg(nn_fit(model, data, .batch_size = 4) == NN_OK, "%s", nn_error_message());
    int has = model->training->trainer->ahead.inputs != NULL;
    nn_model_free(model);
    return has;
}

static nn_status same(void *user, size_t row, const nn_real *x, nn_real *mapped)
{
    (void)user;
    (void)row;
    memcpy(mapped, x, WIDTH * sizeof *x);
    return NN_OK;
}

START_TEST(rows_in_memory_are_not_read_ahead)
{
    rows r;
    rows_open(&r, 20, 1, 0);
    nn_dataset *made = made_data(CLASSES);
    nn_dataset *map = nn_dataset_map(r.data, NULL, same, NULL);
    nn_dataset *few = nn_dataset_take(r.data, 9), *few_made = nn_dataset_take(made, 20);
    nn_dataset *both = nn_dataset_concatenate((const nn_dataset *const[]){r.data, few}, 2);
    nn_dataset *mixed = nn_dataset_concatenate((const nn_dataset *const[]){r.data, made}, 2);
    nn_dataset *zip = nn_zip(nn_datasets(r.data), nn_datasets(r.data));
    nn_dataset *zip_made = nn_zip(nn_datasets(few_made), nn_datasets(r.data));
    nn_dataset *drawings = nn_drawings(.rows = 10);
    const nn_dataset *const memory[] = {r.data, few, both, zip};
    const nn_dataset *const slow[] = {made, map, few_made, mixed, zip_made};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        ck_assert_msg(!has_second_place(memory[i]), "memory[%zu]", i);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        ck_assert_msg(has_second_place(slow[i]), "slow[%zu]", i);
    ck_assert(drawings->in_memory);
    nn_dataset *all[] = {drawings, zip_made, zip, mixed, both, few_made, few, map, made};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        nn_dataset_free(all[i]);
    rows_close(&r);
}
END_TEST

/* ---- The same bits ---- */

typedef struct outcome {
    nn_model *model;
    double logs[4], result[2];
    nn_real predicted[ROWS * CLASSES];
    uint64_t counts[CLASSES * CLASSES];
} outcome;

static void outcome_of(outcome *o, const nn_dataset *data, int threads, int no_prefetch)
{
    nn_real values[ROWS];
    uint64_t seed = 4;
    test_fill_reals(values, ROWS, &seed);
    nn_tensor *weights = nn_tensor_borrow(NN_F32, values, NN_SHAPE(ROWS));
    static const char *const names[4] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    const nn_logs *logs;
    memset(o, 0, sizeof *o);
    o->model = small_model(0.1);
    nn_model_set_threads(o->model, threads);
    ck_assert_msg(nn_fit(o->model, data, .batch_size = BATCH, .epochs = 3, .validation_data = data,
                         .validation_batch_size = 9, .sample_weight = weights,
                         .no_prefetch = no_prefetch) == NN_OK,
                  "%s", nn_error_message());
    for (int i = 0; i < 4; i++)
        o->logs[i] = nn_history_value(nn_model_history(o->model), 2, names[i]);
    ck_assert_int_eq(nn_evaluate(o->model, data, .batch_size = 5, .result = &logs,
                                 .sample_weight = weights, .no_prefetch = no_prefetch),
                     NN_OK);
    o->result[0] = nn_logs_value(logs, "loss");
    o->result[1] = nn_logs_value(logs, "accuracy");
    ck_assert_int_eq(nn_predict(o->model, data, .batch_size = 4, .into = o->predicted,
                                .capacity = ROWS * CLASSES, .no_prefetch = no_prefetch),
                     NN_OK);
    ck_assert_int_eq(nn_confusion_matrix(o->model, data, o->counts, CLASSES), NN_OK);
    nn_tensor_free(weights);
}

START_TEST(reading_ahead_gives_the_same_bits_with_any_number_of_threads)
{
    static const int threads[] = {1, 2, 3, 7};
    static outcome plain, other;
    nn_dataset *data = made_data(CLASSES);
    clock_ticks(1);
    outcome_of(&plain, data, 1, 1);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
        for (int off = 0; off < 2; off++) {
            outcome_of(&other, data, threads[t], off);
            ck_assert(same_weights(plain.model, other.model));
            ck_assert(memcmp(plain.logs, other.logs, sizeof plain.logs) == 0);
            ck_assert(memcmp(plain.result, other.result, sizeof plain.result) == 0);
            ck_assert(memcmp(plain.predicted, other.predicted, sizeof plain.predicted) == 0);
            ck_assert(memcmp(plain.counts, other.counts, sizeof plain.counts) == 0);
            nn_model_free(other.model);
        }
    nn__set_clock(NULL);
    nn_model_free(plain.model);
    nn_dataset_free(data);
}
END_TEST

static nn_status halve(void *user, size_t row, const nn_real *x, nn_real *mapped)
{
    (void)row;
    for (int i = 0; i < *(const int *)user; i++)
        mapped[i] = x[i] / 2;
    return NN_OK;
}

START_TEST(several_inputs_and_outputs_are_read_ahead_alike)
{
    two_data t;
    two_open(&t);
    int width = (int)nn__shape_count(nn_dataset_shape(t.left));
    nn_dataset *map = nn_dataset_map(t.left, NULL, halve, &width);
    nn_dataset *zip = nn_zip(nn_datasets(map, t.right), nn_datasets(map, t.right));
    nn_model *models[3];
    clock_ticks(1);
    for (int i = 0; i < 3; i++) {
        models[i] = two_model();
        nn_model_set_threads(models[i], 1 + i);
        ck_assert_msg(nn_fit(models[i], zip, .batch_size = 2, .epochs = 3, .validation_data = zip,
                             .no_prefetch = i == 0) == NN_OK,
                      "%s", nn_error_message());
        ck_assert_int_eq(models[i]->training->trainer->ahead.inputs != NULL, i > 0);
        ck_assert(same_weights(models[0], models[i]));
    }
    nn__set_clock(NULL);
    for (int i = 0; i < 3; i++)
        nn_model_free(models[i]);
    nn_dataset_free(zip);
    nn_dataset_free(map);
    two_close(&t);
}
END_TEST

/* ---- Failures and ends ---- */

/* The rows that read when a call has returned, and after a while: none, and no more. */
static void expect_rest(void)
{
    int count = atomic_load(&rows_read);
    ck_assert_int_eq(atomic_load(&rows_running), 0);
    pause_for(20);
    ck_assert_int_eq(atomic_load(&rows_read), count);
}

START_TEST(a_failure_comes_with_the_batch_that_the_row_is_in)
{
    nn_dataset *data = made_data(CLASSES);
    char wanted[NOTES];
    clock_ticks(1);
    for (int row = 0; row < ROWS; row++)
        for (int off = 1; off >= 0; off--) {
            nn_model *model = small_model(0.1);
            nn_callback *callback = recorder(NULL);
            failing_row = row;
            ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .no_shuffle = 1,
                                    .no_prefetch = off, .callbacks = nn_callbacks(callback)),
                             NN_EIO);
            char text[40];
            snprintf(text, sizeof text, "row %d is torn", row);
            ck_assert_str_eq(nn_error_message(), text);
            ck_assert_int_eq(atomic_load(&rows_running), 0);
            ck_assert_uint_eq(nn_model_steps(model), (uint64_t)(row / BATCH));
            if (off)
                snprintf(wanted, sizeof wanted, "%s", notes);
            ck_assert_str_eq(notes, wanted);
            nn_model_free(model);
        }
    expect_rest();
    nn__set_clock(NULL);
    nn_dataset_free(data);
}
END_TEST

START_TEST(evaluate_and_predict_fail_at_the_row_too)
{
    nn_dataset *data = made_data(CLASSES);
    nn_model *model = small_model(0.1);
    uint64_t counts[CLASSES * CLASSES];
    nn_tensor *result = NULL;
    clock_ticks(1);
    failing_row = 20;
    ck_assert_int_eq(nn_evaluate(model, data, .batch_size = 4), NN_EIO);
    test_message_has("row 20 is torn");
    ck_assert_int_eq(nn_predict(model, data, .batch_size = 4, .result = &result), NN_EIO);
    ck_assert_ptr_null(result);
    failing_row = 38;
    ck_assert_int_eq(nn_confusion_matrix(model, data, counts, CLASSES), NN_EIO);
    test_message_has("row 38 is torn");
    expect_rest();
    failing_row = -1;
    ck_assert_int_eq(nn_evaluate(model, data, .batch_size = 4), NN_OK);
    nn__set_clock(NULL);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* The data has a class that the loss ignores, beyond the outputs, and one row with another. */
START_TEST(a_class_outside_is_told_with_its_row_also_where_it_was_read_ahead)
{
    nn_dataset *data = made_data(CLASSES + 3);
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(CLASSES, NN_SOFTMAX));
    nn_model_set_threads(model, 2);
    clock_ticks(1);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(),
                                .loss = nn_sparse_categorical_crossentropy(.ignore_class = NN_SOME(
                                                                               CLASSES + 2))),
                     NN_OK);
    wrong_class_row = 33;
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .no_shuffle = !shuffled),
                         NN_EINVAL);
        ck_assert_str_eq(nn_error_message(), "row 33: class 4 is outside 0..3");
    }
    nn__set_clock(NULL);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

static int stop_how;

static nn_status stop_at_three(const char *hook, nn_event *event)
{
    if (strcmp(hook, stop_how == 3 ? "batch_begin" : "batch_end") != 0 || event->step != 3)
        return NN_OK;
    event->stop = stop_how == 0;
    if (stop_how == 1)
        nn_model_stop(event->model);
    return stop_how >= 2 ? (nn_status)7 : NN_OK;
}

START_TEST(what_ends_early_leaves_nothing_reading)
{
    static const nn_status statuses[] = {NN_OK, NN_OK, NN_EUSER, NN_EUSER};
    clock_ticks(1);
    for (stop_how = 0; stop_how < 4; stop_how++) {
        nn_dataset *data = made_data(CLASSES);
        nn_model *model = small_model(0.1);
        pause_ms = 3;
        ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .epochs = 2,
                                .callbacks = nn_callbacks(recorder(stop_at_three))),
                         statuses[stop_how]);
        ck_assert_int_le(atomic_load(&rows_read), rows_until(5));
        ck_assert_uint_eq(nn_model_steps(model), stop_how == 3 ? 3 : 4);
        expect_rest();
        /* Nothing of the batch that was dropped is left for a later fit. */
        nn_model *fresh = small_model(0.1);
        pause_ms = 0;
        nn_real *values = snapshot(model);
        nn_model_restore(fresh, values);
        free(values);
        const nn_logs *a, *b;
        ck_assert_int_eq(nn_evaluate(model, data, .batch_size = BATCH, .result = &a), NN_OK);
        ck_assert_int_eq(nn_evaluate(fresh, data, .batch_size = BATCH, .result = &b), NN_OK);
        ck_assert(nn_logs_value(a, "loss") == nn_logs_value(b, "loss"));
        nn_model_free(fresh);
        nn_model_free(model);
        nn_dataset_free(data);
    }
    nn__set_clock(NULL);
}
END_TEST

/* ---- Together with others ---- */

static nn_model *inner_model;
static const nn_dataset *inner_data;
static nn_real inner_wanted[ROWS * CLASSES];

static nn_status predict_inside(const char *hook, nn_event *event)
{
    nn_real got[ROWS * CLASSES];
    (void)event;
    if (strcmp(hook, "batch_end") != 0)
        return NN_OK;
    ck_assert_int_eq(nn_predict(inner_model, inner_data, .batch_size = 4, .into = got,
                                .capacity = ROWS * CLASSES),
                     NN_OK);
    ck_assert(memcmp(got, inner_wanted, sizeof got) == 0);
    return NN_OK;
}

START_TEST(a_hook_may_predict_with_another_model_meanwhile)
{
    nn_dataset *data = made_data(CLASSES);
    nn_model *model = small_model(0.1), *plain = small_model(0.1);
    clock_ticks(1);
    inner_model = small_model(0.1);
    inner_data = data;
    ck_assert_int_eq(nn_predict(inner_model, data, .into = inner_wanted, .capacity = ROWS * CLASSES,
                                .no_prefetch = 1),
                     NN_OK);
    ck_assert_int_eq(nn_fit(plain, data, .batch_size = BATCH, .no_prefetch = 1), NN_OK);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH,
                            .callbacks = nn_callbacks(recorder(predict_inside))),
                     NN_OK);
    ck_assert(same_weights(model, plain));
    nn__set_clock(NULL);
    nn_model_free(inner_model);
    nn_model_free(model);
    nn_model_free(plain);
    nn_dataset_free(data);
}
END_TEST

/* ---- Memory ---- */

static long at_second_step;

static nn_status watch_memory(const char *hook, nn_event *event)
{
    if (strcmp(hook, "batch_end") != 0)
        return NN_OK;
    if (event->step == 1)
        at_second_step = test_memory_total();
    if (event->step > 1)
        ck_assert_int_eq(test_memory_total(), at_second_step);
    return NN_OK;
}

START_TEST(no_step_that_reads_ahead_allocates)
{
    nn_dataset *data = made_data(CLASSES);
    clock_ticks(1);
    test_memory_begin();
    nn_model *model = small_model(0.1);
    for (int fit = 0; fit < 2; fit++)
        ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .epochs = 3,
                                .callbacks = nn_callbacks(recorder(watch_memory))),
                         NN_OK);
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    nn__set_clock(NULL);
    nn_dataset_free(data);
}
END_TEST

START_TEST(without_memory_for_a_second_batch_the_call_fails_and_the_next_one_does_not)
{
    nn_dataset *data = made_data(CLASSES);
    nn_model *model = small_model(0.1);
    nn_tensor *result = NULL;
    clock_ticks(1);
    test_memory_begin();
    int failures = 0;
    for (nn_status status = NN_ENOMEM; status != NN_OK; failures += status != NN_OK) {
        test_memory_fail(failures, 1);
        status = nn_predict(model, data, .batch_size = 4, .result = &result);
        ck_assert(status == NN_OK || status == NN_ENOMEM);
        ck_assert_int_eq(result != NULL, status == NN_OK);
    }
    test_memory_fail(-1, 0);
    ck_assert_int_gt(failures, 5);
    nn_tensor_free(result);
    nn_model_free(model);
    test_memory_end();
    nn__set_clock(NULL);
    nn_dataset_free(data);
}
END_TEST

Suite *loading_suite(void);
Suite *loading_suite(void)
{
    return TEST_SUITE(
        "loading", the_next_batch_of_the_epoch_is_read_after_two_slow_readings,
        nothing_is_read_ahead_by_one_thread_or_where_it_is_forbidden_or_quick,
        one_slow_reading_now_and_then_does_not_count, rows_in_memory_are_not_read_ahead,
        reading_ahead_gives_the_same_bits_with_any_number_of_threads,
        several_inputs_and_outputs_are_read_ahead_alike,
        a_failure_comes_with_the_batch_that_the_row_is_in, evaluate_and_predict_fail_at_the_row_too,
        a_class_outside_is_told_with_its_row_also_where_it_was_read_ahead,
        what_ends_early_leaves_nothing_reading, a_hook_may_predict_with_another_model_meanwhile,
        no_step_that_reads_ahead_allocates,
        without_memory_for_a_second_batch_the_call_fails_and_the_next_one_does_not);
}
