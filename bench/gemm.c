/*
 * Products of matrices: nn__gemm on one thread at the shapes that the layers' tasks hand to it, in turns
 * with BLAS, which computes every product that has a factor.
 * The cuts are those of lib/layers/conv2d.c and dense.c: a convolution takes tiles of output
 * pixels, a dense layer with few rows chunks of its inputs.
 */
#include <stdio.h>

#include "base/base.h"
#include "kernels/kernels.h"
#include "layers/tiles.h"
#include "model/context.h"
#include "report.h"

enum { BATCH = 32, SIDE = 1024 };

/* C[m][n] = factor op(A)[m][k] op(B)[k][n] with the row strides of A, B, C. */
typedef struct product {
    int ta, tb, m, n, k;
    int lda, ldb, ldc;
    nn_real *a, *b, *c, factor;
} product;

static void product_run(void *arg, int count)
{
    const product *p = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        nn__gemm(p->ta, p->tb, p->m, p->n, p->k, p->factor, p->a, p->lda, p->b, p->ldb, 0, p->c,
                 p->ldc);
    nn__run_leave(saved);
}

static double product_flops(const product *p)
{
    return 2.0 * p->m * p->n * p->k;
}

/* Of the product without a factor, and with one. */
static void product_time(product *p, struct timing timings[2], double seconds)
{
    const size_t a = (size_t)(p->ta ? p->k : p->m) * (size_t)p->lda,
                 b = (size_t)(p->tb ? p->n : p->k) * (size_t)p->ldb,
                 c = (size_t)p->m * (size_t)p->ldc;
    p->a = bench_alloc(a);
    p->b = bench_alloc(b);
    p->c = bench_alloc(c);
    bench_fill(p->a, a);
    bench_fill(p->b, b);
    p->factor = 1;
    product by_blas = *p;
    by_blas.factor = 2;
    timing_measure((struct job[]){{product_run, p}, {product_run, &by_blas}}, timings, 2, seconds);
    nn__free(p->a);
    nn__free(p->b);
    nn__free(p->c);
}

double bench_rate(double seconds)
{
    product p = {.m = SIDE, .n = SIDE, .k = SIDE, .lda = SIDE, .ldb = SIDE, .ldc = SIDE};
    struct timing timings[2];
    product_time(&p, timings, seconds);
    return product_flops(&p) * 1e-9 / spread_of(timings[0].seconds).min;
}

static void product_report(struct bench *bench, const char *layer, const char *pass, product p)
{
    char name[128];
    measured m = {
        .threads = 1, .flops = product_flops(&p), .unit = GFLOP_PER_SECOND, .against = "BLAS"};
    struct timing timings[2];
    product_time(&p, timings, bench->seconds);
    m.timing = timings[0];
    m.another = timings[1];
    snprintf(name, sizeof name, "gemm %s %s %dx%dx%d", layer, pass, p.m, p.n, p.k);
    m.name = name;
    report_measured(bench, &m);
}

/* ---- 3x3 convolutions of pictures of side x side x c with f filters ---- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void gemm_conv(struct bench *bench, const char *layer, int side, int c, int f)
{
    const int group = BATCH / NN__GROUPS * side * side;
    const int depth = 9 * c, mirror = 9 * f;
    const int tile = nn__tile_pixels(depth), dw_tile = least(tile, group);
    const int dx_tile = least(nn__tile_pixels(mirror), group);
    product_report(bench, layer, "forward",
                   (product){.m = tile, .n = f, .k = depth, .lda = depth, .ldb = f, .ldc = f});
    product_report(
        bench, layer, "dW",
        (product){.ta = 1, .m = depth, .n = f, .k = dw_tile, .lda = depth, .ldb = f, .ldc = f});
    if (c > 3)
        product_report(
            bench, layer, "dX",
            (product){.m = dx_tile, .n = c, .k = mirror, .lda = mirror, .ldb = c, .ldc = c});
}

/* ---- Dense layers from k to u, BATCH rows ---- */

static void gemm_dense(struct bench *bench, const char *layer, int k, int u)
{
    const int chunk = k < 256 ? k : 256;
    product_report(bench, layer, "forward",
                   (product){.m = BATCH, .n = u, .k = chunk, .lda = k, .ldb = u, .ldc = u});
    product_report(
        bench, layer, "dW",
        (product){.ta = 1, .m = chunk, .n = u, .k = BATCH, .lda = k, .ldb = u, .ldc = u});
    product_report(
        bench, layer, "dX",
        (product){.tb = 1, .m = BATCH, .n = chunk, .k = u, .lda = u, .ldb = u, .ldc = k});
}

void bench_gemm(struct bench *bench)
{
    gemm_conv(bench, "conv 32x32x3->10", 32, 3, 10);
    gemm_conv(bench, "conv 32x32x3->32", 32, 3, 32);
    gemm_conv(bench, "conv 16x16x32->64", 16, 32, 64);
    gemm_conv(bench, "conv 8x8x64->128", 8, 64, 128);
    gemm_conv(bench, "conv 56x56x64->64", 56, 64, 64);
    gemm_dense(bench, "dense 2560->100", 2560, 100);
    gemm_dense(bench, "dense 100->10", 100, 10);
    gemm_dense(bench, "dense 2048->256", 2048, 256);
    gemm_dense(bench, "dense 256->10", 256, 10);
}
