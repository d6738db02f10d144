/* nn_real in vectors of a kernel file's own level, loaded from and stored to any address. */
#ifndef NN__KERNELS_LANES_H
#define NN__KERNELS_LANES_H

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

#endif
