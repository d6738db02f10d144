/* The promises about a run: the same bits for any number of threads, no allocation after the plan,
 * every product through the one gemm, and a process left as it was. */
#include "test.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "kernels/kernels.h"
#include "model/context.h"
#include "train/training.h"
#include "two.h"

typedef nn_model *make_model(void);

static nn_model *conv1(void)
{
    return nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_max_pool2d({2, 2}), nn_flatten(), nn_dense(100, NN_RELU), nn_dense(10, NN_SOFTMAX));
}

static nn_model *conv2(void)
{
    return nn_sequential(nn_input(32, 32, 3),
                         nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_max_pool2d({2, 2}), nn_flatten(), nn_dropout(.rate = 0.5),
                         nn_dense(100, NN_RELU), nn_dense(10, NN_SOFTMAX));
}

static nn_model *deep(void)
{
    return nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(32, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25),
        nn_conv2d(64, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25),
        nn_conv2d(128, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25), nn_flatten(), nn_dense(256, NN_RELU),
        nn_batch_norm(), nn_dropout(.rate = 0.5), nn_dense(10, NN_SOFTMAX));
}

static nn_model *residual(void)
{
    nn_model *m = nn_model_new();
    nn_node x = nn_model_input(m, 32, 32, 3);
    x = nn_apply(nn_conv2d(6, {3, 3}, {2, 2}, .activation = NN_TANH), x);
    nn_node y = nn_apply(nn_conv2d(6, {3, 3}, .padding = NN_SAME, .groups = 3), x);
    x = nn_apply(nn_activation(NN_RELU), nn_merge(nn_add(), y, x));
    x = nn_apply(nn_max_pool2d({3, 3}, {2, 2}), x);
    nn_model_output(m, nn_apply(nn_dense(10, NN_SOFTMAX), nn_apply(nn_flatten(), x)));
    return m;
}

typedef struct run_case {
    make_model *make;
    int batch, steps;
    nn_optimizer *(*optimizer)(void);
} run_case;

static nn_optimizer *nadam(void)
{
    return nn_nadam();
}

static nn_optimizer *adam(void)
{
    return nn_adam();
}

static nn_optimizer *momentum(void)
{
    return nn_sgd(.momentum = 0.9, .nesterov = 1);
}

