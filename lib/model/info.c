/* What this library is and on what it runs. */
#include <stdio.h>

#include "kernels/kernels.h"

#include "base/base.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *nn_version(void)
{
    return TEXT(NN_VERSION_MAJOR) "." TEXT(NN_VERSION_MINOR) "." TEXT(NN_VERSION_PATCH);
}

const char *nn_build_info(void)
{
    static char text[256];
    const char *blas = nn__gemm_name();
    int threads = nn_default_threads();
    nn__global_lock();
    snprintf(text, sizeof text, "libnn %s, kernels %s, %s, %d thread%s", nn_version(),
             nn__level_name(nn__cpu_level()), blas, threads, threads == 1 ? "" : "s");
    nn__global_unlock();
    return text;
}
