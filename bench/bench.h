/*
 * Microbenchmarks of libnn. main.c reads the options and the machine's own rate; each part is a
 * file. Programs of the house: they may see the library's internal headers.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "formats/json.h"
#include "nn.h"

struct bench {
    int threads;
    double seconds; /* of measuring per thing measured                           */
    double rate;    /* GFLOP/s of sgemm 1024^3 on one thread of this machine     */
    nn__json_writer json;
};

/* Bare multiplications and additions, sgemm beside them, and memory, on one thread and on all. */
void bench_peak(struct bench *bench);
/* Products of matrices as the layers cut them. */
void bench_gemm(struct bench *bench);
/* Convolutions: forward, dX, dW, against bare products. */
void bench_conv(struct bench *bench);
/* The transforms and products of Winograd's way. */
void bench_winograd(struct bench *bench);
/* The gradient of a convolution's input, gathered against scattered. */
void bench_dx(struct bench *bench);
/* The automatic choice of a convolution's algorithm against every forced one. Not part of all. */
void bench_choice(struct bench *bench);
/* The errors of every way of a convolution against double, beside their bounds; no times. */
void bench_rounding(struct bench *bench);
/* Every layer of conv2 and deep inside a training step. */
void bench_layers(struct bench *bench);
/* Training steps, the start of a process, peak memory. */
void bench_train(struct bench *bench);
/* Training and inference with fusions against one step per layer. */
void bench_fusion(struct bench *bench);
/* Training steps on more threads than there are processors, predicted from their tasks. */
void bench_scaling(struct bench *bench);
/* Where a step of training goes. */
void bench_profile(struct bench *bench);
void bench_infer(struct bench *bench);
/* How hard the generated set is: test accuracy of three networks. Not part of all. */
void bench_drawings(struct bench *bench);

/* GFLOP/s of sgemm 1024^3 on one thread: the best round, for it is what the machine can do. */
double bench_rate(double seconds);

/* "nn_bench: ..." on stderr, exit status 1. */
_Noreturn void bench_fail(const char *format, ...) NN_PRINTF(1, 2);
/* Fails with the library's message where status is one. */
void bench_check(nn_status status);

/* count numbers, set to zero, or a failure; the caller frees them with nn__free. */
nn_real *bench_alloc(size_t count);
/* The most resident memory of this process so far, in bytes. */
double bench_peak_memory(void);
/* The same numbers of -1..1 in every run. */
void bench_fill(nn_real *values, size_t count);

#endif
