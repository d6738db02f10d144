/*
 * Runs the suites: all, or those whose names contain one of the arguments ("nn_tests pool gemm").
 * suites.h is written by the Makefile from the names of the test files: test_pool.c is X(pool).
 */
#include "test.h"

#define X(name) Suite *name##_suite(void);
#include "suites.h"
#undef X

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define X(name) {#name, name##_suite},
#include "suites.h"
#undef X
};

static int is_chosen(const char *name, int count, char **parts)
{
    for (int i = 0; i < count; i++)
        if (strstr(name, parts[i]) != NULL)
            return 1;
    return count == 0;
}

int main(int argc, char **argv)
{
    SRunner *runner = NULL;
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (!is_chosen(suites[i].name, argc - 1, argv + 1))
            continue;
        if (runner == NULL)
            runner = srunner_create(suites[i].make());
        else
            srunner_add_suite(runner, suites[i].make());
    }
    if (runner == NULL) {
        fprintf(stderr, "%s: no suite has such a name\n", argv[0]);
        return 1;
    }
    if (test_begin() != 0) {
        fprintf(stderr, "%s: no folder can be made in /tmp\n", argv[0]);
        return 1;
    }
    srunner_run_all(runner, CK_ENV);
    int failures = srunner_ntests_failed(runner), count = srunner_ntests_run(runner);
    srunner_free(runner);
    return failures == 0 && count > 0 ? 0 : 1;
}
