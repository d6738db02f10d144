/* The one place that meets the clock. */
#include <time.h>

#include "base/base.h"

static double clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double (*current)(void) = clock_monotonic;
static double (*current_wall)(void) = clock_wall;

double nn__seconds(void)
{
    return current();
}

void nn__set_clock(double (*clock)(void))
{
    current = clock != NULL ? clock : clock_monotonic;
}

/* The processor's counter, a fifth of the cost of a call of the system's clock. */
uint64_t nn__ticks(void)
{
#if defined(__x86_64__)
    if (current == clock_monotonic)
        return __builtin_ia32_rdtsc();
#endif
    return (uint64_t)(current() * 1e9 + 0.5);
}

uint64_t nn__ticks_and_seconds(double *seconds)
{
    *seconds = current();
#if defined(__x86_64__)
    if (current == clock_monotonic)
        return __builtin_ia32_rdtsc();
#endif
    return (uint64_t)(*seconds * 1e9 + 0.5);
}

double nn__wall_seconds(void)
{
    return current_wall();
}

void nn__set_wall_clock(double (*clock)(void))
{
    current_wall = clock != NULL ? clock : clock_wall;
}
