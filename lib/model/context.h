/*
 * A context: programs, their plans, and the memory in which they run. One thread uses a context at
 * a time; several contexts may share a model.
 */
#ifndef NN__MODEL_CONTEXT_H
#define NN__MODEL_CONTEXT_H

#include "model/plan.h"
#include "model/profile.h"

/* What a run is for. */
typedef enum nn__mode {
    NN__TRAIN = 0,    /* training pass, loss, gradients   */
    NN__EVALUATE = 1, /* inference pass, loss             */
    NN__PREDICT = 2,  /* inference pass                   */
    NN__MODES = 3
} nn__mode;

/* One mode of a context, ready to go: every pointer of every pass is set. */
typedef struct nn__run {
    int batch; /* 0: this context does not have the mode */
    nn__program program;
    nn__plan plan;
    nn_pass *passes;      /* one per step, for both directions            */
    void *pointers;       /* memory of the passes' arrays and of the next */
    nn_real **inputs;     /* the model's inputs x[rows][...]              */
    nn_shape *x_shapes;   /* of all steps' inputs, as their layers see them */
    double *work;         /* of all steps, for a row: multiplications, numbers read and written */
    char *prepared;       /* what inference's steps made of the weights     */
    uint64_t changes;     /* the model's number of changes at that time     */
    nn__profile *profile; /* that is being made of it; NULL: none      */
} nn__run;

/* Shared by all passes of a context; where nn_parallel and nn_scratch find their way. */
typedef struct nn__engine {
    int threads;
    char *scratch;
    size_t scratch_bytes; /* per worker */
    int turned;           /* 1 in every other run: see nn__pool_run_turned */
} nn__engine;

/* What an output's loss reads besides the prediction, and what it gives. */
typedef struct nn__output_rows {
    nn_real *targets; /* [batch][width of the prediction], or  */
    int32_t *classes; /* [batch]: whichever the loss takes     */
    double *losses;   /* [batch]                               */
} nn__output_rows;

/* Where the rows of a batch go. */
typedef struct nn__rows {
    size_t *indices;          /* [batch]: their numbers in a dataset                       */
    nn_real **inputs;         /* [the model's inputs] x[batch][...]                        */
    nn__output_rows *outputs; /* [output_count]; of one that is read ahead, without losses */
} nn__rows;

/* A piece of a regularized weight: the unit of regularize.c. */
typedef struct nn__penalty_piece {
    int weight;
    size_t first, count; /* elements of the weight        */
    double sums[2];      /* of their |w| and their squares */
} nn__penalty_piece;

struct nn_context {
    nn_model *model;
    nn__engine engine;
    nn__run runs[NN__MODES];
    char *arena;
    nn_real *gradients;        /* of all parameters, laid out as the model's; training only */
    size_t bytes;              /* of everything                                             */
    int compiled;              /* the model's number of the compile it was made for         */
    int trainable_changes;     /* the model's when it was made                           */
    nn__penalty_piece *pieces; /* of all regularized weights; NULL where there are none     */
    int piece_count;
    int own_profiles; /* 1: the runs' profiles are this context's */

    /* The batch that is being run. */
    int rows;          /* 0: none, or its gradients are made     */
    int has_gradients; /* of nn_context_backward, not yet used   */
    nn__mode mode;
    size_t *indices; /* [batch] rows of a dataset */
    double *weights; /* [batch] of the rows' losses, where weighted is 1 */
    int weighted;
    nn__output_rows *outputs; /* [output_count]; NULL where the context only predicts */
    int output_count;
    double penalty; /* of the regularizers, once per batch */

    nn__rows
        ahead; /* the next batch, while it is read in the background; NULLs until somebody does */
};

/* batches[mode] rows at most; 0 where a mode is not wanted. */
nn_context *nn__context_make(nn_model *model, const int batches[NN__MODES], int threads,
                             int no_fusion);

/* Memory for a batch that is read ahead, where there is none yet; NN_ENOMEM. */
nn_status nn__context_ahead(nn_context *context);

/* The model's output of the last run; lent. After a fused loss these are the probabilities. */
const nn_real *nn__context_prediction(const nn_context *context, int output);
/* Numbers in one row of an input or output. */
size_t nn__context_input_width(const nn_context *context, int input);
size_t nn__context_width(const nn_context *context, int output);

/* runs[mode].inputs have been filled. */
void nn__context_forward(nn_context *context, nn__mode mode, int rows);
/* Losses of the rows into context->outputs, the regularizers' into context->penalty; in training the
 * gradients of the predictions, too. */
void nn__context_loss(nn_context *context);
/* Output k's part of the loss of the batch: the mean over its rows. */
double nn__context_mean_loss(const nn_context *context, int output);
void nn__context_backward(nn_context *context);
/* A forward pass over the caller's x[input][rows][...]; outputs go to y[output] where that is not
 * NULL, and y may be NULL. */
nn_status nn__context_run(nn_context *context, nn__mode mode, const nn_real *const *x, int rows,
                          nn_real *const *y);
/* NN_EINVAL where the model has several inputs or outputs; what is the function for one. */
nn_status nn__context_check_single(const nn_context *context, const char *what);
/* One step of the model's optimizer with the context's gradients. */
void nn__context_step(nn_context *context);

/* ---- regularize.c ---- */

/* Makes the list of pieces. */
nn_status nn__context_pieces(nn_context *context);
/* The penalties l1 sum |w| + l2 sum w^2 of all weights that are trained. */
double nn__context_penalty(nn_context *context);
/* Adds their gradients to the weights' gradients. */
void nn__context_penalty_gradient(nn_context *context);

/* Between these two a thread runs the model: one floating-point mode, single-threaded BLAS. */
unsigned nn__run_enter(void);
void nn__run_leave(unsigned saved);

#endif
