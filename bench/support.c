/* What all programs of the bench use: failing, checking, memory. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "bench.h"

void bench_fail(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("nn_bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void bench_check(nn_status status)
{
    if (status != NN_OK)
        bench_fail("%s", nn_error_message());
}

nn_real *bench_alloc(size_t count)
{
    nn_real *values = nn__alloc_array(count, sizeof *values, "a benchmark");
    if (values == NULL)
        bench_fail("%s", nn_error_message());
    return values;
}

void bench_fill(nn_real *values, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (nn_real)(state >> 8) / (nn_real)(1 << 23) - 1;
    }
}

double bench_peak_memory(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = 0;
    if (status == NULL)
        bench_fail("/proc/self/status: this system does not tell a process's memory");
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtod(line + 6, NULL);
    fclose(status);
    return kilobytes * 1024;
}
