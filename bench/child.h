/*
 * What only a process of its own can show: this program runs itself anew as
 * `nn_bench --child start|memory`, and the child says a number on its standard output.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench.h"

/* Time from the start of a process to deep's first finished training step. */
void child_start(struct bench *bench);
/* Peak resident memory of training conv2 on all of CIFAR-10, found by $CIFAR10_DIR if set. */
void child_memory(struct bench *bench);

/* The child's side: does what it is for and ends the process. */
_Noreturn void child_main(const char *what, int threads);

#endif
