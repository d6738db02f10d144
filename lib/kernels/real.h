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

#ifdef NN_REAL_IS_DOUBLE
#define NN__OF_REAL(name) name
#else
#define NN__OF_REAL(name) name##f
#endif
#define NN__REAL_FUNCTION(name)                                                                    \
    static inline nn_real nn__real_##name(nn_real x)                                               \
    {                                                                                              \
        return NN__OF_REAL(name)(x);                                                               \
    }

/* nn__real_exp(x), ...: called element by element, never through a vector library, so that every
 * level gives the same bits. */
NN__REAL_FUNCTION(exp)
NN__REAL_FUNCTION(tanh)
NN__REAL_FUNCTION(expm1)
NN__REAL_FUNCTION(log1p)
NN__REAL_FUNCTION(erfc)

/* Exact to the last bit in scalar and in vector form (IEEE 754). */
NN__REAL_FUNCTION(sqrt)

#endif
