/* What loads a processor's arithmetic alone, and its memory alone, at one level of instructions. */
#ifndef BENCH_LEVELS_PEAK_H
#define BENCH_LEVELS_PEAK_H

#include <stddef.h>

#include "nn/base.h"

typedef struct peak_level {
    /* `width` numbers, times by, plus plus, `count` times over, in vectors that do not wait for each
     * other; returns their sum, so that they are computed. */
    nn_real (*multiply_adds)(nn_real by, nn_real plus, size_t count);
    size_t width;
    /* STREAM's triad: a[n] = b[n] + by * c[n]. */
    void (*triad)(nn_real *restrict a, const nn_real *restrict b, const nn_real *restrict c,
                  nn_real by, size_t n);
} peak_level;

/* The level that the library's kernels run at. */
const peak_level *peak_level_in_use(void);

#endif
