/* The host's own memory and threads: everything goes through them, results stay the same. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

/* ---- Something to do: two steps of a small network; its weights afterwards ---- */

enum { ROWS = 6, WEIGHTS_MOST = 4096 };

static size_t train(nn_real *weights, int threads)
{
    nn_model *model = nn_sequential(
        nn_input(12, 12, 3), nn_conv2d(8, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(.rate = 0.25), nn_flatten(),
        nn_dense(10, NN_SOFTMAX));
    nn_model_set_threads(model, threads);
    ck_assert_int_eq(
        nn_compile(model, .optimizer = nn_adam(), .loss = nn_sparse_categorical_crossentropy()),
        NN_OK);
    nn_tensor *x = nn_tensor_new(NN_F32, NN_SHAPE(ROWS, 12, 12, 3));
    nn_tensor *y = nn_tensor_new(NN_I32, NN_SHAPE(ROWS));
    uint64_t state = 5;
    test_fill_reals(nn_tensor_data(x), ROWS * 12 * 12 * 3, &state);
    for (int step = 0; step < 2; step++)
        ck_assert_msg(nn_train_on_batch(model, x, y, NULL) == NN_OK, "%s", nn_error_message());
    size_t count = nn_model_snapshot_count(model);
    ck_assert_uint_le(count, WEIGHTS_MOST);
    nn_model_snapshot(model, weights);
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_model_free(model);
    return count;
}

/* ---- Memory ---- */

typedef struct heap {
    atomic_long live, given;
    atomic_int wrong_alignment;
    long fail_at; /* -1: never          */
    int shift;    /* bytes off the grid */
} heap;

static void *heap_alloc(void *user, size_t bytes, size_t alignment)
{
    heap *h = user;
    void *block = NULL;
    if (alignment != 64 || bytes == 0)
        atomic_store(&h->wrong_alignment, 1);
    if (atomic_fetch_add(&h->given, 1) == h->fail_at)
        return NULL;
    if (posix_memalign(&block, 128, bytes + 192) != 0)
        return NULL;
    atomic_fetch_add(&h->live, 1);
    memset(block, 0xA5, bytes + 192); /* its content does not matter */
    return (char *)block + 64 + h->shift;
}

static void heap_release(void *user, void *memory)
{
    heap *h = user;
    atomic_fetch_sub(&h->live, 1);
    free((char *)memory - 64 - h->shift);
}

static nn_allocator allocator_of(heap *h)
{
    return (nn_allocator){sizeof(nn_allocator), heap_alloc, heap_release, h};
}

START_TEST(all_memory_comes_from_the_hosts_allocator)
{
    static nn_real want[WEIGHTS_MOST], have[WEIGHTS_MOST];
    heap h = {.fail_at = -1};
    nn_allocator mine = allocator_of(&h);
    size_t count = train(want, 1);
    ck_assert_msg(nn_set_allocator(&mine) == NN_OK, "%s", nn_error_message());
    ck_assert_uint_eq(train(have, 1), count);
    ck_assert_mem_eq(want, have, count * sizeof *want);
    ck_assert_int_gt(atomic_load(&h.given), 50);
    ck_assert_int_eq(atomic_load(&h.live), 0);
    ck_assert_int_eq(atomic_load(&h.wrong_alignment), 0);
    long given = atomic_load(&h.given);
    ck_assert_int_eq(nn_set_allocator(NULL), NN_OK);
    train(have, 1);
    ck_assert_int_eq(atomic_load(&h.given), given);
}
END_TEST

START_TEST(blocks_are_zero_and_aligned_whatever_the_host_gives)
{
    heap h = {.fail_at = -1};
    nn_allocator mine = allocator_of(&h);
    ck_assert_int_eq(nn_set_allocator(&mine), NN_OK);
    for (size_t bytes = 0; bytes < 2000; bytes += 97) {
        unsigned char *block = nn__alloc(bytes, "a test");
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < bytes; i++)
            ck_assert_uint_eq(block[i], 0);
        nn__free(block);
    }
    h.shift = 16;
    ck_assert_ptr_null(nn__alloc(10, "a crooked block"));
    test_message_has("no memory for a crooked block");
    ck_assert_int_eq(atomic_load(&h.live), 0);
    ck_assert_int_eq(nn_set_allocator(NULL), NN_OK);
}
END_TEST

START_TEST(a_host_without_memory_is_an_error)
{
    heap h = {.fail_at = 3};
    nn_allocator mine = allocator_of(&h);
    ck_assert_int_eq(nn_set_allocator(&mine), NN_OK);
    nn_model *model = nn_sequential(nn_input(2), nn_dense(1));
    ck_assert(model == NULL || nn_model_build(model) == NN_ENOMEM);
    nn_model_free(model);
    ck_assert_int_eq(atomic_load(&h.live), 0);
    ck_assert_int_eq(nn_set_allocator(NULL), NN_OK);
}
END_TEST

