/* The profile: what is counted is exact, times add up, the table reads well, and nothing else
 * changes. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "kernels/kernels.h"
#include "model/context.h"
#include "recorder.h"

enum { ROWS = 20, BATCH = 8, STEPS = 3, WEIGHTS_MOST = 1 << 16, TEXT = 1 << 14 };

/* ---- Something to do ---- */

static nn_model *drawing_model(int threads, int algorithm)
{
    nn_model *model = nn_sequential(
        nn_input(32, 32, 3),
        nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU, .algorithm = algorithm),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25), nn_flatten(),
        nn_dense(10, .activation = NN_SOFTMAX));
    nn_model_set_threads(model, threads);
    nn_status status =
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_categorical_crossentropy(),
                   .metrics = nn_metrics(nn_accuracy()));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return model;
}

static const nn_profile *fit(nn_model *model, const nn_dataset *data, int profile)
{
    nn_status status = nn_fit(model, data, .batch_size = BATCH, .profile = profile);
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return nn_model_profile(model, NN_PROFILED_TRAINING);
}

/* ---- What stands in a profile ---- */

static double work_of(const nn_profile *p, int kind)
{
    double work = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        work += p->entries[i].kind == kind ? p->entries[i].work : 0;
    return work;
}

static uint64_t calls_of(const nn_profile *p, int kind)
{
    uint64_t calls = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        calls += p->entries[i].kind == kind ? p->entries[i].calls : 0;
    return calls;
}

static double seconds_of(const nn_profile *p, int kind)
{
    double seconds = 0;
    for (size_t i = 0; i < p->entry_count; i++)
        seconds += kind < 0 || p->entries[i].kind == kind ? p->entries[i].seconds : 0;
    return seconds;
}

static const nn_profile_entry *entry_of(const nn_profile *p, const char *layer, int pass, int kind)
{
    for (size_t i = 0; i < p->entry_count; i++)
        if (strcmp(p->entries[i].layer, layer) == 0 && p->entries[i].pass == pass &&
            p->entries[i].kind == kind)
            return &p->entries[i];
    ck_abort_msg("%s: no entry of kind %s", layer, nn_work_name(kind));
    return NULL;
}

static void check_order(const nn_profile *p)
{
    ck_assert_uint_gt(p->entry_count, 0);
    for (size_t i = 0; i < p->entry_count; i++) {
        const nn_profile_entry *e = &p->entries[i];
        ck_assert(e->seconds >= 0 && e->work >= 0);
        ck_assert(i == 0 || e->row > e[-1].row || (e->row == e[-1].row && e->kind > e[-1].kind));
    }
}

/* All threads' seconds are the loops' times the threads: nothing is lost, nothing counted twice. */
static void check_sums(const nn_profile *p)
{
    const double all = p->seconds * p->threads;
    check_order(p);
    ck_assert_double_le(fabs(seconds_of(p, -1) - all), 1e-3 * all + 1e-6);
    ck_assert_double_le(seconds_of(p, -1) - seconds_of(p, NN_WORK_WAITING), all + 1e-6);
}

/* ---- Counts ---- */

static const double conv_flops = 2.0 * 32 * 32 * 9 * 3 * 10, dense_flops = 2.0 * 2560 * 10;

START_TEST(operations_and_calls_are_exact)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    for (int threads = 1; threads <= 3; threads++) {
        nn_model *model = drawing_model(threads, NN_CONV_GEMM);
        nn__gemm_counting = 1;
        const uint64_t before = nn__gemm_calls();
        const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
        nn__gemm_counting = 0;
        ck_assert_uint_eq(calls_of(p, NN_WORK_GEMM), nn__gemm_calls() - before);
        ck_assert_double_eq(work_of(p, NN_WORK_GEMM), ROWS * (2 * conv_flops + 3 * dense_flops));
        ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), 0);
        ck_assert_double_eq(entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_GEMM)->work,
                            ROWS * conv_flops);
        ck_assert_double_eq(entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_LOWERING)->work,
                            2.0 * ROWS * 32 * 32 * 27 * sizeof(nn_real));
        ck_assert_double_eq(entry_of(p, "dense", NN_PROFILE_BACKWARD, NN_WORK_GEMM)->work,
                            2 * ROWS * dense_flops);
        ck_assert_double_eq(work_of(p, NN_WORK_OPTIMIZER),
                            STEPS * 7.0 * sizeof(nn_real) *
                                (double)nn_model_trainable_parameters(model));
        ck_assert_double_eq(work_of(p, NN_WORK_DATA), ROWS * 32.0 * 32 * 3 * sizeof(nn_real));
        ck_assert_uint_eq(calls_of(p, NN_WORK_OPTIMIZER), STEPS);
        ck_assert_uint_eq(calls_of(p, NN_WORK_DATA), STEPS);
        ck_assert_uint_eq(p->steps, STEPS);
        ck_assert_uint_eq(p->rows, ROWS);
        ck_assert_int_eq(p->threads, threads);
        nn_model_free(model);
    }
    nn_dataset_free(data);
}
END_TEST

