/* Instruction sets, the processor's name, and the floating-point mode. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>
#endif

const char *nn__level_name(nn__level level)
{
    static const char *const names[] = {"baseline", "avx2", "avx512"};
    return names[level];
}

/* The best level that processor and operating system allow. */
nn__level nn__cpu_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return NN__AVX512;
    if (avx2)
        return NN__AVX2;
#endif
    return NN__BASELINE;
}

static nn__level cpu_choose(void)
{
    nn__level best = nn__cpu_best();
    const char *forced = getenv("NN_CPU");
    for (int level = 0; forced != NULL && level < (int)best; level++)
        if (strcmp(forced, nn__level_name((nn__level)level)) == 0)
            return (nn__level)level;
    return best;
}

nn__level nn__cpu_level(void)
{
    static nn__level level;
    static int chosen; /* by the library's constructor, before anybody else can ask */
    if (!chosen) {
        level = cpu_choose();
        chosen = 1;
    }
    return level;
}

char *nn__cpu_name(char name[NN__CPU_NAME])
{
    memcpy(name, "unknown", sizeof "unknown");
#if defined(__x86_64__)
    unsigned words[12] = {0};
    if ((unsigned)__get_cpuid_max(0x80000000u, NULL) < 0x80000004u)
        return name;
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                    &words[4 * i + 3]);
    memcpy(name, words, sizeof words);
    name[NN__CPU_NAME - 1] = '\0';
    for (size_t end = strlen(name); end > 0 && name[end - 1] == ' '; end--)
        name[end - 1] = '\0';
#endif
    return name;
}

#if defined(__x86_64__)
unsigned nn__float_mode_enter(void)
{
    unsigned saved = _mm_getcsr();
    _mm_setcsr(0x1F80); /* exceptions masked, round to nearest, no flush to zero */
    return saved;
}

void nn__float_mode_leave(unsigned saved)
{
    _mm_setcsr(saved); /* exception flags, too, are as they were */
}
#elif defined(__aarch64__)
unsigned nn__float_mode_enter(void)
{
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return (unsigned)saved;
}

void nn__float_mode_leave(unsigned saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)saved));
}
#else
unsigned nn__float_mode_enter(void)
{
    return 0;
}

void nn__float_mode_leave(unsigned saved)
{
    (void)saved;
}
#endif
