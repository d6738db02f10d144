/* Instruction-set levels, the processor's name, the floating-point mode. */
#include "test.h"

#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "base/base.h"
#include "kernels/kernels.h"

/* The level is chosen when the program starts: this suite runs itself again. */
static int runs_with(const char *forced, const char *level)
{
    char exe[512] = "", command[1200];
    ck_assert_int_gt((int)readlink("/proc/self/exe", exe, sizeof exe - 1), 0);
    snprintf(command, sizeof command, "NN_CPU='%s' NN_TEST_LEVEL=%s '%s' cpu >/dev/null 2>&1",
             forced, level, exe);
    return system(command) == 0;
}

START_TEST(a_level_can_be_forced_down_but_not_up)
{
    const char *expected = getenv("NN_TEST_LEVEL");
    if (expected != NULL) {
        ck_assert_str_eq(nn__level_name(nn__cpu_level()), expected);
        return;
    }
    int best = NN__AVX512;
    while (nn__kernel_table_of(best) == NULL)
        best--;
    for (int level = NN__BASELINE; level <= NN__AVX512; level++) {
        const char *name = nn__level_name((nn__level)level);
        const char *allowed = nn__level_name((nn__level)(level < best ? level : best));
        ck_assert_msg(runs_with(name, allowed), "NN_CPU=%s", name);
    }
    ck_assert(runs_with("nonsense", nn__level_name((nn__level)best)));
    ck_assert(!runs_with("baseline", "avx2")); /* the inner run can fail */
}
END_TEST

START_TEST(levels_have_names_and_tables)
{
    ck_assert_str_eq(nn__level_name(NN__BASELINE), "baseline");
    ck_assert_str_eq(nn__level_name(NN__AVX2), "avx2");
    ck_assert_str_eq(nn__level_name(NN__AVX512), "avx512");
    ck_assert_ptr_nonnull(nn__kernel_table_of(NN__BASELINE));
    ck_assert_ptr_null(nn__kernel_table_of(-1));
    ck_assert_ptr_null(nn__kernel_table_of(NN__AVX512 + 1));
    ck_assert_ptr_eq(nn__kernels, nn__kernel_table_of(nn__cpu_level()));
    char name[NN__CPU_NAME];
    ck_assert_ptr_eq(nn__cpu_name(name), name);
    ck_assert_str_ne(name, "");
}
END_TEST

#if defined(__x86_64__)
START_TEST(the_mode_is_set_and_put_back)
{
    unsigned before = _mm_getcsr(), odd = before | 0x8040u | 0x2000u;
    _mm_setcsr(odd);
    unsigned saved = nn__float_mode_enter();
    volatile float tiny = 1e-38f, two = 2e-3f;
    float product = tiny * two; /* a denormal, which flushing to zero would lose */
    unsigned during = _mm_getcsr();
    nn__float_mode_leave(saved);
    unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    ck_assert(product > 0);
    ck_assert_uint_eq(during & 0xE040u, 0);
    ck_assert_uint_eq(after, odd);
}
END_TEST
#endif

Suite *cpu_suite(void);
Suite *cpu_suite(void)
{
    Suite *suite =
        TEST_SUITE("cpu", a_level_can_be_forced_down_but_not_up, levels_have_names_and_tables);
#if defined(__x86_64__)
    TCase *tcase = tcase_create("mode");
    tcase_add_test(tcase, the_mode_is_set_and_put_back);
    suite_add_tcase(suite, tcase);
#endif
    return suite;
}
