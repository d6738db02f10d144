/*
 * The worker pool, and the process-wide lock: the one place that meets threads.
 *
 *   run       the caller publishes {task, arg, count} under a new ticket, wakes the workers it
 *             wants, and takes tasks itself
 *   claiming  an atomic counter hands out task numbers; which thread takes which is open, so
 *             results must not depend on it
 *   ending    the caller waits until every worker it woke has let go of the job
 *   waiting   both sides spin for a moment, since the next job of a training step usually comes
 *             within microseconds, then sleep on a condition
 *
 * One job at a time: where the pool is taken, a second caller runs its tasks alone. A task that
 * itself calls nn__pool_run does the same.
 */
#define _GNU_SOURCE /* CPU_COUNT */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/options.h"

enum { SPINS = 4000, WANTED_BITS = 8, WANTED_MASK = (1 << WANTED_BITS) - 1 };

static struct pool {
    pthread_mutex_t taken; /* held by the caller whose job runs                  */
    pthread_mutex_t lock;  /* guards sleeping                                    */
    pthread_cond_t wake;
    pthread_cond_t done;
    pthread_t threads[NN__MAX_THREADS - 1];
    int workers; /* threads started                                    */
    int quit;

    atomic_uint ticket; /* number of the job << 8 | how many workers take part: one word, so
                           that a worker never joins a job that it was not counted for */
    atomic_int busy;    /* workers that have not let go of the job yet */
    atomic_int next;    /* next task number                            */
    int tasks;
    nn__pool_task *task;
    void *arg;
} pool = {.taken = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static pthread_mutex_t global_lock = PTHREAD_MUTEX_INITIALIZER;

void nn__global_lock(void)
{
    pthread_mutex_lock(&global_lock);
}

void nn__global_unlock(void)
{
    pthread_mutex_unlock(&global_lock);
}

static void pool_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void pool_take_tasks(int worker)
{
    nn__pool_task *task = pool.task;
    void *arg = pool.arg;
    int tasks = pool.tasks;
    for (;;) {
        int index = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (index >= tasks)
            return;
        task(arg, index, worker);
    }
}

/* Waits for a ticket other than `seen`; returns it, or `seen` when the pool ends. */
static unsigned pool_wait(unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        unsigned now = atomic_load_explicit(&pool.ticket, memory_order_acquire);
        if (now != seen)
            return now;
        pool_relax();
    }
    pthread_mutex_lock(&pool.lock);
    unsigned now;
    while ((now = atomic_load_explicit(&pool.ticket, memory_order_acquire)) == seen && !pool.quit)
        pthread_cond_wait(&pool.wake, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    return now;
}

struct worker_start {
    int worker;
    unsigned ticket;
};

static void *pool_worker(void *argument)
{
    struct worker_start start = *(struct worker_start *)argument;
    nn__free(argument);
    unsigned seen = start.ticket;
    nn__float_mode_enter();
    for (;;) {
        unsigned now = pool_wait(seen);
        if (now == seen)
            return NULL;
        seen = now;
        /* The job stays published until every counted worker has let go, so they may read it;
         * the others must not touch it. */
        if (start.worker > (int)(seen & WANTED_MASK))
            continue;
        pool_take_tasks(start.worker);
        if (atomic_fetch_sub_explicit(&pool.busy, 1, memory_order_acq_rel) == 1) {
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.done);
            pthread_mutex_unlock(&pool.lock);
        }
    }
}

/* In a forked child the workers are gone: begin anew. */
static void pool_after_fork(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pool.taken = pool.lock = global_lock = mutex;
    pool.wake = pool.done = condition;
    pool.workers = 0;
    atomic_store(&pool.busy, 0);
}

/* Starts threads until there are `wanted` workers; returns how many there are. */
static int pool_ensure(int wanted)
{
    static int watching_fork;
    if (!watching_fork)
        watching_fork = pthread_atfork(NULL, NULL, pool_after_fork) == 0;
    while (pool.workers < wanted && watching_fork) {
        struct worker_start *start = nn__alloc(sizeof *start, "a worker thread");
        if (start == NULL)
            break;
        start->worker = pool.workers + 1;
        start->ticket = atomic_load(&pool.ticket);
        if (pthread_create(&pool.threads[pool.workers], NULL, pool_worker, start) != 0) {
            nn__free(start);
            break;
        }
        pool.workers++;
    }
    return pool.workers < wanted ? pool.workers : wanted;
}