START_TEST(neither_is_changed_under_living_objects)
{
    heap h = {.fail_at = -1};
    nn_allocator mine = allocator_of(&h), broken = {.struct_size = sizeof broken};
    nn_thread_pool nothing = {.struct_size = sizeof nothing}, unset = {0};
    nn_model *model = nn_model_new();
    ck_assert_int_eq(nn_set_allocator(&mine), NN_ESTATE);
    test_message_has("allocator: it is set while");
    ck_assert_int_eq(nn_set_allocator(NULL), NN_ESTATE);
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_ESTATE);
    nn_model_free(model);
    ck_assert_int_eq(atomic_load(&h.given), 0);
    ck_assert_int_eq(nn_set_allocator(&broken), NN_EINVAL);
    ck_assert_int_eq(nn_set_thread_pool(&nothing), NN_EINVAL);
    ck_assert_int_eq(nn_set_thread_pool(&unset), NN_EINVAL);
    test_message_has("struct_size");
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_OK);
}
END_TEST

/* ---- Threads ---- */

/* Tasks from the last to the first, on two threads of its own. */
typedef struct host {
    atomic_int runs, most_threads;
} host;

typedef struct share {
    nn_pool_task *task;
    void *arg;
    atomic_int *left;
    int worker;
} share;

static void *take(void *argument)
{
    share *s = argument;
    for (int i; (i = atomic_fetch_sub(s->left, 1) - 1) >= 0;)
        s->task(s->arg, i, s->worker);
    return NULL;
}

static void host_run(void *user, int threads, int tasks, nn_pool_task *task, void *arg)
{
    host *h = user;
    atomic_int left = tasks;
    pthread_t thread;
    share first = {task, arg, &left, threads - 1}, second = {task, arg, &left, 0};
    atomic_fetch_add(&h->runs, 1);
    if (threads > atomic_load(&h->most_threads))
        atomic_store(&h->most_threads, threads);
    ck_assert_int_gt(threads, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, take, &second), 0);
    take(&first);
    pthread_join(thread, NULL);
}

START_TEST(the_hosts_threads_give_the_same_bits)
{
    static nn_real want[WEIGHTS_MOST], have[WEIGHTS_MOST];
    host h = {0};
    nn_thread_pool mine = {sizeof mine, host_run, &h};
    size_t count = train(want, 3);
    ck_assert_msg(nn_set_thread_pool(&mine) == NN_OK, "%s", nn_error_message());
    train(have, 3);
    ck_assert_mem_eq(want, have, count * sizeof *want);
    ck_assert_int_ge(atomic_load(&h.runs), 4); /* the convolution, there and back */
    ck_assert_int_eq(atomic_load(&h.most_threads), 3);
    int runs = atomic_load(&h.runs);
    train(have, 1); /* one thread: nothing to hand out */
    ck_assert_int_eq(atomic_load(&h.runs), runs);
    ck_assert_mem_eq(want, have, count * sizeof *want);
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_OK);
    train(have, 3);
    ck_assert_int_eq(atomic_load(&h.runs), runs);
}
END_TEST

/* Denormal numbers stay what they are, though the host's thread flushes them. */
static volatile float tiny = 1e-40f;

static void halve(void *arg, int index, int worker)
{
    (void)index, (void)worker;
    *(float *)arg = tiny * 0.5f;
}

static void run_flushing(void *user, int threads, int tasks, nn_pool_task *task, void *arg)
{
    (void)user, (void)threads;
#if defined(__SSE__)
    unsigned saved = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(saved | 0x8040);
#endif
    for (int i = 0; i < tasks; i++)
        task(arg, i, 0);
#if defined(__SSE__)
    ck_assert_uint_eq(__builtin_ia32_stmxcsr() & 0x8040, 0x8040);
    __builtin_ia32_ldmxcsr(saved);
#endif
}

START_TEST(tasks_run_in_the_librarys_floating_point_mode)
{
    float half = 0;
    nn_thread_pool mine = {sizeof mine, run_flushing, NULL};
    ck_assert_int_eq(nn_set_thread_pool(&mine), NN_OK);
    nn__pool_run(2, 2, halve, &half);
    ck_assert(half > 0);
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_OK);
}
END_TEST

Suite *hooks_suite(void);
Suite *hooks_suite(void)
{
    return TEST_SUITE("hooks", all_memory_comes_from_the_hosts_allocator,
                      blocks_are_zero_and_aligned_whatever_the_host_gives,
                      a_host_without_memory_is_an_error, neither_is_changed_under_living_objects,
                      the_hosts_threads_give_the_same_bits,
                      tasks_run_in_the_librarys_floating_point_mode);
}
