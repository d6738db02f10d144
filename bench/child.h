/*
 * What only a process of its own can show: this program runs itself anew as
 * `nn_bench --child start|memory|tasks-conv2|tasks-deep`, and the child says numbers on its standard
 * output.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench.h"
#include "models.h"

/* Time from the start of a process to deep's first finished training step. */
void child_start(struct bench *bench);
/* Peak resident memory of training conv2 on all of CIFAR-10, found by $CIFAR10_DIR if set. */
void child_memory(struct bench *bench);

/* Runs a child and reads its numbers; 0: it failed, or said fewer than count. */
int child_numbers(const struct bench *bench, const char *what, double *numbers, int count);

/* The child's side: does what it is for and ends the process. */
_Noreturn void child_main(const struct bench *bench, const char *what);
/* Says the seconds of a step on 1, 2, 4, ... 64 threads, predicted from its tasks, in each round. */
void scaling_main(const struct bench *bench, const struct network *network);

#endif
