/* The C library's functions for nn_real, and what the kernels share. */
#ifndef NN__KERNELS_REAL_H
#define NN__KERNELS_REAL_H

#include <math.h>

#include "nn/base.h"

/* Before a function that is called from several places with loops of its own: one copy of it, for the
 * size of the library. */
#ifdef __clang__
#define NN__ONE_COPY __attribute__((noinline))
#else
#define NN__ONE_COPY __attribute__((noinline, noclone))
#endif

/* Called element by element, never through a vector library: every level gives the same bits. */
static inline nn_real nn__real_exp(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return exp(x);
#else
    return expf(x);
#endif
}

static inline nn_real nn__real_tanh(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return tanh(x);
#else
    return tanhf(x);
#endif
}

static inline nn_real nn__real_expm1(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return expm1(x);
#else
    return expm1f(x);
#endif
}

static inline nn_real nn__real_log1p(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return log1p(x);
#else
    return log1pf(x);
#endif
}

static inline nn_real nn__real_erfc(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return erfc(x);
#else
    return erfcf(x);
#endif
}

/* Exact to the last bit in scalar and in vector form (IEEE 754). */
static inline nn_real nn__real_sqrt(nn_real x)
{
#ifdef NN_REAL_IS_DOUBLE
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

#endif
