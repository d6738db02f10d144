/*
 * The worker pool, and the process-wide lock: the one place that meets threads.
 *
 *   run       the caller publishes {task, arg, count} under a new ticket, wakes the workers it
 *             wants, and takes tasks itself
 *   claiming  each thread begins with a share of the task numbers that is the same in every job of
 *             as many tasks, for its cache holds what it read and wrote there the time before; who
 *             is done with its own takes from the far ends of the others'. Which thread takes which
 *             task is open, so results must not depend on it
 *   ending    the caller waits until every worker it woke has let go of the job
 *   waiting   both sides spin for a moment, since the next job of a training step usually comes
 *             within microseconds, then sleep on a condition
 *
 * One job at a time: where the pool is taken, a second caller runs its tasks alone. A task that
 * itself calls nn__pool_run does the same.
 *
 * Beside it there may be one job in the background, with threads of its own. Were its tasks taken by
 * the workers, one that waits for a disk would be missing where the caller computes; so the system
 * shares out the processors, and a worker is never late for a job because of it.
 */
#define _GNU_SOURCE /* CPU_COUNT */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/meter.h"
#include "base/options.h"

enum { SPINS = 4000, WANTED_BITS = 8, WANTED_MASK = (1 << WANTED_BITS) - 1, LINE = 64 };

