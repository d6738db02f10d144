/*
 * Convolutions, 3x3, same padding, batch 32, bias, no activation: forward, dX, dW, each in turns
 * with what it is compared with. Pictures of three channels are a network's input, whose dX nobody
 * wants.
 *
 *   few channels   the same layer by NN_CONV_GEMM: im2col and sgemm
 *   else           a bare product of the same M, N, K, with the lowered picture already in memory
 *
 *              M        N   K
 *   forward   pixels    f   9 c      each thread has some of the pixels
 *   dX        pixels    c   9 f
 *   dW         9 c      f   pixels   each thread has some of the 9 c rows
 */
#include <stdio.h>

#include "base/base.h"
#include "kernels/kernels.h"
#include "lone.h"
#include "model/context.h"
#include "report.h"

enum { BATCH = 32, FEW_CHANNELS = 3 };

typedef struct conv {
    int side, c, f;
} conv;

static const conv convs[] = {{32, 3, 10},  {32, 3, 32},  {32, 32, 32},
                             {16, 32, 64}, {8, 64, 128}, {56, 64, 64}};

/* ---- The bare product ---- */

typedef struct bare {
    int transposed; /* dW: A is read by columns */
    int m, n, k, threads;
    nn_real *a, *b, *c;
} bare;

static void bare_task(void *arg, int index, int worker)
{
    const bare *p = arg;
    const int first = (int)((long)p->m * index / p->threads),
              rows = (int)((long)p->m * (index + 1) / p->threads) - first;
    (void)worker;
    if (rows > 0)
        nn__gemm(p->transposed, 0, rows, p->n, p->k, 1,
                 p->a + (size_t)first * (p->transposed ? 1 : (size_t)p->k),
                 p->transposed ? p->m : p->k, p->b, p->n, 0, p->c + (size_t)first * (size_t)p->n,
                 p->n);
}

static void bare_run(void *arg, int count)
{
    bare *p = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        nn__pool_run(p->threads, p->threads, bare_task, p);
    nn__run_leave(saved);
}

static bare bare_open(const conv *c, int direction, int threads)
{
    const int pixels = BATCH * c->side * c->side;
    bare p = {direction == DW,
              direction == DW ? 9 * c->c : pixels,
              direction == DX ? c->c : c->f,
              direction == DW ? pixels : 9 * (direction == DX ? c->f : c->c),
              threads,
              NULL,
              NULL,
              NULL};
    const size_t m = (size_t)p.m, n = (size_t)p.n, k = (size_t)p.k;
    p.a = bench_alloc(m * k);
    p.b = bench_alloc(k * n);
    p.c = bench_alloc(m * n);
    bench_fill(p.a, m * k);
    bench_fill(p.b, k * n);
    return p;
}

static void bare_close(bare *p)
{
    nn__free(p->a);
    nn__free(p->b);
    nn__free(p->c);
}

/* ---- The layer, and what it is compared with ---- */

static void conv_report(struct bench *bench, const conv *c, int direction,
                        const struct timing timings[2])
{
    char name[64];
    snprintf(name, sizeof name, "conv %dx%dx%d->%d %s", c->side, c->side, c->c, c->f,
             direction_names[direction]);
    measured m = {.name = name,
                  .batch = BATCH,
                  .threads = bench->threads,
                  .flops = 2.0 * BATCH * c->side * c->side * 9 * c->c * c->f,
                  .unit = GFLOP_PER_SECOND,
                  .timing = timings[0],
                  .against = c->c > FEW_CHANNELS ? "bare GEMM" : "im2col + sgemm",
                  .another = timings[1]};
    report_measured(bench, &m);
}

static void lone_conv(lone *l, const conv *c, int algorithm, int threads)
{
    lone_open(l, nn_conv2d(c->f, {3, 3}, .padding = NN_SAME, .algorithm = algorithm),
              (const int[]){c->side, c->side, c->c}, BATCH, threads);
}

static void conv_measure(struct bench *bench, const conv *c)
{
    const int few = c->c <= FEW_CHANNELS;
    struct timing timings[2];
    lone layer, lowered;
    lone_conv(&layer, c, NN_CONV_AUTO, bench->threads);
    if (few)
        lone_conv(&lowered, c, NN_CONV_GEMM, bench->threads);
    for (int direction = FORWARD; direction <= (few ? DW : DX); direction++) {
        bare product = few ? (bare){0} : bare_open(c, direction, bench->threads);
        struct job jobs[] = {{lone_run, &layer.directions[direction]}, {bare_run, &product}};
        if (few)
            jobs[1] = (struct job){lone_run, &lowered.directions[direction]};
        timing_measure(jobs, timings, 2, bench->seconds);
        conv_report(bench, c, direction, timings);
        bare_close(&product);
    }
    lone_close(&layer);
    if (few)
        lone_close(&lowered);
}

void bench_conv(struct bench *bench)
{
    for (size_t i = 0; i < NN__COUNT(convs); i++)
        conv_measure(bench, &convs[i]);
}
