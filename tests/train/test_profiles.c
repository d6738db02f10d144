/* The profile: what is counted is exact, times add up, and nothing else changes. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "kernels/kernels.h"
#include "model/context.h"
#include "model/profile.h"
#include "profiled.h"
#include "recorder.h"

enum { WEIGHTS_MOST = 1 << 16 };

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

START_TEST(direct_and_few_channels_are_counted_as_what_they_do)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *direct = drawing_model(2, NN_CONV_DIRECT), *few = drawing_model(2, NN_CONV_WINOGRAD);
    const nn_profile *p = fit(direct, data, NN_PROFILE_KEEP);
    ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), 2 * ROWS * conv_flops);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), 3 * ROWS * dense_flops);
    p = fit(few, data, NN_PROFILE_KEEP);
    ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), ROWS * 2 * 2.0 * 36 * 64 * 3 * 10);
    ck_assert_double_eq(work_of(p, NN_WORK_GEMM), 3 * ROWS * dense_flops);
    /* Kernels of each step, their gradients of each picture, each a group; inputs of each, twice. */
    ck_assert_double_eq(
        work_of(p, NN_WORK_TRANSFORMS),
        sizeof(nn_real) * ((STEPS + ROWS) * (9.0 + 36) * 3 * 10 + ROWS * 64.0 * 2 * (36 + 36) * 3));
    nn_model_free(direct);
    nn_model_free(few);
    nn_dataset_free(data);
}
END_TEST

/* Three products of a 3x3 convolution of five channels, which come from a 1x1 one. */
START_TEST(winograd_is_counted_as_what_it_does)
{
    enum { C = 5, F = 10 };
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(C, {1, 1}, .algorithm = NN_CONV_GEMM, .name = "colours"),
        nn_conv2d(F, {3, 3}, .padding = NN_SAME, .activation = NN_RELU,
                  .algorithm = NN_CONV_WINOGRAD),
        nn_flatten(), nn_dense(10, .activation = NN_SOFTMAX));
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_categorical_crossentropy()), NN_OK);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    ck_assert_double_eq(work_of(p, NN_WORK_DIRECT), 0);
    ck_assert_double_eq(
        work_of(p, NN_WORK_GEMM),
        ROWS * (2 * 2.0 * 32 * 32 * 3 * C + 3 * 2.0 * 36 * 64 * C * F + 3 * 2.0 * 10240 * 10));
    /* Kernels of each step, tiles of each row: forward, the kernel's gradient, dx. */
    ck_assert_double_eq(work_of(p, NN_WORK_TRANSFORMS),
                        sizeof(nn_real) * (STEPS * 3.0 * (9 + 36) * C * F +
                                           ROWS * 64.0 *
                                               (2 * (36 + 36) * C + 2 * (36 + 16) * F +
                                                (36 + 36) * F + (36 + 16) * C)));
    ck_assert_uint_eq(entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_ELEMENTWISE)->calls,
                      STEPS + ROWS * 64); /* relu, tile by tile */
    nn_model_free(model);
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

/* Two inputs, two of a layer's, an activation that is a step, and a layer that is not trained. */
START_TEST(every_input_is_met_and_what_is_frozen_is_not)
{
    enum { A = 8, B = 6, UNITS = 5, OUT = 2 };
    static nn_real a[4 * A], b[4 * B], targets[4 * OUT];
    nn_model *model = nn_model_new();
    nn_node x = nn_apply(nn_dense(UNITS, .name = "frozen"), nn_model_input(model, A));
    nn_node y = nn_apply(nn_dense(UNITS, .name = "trained"), nn_model_input(model, B));
    nn_node z = nn_apply(nn_activation(NN_TANH), nn_merge(nn_add(), x, y));
    nn_model_output(model, nn_apply(nn_dense(OUT, .name = "head"), z));
    ck_assert_int_eq(nn_model_set_trainable(model, "frozen", 0), NN_OK);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(), .loss = nn_mean_squared_error()),
                     NN_OK);
    nn_context *context =
        nn_context(model, .batch_size = 4, .training = 1, .threads = 1, .profile = 1);
    nn_tensor *t = nn_tensor_borrow(NN_F32, targets, NN_SHAPE(4, OUT));
    ck_assert_int_eq(nn_context_forward_many(context, (const nn_real *const[]){a, b}, 4, NULL),
                     NN_OK);
    ck_assert_int_eq(nn_context_backward_many(context, (const nn_tensor *const[]){t}, NULL), NN_OK);
    ck_assert_int_eq(nn_context_update(context), NN_OK);
    const nn_profile *p = nn_context_profile(context, NN_PROFILED_TRAINING);
    const double row = 4.0 * sizeof(nn_real);
    const int elementwise = NN_WORK_ELEMENTWISE;
    ck_assert_int_eq(p->profiled, NN_PROFILED_TRAINING);
    ck_assert_double_eq(work_of(p, NN_WORK_DATA), row * (A + B));
    ck_assert_double_eq(entry_of(p, "add", NN_PROFILE_FORWARD, elementwise)->work, row * 3 * UNITS);
    const nn_profile_entry *tanh = entry_of(p, "activation", NN_PROFILE_FORWARD, elementwise);
    ck_assert_str_eq(tanh->step, "tanh");
    ck_assert_double_eq(tanh->work, row * 2 * UNITS);
    ck_assert_double_eq(entry_of(p, "activation", NN_PROFILE_BACKWARD, elementwise)->work,
                        row * 3 * UNITS); /* y, too */
    ck_assert_double_eq(work_of(p, NN_WORK_OPTIMIZER),
                        7.0 * sizeof(nn_real) * (B * UNITS + UNITS + UNITS * OUT + OUT));
    p = nn_context_profile(context, NN_PROFILED_PREDICTION);
    ck_assert_int_eq(p->profiled, NN_PROFILED_PREDICTION);
    nn_tensor_free(t);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* ---- Times ---- */

