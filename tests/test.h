/* What every test file includes: Check, libnn, and the helpers of tests/helpers.c. */
#ifndef NN__TESTS_TEST_H
#define NN__TESTS_TEST_H

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn.h"

/* A suite of one case with the given tests: tests[0..count-1], 60 seconds each. */
Suite *test_suite(const char *name, const TTest *const *tests, size_t count);
#define TEST_SUITE(name, ...)                                                                      \
    test_suite(name, (const TTest *const[]){__VA_ARGS__},                                          \
               sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

/* A small deterministic generator for test data: the state is the caller's. */
uint32_t test_random(uint64_t *state);
/* Uniform in low..high, both included. */
int test_random_int(uint64_t *state, int low, int high);
/* Uniform in -1..1. */
nn_real test_random_real(uint64_t *state);
/* Integers in -range..range as reals: sums of their products are exact in float while below 2^24. */
void test_fill_integers(nn_real *x, size_t count, int range, uint64_t *state);
void test_fill_reals(nn_real *x, size_t count, uint64_t *state);

/* The fixture of every case: also where all tests share a process (CK_FORK=no), each begins in the
 * runner's own folder, without temporary ones and without faults. */
void test_afresh(void);

/* What the runner does before the tests; -1 where there can be no temporary folder. */
int test_begin(void);

/* A fresh temporary folder, removed with all its content at the end of the process; the result is
 * valid until the next call. */
const char *test_folder(void);
/* folder/name in a static buffer (four of them in turn). */
const char *test_path(const char *name);

/* The last message contains `part`; else fails with both. */
void test_message_has(const char *part);

/* Counting allocator: installs itself; live blocks; total allocations; fail the n-th from now, 0
 * being the next (once = 1), or all from the n-th on (once = 0); n < 0: never. */
void test_memory_begin(void);
void test_memory_fail(long n, int once);
long test_memory_live(void);
long test_memory_total(void);
void test_memory_end(void);

#endif
