/*
 * Floor 1: arithmetic on plain arrays. No allocation, no failure, no threads: whoever calls cuts
 * the work into tasks.
 *
 * Every file of this folder but gemm.c and levels.c is compiled once per instruction-set level
 * with suffixed names; nn__kernels points at the table of the level in use, and callers write
 * nn__kernels->add(...). The list of kernels is kernels.def, its one source.
 *
 * Short names: n h w c batch, rows, columns, channels; f filters; kh kw kernel; oh ow output;
 * x y w b input, output, weights, bias; dx dy dw db their gradients. Order of arguments: outputs,
 * inputs, sizes.
 */
#ifndef NN__KERNELS_KERNELS_H
#define NN__KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "nn/extend.h"

/* A window sliding over a picture: shared by convolution, pooling and their lowering. */
typedef struct nn__window {
    int h, w, c;        /* picture                        */
    int kh, kw;         /* window                         */
    int sh, sw, dh, dw; /* strides, dilation              */
    int top, left;      /* positions added before         */
    int oh, ow;         /* output positions               */
} nn__window;

/* A gradient of pictures x[n][h][w][c]: written out, or as a max pooling has it whose windows do not
 * overlap: of each window one cell gets something. */
typedef struct nn__pooled_dy {
    const nn_real *dy;        /* [n][h][w][c], or [n][oh][ow][c]          */
    const uint32_t *where;    /* see max_pool; NULL: dy is written out    */
    const nn__window *window; /* where there is `where`                   */
} nn__pooled_dy;

enum { NN__SMALL_DEPTH = 256, NN__SMALL_WIDTH = 16 }; /* of small_product: at most, and at least */
enum { NN__PANEL_COLUMNS = 16 }; /* side by side in a panel: see pack_columns */
enum {
    NN__WINOGRAD_TILE = 4, /* F(4x4, 3x3) */
    NN__WINOGRAD_POINTS = 36,
    NN__WINOGRAD_SUM = 7 /* of A dy A' the plain sum: row 1 of A is all ones */
};
enum {
    NN__FEW_CHANNELS = 4,                                  /* of winograd_few.c, at most        */
    NN__FEW_RUN = 8,                                       /* tiles of its gradient at a time   */
    NN__FEW_M = NN__FEW_RUN * NN__WINOGRAD_POINTS * 2 * 16 /* numbers of its m                  */
};

/* Numbers of a line of winograd_few_input's strip: what a row of tiles sees, and a vector more. */
static inline size_t nn__few_line(const nn__window *w)
{
    const size_t tiles = ((size_t)w->ow + NN__WINOGRAD_TILE - 1) / NN__WINOGRAD_TILE;
    return (tiles * NN__WINOGRAD_TILE + 2) * (size_t)w->c + NN__FEW_CHANNELS;
}

/* y = x <= threshold ? slope (x - threshold) : min(x, most) */
typedef struct nn__rectifier {
    nn_real slope, threshold, most;
} nn__rectifier;

typedef struct nn__kernel_table {
#define NN__KERNEL_ENTRY(type, name, arguments) type(*name) arguments;
#define NN__KERNEL(type, name, arguments) NN__KERNEL_ENTRY(type, name, arguments)
#include "kernels/kernels.def"
#undef NN__KERNEL
#undef NN__KERNEL_ENTRY
} nn__kernel_table;

extern const nn__kernel_table *nn__kernels;
/* For tests: the table of a level, NULL where the processor or the build lacks it. */
const nn__kernel_table *nn__kernel_table_of(int level);

/* ---- gemm.c: the one place that meets CBLAS ----
 * C[m][n] = alpha op(A) op(B) + beta C, row-major; op(A) is m x k, op(B) is k x n; transposed where
 * the flag is 1. lda, ldb, ldc are row strides of A, B, C as they lie in memory. With beta 0, C is
 * not read. Runs in the calling thread.
 */
void nn__gemm(int transpose_a, int transpose_b, int m, int n, int k, nn_real alpha,
              const nn_real *a, int lda, const nn_real *b, int ldb, nn_real beta, nn_real *c,
              int ldc);
/* Every library call that may reach nn__gemm stands between these two: while any is inside, BLAS
 * runs single-threaded; the host's own setting is put back when the last one leaves. */
void nn__gemm_enter(void);
void nn__gemm_leave(void);
/* "OpenBLAS 0.3.21 core Haswell", "built-in GEMM", ... */
const char *nn__gemm_name(void);
/* Calls of nn__gemm so far, counted only where tests switch it on. */
extern int nn__gemm_counting;
uint64_t nn__gemm_calls(void);

#ifdef NN_LEVEL /* inside a kernel file: its own level's names */
#define NN__PASTE2(name, level) nn__##name##_##level
#define NN__PASTE(name, level) NN__PASTE2(name, level)
#define KERNEL(name) NN__PASTE(name, NN_LEVEL)
#define NN__KERNEL(type, name, arguments) type KERNEL(name) arguments;
#include "kernels/kernels.def"
#undef NN__KERNEL
#endif

#endif