static void pool_publish(int workers, int tasks, nn__pool_task *task, void *arg)
{
    pool.task = task;
    pool.arg = arg;
    pool.tasks = tasks;
    atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool.busy, workers, memory_order_relaxed);
    unsigned number = (atomic_load(&pool.ticket) >> WANTED_BITS) + 1;
    pthread_mutex_lock(&pool.lock);
    atomic_store_explicit(&pool.ticket, number << WANTED_BITS | (unsigned)workers,
                          memory_order_release);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

static void pool_await(void)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool.busy, memory_order_acquire) == 0)
            return;
        pool_relax();
    }
    pthread_mutex_lock(&pool.lock);
    while (atomic_load_explicit(&pool.busy, memory_order_acquire) != 0)
        pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
}

/* ---- The host's own pool ---- */

static nn_thread_pool own;

nn_status nn_set_thread_pool(const nn_thread_pool *replacement)
{
    nn_thread_pool given = {0};
    if (replacement != NULL)
        NN_TRY(nn__options_read(&given, sizeof given, replacement, "thread pool"));
    if (replacement != NULL && given.run == NULL)
        return nn_fail(NN_EINVAL, "thread pool: run is NULL");
    NN_TRY(nn__check_unused("thread pool"));
    own = given;
    return NN_OK;
}

struct own_job {
    nn__pool_task *task;
    void *arg;
};

/* The host's threads may compute in another floating-point mode. */
static void own_task(void *argument, int index, int worker)
{
    const struct own_job *job = argument;
    unsigned saved = nn__float_mode_enter();
    job->task(job->arg, index, worker);
    nn__float_mode_leave(saved);
}

void nn__pool_run(int threads, int tasks, nn__pool_task *task, void *arg)
{
    int helpers = (threads < tasks ? threads : tasks) - 1;
    if (helpers > NN__MAX_THREADS - 1)
        helpers = NN__MAX_THREADS - 1;
    if (helpers > 0 && own.run != NULL) {
        struct own_job job = {task, arg};
        own.run(own.user, helpers + 1, tasks, own_task, &job);
        return;
    }
    if (helpers > 0 && pthread_mutex_trylock(&pool.taken) == 0) {
        helpers = pool_ensure(helpers);
        if (helpers > 0) {
            pool_publish(helpers, tasks, task, arg);
            pool_take_tasks(0);
            pool_await();
            pthread_mutex_unlock(&pool.taken);
            return;
        }
        pthread_mutex_unlock(&pool.taken);
    }
    for (int i = 0; i < tasks; i++)
        task(arg, i, 0);
}

/* Read once: files are slow, and a limit that moves under a running process is rare. */
static int quota_cpus(void)
{
    static atomic_int known = -1;
    int cpus = atomic_load(&known);
    if (cpus < 0) {
        cpus = nn__cgroup_cpus("");
        atomic_store(&known, cpus);
    }
    return cpus;
}

int nn_default_threads(void)
{
    long count = 0, quota = quota_cpus();
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
#endif
    if (count < 1)
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (quota > 0 && quota < count)
        count = quota;
    if (count < 1)
        count = 1;
    return count > NN__MAX_THREADS ? NN__MAX_THREADS : (int)count;
}

/* When the library is unloaded its threads must be gone. A job still running then belongs to a
 * thread of the host's that is about to crash anyway; the pool is left alone. */
__attribute__((destructor)) static void pool_end(void)
{
    if (pthread_mutex_trylock(&pool.taken) != 0)
        return;
    pthread_mutex_lock(&pool.lock);
    pool.quit = 1;
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.workers; i++)
        pthread_join(pool.threads[i], NULL);
    pool.workers = 0;
    pthread_mutex_unlock(&pool.taken);
}
