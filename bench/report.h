/* Results as lines and as JSON. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "bench.h"
#include "nn/profile.h"
#include "timing.h"

/* Which unit comes first in a line, carries the spread, and is the value in JSON. */
typedef enum main_unit { IMAGES_PER_SECOND, GFLOP_PER_SECOND, GB_PER_SECOND } main_unit;

typedef struct measured {
    const char *name; /* "train conv2"                                             */
    int batch;        /* pictures of a run; 0: it has none                         */
    int threads;
    double flops; /* of a run, those of direct convolution; 0: they mean little */
    double bytes; /* of a run, read and written, where they are the unit    */
    main_unit unit;
    double speedup; /* against one thread; 0: not told                           */
    struct timing timing;
    const char *against;   /* what was measured in turns with it; NULL: nothing  */
    struct timing another; /* of that                                            */
} measured;

/*
 * One line, and one entry of the JSON text:
 *   train conv2 batch 32 threads 2: 21,345 images/s  1.50 ms  85.1 GFLOP/s  43 % of sgemm  (L..M)
 * L and M, least and most, are in the first unit; sgemm is the machine's own rate on one
 * thread, times threads. Where it was measured in turns with something else, the line has how
 * many times faster it is, too: "1.62 x bare GEMM (1.50..1.70)".
 */
void report_measured(struct bench *bench, const measured *m);

/*
 * One line, the library's table below it, and one entry of the JSON text with all numbers of the
 * profile. cost is time with the profile, divided by time without:
 *   profile deep batch 32 threads 2: 10.7 ms a step  measuring costs 0.21 % (-0.35..0.88)
 */
void report_profile(struct bench *bench, const char *name, int batch, const nn_profile *profile,
                    const struct spread *cost);

/* "NAME: VALUE UNIT WHAT  (min..max)"; what explains the number. */
void report_value(struct bench *bench, const char *name, const struct spread *value,
                  const char *unit, const char *what);

/* How far computed numbers are from what they must be. */
struct errors {
    double largest;  /* of all, absolute                              */
    double rms;      /* of the numbers themselves                     */
    double bound;    /* the largest of the bounds, one for each number */
    double of_bound; /* the largest share of a number's own bound      */
};

/* "NAME batch N: error 2.1e-06, 1.5e-06 of the RMS 1.41; bound 1.9e-04, at most 2.3 % of a number's
 * own" */
void report_errors(struct bench *bench, const char *name, int batch, const struct errors *e);

/* The header line, and the head of the JSON text; report_end gives its rest to a file. */
void report_begin(struct bench *bench);
void report_end(struct bench *bench, const char *path);

#endif
