/* The pool: every task once, whoever calls, in the background too, and again after a fork. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
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
    for (int round = 0; round < 1500; round++) {
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

/* ---- Shares ---- */

enum { SHARED = 31, SHARERS = 3 };

/* Who took which task, and as the how many-th of his. */
struct taken {
    int worker[SHARED], place[SHARED], count[SHARERS];
};

static void take(void *arg, int index, int worker)
{
    struct taken *t = arg;
    t->worker[index] = worker;
    t->place[index] = t->count[worker]++;
    nanosleep(&(struct timespec){0, 100000}, NULL);
}

/* Of the tasks [first, last) that are worker w's share, w takes those nearest to where it begins, one
 * after the other and before all others; who helps it begins at the other end. */
static void check_share(const struct taken *t, int w, int turned)
{
    int first = SHARED * w / SHARERS, last = SHARED * (w + 1) / SHARERS, others = 0;
    for (int i = 0; i < last - first; i++) {
        int at = turned ? last - 1 - i : first + i;
        others += t->worker[at] != w;
        if (others == 0 ? t->place[at] != i : t->worker[at] == w)
            ck_abort_msg("worker %d, turned %d: task %d by worker %d as number %d", w, turned, at,
                         t->worker[at], t->place[at]);
    }
}

START_TEST(a_thread_takes_its_own_share_first_and_in_order)
{
    for (int round = 0; round < 20; round++) {
        struct taken t = {.count = {0}};
        int turned = round % 2;
        nn__pool_run_turned(turned, SHARERS, SHARED, take, &t);
        for (int w = 0; w < SHARERS; w++)
            check_share(&t, w, turned);
    }
}
END_TEST

START_TEST(one_thread_takes_all_in_order)
{
    for (int turned = 0; turned < 2; turned++) {
        struct taken t = {.count = {0}};
        nn__pool_run_turned(turned, 1, SHARED, take, &t);
        for (int i = 0; i < SHARED; i++)
            ck_assert_int_eq(t.place[turned ? SHARED - 1 - i : i], i);
    }
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

/* ---- In the background ---- */

static void wait_a_little(long microseconds)
{
    nanosleep(&(struct timespec){0, microseconds * 1000}, NULL);
}

/* Waits until *what is `wanted`; 1, or 0 after ten seconds. */
static int comes_to(atomic_int *what, int wanted)
{
    for (int i = 0; i < 10000 && atomic_load(what) != wanted; i++)
        wait_a_little(1000);
    return atomic_load(what) == wanted;
}

static int sum_of(job *j, int tasks)
{
    int sum = 0;
    for (int i = 0; i < tasks; i++)
        sum += atomic_load(&j->done[i]);
    return sum;
}

START_TEST(a_job_in_the_background_does_every_task_once)
{
    static job j, front = {.threads = 3};
    static const int tasks[] = {0, 1, 2, 5, 64, 1000};
    for (int threads = 0; threads <= 66; threads += threads < 4 ? 1 : 31)
        for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
            nn__background b = {threads, tasks[i], mark, &j, 0};
            j.threads = threads + 2; /* workers 0..threads */
            nn__pool_begin(&b);
            ck_assert_int_eq(b.begun, threads > 1 && tasks[i] > 0);
            nn__pool_run(3, 20, mark, &front);
            ck_assert(all_once(&front, 20));
            nn__pool_finish(&b);
            ck_assert_int_eq(b.begun, 0);
            if (!all_once(&j, tasks[i]))
                ck_abort_msg("%d tasks on %d threads", tasks[i], threads);
        }
}
END_TEST

START_TEST(the_background_gets_on_while_nobody_waits)
{
    static job j = {.threads = 4};
    nn__background b = {2, 1, mark, &j, 0};
    nn__pool_begin(&b);
    ck_assert(comes_to(&j.done[0], 1));
    nn__pool_finish(&b);
    ck_assert(all_once(&j, 1));
}
END_TEST

/* Tasks that hang until they are let go. */
static atomic_int hanging, let_go, gone;

static void hang(void *arg, int index, int worker)
{
    (void)arg;
    (void)index;
    (void)worker;
    atomic_fetch_add(&hanging, 1);
    while (!atomic_load(&let_go))
        wait_a_little(200);
    wait_a_little(20000);
    atomic_fetch_add(&gone, 1);
}

