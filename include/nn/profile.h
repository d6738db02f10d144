/*
 * The profile: where the time of a step goes, layer by layer and by kind of work.
 *
 * A fit, an evaluation or a prediction is profiled where its option says so:
 *
 *   nn_fit(model, data, .profile = NN_PROFILE_PRINT);
 *
 * or, where the option is not given, where the environment variable NN_PROFILE is set when the call
 * begins: unset, empty and 0 are off, anything else is NN_PROFILE_PRINT. A context is profiled where
 * it was made with .profile = 1. Where nothing is profiled it costs nothing; else less than 1 % of
 * the time. Results have the same bits, and no step allocates.
 *
 * What is measured are the loops over batches: loading, computing, the hooks of batches, the progress
 * line; not what happens once per epoch. Every moment of every thread is counted once, so the seconds
 * of all entries add up to the seconds of the loops times the threads.
 */
#ifndef NN_PROFILE_H
#define NN_PROFILE_H

#include "base.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a thread does. */
typedef enum nn_work {
    NN_WORK_GEMM = 0,        /* products of matrices                                            */
    NN_WORK_DIRECT = 1,      /* convolutions that are computed without them; of Winograd's those of
                                few channels, whose multiplications are counted, a quarter       */
    NN_WORK_LOWERING = 2,    /* windows of pictures copied into matrices, and back (im2col)     */
    NN_WORK_TRANSFORMS = 3,  /* of Winograd's convolutions                                      */
    NN_WORK_ELEMENTWISE = 4, /* all else of layers, losses and metrics: activations, pooling,
                                batch norm, dropout, sums                                       */
    NN_WORK_OPTIMIZER = 5,   /* the change of the weights                                       */
    NN_WORK_DATA = 6,        /* rows read into the place where the batch is computed            */
    NN_WORK_OTHER = 7,       /* between the steps: hooks, logs, the progress line               */
    NN_WORK_WAITING = 8,     /* nothing: for the other threads, or for data                     */
    NN_WORK_KINDS = 9        /* how many kinds there are                                        */
} nn_work;

/* What becomes of a profile: an option of fit, evaluate and predict. */
typedef enum nn_profiling {
    NN_PROFILE_OFF = 0,   /* as NN_PROFILE says                                                 */
    NN_PROFILE_PRINT = 1, /* printed to stderr at the end of a call that went well, and kept    */
    NN_PROFILE_KEEP = 2   /* kept for nn_model_profile                                          */
} nn_profiling;

/* Which passes a profile is of. */
typedef enum nn_profiled {
    NN_PROFILED_TRAINING = 0,   /* of a fit                                  */
    NN_PROFILED_EVALUATION = 1, /* of an evaluate, or of a fit's validations */
    NN_PROFILED_PREDICTION = 2  /* of a predict                              */
} nn_profiled;

/* Which way a row's layer goes. */
typedef enum nn_profile_pass {
    NN_PROFILE_NO_PASS = 0, /* it is no layer's   */
    NN_PROFILE_FORWARD = 1, /* from input to loss */
    NN_PROFILE_BACKWARD = 2 /* back, for gradients */
} nn_profile_pass;

/* The time that one row of the profile took for one kind of work. Rows stand in the order in which
 * they run: data, the steps forward, loss, the steps backward, optimizer, other. */
typedef struct nn_profile_entry {
    int row;  /* entries of one row have the same number, and follow each other             */
    int pass; /* an nn_profile_pass                                                         */
    const char
        *layer; /* its name; "data", "loss and metrics", "optimizer" or "other"; lent         */
    const char *step; /* what runs in the place of the layer itself: a fusion (batch_norm_pool), or
                          its activation; else NULL; lent                                            */
    int kind;       /* an nn_work                                                                 */
    int reserved;   /* 0                                                                          */
    double seconds; /* of all threads together                                                    */
    double work;    /* of GEMM and DIRECT, floating-point operations, 2 for a multiplication and
                          an addition; of the others bytes read and written where each number is
                          met once; 0: not known                                                     */
    uint64_t calls; /* of GEMM, DIRECT, LOWERING, TRANSFORMS: of their functions; of WAITING:
                          waits of the calling thread; of the others: passes                         */
} nn_profile_entry;

/* A profile. */
typedef struct nn_profile {
    int profiled;                    /* an nn_profiled                                */
    int threads;                     /* that take part, those that only wait included */
    uint64_t steps;                  /* batches                                       */
    uint64_t rows;                   /* of data in them                               */
    double seconds;                  /* that the loops over batches took              */
    size_t entry_count;              /* how many there are                            */
    const nn_profile_entry *entries; /* those that are not 0                          */
} nn_profile;

/*
 * The profile of the last fit, evaluate or predict that was profiled; NULL where there was none. Lent
 * until the next one begins; from a hook, what was measured so far.
 */
NN_API const nn_profile *nn_model_profile(const nn_model *model, nn_profiled what);

/* What the context's calls took so far: what it predicts, or with .training = 1 its training steps;
 * NULL where it was made without .profile = 1, or cannot do it. Lent by the context, and written anew
 * by the next call. */
NN_API const nn_profile *nn_context_profile(nn_context *context, nn_profiled what);

/*
 * Prints it as two tables of at most 88 columns to a stdio FILE. The first has a line for each row: its
 * part of a step in milliseconds and in % of the time of all threads, and that divided by kinds (GEMM
 * and direct together, and as the rest what the table below calls elementwise, optimizer, data and
 * other). The second has a line for each kind. GFLOP/s and GB/s are what one thread reaches while it
 * does such work. NN_EINVAL: one of the two is NULL; NN_EIO.
 */
NN_API nn_status nn_profile_print(const nn_profile *profile, void *stream);

/* "GEMM", "direct", "lowering", "transforms", "elementwise", "optimizer", "data", "other", "waiting";
 * "unknown" for other numbers. */
NN_API const char *nn_work_name(int kind);

#ifdef __cplusplus
}
#endif
#endif