START_TEST(direct_and_winograd_are_counted_as_what_they_do)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *direct = drawing_model(2, NN_CONV_DIRECT),
             *winograd = drawing_model(2, NN_CONV_WINOGRAD);
    const nn_profile *p = fit(direct, data, NN_PROFILE_KEEP);
    ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), 2 * ROWS * conv_flops);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), 3 * ROWS * dense_flops);
    p = fit(winograd, data, NN_PROFILE_KEEP);
    ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), 0);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM),
                        ROWS * (3 * dense_flops + 2 * 2.0 * 36 * 64 * 3 * 10));
    ck_assert_double_gt(work_of(p, NN_WORK_TRANSFORMS), 0);
    nn_model_free(direct);
    nn_model_free(winograd);
    nn_dataset_free(data);
}
END_TEST

START_TEST(bytes_of_a_step_are_its_numbers_met_once)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    const nn_profile_entry *pool =
        entry_of(p, "batch_normalization", NN_PROFILE_FORWARD, NN_WORK_ELEMENTWISE);
    ck_assert_str_eq(pool->step, "batch_norm_pool");
    ck_assert_double_ge(pool->work, ROWS * (10240.0 + 2560) * sizeof(nn_real));
    ck_assert_uint_eq(pool->calls, STEPS);
    ck_assert_ptr_null(entry_of(p, "dense", NN_PROFILE_FORWARD, NN_WORK_GEMM)->step);
    /* Its few sums beside the products are not a pass over x and y. */
    ck_assert_double_eq(entry_of(p, "conv2d", NN_PROFILE_BACKWARD, NN_WORK_ELEMENTWISE)->work, 0);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* ---- Times ---- */

START_TEST(seconds_add_up_with_any_number_of_threads)
{
    nn_dataset *data = nn_drawings(.rows = 64, .one_hot = 1);
    for (int threads = 1; threads <= 5; threads += 2) {
        nn_model *model = drawing_model(threads, NN_CONV_AUTO);
        const nn_logs *result;
        static nn_real y[64 * 10];
        check_sums(fit(model, data, NN_PROFILE_KEEP));
        ck_assert_int_eq(nn_evaluate(model, data, .result = &result, .profile = NN_PROFILE_KEEP),
                         NN_OK);
        check_sums(nn_model_profile(model, NN_PROFILED_EVALUATION));
        ck_assert_int_eq(nn_predict(model, data, .into = y, .capacity = sizeof y / sizeof *y,
                                    .profile = NN_PROFILE_KEEP),
                         NN_OK);
        const nn_profile *p = nn_model_profile(model, NN_PROFILED_PREDICTION);
        check_sums(p);
        ck_assert_str_eq(entry_of(p, "dense", NN_PROFILE_FORWARD, NN_WORK_ELEMENTWISE)->layer,
                         "dense");
        ck_assert(threads > 1 || seconds_of(p, NN_WORK_WAITING) <= 0);
        nn_model_free(model);
    }
    nn_dataset_free(data);
}
END_TEST

