#include "timing.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static double timing_run(const struct job *job, int count)
{
    double start = nn__seconds();
    job->run(job->arg, count);
    return nn__seconds() - start;
}

int timing_repeats(const struct job *job, double seconds)
{
    const double round = seconds / ROUNDS;
    job->run(job->arg, 1);
    for (int count = 1;; count *= 2) {
        double taken = timing_run(job, count);
        if (taken < round / 4 && count < (1 << 24))
            continue;
        double fitting = taken > 0 ? round * count / taken : count;
        return fitting < 1 ? 1 : (int)fitting;
    }
}

void timing_measure(const struct job *jobs, struct timing *timings, int count, double seconds)
{
    enum { MOST = 8 };
    int repeats[MOST];
    for (int i = 0; i < count && i < MOST; i++)
        repeats[i] = timing_repeats(&jobs[i], seconds);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < count && i < MOST; i++)
            timings[i].seconds[round] = timing_run(&jobs[i], repeats[i]) / repeats[i];
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct spread spread_of(const double values[ROUNDS])
{
    double sorted[ROUNDS];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof *sorted, compare);
    return (struct spread){sorted[ROUNDS / 2], sorted[0], sorted[ROUNDS - 1]};
}

struct spread timing_ratio(const struct timing *a, const struct timing *b)
{
    double ratios[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        ratios[i] = a->seconds[i] / b->seconds[i];
    return spread_of(ratios);
}