static void hang_begin(nn__background *b, int threads, int tasks)
{
    atomic_store(&hanging, 0);
    atomic_store(&let_go, 0);
    atomic_store(&gone, 0);
    *b = (nn__background){threads, tasks, hang, NULL, 0};
    nn__pool_begin(b);
    ck_assert(b->begun);
    ck_assert(comes_to(&hanging, threads < tasks ? threads : tasks));
}

START_TEST(a_task_that_hangs_in_the_background_holds_up_no_other_job)
{
    static job j = {.threads = 3};
    nn__background b;
    hang_begin(&b, 3, 3);
    for (int round = 0; round < 500; round++) {
        nn__pool_run(3, 30, mark, &j);
        ck_assert(all_once(&j, 30));
    }
    ck_assert_int_eq(atomic_load(&gone), 0);
    atomic_store(&let_go, 1);
    nn__pool_finish(&b);
    ck_assert_int_eq(atomic_load(&gone), 3);
}
END_TEST

START_TEST(a_job_that_is_dropped_begins_no_more_tasks_and_leaves_none_running)
{
    nn__background b;
    hang_begin(&b, 2, 100);
    atomic_store(&let_go, 1);
    nn__pool_drop(&b);
    int begun = atomic_load(&hanging);
    ck_assert_int_eq(atomic_load(&gone), begun);
    ck_assert_int_lt(begun, 100);
    wait_a_little(10000);
    ck_assert_int_eq(atomic_load(&hanging), begun);
    nn__pool_drop(&b); /* nothing more to drop */
}
END_TEST

static void *run_a_job(void *argument)
{
    job *j = argument;
    nn__background b = {3, 40, mark, j, 0};
    nn__pool_begin(&b);
    if (b.begun || sum_of(j, 40) != 0)
        return argument;
    nn__pool_drop(&b); /* of one that did not begin */
    if (sum_of(j, 40) != 0)
        return argument;
    nn__pool_finish(&b);
    return all_once(j, 40) ? NULL : argument;
}

START_TEST(a_second_job_in_the_background_is_done_at_its_finish)
{
    static job j = {.threads = 3};
    nn__background b;
    pthread_t thread;
    void *result;
    hang_begin(&b, 2, 2);
    ck_assert_ptr_null(run_a_job(&j)); /* of the same thread, as from a hook */
    ck_assert_int_eq(pthread_create(&thread, NULL, run_a_job, &j), 0);
    pthread_join(thread, &result);
    ck_assert_ptr_null(result);
    atomic_store(&let_go, 1);
    nn__pool_finish(&b);
    ck_assert_int_eq(atomic_load(&gone), 2);
}
END_TEST

/* From the background, a job of its own: alone, in order, on its own thread. */
static atomic_int out_of_order;

static void in_order(void *arg, int index, int worker)
{
    int *next = arg;
    if (index != *next || worker != 0)
        atomic_store(&out_of_order, 1);
    *next = index + 1;
    wait_a_little(300);
}

static void from_the_background(void *arg, int index, int worker)
{
    int next = 0;
    if (worker == 0) /* who helps at finish may have the pool */
        return;
    nn__pool_run(4, 30, in_order, &next);
    nn__background b = {4, 20, in_order, &next, 0};
    next = 0;
    nn__pool_begin(&b);
    if (b.begun)
        atomic_store(&out_of_order, 1);
    nn__pool_finish(&b);
    mark(arg, index, worker);
}

START_TEST(a_task_in_the_background_that_runs_tasks_does_them_itself)
{
    static job j = {.threads = 4};
    nn__background b = {3, 3, from_the_background, &j, 0};
    nn__pool_begin(&b);
    for (int i = 0; i < 3; i++)
        ck_assert(comes_to(&j.done[i], 1));
    nn__pool_finish(&b);
    ck_assert_int_eq(atomic_load(&out_of_order), 0);
}
END_TEST

static void own_run(void *user, int threads, int tasks, nn_pool_task *task, void *arg)
{
    (void)threads;
    ++*(int *)user;
    for (int i = 0; i < tasks; i++)
        task(arg, i, 0);
}

