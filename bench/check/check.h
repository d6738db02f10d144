/*
 * The program of `make bench-check`: fixed work, item by item, whose instructions callgrind counts.
 * Everything that prepares an item is outside of what is counted: only between the beginning and
 * the end of check_work is callgrind told to count (--toggle-collect, --dump-after).
 */
#ifndef BENCH_CHECK_CHECK_H
#define BENCH_CHECK_CHECK_H

#include "../timing.h"

/* Names the item on standard output and does it once, counted. Items are counted in this order. */
void check_item(const char *name, struct job job);
/* What is counted: the job, once. In a file of its own, so that it stays a function. */
void check_work(const struct job *job);

/* A pass or two of single layers, by every way that there is. */
void check_layers(void);
/* Kernels that no layer of check_layers shows by itself, and the optimizers. */
void check_kernels(void);
/* Training steps and inference of conv2 and deep, an epoch of loading. */
void check_networks(void);

#endif
