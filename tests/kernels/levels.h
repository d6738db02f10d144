/* For tests of kernels: every level this processor has, and comparing their bits. */
#ifndef NN__TESTS_KERNELS_LEVELS_H
#define NN__TESTS_KERNELS_LEVELS_H

#include "kernels/kernels.h"
#include "test.h"

enum { LEVELS = 3 };

/* Fails where a level's result differs in a bit from the first level's. */
static inline void same_bits(const void *first, const void *other, size_t bytes, const char *what)
{
    ck_assert_msg(memcmp(first, other, bytes) == 0, "%s: the levels differ", what);
}

/* |got - want| <= bound, NaN equals NaN. */
static inline void near(double got, double want, double bound, const char *what, size_t index)
{
    if (isnan(want) && isnan(got))
        return;
    ck_assert_msg(fabs(got - want) <= bound, "%s[%zu] is %.9g, not %.9g (bound %.3g)", what, index,
                  got, want, bound);
}

#endif
