/*
 * Times as medians over rounds. Things that are compared take turns, round by round, so that a
 * busy moment of the machine meets all of them.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

enum { ROUNDS = 9 };

/* Something to be timed: run does it `count` times. */
struct job {
    void (*run)(void *arg, int count);
    void *arg;
};

/* Seconds of one run, round by round. */
struct timing {
    double seconds[ROUNDS];
};

struct spread {
    double median, min, max;
};

/* How many runs fill a round where all rounds together take `seconds`; at least 1. Warms up. */
int timing_repeats(const struct job *job, double seconds);
/* Times count jobs in turns, each for about `seconds`. */
void timing_measure(const struct job *jobs, struct timing *timings, int count, double seconds);

struct spread spread_of(const double values[ROUNDS]);
/* How many times faster b is than a, round by round. */
struct spread timing_ratio(const struct timing *a, const struct timing *b);

#endif