/* Seconds and ticks of a clock that moves when it is told to. */
static double told;

static double told_clock(void)
{
    return told;
}

/* Two stretches of time, asked for within and after both. */
START_TEST(it_may_be_asked_at_any_time)
{
    nn_model *model = drawing_model(1, NN_CONV_GEMM);
    nn_context *context = nn_context(model, .batch_size = 4);
    nn__profile *profile = nn__profile_new(context, NN__PREDICT);
    ck_assert_ptr_nonnull(profile);
    told = 5;
    nn__set_clock(told_clock);
    ck_assert_double_eq(nn__profile_numbers(profile)->seconds, 0);
    for (int stretch = 1; stretch <= 2; stretch++) {
        nn__profile_start(profile);
        told += 2;
        nn__profile_at(profile, 0, 4);
        for (int look = 0; look < 3; look++) {
            told += 1;
            const nn_profile *p = nn__profile_numbers(profile);
            ck_assert_double_eq_tol(p->seconds, stretch * 2 + (stretch - 1) * 4, 1e-6);
        }
        told += 1;
        nn__profile_stop(profile);
        told += 100;
        const nn_profile *p = nn__profile_numbers(profile);
        ck_assert_double_eq_tol(p->seconds, stretch * 6, 1e-6);
        ck_assert_double_eq_tol(
            entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_ELEMENTWISE)->seconds, stretch * 4,
            1e-6);
    }
    nn__set_clock(NULL);
    nn__free(profile);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* The host's pool may bring more threads than were asked for: here two, and the caller computes. */
struct stretch {
    nn__meter *row;
    pthread_barrier_t *both;
    int worker;
};

static void *compute(void *argument)
{
    struct stretch *s = argument;
    nn__meter *had = nn__meter_enter(s->row, s->worker);
    pthread_barrier_wait(s->both);
    pthread_barrier_wait(s->both);
    nn__meter_leave(s->row, had);
    return NULL;
}

START_TEST(more_threads_than_were_asked_for_have_not_waited_less_than_nothing)
{
    nn_model *model = drawing_model(2, NN_CONV_GEMM);
    nn_context *context = nn_context(model, .batch_size = 4, .threads = 2);
    nn__profile *profile = nn__profile_new(context, NN__PREDICT);
    pthread_barrier_t both;
    pthread_t threads[2];
    struct stretch stretches[3];
    told = 5;
    nn__set_clock(told_clock);
    nn__profile_start(profile);
    nn__profile_at(profile, 0, 4);
    nn__meter *row = nn__meter_fork();
    ck_assert_ptr_nonnull(row);
    pthread_barrier_init(&both, NULL, 3);
    for (int i = 0; i < 3; i++)
        stretches[i] = (struct stretch){row, &both, i};
    stretches[2].worker = 0;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, compute, &stretches[i]), 0);
    nn__meter *had = nn__meter_enter(row, 0);
    pthread_barrier_wait(&both);
    told += 3;
    pthread_barrier_wait(&both);
    nn__meter_leave(row, had);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    nn__meter_join(row);
    nn__profile_stop(profile);
    const nn_profile *p = nn__profile_numbers(profile);
    const nn_profile_entry *waits = entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_WAITING);
    ck_assert_double_eq(waits->seconds, 0);
    ck_assert_uint_eq(waits->calls, 1);
    ck_assert_double_eq_tol(p->seconds, 3, 1e-6);
    ck_assert_double_eq_tol(entry_of(p, "conv2d", NN_PROFILE_FORWARD, NN_WORK_ELEMENTWISE)->seconds,
                            9, 1e-6);
    nn__set_clock(NULL);
    pthread_barrier_destroy(&both);
    nn__free(profile);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

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

START_TEST(a_fit_that_is_not_profiled_leaves_the_last_profile)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(1, NN_CONV_AUTO);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    const double seconds = p->seconds;
    p = fit(model, data, NN_PROFILE_OFF);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(p->steps, STEPS);
    ck_assert_double_eq(p->seconds, seconds);
    ck_assert_uint_eq(fit(model, data, NN_PROFILE_KEEP)->steps, STEPS);
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

Suite *profiles_suite(void);
Suite *profiles_suite(void)
{
    return TEST_SUITE(
        "profiles", operations_and_calls_are_exact,
        direct_and_few_channels_are_counted_as_what_they_do, winograd_is_counted_as_what_it_does,
        bytes_of_a_step_are_its_numbers_met_once, every_input_is_met_and_what_is_frozen_is_not,
        it_may_be_asked_at_any_time,
        more_threads_than_were_asked_for_have_not_waited_less_than_nothing,
        seconds_add_up_with_any_number_of_threads, a_validation_is_not_part_of_the_training,
        a_fit_that_is_not_profiled_leaves_the_last_profile, waiting_for_data_is_waiting,
        profiles_nest, the_hosts_threads_are_measured_too, a_context_has_one_of_its_own,
        the_bits_are_the_same, no_step_allocates,
        without_memory_for_it_the_call_fails_and_the_next_one_does_not);
}
