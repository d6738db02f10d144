/* The pool: every task once, whoever calls, and again after a fork. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

enum { MOST_TASKS = 3000 };

typedef struct job {
    atomic_int done[MOST_TASKS];
    atomic_int wrong_worker;
    int threads;
} job;

static void mark(void *arg, int index, int worker)
{
    job *j = arg;
    atomic_fetch_add(&j->done[index], 1);
    if (worker < 0 || worker >= j->threads)
        atomic_store(&j->wrong_worker, 1);
}

static int all_once(job *j, int tasks)
{
    int right = 1;
    for (int i = 0; i < MOST_TASKS; i++) {
        right = right && atomic_load(&j->done[i]) == (i < tasks);
        atomic_store(&j->done[i], 0);
    }
    return right && !atomic_load(&j->wrong_worker);
}

START_TEST(every_task_runs_once_on_a_worker_in_range)
{
    static job j;
    static const int tasks[] = {0, 1, 2, 3, 7, 8, 63, 64, 65, 1000, MOST_TASKS};
    for (int threads = 1; threads <= 64; threads += threads < 8 ? 1 : 14)
        for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
            j.threads = threads;
            nn__pool_run(threads, tasks[i], mark, &j);
            if (!all_once(&j, tasks[i]))
                ck_abort_msg("%d tasks on %d threads", tasks[i], threads);
        }
}
END_TEST

START_TEST(more_threads_than_there_may_be_are_fewer)
{
    static job j;
    j.threads = NN__MAX_THREADS;
    nn__pool_run(1000, MOST_TASKS, mark, &j);
    ck_assert(all_once(&j, MOST_TASKS));
    nn__pool_run(0, 5, mark, &j);
    ck_assert(all_once(&j, 5));
}
END_TEST

START_TEST(many_short_jobs_lose_nothing)
{
    static job j;
    uint64_t state = 1;
    for (int round = 0; round < 3000; round++) {
        int tasks = test_random_int(&state, 0, 12);
        j.threads = test_random_int(&state, 1, 5);
        nn__pool_run(j.threads, tasks, mark, &j);
        for (int i = 0; i < 13; i++)
            if (atomic_exchange(&j.done[i], 0) != (i < tasks))
                ck_abort_msg("round %d: task %d of %d", round, i, tasks);
    }
    ck_assert_int_eq(atomic_load(&j.wrong_worker), 0);
}
END_TEST

/* ---- Nested ---- */

static atomic_int inner_done;

static void inner(void *arg, int index, int worker)
{
    (void)arg;
    (void)index;
    if (worker == 0)
        atomic_fetch_add(&inner_done, 1);
}

static void outer(void *arg, int index, int worker)
{
    nn__pool_run(3, 10, inner, NULL);
    mark(arg, index, worker);
}

START_TEST(a_task_that_runs_tasks_does_them_itself)
{
    static job j = {.threads = 3};
    nn__pool_run(3, 20, outer, &j);
    ck_assert(all_once(&j, 20));
    ck_assert_int_eq(atomic_load(&inner_done), 200);
}
END_TEST

/* ---- Callers at once ---- */

static void *call_often(void *argument)
{
    job *j = argument;
    for (int round = 0; round < 200; round++) {
        nn__pool_run(j->threads, 50, mark, j);
        for (int i = 0; i < 50; i++)
            if (atomic_exchange(&j->done[i], 0) != 1)
                return argument;
    }
    return NULL;
}

START_TEST(callers_at_once_each_get_their_tasks_done)
{
    enum { CALLERS = 5 };
    static job jobs[CALLERS];
    pthread_t threads[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        jobs[i].threads = 1 + i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often, &jobs[i]), 0);
    }
    for (int i = 0; i < CALLERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        ck_assert_ptr_null(result);
        ck_assert_int_eq(atomic_load(&jobs[i].wrong_worker), 0);
    }
}
END_TEST

/* ---- Fork ---- */

/* The thread sanitizer ends a child that starts threads. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NO_THREADS_AFTER_FORK
#endif
#elif defined(__SANITIZE_THREAD__)
#define NO_THREADS_AFTER_FORK
#endif

#ifndef NO_THREADS_AFTER_FORK
START_TEST(a_forked_child_has_a_pool_of_its_own)
{
    static job j = {.threads = 3};
    nn__pool_run(3, 100, mark, &j);
    ck_assert(all_once(&j, 100));
    for (int round = 0; round < 5; round++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            nn__pool_run(3, 100, mark, &j);
            _exit(all_once(&j, 100) ? 0 : 1);
        }
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d",
                      status);
        nn__pool_run(3, 100, mark, &j);
        ck_assert(all_once(&j, 100));
    }
}
END_TEST
#endif

/* ---- Without memory ---- */

START_TEST(without_memory_for_workers_the_caller_does_the_tasks)
{
    static job j = {.threads = 9};
    test_memory_begin();
    test_memory_fail(0, 0);
    nn__pool_run(9, 40, mark, &j);
    test_memory_fail(-1, 0);
    ck_assert(all_once(&j, 40));
    test_memory_end();
}
END_TEST

START_TEST(the_default_number_of_threads_is_in_range)
{
    ck_assert_int_ge(nn_default_threads(), 1);
    ck_assert_int_le(nn_default_threads(), NN__MAX_THREADS);
}
END_TEST

Suite *pool_suite(void);
Suite *pool_suite(void)
{
    Suite *suite = TEST_SUITE("pool", every_task_runs_once_on_a_worker_in_range,
                              more_threads_than_there_may_be_are_fewer,
                              many_short_jobs_lose_nothing, a_task_that_runs_tasks_does_them_itself,
                              callers_at_once_each_get_their_tasks_done,
                              without_memory_for_workers_the_caller_does_the_tasks,
                              the_default_number_of_threads_is_in_range);
#ifndef NO_THREADS_AFTER_FORK
    TCase *tcase = tcase_create("fork");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_forked_child_has_a_pool_of_its_own);
    suite_add_tcase(suite, tcase);
#endif
    return suite;
}
