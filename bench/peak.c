/*
 * What this machine can do, by nothing but multiplications and additions in registers, and by
 * nothing but memory, on one thread and on all, and how much of the arithmetic sgemm gets. On N
 * threads each does the work of one, so a speedup of N says that cores share nothing.
 *
 *   multiply-adds   independent chains of vectors, no memory
 *   sgemm           1024x1024x1024, in turns with as many operations of multiply-adds
 *   triad           a[i] = b[i] + s c[i] over three arrays of 64 MB, shared by the threads; counted
 *                   as STREAM does, without the line that is read before it is written
 */
#include <stdio.h>

#include "base/base.h"
#include "kernels/kernels.h"
#include "levels/peak.h"
#include "model/context.h"
#include "report.h"

enum { SIDE = 1024, TRIAD = 1 << 24 };

static const double work = 2.0 * SIDE * SIDE * SIDE; /* of each thread, in operations */

typedef struct peak {
    const peak_level *level;
    int threads;
    nn_real *a, *b, *c; /* sgemm: a[threads][1024][1024] = b[1024][1024] c[1024][1024] */
} peak;

extern const peak_level nn__peak_level_baseline;
#ifdef NN_HAVE_X86_LEVELS
extern const peak_level nn__peak_level_avx2, nn__peak_level_avx512;
#endif

const peak_level *peak_level_in_use(void)
{
    switch (nn__cpu_level()) {
#ifdef NN_HAVE_X86_LEVELS
    case NN__AVX512:
        return &nn__peak_level_avx512;
    case NN__AVX2:
        return &nn__peak_level_avx2;
#endif
    default:
        return &nn__peak_level_baseline;
    }
}

/* ---- Tasks: one per thread ---- */

static void multiply_adds_task(void *arg, int index, int worker)
{
    const peak_level *level = ((const peak *)arg)->level;
    (void)index;
    (void)worker;
    (void)level->multiply_adds(0.5f, 1, (size_t)(work / 2) / level->width);
}

static void sgemm_task(void *arg, int index, int worker)
{
    const peak *p = arg;
    (void)worker;
    nn__gemm(0, 0, SIDE, SIDE, SIDE, 1, p->b, SIDE, p->c, SIDE, 0,
             p->a + (size_t)index * SIDE * SIDE, SIDE);
}

static void triad_task(void *arg, int index, int worker)
{
    const peak *p = arg;
    const size_t threads = (size_t)p->threads, first = TRIAD / threads * (size_t)index,
                 count = TRIAD / threads;
    (void)worker;
    p->level->triad(p->a + first, p->b + first, p->c + first, 3, count);
}

static void peak_run(const peak *p, nn_pool_task *task, int count)
{
    peak own = *p;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        nn__pool_run(p->threads, p->threads, task, &own);
    nn__run_leave(saved);
}

static void multiply_adds_run(void *arg, int count)
{
    peak_run(arg, multiply_adds_task, count);
}

static void sgemm_run(void *arg, int count)
{
    peak_run(arg, sgemm_task, count);
}

static void triad_run(void *arg, int count)
{
    peak_run(arg, triad_task, count);
}

/* ---- One thread, and all ---- */

static peak peak_open(int threads, size_t a, size_t b)
{
    peak p = {peak_level_in_use(), threads, bench_alloc(a), bench_alloc(b), bench_alloc(b)};
    bench_fill(p.a, a);
    bench_fill(p.b, b);
    bench_fill(p.c, b);
    return p;
}

static void peak_close(peak *p)
{
    nn__free(p->a);
    nn__free(p->b);
    nn__free(p->c);
}

/* How many times the operations of one thread all of them do in the same time. */
static double peak_speedup(const struct timing *timings, const int *threads, int i)
{
    return i == 0 ? 0 : timing_ratio(&timings[0], &timings[i]).median * threads[i] / threads[0];
}

static void arithmetic(struct bench *bench, const int *threads, int count)
{
    const size_t matrix = (size_t)SIDE * SIDE;
    struct timing timings[2][2]; /* multiply-adds, sgemm */
    struct job jobs[4];
    struct timing all[4];
    peak peaks[2];
    for (int i = 0; i < count; i++) {
        peaks[i] = peak_open(threads[i], (size_t)threads[i] * matrix, matrix);
        jobs[2 * i] = (struct job){multiply_adds_run, &peaks[i]};
        jobs[2 * i + 1] = (struct job){sgemm_run, &peaks[i]};
    }
    timing_measure(jobs, all, 2 * count, bench->seconds);
    for (int i = 0; i < 2 * count; i++)
        timings[i % 2][i / 2] = all[i];
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < count; i++)
            report_measured(bench, &(measured){.name = k ? "peak sgemm" : "peak multiply-adds",
                                               .threads = threads[i],
                                               .flops = work * threads[i],
                                               .unit = GFLOP_PER_SECOND,
                                               .speedup = peak_speedup(timings[k], threads, i),
                                               .timing = timings[k][i],
                                               .against = k ? "multiply-adds" : NULL,
                                               .another = timings[0][i]});
    for (int i = 0; i < count; i++)
        peak_close(&peaks[i]);
}

static void memory(struct bench *bench, const int *threads, int count)
{
    struct timing timings[2];
    struct job jobs[2];
    peak peaks[2];
    peaks[0] = peaks[1] = peak_open(1, TRIAD, TRIAD);
    for (int i = 0; i < count; i++) {
        peaks[i].threads = threads[i];
        jobs[i] = (struct job){triad_run, &peaks[i]};
    }
    timing_measure(jobs, timings, count, bench->seconds);
    for (int i = 0; i < count; i++)
        report_measured(
            bench,
            &(measured){.name = "peak triad",
                        .threads = threads[i],
                        .bytes = 3.0 * sizeof(nn_real) * (double)(TRIAD / threads[i] * threads[i]),
                        .unit = GB_PER_SECOND,
                        .speedup = i > 0 ? timing_ratio(&timings[0], &timings[i]).median : 0,
                        .timing = timings[i]});
    peak_close(&peaks[0]);
}

void bench_peak(struct bench *bench)
{
    const int threads[] = {1, bench->threads}, count = bench->threads > 1 ? 2 : 1;
    arithmetic(bench, threads, count);
    memory(bench, threads, count);
}