/* Three steps of the fit and two of its validation, each in a profile of its own. */
START_TEST(a_validation_is_not_part_of_the_training)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = BATCH, .validation_data = data,
                            .validation_batch_size = 10, .profile = NN_PROFILE_KEEP),
                     NN_OK);
    const nn_profile *training = nn_model_profile(model, NN_PROFILED_TRAINING);
    const nn_profile *validation = nn_model_profile(model, NN_PROFILED_EVALUATION);
    check_sums(training);
    check_sums(validation);
    ck_assert_uint_eq(training->steps, STEPS);
    ck_assert_uint_eq(validation->steps, 2);
    ck_assert_ptr_null(nn_model_profile(model, NN_PROFILED_PREDICTION));
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* Rows that take 2 ms each are read ahead by other threads: the caller waits for them. */
static nn_status slow_row(void *data, size_t row, nn_real *x, nn_real *y, int *class)
{
    struct timespec pause = {0, 2000000};
    (void)data;
    (void)row;
    (void)class;
    nanosleep(&pause, NULL);
    x[0] = y[0] = 1;
    return NN_OK;
}

START_TEST(waiting_for_data_is_waiting)
{
    nn_dataset *data =
        nn_function_data(.function = slow_row, .rows = 40, .x = {1, {1}}, .y = {1, {1}});
    ck_assert_msg(data != NULL, "%s", nn_error_message());
    nn_model *model = nn_sequential(nn_input(1), nn_dense(1));
    nn_model_set_threads(model, 2);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_int_eq(nn_fit(model, data, .batch_size = 4, .profile = NN_PROFILE_KEEP), NN_OK);
    const nn_profile *p = nn_model_profile(model, NN_PROFILED_TRAINING);
    const nn_profile_entry *waiting = entry_of(p, "data", NN_PROFILE_NO_PASS, NN_WORK_WAITING);
    check_sums(p);
    ck_assert_double_gt(waiting->seconds, 10e-3);
    ck_assert_double_gt(waiting->seconds, 0.5 * seconds_of(p, NN_WORK_WAITING));
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* Another model is trained from a hook, with more threads: a part of "other", in a profile of its
 * own. */
static nn_model *inner;
static nn_dataset *inner_data;

static nn_status train_another(const char *hook, nn_event *event)
{
    (void)event;
    if (strcmp(hook, "batch_end") == 0)
        check_sums(fit(inner, inner_data, NN_PROFILE_KEEP));
    return NN_OK;
}

START_TEST(profiles_nest)
{
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    inner_data = nn_drawings(.rows = ROWS, .one_hot = 1);
    inner = drawing_model(4, NN_CONV_AUTO);
    ck_assert_int_eq(nn_fit(model, inner_data, .batch_size = BATCH, .profile = NN_PROFILE_KEEP,
                            .callbacks = nn_callbacks(recorder(train_another))),
                     NN_OK);
    const nn_profile *p = nn_model_profile(model, NN_PROFILED_TRAINING);
    check_sums(p);
    ck_assert_double_ge(entry_of(p, "other", NN_PROFILE_NO_PASS, NN_WORK_OTHER)->seconds,
                        nn_model_profile(inner, NN_PROFILED_TRAINING)->seconds);
    nn_model_free(inner);
    nn_model_free(model);
    nn_dataset_free(inner_data);
}
END_TEST

/* A program's own threads: two of them, neither being the caller. */
struct share {
    nn_pool_task *task;
    void *arg;
    atomic_int *left;
    int worker;
};

static void *take(void *argument)
{
    struct share *s = argument;
    for (int i; (i = atomic_fetch_sub(s->left, 1) - 1) >= 0;)
        s->task(s->arg, i, s->worker);
    return NULL;
}

static void elsewhere(void *user, int threads, int tasks, nn_pool_task *task, void *arg)
{
    atomic_int left = tasks;
    pthread_t helpers[2];
    struct share shares[2] = {{task, arg, &left, threads - 1}, {task, arg, &left, 0}};
    (void)user;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&helpers[i], NULL, take, &shares[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(helpers[i], NULL);
}

START_TEST(the_hosts_threads_are_measured_too)
{
    nn_thread_pool mine = {sizeof mine, elsewhere, NULL};
    ck_assert_msg(nn_set_thread_pool(&mine) == NN_OK, "%s", nn_error_message());
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(2, NN_CONV_GEMM);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    check_sums(p);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), ROWS * (2 * conv_flops + 3 * dense_flops));
    ck_assert_double_gt(entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_GEMM)->seconds, 0);
    nn_model_free(model);
    nn_dataset_free(data);
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_OK);
}
END_TEST

