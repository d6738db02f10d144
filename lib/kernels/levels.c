/* The choice among the levels' tables, made once when the library is loaded. */
#include "base/base.h"
#include "kernels/kernels.h"

extern const nn__kernel_table nn__kernel_table_baseline;
#ifdef NN_HAVE_X86_LEVELS
extern const nn__kernel_table nn__kernel_table_avx2, nn__kernel_table_avx512;
#endif

const nn__kernel_table *nn__kernels = &nn__kernel_table_baseline;

static const nn__kernel_table *table_of(nn__level level)
{
    switch (level) {
#ifdef NN_HAVE_X86_LEVELS
    case NN__AVX512:
        return &nn__kernel_table_avx512;
    case NN__AVX2:
        return &nn__kernel_table_avx2;
#endif
    default:
        return &nn__kernel_table_baseline;
    }
}

const nn__kernel_table *nn__kernel_table_of(int level)
{
    return level >= 0 && level <= (int)nn__cpu_best() ? table_of((nn__level)level) : NULL;
}

__attribute__((constructor)) static void levels_choose(void)
{
    nn__kernels = table_of(nn__cpu_level());
}