static const run_case cases[] = {
    {conv1, 32, 50, adam}, {conv2, 32, 50, nadam},      {deep, 8, 50, adam},
    {deep, 32, 3, adam},   {residual, 17, 6, momentum},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* Everything that a run leaves: weights, slots, scalars, then the logs. */
typedef struct outcome {
    nn_real *values, *slots;
    size_t value_count, slot_count;
    double scalars[NN_MAX_SCALARS];
    double logs[4];
} outcome;

static nn_model *compiled(const run_case *c, int threads)
{
    nn_model *model = c->make();
    nn_model_set_seed(model, 11);
    nn_model_set_threads(model, threads);
    ck_assert_msg(nn_compile(model, .optimizer = c->optimizer(),
                             .loss = nn_categorical_crossentropy(),
                             .metrics = nn_metrics(nn_accuracy())) == NN_OK,
                  "%s", nn_error_message());
    return model;
}

/* The last batch is short. */
static nn_dataset *pictures(const run_case *c)
{
    size_t rows = (size_t)(c->batch * c->steps - c->batch / 2);
    nn_dataset *data = nn_drawings(.rows = rows, .one_hot = 1);
    ck_assert_ptr_nonnull(data);
    return data;
}

static void *copy_of(const void *memory, size_t bytes)
{
    return memcpy(malloc(bytes + 1), memory, bytes);
}

static outcome outcome_of(const run_case *c, int threads)
{
    static const char *const names[4] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    outcome o = {0};
    nn_model *model = compiled(c, threads);
    nn_dataset *data = pictures(c), *few = nn_dataset_take(data, 21);
    ck_assert_msg(nn_fit(model, data, .batch_size = c->batch, .validation_data = few) == NN_OK,
                  "%s", nn_error_message());
    ck_assert_uint_eq(nn_model_steps(model), (uint64_t)c->steps);
    o.value_count = model->value_count;
    o.slot_count = (size_t)model->updater.slot_count * model->parameter_values;
    o.values = copy_of(model->values, o.value_count * sizeof(nn_real));
    o.slots = copy_of(model->updater.slots, o.slot_count * sizeof(nn_real));
    memcpy(o.scalars, model->scalars, sizeof o.scalars);
    for (int i = 0; i < 4; i++)
        o.logs[i] = nn_history_value(nn_model_history(model), 0, names[i]);
    nn_model_free(model);
    nn_dataset_free(few);
    nn_dataset_free(data);
    return o;
}

static void outcomes_equal(const outcome *a, const outcome *b)
{
    ck_assert_uint_eq(a->value_count, b->value_count);
    ck_assert(memcmp(a->values, b->values, a->value_count * sizeof(nn_real)) == 0);
    ck_assert(memcmp(a->slots, b->slots, a->slot_count * sizeof(nn_real)) == 0);
    ck_assert(memcmp(a->scalars, b->scalars, sizeof a->scalars) == 0);
    ck_assert(memcmp(a->logs, b->logs, sizeof a->logs) == 0);
}

static void outcome_free(outcome *o)
{
    free(o->values);
    free(o->slots);
}

START_TEST(one_two_three_and_seven_threads_give_the_same_bits)
{
    static const int threads[] = {2, 3, 7};
    outcome one = outcome_of(&cases[_i], 1);
    ck_assert(isfinite(one.logs[0]) && one.logs[0] > 0.1 && isfinite(one.logs[2]));
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        outcome other = outcome_of(&cases[_i], threads[i]);
        outcomes_equal(&one, &other);
        outcome_free(&other);
    }
    outcome_free(&one);
}
END_TEST

START_TEST(another_seed_gives_other_bits)
{
    nn_model *a = conv2(), *b = conv2();
    nn_model_set_seed(b, 1);
    ck_assert_int_eq(nn_model_build(a), NN_OK);
    ck_assert_int_eq(nn_model_build(b), NN_OK);
    ck_assert(memcmp(a->values, b->values, a->value_count * sizeof(nn_real)) != 0);
    nn_model_free(a);
    nn_model_free(b);
}
END_TEST

/* ---- No allocation after the plan ---- */

static long at_first_step, at_last_step;

static nn_status watch_memory(nn_callback *callback, nn_event *event)
{
    (void)callback;
    long total = test_memory_total();
    if (event->epoch == 0 && event->step == 0)
        at_first_step = total;
    at_last_step = total;
    if (event->step == 0 && event->epoch > 0)
        at_first_step = total;
    ck_assert_msg(total == at_first_step, "epoch %d, step %d: %ld allocations", event->epoch,
                  event->step, total - at_first_step);
    return NN_OK;
}

typedef struct watch_options {
    size_t struct_size;
} watch_options;

static const nn_callback_kind watch_kind = {
    .kind = {sizeof(nn_callback_kind), "watch", "Watch", sizeof(watch_options), NULL, 0},
    .train_batch_end = watch_memory,
};

START_TEST(no_step_after_the_first_allocates)
{
    static const run_case c = {deep, 4, 5, adam};
    nn_dataset *data = pictures(&c), *few = nn_dataset_take(data, 9);
    test_memory_begin();
    nn_model *model = compiled(&c, 2);
    for (int fit = 0; fit < 2; fit++)
        ck_assert_int_eq(nn_fit(model, data, .batch_size = 4, .epochs = 3, .validation_data = few,
                                .callbacks = nn_callbacks(nn_callback_new(&watch_kind, NULL))),
                         NN_OK);
    nn_model_free(model);
    test_memory_end();
    nn_dataset_free(few);
    nn_dataset_free(data);
}
END_TEST