START_TEST(a_context_has_one_of_its_own)
{
    static nn_real x[4 * 32 * 32 * 3], y[40], targets[40] = {1};
    nn_model *model = drawing_model(2, NN_CONV_GEMM);
    nn_context *context = nn_context(model, .batch_size = 4, .training = 1, .profile = 1);
    nn_context *plain = nn_context(model, .batch_size = 4);
    nn_tensor *t = nn_tensor_borrow(NN_F32, targets, NN_SHAPE(4, 10));
    ck_assert_ptr_nonnull(context);
    for (int step = 0; step < 2; step++) {
        if (step == 1)
            test_memory_begin(); /* the threads have been started */
        ck_assert_int_eq(nn_context_forward(context, x, 4, NULL), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, t, NULL), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
        ck_assert_int_eq(nn_context_predict(context, x, 3, y), NN_OK);
    }
    ck_assert_int_eq(test_memory_total(), 0);
    test_memory_end();
    const nn_profile *p = nn_context_profile(context, NN_PROFILED_TRAINING);
    check_sums(p);
    ck_assert_uint_eq(p->steps, 2);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), 8 * (2 * conv_flops + 3 * dense_flops));
    ck_assert_uint_eq(calls_of(p, NN_WORK_OPTIMIZER), 2);
    p = nn_context_profile(context, NN_PROFILED_PREDICTION);
    check_sums(p);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), 6 * (conv_flops + dense_flops));
    ck_assert_ptr_null(nn_context_profile(context, NN_PROFILED_EVALUATION));
    ck_assert_ptr_null(nn_context_profile(plain, NN_PROFILED_PREDICTION));
    ck_assert_ptr_null(nn_context_profile(NULL, NN_PROFILED_PREDICTION));
    nn_tensor_free(t);
    nn_context_free(context);
    nn_context_free(plain);
    nn_model_free(model);
}
END_TEST

/* ---- Nothing else changes ---- */

START_TEST(the_bits_are_the_same)
{
    static nn_real on[WEIGHTS_MOST], off[WEIGHTS_MOST];
    nn_dataset *data = nn_drawings(.rows = 64, .one_hot = 1);
    for (int threads = 1; threads <= 2; threads++) {
        nn_model *a = drawing_model(threads, NN_CONV_AUTO),
                 *b = drawing_model(threads, NN_CONV_AUTO);
        const size_t count = nn_model_snapshot_count(a);
        ck_assert_uint_le(count, WEIGHTS_MOST);
        fit(a, data, NN_PROFILE_KEEP);
        ck_assert_ptr_null(fit(b, data, NN_PROFILE_OFF));
        nn_model_snapshot(a, on);
        nn_model_snapshot(b, off);
        ck_assert_mem_eq(on, off, count * sizeof *on);
        nn_model_free(a);
        nn_model_free(b);
    }
    nn_dataset_free(data);
}
END_TEST

static long allocations_of(size_t count)
{
    nn_dataset *data = nn_drawings(.rows = 64, .one_hot = 1), *some = nn_dataset_take(data, count);
    test_memory_begin();
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    fit(model, some, NN_PROFILE_KEEP);
    const long before = test_memory_total();
    fit(model, some, NN_PROFILE_KEEP);
    const long made = test_memory_total() - before;
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    nn_dataset_free(some);
    nn_dataset_free(data);
    return made;
}

START_TEST(no_step_allocates)
{
    ck_assert_int_eq(allocations_of(16), allocations_of(64));
}
END_TEST

START_TEST(without_memory_for_it_the_call_fails_and_the_next_one_does_not)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    test_memory_begin();
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    fit(model, data, NN_PROFILE_OFF);
    nn_status status = NN_ENOMEM;
    for (long n = 0; status != NN_OK; n++) {
        test_memory_fail(n, 1);
        status = nn_fit(model, data, .batch_size = BATCH, .profile = NN_PROFILE_KEEP);
        test_memory_fail(-1, 1);
        ck_assert(status == NN_OK || status == NN_ENOMEM);
    }
    check_sums(fit(model, data, NN_PROFILE_KEEP));
    ck_assert_int_eq(atomic_load(&nn__metering), 0);
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    nn_dataset_free(data);
}
END_TEST

