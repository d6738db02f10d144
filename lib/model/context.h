/*
 * A context: programs, their plans, and the memory in which they run. One thread uses a context at
 * a time; several contexts may share a model.
 */
#ifndef NN__MODEL_CONTEXT_H
#define NN__MODEL_CONTEXT_H

#include "model/plan.h"

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
    nn_pass *passes;    /* one per step, for both directions            */
    void *pointers;     /* memory of the passes' arrays                 */
    nn_shape *x_shapes; /* of all steps' inputs, as their layers see them */
} nn__run;

/* Shared by all passes of a context; where nn_parallel and nn_scratch find their way. */
typedef struct nn__engine {
    int threads;
    char *scratch;
    size_t scratch_bytes; /* per worker */
} nn__engine;

struct nn_context {
    nn_model *model;
    nn__engine engine;
    nn__run runs[NN__MODES];
    char *arena;
    nn_real *gradients; /* of all parameters, laid out as the model's; training only */
    size_t bytes;       /* of everything                                             */
    int compiled;       /* the model's number of the compile it was made for         */

    /* The batch that is being run. */
    int rows;          /* 0: none, or its gradients are made     */
    int has_gradients; /* of nn_context_backward, not yet used   */
    nn__mode mode;
    nn_real *targets; /* [batch][width of the prediction], or            */
    int32_t *classes; /* [batch]: whichever the loss or metrics take     */
    double *losses;   /* [batch]                                         */
    size_t *indices;  /* [batch] rows of a dataset                       */
};

/* batches[mode] rows at most; 0 where a mode is not wanted. */
nn_context *nn__context_make(nn_model *model, const int batches[NN__MODES], int threads,
                             int no_fusion);

/* x[rows][...] of the mode's input, to be filled before nn__context_forward. */
nn_real *nn__context_input(nn_context *context, nn__mode mode);
/* The model's output of the last run; lent. After a fused loss these are the probabilities. */
const nn_real *nn__context_prediction(const nn_context *context);
/* Numbers in one row of the output. */
size_t nn__context_width(const nn_context *context);

void nn__context_forward(nn_context *context, nn__mode mode, int rows);
/* Losses of the rows into context->losses; in training the gradient of the prediction, too. */
void nn__context_loss(nn_context *context);
void nn__context_backward(nn_context *context);
/* A forward pass over the caller's x[rows][...]; the output goes to y where it is not NULL. */
nn_status nn__context_run(nn_context *context, nn__mode mode, const nn_real *x, int rows,
                          nn_real *y);
/* One step of the model's optimizer with the context's gradients. */
void nn__context_step(nn_context *context);

/* Between these two a thread runs the model: one floating-point mode, single-threaded BLAS. */
unsigned nn__run_enter(void);
void nn__run_leave(unsigned saved);

#endif
