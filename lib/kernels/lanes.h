/* nn_real in vectors of a kernel file's own level, loaded from and stored to any address. */
#ifndef NN__KERNELS_LANES_H
#define NN__KERNELS_LANES_H

#include <string.h>

#include "kernels/simd.h"
#include "nn/base.h"

enum { LANES = NN__SIMD_BYTES / sizeof(nn_real) };

typedef nn_real lanes __attribute__((vector_size(NN__SIMD_BYTES)));
typedef nn_real lanes_at
    __attribute__((vector_size(NN__SIMD_BYTES), aligned(sizeof(nn_real)), may_alias));

static inline lanes zeros(void)
{
    const lanes zero = {0};
    return zero;
}

/* Vector number v from x on. */
static inline lanes load(const nn_real *x, int v)
{
    return *((const lanes_at *)(const void *)x + v);
}

static inline void store(nn_real *y, int v, lanes value)
{
    *((lanes_at *)(void *)y + v) = value;
}

/* `count` numbers, zeros behind them. */
static inline lanes load_some(const nn_real *x, size_t count)
{
    nn_real narrow[LANES] = {0};
    if (count >= LANES)
        return load(x, 0);
    memcpy(narrow, x, count * sizeof *x);
    return load(narrow, 0);
}

static inline void store_some(nn_real *y, lanes value, size_t count)
{
    nn_real narrow[LANES];
    if (count >= LANES) {
        store(y, 0, value);
        return;
    }
    store(narrow, 0, value);
    memcpy(y, narrow, count * sizeof *y);
}

/* A number for each lane, and all bits of a lane set or none. */
typedef uint32_t lane_numbers
    __attribute__((vector_size(4 * NN__SIMD_BYTES / sizeof(nn_real)), aligned(4), may_alias));
#ifdef NN_REAL_IS_DOUBLE
typedef int64_t lane_bits __attribute__((vector_size(NN__SIMD_BYTES)));
#else
typedef int32_t lane_bits __attribute__((vector_size(NN__SIMD_BYTES)));
#endif

/* Each lane of `value` whose number in vector v from `numbers` on is `number`, else 0. */
static inline lanes where_equal(lanes value, const uint32_t *numbers, int v, uint32_t number)
{
    const lane_numbers *all = (const lane_numbers *)(const void *)numbers + v;
    return (lanes)(__builtin_convertvector(*all == number, lane_bits) & (lane_bits)value);
}

#endif
