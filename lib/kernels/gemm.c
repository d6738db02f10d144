/*
 * The boundary to CBLAS: every product of matrices passes here, and only this file knows which
 * library computes it. (Forward and dx by Winograd make none: the kernels of their 36 products lie
 * packed already, see layers/conv2d_winograd.c.)
 *
 * OpenBLAS's own threads lose at our sizes and would fight with our workers, and its setting is
 * process-wide. So a count of library calls saves the host's setting at the first entry and puts it
 * back at the last exit. An OpenMP build of OpenBLAS reads its setting anew in each thread; there
 * each call sets its own thread's. The symbols are weak: any other CBLAS works, too.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/meter.h"
#include "kernels/kernels.h"

/* Numbers of a matrix from which on a single row by it costs BLAS mostly packing. */
enum { ROW_LEAST = 4096 };
int nn__gemm_counting;
static atomic_ullong calls;

uint64_t nn__gemm_calls(void)
{
    return atomic_load(&calls);
}

#ifdef NN_BLAS_BUILTIN

static void gemm_run(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a, int lda,
                     const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
    nn__kernels->builtin_gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void nn__gemm_enter(void)
{
}

void nn__gemm_leave(void)
{
}

const char *nn__gemm_name(void)
{
    return "built-in GEMM";
}

#else

#include <cblas.h>

#define WEAK __attribute__((weak))
extern WEAK void openblas_set_num_threads(int);
extern WEAK int openblas_get_num_threads(void);
extern WEAK int openblas_get_parallel(void);
extern WEAK char *openblas_get_config(void);
extern WEAK char *openblas_get_corename(void);
extern WEAK void omp_set_num_threads(int);
extern WEAK int omp_get_max_threads(void);

static int inside;       /* library calls now running; under the global lock */
static int host_threads; /* the host's setting while inside > 0              */

static int blas_has_threads(void)
{
    return openblas_set_num_threads != NULL && openblas_get_num_threads != NULL;
}

static int blas_is_openmp(void)
{
    return openblas_get_parallel != NULL && openblas_get_parallel() == 2 &&
           omp_set_num_threads != NULL && omp_get_max_threads != NULL;
}

void nn__gemm_enter(void)
{
    if (!blas_has_threads() || blas_is_openmp())
        return;
    nn__global_lock();
    if (inside++ == 0) {
        host_threads = openblas_get_num_threads();
        if (host_threads != 1)
            openblas_set_num_threads(1);
    }
    nn__global_unlock();
}

void nn__gemm_leave(void)
{
    if (!blas_has_threads() || blas_is_openmp())
        return;
    nn__global_lock();
    if (--inside == 0 && host_threads != 1)
        openblas_set_num_threads(host_threads);
    nn__global_unlock();
}

static void blas_run(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a, int lda,
                     const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
#ifdef NN_REAL_IS_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k,
        alpha, a, lda, b, ldb, beta, c, ldc);
}

static void gemm_run(int ta, int tb, int m, int n, int k, nn_real alpha, const nn_real *a, int lda,
                     const nn_real *b, int ldb, nn_real beta, nn_real *c, int ldc)
{
    int openmp = blas_is_openmp();
    int saved = openmp ? omp_get_max_threads() : 0;
    if (openmp)
        omp_set_num_threads(1);
    blas_run(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (openmp)
        omp_set_num_threads(saved);
}

const char *nn__gemm_name(void)
{
    static char name[128];
    if (openblas_get_config == NULL || openblas_get_corename == NULL)
        return "CBLAS";
    char version[32] = "";
    sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    nn__global_lock();
    snprintf(name, sizeof name, "OpenBLAS %s core %s", version, openblas_get_corename());
    nn__global_unlock();
    return name;
}

#endif

/* Products of little depth, whose operands BLAS would pack for too little work. Where A is not walked
 * through row by row, many rows are many pages, and BLAS's order of memory is ahead. */
static int is_small(int transpose_a, int transpose_b, int m, int n, int k)
{
    enum { COLUMNS_MOST = 512, SHALLOW = 64 };
    if (k < 1 || k > NN__SMALL_DEPTH || n < NN__SMALL_WIDTH)
        return 0;
    if (transpose_b)
        return !transpose_a && m >= 2 && m <= 128;
    if (transpose_a)
        return n <= COLUMNS_MOST && m <= (k <= SHALLOW ? 512 : 64);
    return n <= COLUMNS_MOST && m >= 8;
}

void nn__gemm(int transpose_a, int transpose_b, int m, int n, int k, nn_real alpha,
              const nn_real *a, int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c,
              int ldc)
{
    if (nn__gemm_counting)
        atomic_fetch_add(&calls, 1);
    int was = nn__work_begin(NN_WORK_GEMM, 2 * (uint64_t)m * (uint64_t)n * (uint64_t)k);
    if (m == 1 && !transpose_a && !transpose_b && alpha == 1 && (beta == 0 || beta == 1) &&
        (double)n * k >= ROW_LEAST)
        nn__kernels->row_product(c, a, b, ldb, beta == 1, n, k);
    else if (alpha == 1 && beta == 0 && transpose_b && is_small(transpose_a, 1, m, n, k))
        nn__kernels->small_product_turned(c, ldc, a, lda, b, ldb, m, n, k);
    else if (alpha == 1 && (beta == 0 || beta == 1) && !transpose_b &&
             is_small(transpose_a, 0, m, n, k))
        nn__kernels->small_product(c, ldc, beta == 1, a, transpose_a ? 1 : lda,
                                   transpose_a ? lda : 1, b, ldb, m, n, k);
    else
        gemm_run(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    nn__work_end(was);
}