START_TEST(several_inputs_and_outputs_allocate_nothing_more)
{
    two_data t;
    double loss;
    nn_real label[TWO_ROWS * TWO_CLASSES], value[TWO_ROWS * TWO_VALUES];
    two_open(&t);
    test_memory_begin();
    nn_model *model = two_model();
    ck_assert_int_eq(nn_fit(model, t.zip, .batch_size = 3, .epochs = 3, .validation_data = t.zip,
                            .callbacks = nn_callbacks(nn_callback_new(&watch_kind, NULL))),
                     NN_OK);
    nn_context *context = nn_context(model, .batch_size = TWO_ROWS, .training = 1);
    const nn_real *x[] = {t.a, t.b};
    nn_real *y[] = {label, value};
    const nn_tensor *targets[] = {t.tclasses, t.tvalues};
    long before = test_memory_total();
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(nn_context_predict_many(context, x, TWO_ROWS, y), NN_OK);
        ck_assert_int_eq(nn_context_forward_many(context, x, TWO_ROWS, y), NN_OK);
        ck_assert_int_eq(nn_context_backward_many(context, targets, &loss), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
    }
    ck_assert_int_eq(test_memory_total(), before);
    nn_context_free(context);
    nn_model_free(model);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
    two_close(&t);
}
END_TEST

/* What an epoch allocates is its entry in the history, whatever the number of its steps. */
static long allocations_of(int rows, int epochs)
{
    static const run_case c = {conv2, 4, 20, adam};
    nn_dataset *data = pictures(&c), *some = nn_dataset_take(data, (size_t)rows);
    test_memory_begin();
    nn_model *model = compiled(&c, 1);
    ck_assert_int_eq(nn_fit(model, some, .batch_size = 4, .validation_data = some), NN_OK);
    long before = test_memory_total();
    ck_assert_int_eq(
        nn_fit(model, some, .batch_size = 4, .epochs = epochs, .validation_data = some), NN_OK);
    long count = test_memory_total() - before;
    nn_model_free(model);
    test_memory_end();
    nn_dataset_free(some);
    nn_dataset_free(data);
    return count;
}

START_TEST(allocations_do_not_grow_with_steps)
{
    long short_2 = allocations_of(8, 2), long_2 = allocations_of(60, 2);
    long short_3 = allocations_of(8, 3), long_3 = allocations_of(60, 3);
    ck_assert_int_eq(short_2, long_2);
    ck_assert_int_eq(short_3, long_3);
    ck_assert_int_le(short_3 - short_2, 12);
}
END_TEST

