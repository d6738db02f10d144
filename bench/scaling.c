/*
 * How a training step's cutting into tasks scales, beyond the processors at hand. The tasks of a
 * step follow from shapes alone, so a pool that runs them all on one thread and looks at the clock
 * sees the tasks that any number of threads would share:
 *
 *   T(p) = what is no task + the sum over all jobs of (their tasks, each taken by the thread that is
 *          free first + the join of p threads)
 *
 * The join is measured for two threads and taken to grow with log2(p); threads are taken not to
 * slow each other down. So T(p) is what cutting and joining allow, before memory has its say.
 * One and two threads are measured beside it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "child.h"
#include "report.h"
#include "stepper.h"

enum { BATCH = 32, WORKERS_MOST = 64, COUNTS = 7 };

static const int counts[COUNTS] = {1, 2, 4, 8, 16, 32, 64};

/* What the watching pool has seen, since the round began. */
static struct watch {
    double spent;          /* seconds in the pool, with its own bookkeeping              */
    double shared[COUNTS]; /* seconds of all jobs when counts[i] threads share the tasks */
    double jobs;
    double free_at[COUNTS][WORKERS_MOST];
} watch;

/* The thread of the first `threads` that is free first takes the next task. */
static void watch_give(double *free_at, int threads, double seconds)
{
    int first = 0;
    for (int i = 1; i < threads; i++)
        if (free_at[i] < free_at[first])
            first = i;
    free_at[first] += seconds;
}

static double watch_last(const double *free_at, int threads)
{
    double last = 0;
    for (int i = 0; i < threads; i++)
        if (free_at[i] > last)
            last = free_at[i];
    return last;
}

static void watch_run(void *user, int threads, int tasks, nn_pool_task *task, void *arg)
{
    (void)user;
    (void)threads;
    const double begin = nn__seconds();
    memset(watch.free_at, 0, sizeof watch.free_at);
    for (int t = 0; t < tasks; t++) {
        const double start = nn__seconds();
        task(arg, t, 0);
        const double taken = nn__seconds() - start;
        for (int i = 0; i < COUNTS; i++)
            watch_give(watch.free_at[i], counts[i], taken);
    }
    for (int i = 0; i < COUNTS; i++)
        watch.shared[i] += watch_last(watch.free_at[i], counts[i]);
    watch.jobs++;
    watch.spent += nn__seconds() - begin;
}

/* ---- The join ---- */

static void no_task(void *arg, int index, int worker)
{
    (void)arg;
    (void)index;
    (void)worker;
}

static void join_run(void *arg, int count)
{
    for (int i = 0; i < count; i++)
        nn__pool_run(*(const int *)arg, *(const int *)arg, no_task, NULL);
}

/* Seconds of a job of two tasks that do nothing, on two threads; 0 where there is one. */
static double join_seconds(const struct bench *bench)
{
    struct timing timing;
    if (bench->threads < 2)
        return 0;
    timing_measure(&(struct job){join_run, &(int){2}}, &timing, 1, bench->seconds);
    return spread_of(timing.seconds).median;
}

/* ---- The prediction, in a process of its own: a pool is set before anything else ---- */

void scaling_main(const struct bench *bench, const struct network *network)
{
    const nn_thread_pool pool = {.struct_size = sizeof pool, .run = watch_run};
    bench_check(nn_set_thread_pool(&pool));
    stepper s = stepper_new(network, WORKERS_MOST, BATCH);
    const int repeats = timing_repeats(&(struct job){stepper_run, &s}, 4 * bench->seconds);
    for (int round = 0; round < ROUNDS; round++) {
        memset(&watch, 0, sizeof watch);
        double start = nn__seconds();
        stepper_run(&s, repeats);
        double alone = nn__seconds() - start - watch.spent;
        for (int i = 0; i < COUNTS; i++)
            printf("%.9f ", (alone + watch.shared[i]) / repeats);
        printf("%.3f\n", watch.jobs / repeats);
    }
    stepper_free(&s);
}

/* ---- Beside what is measured ---- */

/* Reads predictions[i], of counts[i] threads, and adds the joins. */
static int predict(const struct bench *bench, const struct network *network,
                   struct timing predictions[COUNTS])
{
    double numbers[ROUNDS][COUNTS + 1];
    const double join = join_seconds(bench);
    char what[32];
    snprintf(what, sizeof what, "tasks-%s", network->name);
    if (!child_numbers(bench, what, numbers[0], ROUNDS * (COUNTS + 1)))
        return 0;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < COUNTS; i++)
            predictions[i].seconds[round] =
                numbers[round][i] + numbers[round][COUNTS] * join * log2(counts[i]);
    return 1;
}

static void measure(const struct bench *bench, const struct network *network,
                    struct timing *timings, int count)
{
    stepper steppers[2];
    struct job jobs[2];
    for (int i = 0; i < count; i++) {
        steppers[i] = stepper_new(network, counts[i], BATCH);
        jobs[i] = (struct job){stepper_run, &steppers[i]};
    }
    timing_measure(jobs, timings, count, 4 * bench->seconds);
    for (int i = 0; i < count; i++)
        stepper_free(&steppers[i]);
}

static void scaling_report(struct bench *bench, const struct network *network, const char *what,
                           const struct timing *timings, int count)
{
    char name[64];
    snprintf(name, sizeof name, "scaling %s %s", network->name, what);
    for (int i = 0; i < count; i++)
        report_measured(
            bench, &(measured){.name = name,
                               .batch = BATCH,
                               .threads = counts[i],
                               .speedup = i > 0 ? timing_ratio(&timings[0], &timings[i]).median : 0,
                               .timing = timings[i]});
}

static void scaling_of(struct bench *bench, const struct network *network)
{
    struct timing predictions[COUNTS], timings[2];
    const int count = bench->threads > 1 ? 2 : 1;
    if (!predict(bench, network, predictions)) {
        printf("scaling %s: not predicted, this system cannot run the program anew\n",
               network->name);
        return;
    }
    measure(bench, network, timings, count);
    scaling_report(bench, network, "measured", timings, count);
    scaling_report(bench, network, "predicted", predictions, COUNTS);
}

void bench_scaling(struct bench *bench)
{
    scaling_of(bench, &network_conv2);
    scaling_of(bench, &network_deep);
}
