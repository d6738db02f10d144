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

double nn__wall_seconds(void)
{
    return current_wall();
}

void nn__set_wall_clock(double (*clock)(void))
{
    current_wall = clock != NULL ? clock : clock_wall;
}