START_TEST(with_the_hosts_own_pool_the_background_waits_for_finish)
{
    static job j = {.threads = 1};
    int runs = 0;
    nn_thread_pool own = {sizeof own, own_run, &runs};
    nn__background b = {3, 30, mark, &j, 0};
    ck_assert_int_eq(nn_set_thread_pool(&own), NN_OK);
    ck_assert_int_eq(nn__pool_has_background(3), 0);
    nn__pool_begin(&b);
    ck_assert_int_eq(b.begun, 0);
    wait_a_little(5000);
    ck_assert_int_eq(sum_of(&j, 30), 0);
    nn__pool_finish(&b);
    ck_assert(all_once(&j, 30));
    ck_assert_int_eq(runs, 1);
    ck_assert_int_eq(nn_set_thread_pool(NULL), NN_OK);
    ck_assert_int_eq(nn__pool_has_background(3), 1);
    ck_assert_int_eq(nn__pool_has_background(1), 0);
}
END_TEST

START_TEST(many_short_jobs_in_the_background_lose_nothing)
{
    static job j, front = {.threads = 3};
    uint64_t state = 5;
    for (int round = 0; round < 1000; round++) {
        int tasks = test_random_int(&state, 0, 12), drop = test_random_int(&state, 0, 3) == 0;
        nn__background b = {test_random_int(&state, 1, 4), tasks, mark, &j, 0};
        j.threads = 5;
        nn__pool_begin(&b);
        nn__pool_run(3, 3, mark, &front);
        if (drop)
            nn__pool_drop(&b);
        else
            nn__pool_finish(&b);
        for (int i = 0; i < 13; i++) {
            int times = atomic_exchange(&j.done[i], 0);
            if (times > 1 || (!drop && times != (i < tasks)) || (drop && i >= tasks && times > 0))
                ck_abort_msg("round %d: task %d of %d ran %d times", round, i, tasks, times);
        }
    }
    ck_assert_int_eq(atomic_load(&j.wrong_worker), 0);
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

/* The child has the job but not its threads. */
START_TEST(a_child_that_was_forked_in_the_middle_finishes_a_job_in_the_background)
{
    static job j = {.threads = 4};
    nn__background b;
    hang_begin(&b, 2, 6);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        atomic_store(&let_go, 1);
        atomic_store(&gone, 0);
        nn__pool_finish(&b);
        int right = atomic_load(&gone) == 6;
        b = (nn__background){3, 100, mark, &j, 0};
        nn__pool_begin(&b);
        right = right && b.begun;
        nn__pool_finish(&b);
        _exit(right && all_once(&j, 100) ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
    atomic_store(&let_go, 1);
    nn__pool_finish(&b);
    ck_assert_int_eq(atomic_load(&gone), 6);
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
    Suite *suite = TEST_SUITE(
        "pool", every_task_runs_once_on_a_worker_in_range, more_threads_than_there_may_be_are_fewer,
        many_short_jobs_lose_nothing, a_thread_takes_its_own_share_first_and_in_order,
        one_thread_takes_all_in_order, a_task_that_runs_tasks_does_them_itself,
        callers_at_once_each_get_their_tasks_done, a_job_in_the_background_does_every_task_once,
        the_background_gets_on_while_nobody_waits,
        a_task_that_hangs_in_the_background_holds_up_no_other_job,
        a_job_that_is_dropped_begins_no_more_tasks_and_leaves_none_running,
        a_second_job_in_the_background_is_done_at_its_finish,
        a_task_in_the_background_that_runs_tasks_does_them_itself,
        with_the_hosts_own_pool_the_background_waits_for_finish,
        many_short_jobs_in_the_background_lose_nothing,
        without_memory_for_workers_the_caller_does_the_tasks,
        the_default_number_of_threads_is_in_range);
#ifndef NO_THREADS_AFTER_FORK
    TCase *tcase = tcase_create("fork");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_forked_child_has_a_pool_of_its_own);
    tcase_add_test(tcase, a_child_that_was_forked_in_the_middle_finishes_a_job_in_the_background);
    suite_add_tcase(suite, tcase);
#endif
    return suite;
}