/* Tasks [first, last) that are left, as first << 32 | last; nobody else's numbers share its line. */
struct share {
    _Alignas(LINE) _Atomic uint64_t left;
};

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
    int sharers;        /* threads that have a share                   */
    int turned;         /* own shares are taken from their ends        */
    struct share shares[NN__MAX_THREADS];
    nn__pool_task *task;
    void *arg;
    nn__meter *meters; /* of the row that is measured, or NULL */
} pool = {.taken = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

/* The job in the background. Its tasks are long: the lock is taken for each, and nobody spins. */
static struct background {
    atomic_int taken;     /* 1: somebody's job has begun and is not finished; all else is under */
    pthread_mutex_t lock; /* this lock                                                          */
    pthread_cond_t wake;
    pthread_cond_t done;
    pthread_t threads[NN__MAX_THREADS - 1];
    int started; /* threads */
    int quit;

    int wanted; /* threads that take part                         */
    int busy;   /* tasks that are running                         */
    int next;   /* next task number; `tasks` where there is none  */
    int tasks;
    nn__pool_task *task;
    void *arg;
} background = {.lock = PTHREAD_MUTEX_INITIALIZER,
                .wake = PTHREAD_COND_INITIALIZER,
                .done = PTHREAD_COND_INITIALIZER};

static _Thread_local int in_background; /* 1: this is one of its threads */

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

static void share_fill(struct share *share, int tasks, int sharer, int sharers)
{
    const uint64_t first = (uint64_t)tasks * (uint64_t)sharer / (uint64_t)sharers,
                   last = (uint64_t)tasks * (uint64_t)(sharer + 1) / (uint64_t)sharers;
    atomic_store_explicit(&share->left, first << 32 | last, memory_order_relaxed);
}

/* The first or the last task that is left; -1: none. */
static int share_take(struct share *share, int from_end)
{
    uint64_t left = atomic_load_explicit(&share->left, memory_order_relaxed);
    for (;;) {
        const uint32_t first = (uint32_t)(left >> 32), last = (uint32_t)left;
        if (first >= last)
            return -1;
        if (atomic_compare_exchange_weak_explicit(&share->left, &left,
                                                  from_end ? left - 1 : left + (UINT64_C(1) << 32),
                                                  memory_order_relaxed, memory_order_relaxed))
            return (int)(from_end ? last - 1 : first);
    }
}

static void pool_take_tasks(int worker)
{
    nn__pool_task *task = pool.task;
    void *arg = pool.arg;
    const int sharers = pool.sharers, turned = pool.turned;
    nn__meter *meters = pool.meters, *had = nn__meter_enter(meters, worker);
    for (int i = 0, index; i < sharers; i++) {
        struct share *share = &pool.shares[(worker + i) % sharers];
        while ((index = share_take(share, i == 0 ? turned : !turned)) >= 0)
            task(arg, index, worker);
    }
    nn__meter_leave(meters, had);
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

/* In a forked child the workers are gone: begin anew. A job in the background is done once more, by
 * who finishes it. */
static void pool_after_fork(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pool.taken = pool.lock = background.lock = global_lock = mutex;
    pool.wake = pool.done = background.wake = background.done = condition;
    pool.workers = background.started = 0;
    atomic_store(&pool.busy, 0);
    background.busy = background.next = 0;
}

/* Without it no threads are started: they would be missing in a forked child. */
static int pool_watches_fork(void)
{
    static atomic_int watching;
    nn__global_lock();
    if (!atomic_load(&watching))
        atomic_store(&watching, pthread_atfork(NULL, NULL, pool_after_fork) == 0);
    nn__global_unlock();
    return atomic_load(&watching);
}

/* Starts threads until there are `wanted` workers; returns how many there are. */
static int pool_ensure(int wanted)
{
    while (pool.workers < wanted && pool_watches_fork()) {
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

static void pool_publish(int workers, int tasks, int turned, nn__pool_task *task, void *arg)
{
    pool.task = task;
    pool.arg = arg;
    pool.turned = turned;
    pool.sharers = workers + 1;
    for (int i = 0; i < pool.sharers; i++)
        share_fill(&pool.shares[i], tasks, i, pool.sharers);
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
    nn__meter *meters;
};

/* The host's threads may compute in another floating-point mode. */
static void own_task(void *argument, int index, int worker)
{
    const struct own_job *job = argument;
    unsigned saved = nn__float_mode_enter();
    nn__meter *had = nn__meter_enter(job->meters, worker);
    job->task(job->arg, index, worker);
    nn__meter_leave(job->meters, had);
    nn__float_mode_leave(saved);
}

void nn__pool_run_turned(int turned, int threads, int tasks, nn__pool_task *task, void *arg)
{
    int helpers = (threads < tasks ? threads : tasks) - 1;
    if (helpers > NN__MAX_THREADS - 1)
        helpers = NN__MAX_THREADS - 1;
    if (in_background)
        helpers = 0;
    if (helpers > 0 && own.run != NULL) {
        struct own_job job = {task, arg, nn__meter_fork()};
        own.run(own.user, helpers + 1, tasks, own_task, &job);
        nn__meter_join(job.meters);
        return;
    }
    if (helpers > 0 && pthread_mutex_trylock(&pool.taken) == 0) {
        helpers = pool_ensure(helpers);
        if (helpers > 0) {
            pool.meters = nn__meter_fork();
            pool_publish(helpers, tasks, turned, task, arg);
            pool_take_tasks(0);
            pool_await();
            nn__meter_join(pool.meters);
            pthread_mutex_unlock(&pool.taken);
            return;
        }
        pthread_mutex_unlock(&pool.taken);
    }
    for (int i = 0; i < tasks; i++)
        task(arg, turned ? tasks - 1 - i : i, 0);
}

void nn__pool_run(int threads, int tasks, nn__pool_task *task, void *arg)
{
    nn__pool_run_turned(0, threads, tasks, task, arg);
}

/* ---- In the background ---- */

/* Runs the next task; the lock is held before and after. */
static void background_step(int worker)
{
    nn__pool_task *task = background.task;
    void *arg = background.arg;
    int index = background.next++;
    background.busy++;
    pthread_mutex_unlock(&background.lock);
    task(arg, index, worker);
    pthread_mutex_lock(&background.lock);
    if (--background.busy == 0)
        pthread_cond_signal(&background.done);
}

static void *background_thread(void *argument)
{
    const int worker = (int)(intptr_t)argument;
    in_background = 1;
    nn__float_mode_enter();
    pthread_mutex_lock(&background.lock);
    while (!background.quit)
        if (background.next < background.tasks && worker <= background.wanted)
            background_step(worker);
        else
            pthread_cond_wait(&background.wake, &background.lock);
    pthread_mutex_unlock(&background.lock);
    return NULL;
}

int nn__pool_has_background(int threads)
{
    return threads > 1 && own.run == NULL && !in_background;
}

void nn__pool_begin(nn__background *job)
{
    struct background *b = &background;
    int wanted = job->threads < job->tasks ? job->threads : job->tasks;
    if (wanted > NN__MAX_THREADS - 1)
        wanted = NN__MAX_THREADS - 1;
    job->begun = 0;
    if (wanted < 1 || !nn__pool_has_background(job->threads) || !pool_watches_fork() ||
        atomic_exchange(&b->taken, 1))
        return;
    pthread_mutex_lock(&b->lock);
    while (b->started < wanted &&
           pthread_create(&b->threads[b->started], NULL, background_thread,
                          (void *)(intptr_t)(b->started + 1)) == 0) /* its number as a worker */
        b->started++;
    job->begun = b->started > 0;
    if (job->begun) {
        b->task = job->task;
        b->arg = job->arg;
        b->wanted = wanted;
        b->next = 0;
        b->tasks = job->tasks;
        pthread_cond_broadcast(&b->wake);
    }
    pthread_mutex_unlock(&b->lock);
    if (!job->begun)
        atomic_store(&b->taken, 0);
}

/* Ends a job that has begun, with the tasks that are left or without them. */
static void background_end(nn__background *job, int drop)
{
    struct background *b = &background;
    pthread_mutex_lock(&b->lock);
    if (drop)
        b->next = b->tasks;
    while (b->next < b->tasks)
        background_step(0);
    int was = nn__work_begin(NN_WORK_WAITING, 0);
    while (b->busy > 0)
        pthread_cond_wait(&b->done, &b->lock);
    nn__work_end(was);
    pthread_mutex_unlock(&b->lock);
    job->begun = 0;
    atomic_store(&b->taken, 0);
}

void nn__pool_finish(nn__background *job)
{
    if (job->begun)
        background_end(job, 0);
    else
        nn__pool_run(job->threads, job->tasks, job->task, job->arg);
}

void nn__pool_drop(nn__background *job)
{
    if (job->begun)
        background_end(job, 1);
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
 * thread of the host's that is about to crash anyway; its threads are left alone. */
static void background_quit(void)
{
    if (atomic_exchange(&background.taken, 1))
        return;
    pthread_mutex_lock(&background.lock);
    background.quit = 1;
    pthread_cond_broadcast(&background.wake);
    pthread_mutex_unlock(&background.lock);
    for (int i = 0; i < background.started; i++)
        pthread_join(background.threads[i], NULL);
    background.started = 0;
}

__attribute__((destructor)) static void pool_end(void)
{
    background_quit();
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
