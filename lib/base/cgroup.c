/*
 * Quotas of control groups. /proc/self/cgroup has a line per hierarchy, NUMBER:CONTROLLERS:PATH;
 *
 *   version 2   0::PATH                 /sys/fs/cgroup/PATH/cpu.max           "QUOTA PERIOD"
 *   version 1   4:cpu,cpuacct:PATH      /sys/fs/cgroup/cpu/PATH/cpu.cfs_quota_us, cpu.cfs_period_us
 *
 * in microseconds; "max", or -1, is no quota. In a container PATH may be the host's, which is not to
 * be seen inside; walking up from it meets the container's own group as the top.
 */
#include "base/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"

enum { TEXT = 4096 };

/* The number at *text, which moves behind it; -1 where there is none. */
static long long take_number(const char **text)
{
    char *end;
    long long number = strtoll(*text, &end, 10);
    if (end == *text)
        return -1;
    *text = end;
    return number;
}

static int cpus_of(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    long long cpus = (quota - 1) / period + 1;
    return cpus > NN__MAX_THREADS ? NN__MAX_THREADS : (int)cpus;
}

/* FOLDER/NAME as text; 0 where it cannot be read. */
static int read_in(const char *folder, const char *name, char text[TEXT])
{
    char path[TEXT];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length < TEXT && nn__file_peek(path, text, TEXT) > 0;
}

static int folder_cpus(const char *folder, int version)
{
    char text[TEXT];
    const char *at = text;
    if (version == 2) {
        if (!read_in(folder, "cpu.max", text))
            return 0;
        long long quota = take_number(&at);
        return cpus_of(quota, take_number(&at));
    }
    if (!read_in(folder, "cpu.cfs_quota_us", text))
        return 0;
    long long quota = take_number(&at);
    at = text;
    return read_in(folder, "cpu.cfs_period_us", text) ? cpus_of(quota, take_number(&at)) : 0;
}

static int smaller(int a, int b)
{
    return a == 0 || (b > 0 && b < a) ? b : a;
}

/* The smallest quota from PATH up to the top of the hierarchy. */
static int path_cpus(const char *top, const char *path, size_t length, int version)
{
    char folder[TEXT];
    size_t start = strlen(top);
    int least = 0;
    if (start + length >= sizeof folder)
        return 0;
    memcpy(folder, top, start);
    memcpy(folder + start, path, length);
    for (size_t end = start + length;;) {
        while (end > start && folder[end - 1] == '/')
            end--;
        folder[end] = '\0';
        least = smaller(least, folder_cpus(folder, version));
        if (end <= start)
            return least;
        while (end > start && folder[end - 1] != '/')
            end--;
    }
}

/* Is "cpu" one of the names, which commas part? */
static int names_cpu(const char *names, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t word = strcspn(names + i, ",:");
        if (word == 3 && memcmp(names + i, "cpu", 3) == 0)
            return 1;
        i += word + 1;
    }
    return 0;
}

static int line_cpus(const char *root, const char *line, size_t length)
{
    char top[TEXT];
    const char *names = memchr(line, ':', length);
    const char *path =
        names == NULL ? NULL : memchr(names + 1, ':', length - (size_t)(names + 1 - line));
    if (path == NULL)
        return 0;
    int version = path == names + 1 ? 2 : names_cpu(names + 1, (size_t)(path - names - 1)) ? 1 : 0;
    if (version == 0 ||
        snprintf(top, sizeof top, "%s/sys/fs/cgroup%s", root, version == 1 ? "/cpu" : "") >= TEXT)
        return 0;
    return path_cpus(top, path + 1, length - (size_t)(path + 1 - line), version);
}

int nn__cgroup_cpus(const char *root)
{
    char text[TEXT];
    int least = 0;
    if (!read_in(root, "proc/self/cgroup", text))
        return 0;
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        least = smaller(least, line_cpus(root, line, length));
        line += length + (line[length] == '\n');
    }
    return least;
}