/* ---- Who asks for it ---- */

/* What the fit writes to stderr with this value of NN_PROFILE. */
static const char *printed(nn_model *model, const nn_dataset *data, const char *value, int option)
{
    static char text[TEXT];
    FILE *file = tmpfile();
    const int saved = dup(STDERR_FILENO);
    ck_assert_ptr_nonnull(file);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    if (value == NULL)
        unsetenv("NN_PROFILE");
    else
        setenv("NN_PROFILE", value, 1);
    fit(model, data, option);
    unsetenv("NN_PROFILE");
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(the_environment_counts_where_the_option_is_not_given)
{
    static const char begin[] = "Profile of training: 3 steps, 20 rows";
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    ck_assert_str_eq(printed(model, data, NULL, NN_PROFILE_OFF), "");
    ck_assert_str_eq(printed(model, data, "", NN_PROFILE_OFF), "");
    ck_assert_str_eq(printed(model, data, "0", NN_PROFILE_OFF), "");
    ck_assert_ptr_null(nn_model_profile(model, NN_PROFILED_TRAINING));
    ck_assert_str_eq(printed(model, data, "1", NN_PROFILE_KEEP), "");
    ck_assert_ptr_nonnull(nn_model_profile(model, NN_PROFILED_TRAINING));
    ck_assert_mem_eq(printed(model, data, "1", NN_PROFILE_OFF), begin, strlen(begin));
    ck_assert_mem_eq(printed(model, data, "yes", NN_PROFILE_OFF), begin, strlen(begin));
    ck_assert_mem_eq(printed(model, data, NULL, NN_PROFILE_PRINT), begin, strlen(begin));
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

START_TEST(what_is_wrong_is_told)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(1, NN_CONV_AUTO);
    static nn_real y[ROWS * 10];
    ck_assert_int_eq(nn_fit(model, data, .profile = 3), NN_EINVAL);
    test_message_has("fit: profile is 3, it must be 0..2");
    ck_assert_int_eq(nn_evaluate(model, data, .profile = -1), NN_EINVAL);
    test_message_has("evaluate: profile is -1, it must be 0..2");
    ck_assert_int_eq(nn_predict(model, data, .into = y, .capacity = ROWS * 10, .profile = 9),
                     NN_EINVAL);
    test_message_has("predict: profile is 9, it must be 0..2");
    ck_assert_int_eq(nn_profile_print(NULL, stdout), NN_EINVAL);
    test_message_has("profile: it is NULL");
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    ck_assert_int_eq(nn_profile_print(p, NULL), NN_EINVAL);
    test_message_has("profile: the stream is NULL");
    FILE *full = fopen("/dev/full", "w");
    if (full != NULL) {
        ck_assert_int_eq(nn_profile_print(p, full), NN_EIO);
        fclose(full);
    }
    ck_assert_ptr_null(nn_model_profile(NULL, NN_PROFILED_TRAINING));
    ck_assert_ptr_null(nn_model_profile(model, (nn_profiled)3));
    ck_assert_str_eq(nn_work_name(NN_WORK_WAITING), "waiting");
    ck_assert_str_eq(nn_work_name(NN_WORK_KINDS), "unknown");
    ck_assert_str_eq(nn_work_name(-1), "unknown");
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* ---- The table ---- */

static const char *table_of(const nn_profile *p)
{
    static char text[TEXT];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(nn_profile_print(p, file), NN_OK);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static double fake_now;

static double fake_clock(void)
{
    return fake_now += 0.001;
}

/* One thread: each look at the clock is a millisecond, and their number follows from the program. */
START_TEST(the_table_is_this)
{
    /* clang-format off */
    static const char want[] =
        "Profile of training: 3 steps, 20 rows, 1 thread; shares in %\n"
        "layer                            ms share product lower transf  rest  wait GFLOP/s  GB/s\n"
        "data                          1.000   0.5                        0.5                 0.1\n"
        "forward\n"
        "  conv2d                     65.000  33.1     8.1   8.1         16.8           0.2   0.1\n"
        "  batch_normalization (ba\xe2\x80\xa6    1.000   0.5                        0.5                 0.4\n"
        "  dropout                     1.000   0.5                        0.5                 0.2\n"
        "  dense                      21.000  10.7     5.1                5.6           0.0\n"
        "loss and metrics              3.000   1.5                        1.5\n"
        "backward\n"
        "  dense                      41.000  20.8    10.2               10.7           0.0\n"
        "  dropout                     1.000   0.5                        0.5                 0.2\n"
        "  batch_normalization (ba\xe2\x80\xa6    1.000   0.5                        0.5                 0.7\n"
        "  conv2d                     54.333  27.6     6.8   6.8         14.1           0.3   0.1\n"
        "optimizer                     1.000   0.5                        0.5                 0.7\n"
        "other                         6.333   3.2                        3.2\n"
        "total                       196.667 100.0    30.2  14.9         54.9           0.1   0.1\n"
        "  GEMM                       59.333  30.2    30.2                              0.1\n"
        "  lowering                   29.333  14.9          14.9                              0.1\n"
        "  elementwise                99.667  50.7                       50.7                 0.3\n"
        "  optimizer                   1.000   0.5                        0.5                 0.7\n"
        "  data                        1.000   0.5                        0.5                 0.1\n"
        "  other                       6.333   3.2                        3.2\n";
    /* clang-format on */
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(1, NN_CONV_GEMM);
    fake_now = 0;
    nn__set_clock(fake_clock);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    nn__set_clock(NULL);
    check_sums(p);
    ck_assert_str_eq(table_of(p), want);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

static int characters(const char *line, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)line[i] & 0xC0) != 0x80;
    return count;
}

START_TEST(no_line_is_wider_than_the_summary)
{
    nn_model *model =
        nn_sequential(nn_input(4), nn_dense(3, .name = "a_name_that_is_much_wider_than_its_column"),
                      nn_dense(3, .activation = NN_SOFTMAX,
                               .name = "\xc3\xa4\xc3\xb6\xc3\xbc_umlaute_und_mehr_als_die_spalte"),
                      nn_dense(2, .activation = NN_SOFTMAX, .name = "softmax_in_a_wide_column"));
    static nn_real x[40], y[20];
    nn_context *context = nn_context(model, .batch_size = 10, .threads = 2, .profile = 1);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_str_eq(strchr(table_of(nn_context_profile(context, NN_PROFILED_PREDICTION)), '\n') +
                         1,
                     "layer                            ms share product lower transf  rest  wait "
                     "GFLOP/s  GB/s\n");
    ck_assert_int_eq(nn_context_predict(context, x, 10, y), NN_OK);
    const char *line = table_of(nn_context_profile(context, NN_PROFILED_PREDICTION));
    ck_assert_ptr_nonnull(strstr(line, "\n  a_name_that_is_much_wid\xe2\x80\xa6 "));
    ck_assert_ptr_nonnull(
        strstr(line, "\n  \xc3\xa4\xc3\xb6\xc3\xbc_umlaute_und_mehr_al\xe2\x80\xa6 "));
    ck_assert_ptr_nonnull(strstr(line, "\n  softmax_in_a_wide_colum\xe2\x80\xa6 "));
    for (size_t bytes; *line != '\0'; line += bytes + 1) {
        bytes = strcspn(line, "\n");
        ck_assert_int_le(characters(line, bytes), 88);
        ck_assert(bytes > 0 && line[bytes - 1] != ' ');
    }
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

Suite *profiles_suite(void);
Suite *profiles_suite(void)
{
    return TEST_SUITE(
        "profiles", operations_and_calls_are_exact, direct_and_winograd_are_counted_as_what_they_do,
        bytes_of_a_step_are_its_numbers_met_once, seconds_add_up_with_any_number_of_threads,
        a_validation_is_not_part_of_the_training, waiting_for_data_is_waiting, profiles_nest,
        the_hosts_threads_are_measured_too, a_context_has_one_of_its_own, the_bits_are_the_same,
        no_step_allocates, without_memory_for_it_the_call_fails_and_the_next_one_does_not,
        the_environment_counts_where_the_option_is_not_given, what_is_wrong_is_told,
        the_table_is_this, no_line_is_wider_than_the_summary);
}
