/* Quotas of control groups, read from folders that look like the system's. */
#include "test.h"

#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/files.h"

static char root[512];

static void begin(void)
{
    snprintf(root, sizeof root, "%s", test_folder());
}

/* Writes root/path, folders included. */
static void put(const char *path, const char *text)
{
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(full, 0777);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(without_groups_there_is_no_quota)
{
    begin();
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
    put("proc/self/cgroup", "");
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
    put("proc/self/cgroup", "0::/a\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
}
END_TEST

START_TEST(version_2_is_rounded_up)
{
    static const struct {
        const char *text;
        int cpus;
    } cases[] = {{"max 100000\n", 0},    {"100000 100000\n", 1},
                 {"100001 100000\n", 2}, {"1000 100000\n", 1},
                 {"250000 100000\n", 3}, {"400000 100000\n", 4},
                 {"50000 25000\n", 2},   {"", 0},
                 {"nonsense", 0},        {"-1 100000\n", 0},
                 {"5 0\n", 0},           {"5\n", 0},
                 {"9000000000000 1", 64}};
    begin();
    put("proc/self/cgroup", "0::/user.slice/app\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put("sys/fs/cgroup/user.slice/app/cpu.max", cases[i].text);
        ck_assert_msg(nn__cgroup_cpus(root) == cases[i].cpus, "'%s' is %d", cases[i].text,
                      nn__cgroup_cpus(root));
    }
}
END_TEST

START_TEST(the_smallest_quota_on_the_way_up_decides)
{
    begin();
    put("proc/self/cgroup", "0::/a/b/c\n");
    put("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/a/b/cpu.max", "700000 100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 7);
    put("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 2);
    put("sys/fs/cgroup/a/b/c/cpu.max", "300000 100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 2);
}
END_TEST

/* Inside a container the path is "/" or one that only the host has. */
START_TEST(the_top_of_a_container_counts)
{
    begin();
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/cpu.max", "150000 100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 2);
    put("proc/self/cgroup", "0::/../of/the/host\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 2);
}
END_TEST

START_TEST(version_1_has_two_files)
{
    begin();
    put("proc/self/cgroup", "11:memory:/m\n4:cpuset:/wrong\n3:cpu,cpuacct:/docker/x\n0::/\n");
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
    put("sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "450000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 5);
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 5); /* its period is missing */
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 3);
}
END_TEST

START_TEST(lines_that_are_not_understood_are_passed_over)
{
    begin();
    put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    put("proc/self/cgroup", "\n::\nwords\n1:\n2:name=systemd:/\n:\n0::/\n");
    ck_assert_int_eq(nn__cgroup_cpus(root), 2);
    put("proc/self/cgroup", "words");
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_no_quota)
{
    static char line[6000] = "0::";
    begin();
    memset(line + 3, '/', sizeof line - 4);
    put("proc/self/cgroup", line);
    put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    nn__cgroup_cpus(root); /* 0 or 2; the sanitizers watch */
    memset(line + 3, 'x', sizeof line - 4);
    put("proc/self/cgroup", line);
    ck_assert_int_eq(nn__cgroup_cpus(root), 0);
}
END_TEST

START_TEST(the_message_of_the_thread_is_left_alone)
{
    begin();
    nn_fail(NN_EINVAL, "this one");
    nn__cgroup_cpus(root);
    nn_default_threads();
    ck_assert_str_eq(nn_error_message(), "this one");
}
END_TEST

START_TEST(peeking_reads_the_beginning)
{
    char path[600], text[8];
    begin();
    put("f", "0123456789");
    snprintf(path, sizeof path, "%s/f", root);
    ck_assert_int_eq(nn__file_peek(path, text, sizeof text), 7);
    ck_assert_str_eq(text, "0123456");
    ck_assert_int_eq(nn__file_peek(root, text, sizeof text), -1); /* a folder */
    ck_assert_int_eq(nn__file_peek("/no/such/file", text, sizeof text), -1);
}
END_TEST

Suite *cgroup_suite(void);
Suite *cgroup_suite(void)
{
    return TEST_SUITE("cgroup", without_groups_there_is_no_quota, version_2_is_rounded_up,
                      the_smallest_quota_on_the_way_up_decides, the_top_of_a_container_counts,
                      version_1_has_two_files, lines_that_are_not_understood_are_passed_over,
                      a_path_that_is_too_long_is_no_quota, the_message_of_the_thread_is_left_alone,
                      peeking_reads_the_beginning);
}