START_TEST(runs_on_a_context_allocate_nothing)
{
    static const run_case c = {deep, 4, 1, adam};
    static nn_real x[4 * 32 * 32 * 3], y[4 * 10];
    nn_real targets[4 * 10] = {1};
    double loss;
    uint64_t state = 91;
    test_fill_reals(x, sizeof x / sizeof *x, &state);
    nn_model *model = compiled(&c, 2);
    nn_context *context = nn_context(model, .batch_size = 4, .training = 1);
    nn_tensor *t = nn_tensor_borrow(NN_F32, targets, NN_SHAPE(4, 10));
    for (int round = 0; round < 3; round++) {
        if (round == 1)
            test_memory_begin(); /* nothing is freed before it ends */
        ck_assert_int_eq(nn_context_predict(context, x, 4, y), NN_OK);
        ck_assert_int_eq(nn_context_forward(context, x, 4, y), NN_OK);
        ck_assert_int_eq(nn_context_backward(context, t, &loss), NN_OK);
        ck_assert_int_eq(nn_context_update(context), NN_OK);
    }
    ck_assert_int_eq(test_memory_total(), 0);
    test_memory_end();
    nn_tensor_free(t);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* ---- One way to a product ---- */

START_TEST(every_product_goes_through_the_gemm)
{
    static nn_real x[2 * 32 * 32 * 3];
    nn_real targets[2 * 10] = {1};
    nn_tensor *t = nn_tensor_borrow(NN_F32, targets, NN_SHAPE(2, 10));
    nn_model *model = compiled(&(run_case){conv1, 2, 1, adam}, 1);
    nn_context *context = nn_context(model, .batch_size = 2, .training = 1);
    nn__gemm_counting = 1;
    uint64_t start = nn__gemm_calls();
    ck_assert_int_eq(nn_context_forward(context, x, 2, NULL), NN_OK);
    uint64_t forward = nn__gemm_calls() - start;
    ck_assert_int_eq(nn_context_backward(context, t, NULL), NN_OK);
    uint64_t backward = nn__gemm_calls() - start - forward;
    nn__gemm_counting = 0;
    /* one or more for the convolution and for each Dense; backward two each but for the first
     * layer's dx, which nobody wants */
    ck_assert_uint_ge(forward, 3);
    ck_assert_uint_ge(backward, 5);
    nn_tensor_free(t);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* ---- The process ---- */

#if defined(__x86_64__)
START_TEST(the_floating_point_mode_is_left_as_it_was_and_does_not_matter)
{
    static const run_case c = {deep, 4, 3, adam};
    outcome plain = outcome_of(&c, 2);
    const unsigned before = _mm_getcsr();
    const unsigned odd = (before & ~0x6000u) | 0x8040u | 0x4000u; /* to zero, towards +inf */
    _mm_setcsr(odd);
    outcome strange = outcome_of(&c, 2);
    unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    ck_assert_uint_eq(after & ~0x3Fu, odd & ~0x3Fu);
    ck_assert(memcmp(plain.values, strange.values, plain.value_count * sizeof(nn_real)) == 0);
    outcome_free(&plain);
    outcome_free(&strange);
}
END_TEST
#endif

extern int openblas_get_num_threads(void) __attribute__((weak));
extern void openblas_set_num_threads(int) __attribute__((weak));

static int blas_threads(void)
{
    return openblas_get_num_threads != NULL ? openblas_get_num_threads() : 0;
}

struct host {
    outcome result;
    int threads;
};

static void *run_in_a_host_thread(void *argument)
{
    static const run_case c = {residual, 8, 6, momentum};
    struct host *host = argument;
    host->result = outcome_of(&c, host->threads);
    return NULL;
}

START_TEST(two_host_threads_train_at_once_and_blas_keeps_its_threads)
{
    struct host hosts[3] = {{.threads = 1}, {.threads = 2}, {.threads = 3}};
    pthread_t threads[3];
    if (openblas_set_num_threads != NULL)
        openblas_set_num_threads(2);
    int before = blas_threads();
    run_in_a_host_thread(&hosts[0]);
    ck_assert_int_eq(blas_threads(), before);
    for (int i = 1; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_in_a_host_thread, &hosts[i]), 0);
    for (int i = 1; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(blas_threads(), before);
    outcomes_equal(&hosts[0].result, &hosts[1].result);
    outcomes_equal(&hosts[0].result, &hosts[2].result);
    for (int i = 0; i < 3; i++)
        outcome_free(&hosts[i].result);
}
END_TEST

Suite *determinism_suite(void);
Suite *determinism_suite(void)
{
    Suite *suite = TEST_SUITE(
        "determinism", another_seed_gives_other_bits, no_step_after_the_first_allocates,
        several_inputs_and_outputs_allocate_nothing_more, allocations_do_not_grow_with_steps,
        runs_on_a_context_allocate_nothing, every_product_goes_through_the_gemm,
        two_host_threads_train_at_once_and_blas_keeps_its_threads);
    TCase *tcase = tcase_create("thread counts");
    tcase_set_timeout(tcase, 180); /* under a sanitizer */
    tcase_add_loop_test(tcase, one_two_three_and_seven_threads_give_the_same_bits, 0, CASES);
#if defined(__x86_64__)
    tcase_add_test(tcase, the_floating_point_mode_is_left_as_it_was_and_does_not_matter);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
