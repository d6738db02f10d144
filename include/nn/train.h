/*
 * Training: compile, fit, evaluate, predict, and one step at a time. The bookkeeping is that of
 * Keras 3: logs are running means since the epoch began, weighted by rows; training numbers come
 * from the training-mode pass before each update; the last batch may be short and is never dropped.
 */
#ifndef NN_TRAIN_H
#define NN_TRAIN_H

#include "base.h"
#include "callbacks.h"
#include "dataset.h"
#include "losses.h"
#include "metrics.h"
#include "model.h"
#include "optimizers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Compile ----------------------------------------------------------------------------------
 * A model runs one of these at a time; calls on a model that is running, as from a callback, are
 * NN_ESTATE. Getters, nn_model_save, the learning rate and nn_model_stop work at any time.
 *
 * Builds the model and gives it loss, optimizer and metrics. Takes all three, also when it fails.
 * Compiling again replaces them and forgets optimizer state; a failed compile leaves the model as it
 * was. NN_EINVAL (optimizer or loss is NULL or belongs to a model, an option out of range, two
 * metrics of one name, lists that do not fit the number of outputs), NN_ESHAPE (the loss does not
 * fit the output), NN_ENOMEM (also where a metric is NULL, a failed constructor), NN_ENOTSUP (an own
 * optimizer beyond NN_MAX_SLOTS or NN_MAX_SCALARS), or the model's failure.
 *
 * A model with several outputs takes a loss for each, in the order of the outputs. What is trained
 * and logged as "loss" is the sum of each output's mean loss times its weight. Every output logs its
 * loss without the weight, and its metrics, under its layer's name: label_loss, label_accuracy,
 * value_loss, and val_label_loss, ... Lists that are given have an entry per output.
 * Names that collide with those of a validation (an output named val) are NN_EINVAL.
 */
typedef struct nn_compile_options {
    size_t struct_size;
    nn_model *model;         /* must be given */
    nn_optimizer *optimizer; /* must be given                            */
    nn_loss *loss;           /* must be given                            */
    nn_metric_list metrics;  /* .metrics = nn_metrics(nn_accuracy()), or none */
    int no_fusion;           /* 1: one step per layer in fit and evaluate */
    int reserved;            /* 0                                        */
    nn_loss_list losses; /* of several outputs: .losses = nn_losses(a, b) instead of loss      */
    nn_loss_weight_list
        loss_weights;               /* .loss_weights = nn_loss_weights(1, 0.2); none: 1 for each */
    nn_metric_lists output_metrics; /* .output_metrics = nn_output_metrics(nn_metrics(..), ..)
                                         instead of metrics                                        */
} nn_compile_options;
NN_API nn_status nn_model_compile(const nn_compile_options *options);

/* ---- Fit --------------------------------------------------------------------------------------
 * Trains. Shuffles anew for each epoch from (seed, epoch). Takes the callbacks, also when it fails;
 * borrows the datasets. A second fit goes on with weights, optimizer state and step count.
 *
 * Weights of rows (one per row of the dataset, borrowed) or of classes (one output, a vector; the
 * class is the target, or its largest element) multiply the rows' losses and gradients. They do not
 * enter the divisor: loss is the sum of weight times loss, divided by the number of rows, as in
 * Keras. Both at once are NN_EINVAL, as is a weight that is not finite; another number of them is
 * NN_ESHAPE. Metrics count rows alike unless they are nn_weighted. Class weights do not count in
 * validation.
 *
 * The order of hooks is Keras's. nn_model_stop and callbacks may end it early: still NN_OK.
 * Failures: the model's; NN_ESTATE (not compiled); NN_ESHAPE (data does not fit the model, with
 * both shapes); NN_EINVAL; NN_EUSER; NN_ENOMEM. What was done until then stands, with its history.
 */

/* What a fit prints, in Keras's text and numbers. */
typedef enum nn_verbose {
    NN_SILENT = 0,       /* nothing                                                            */
    NN_PROGRESS_BAR = 1, /* a bar redrawn on a terminal, else a line at the end of each epoch  */
    NN_ONE_LINE = 2      /* one line per epoch                                                 */
} nn_verbose;

typedef struct nn_fit_options {
    size_t struct_size;
    nn_model *model;                   /* must be given */
    const nn_dataset *data;            /* must be given; borrowed */
    int batch_size;                    /* 0 is 32                                           */
    int epochs;                        /* 0 is 1; the number of the last epoch, as in Keras  */
    int verbose;                       /* an nn_verbose; default NN_SILENT                   */
    int reserved;                      /* 0                                                  */
    nn_callback_list callbacks;        /* .callbacks = nn_callbacks(...), or none            */
    const nn_dataset *validation_data; /* NULL: no validation                                */
    int no_shuffle;                    /* 1: rows in their order (Keras: shuffle=False)      */
    int initial_epoch;                 /* number of the first epoch, 0-based; default 0      */
    int validation_batch_size;         /* 0 is batch_size                                    */
    int validation_freq;               /* validate after every so many epochs; 0 is 1        */
    int resume;                        /* 1: callbacks take up what those of the former fit, or
                                          of the file, left; the history is kept             */
    int reserved2;                     /* 0                                                  */
    void *stream;                      /* stdio FILE * for progress text; NULL is stdout     */
    nn_class_weight_list class_weight; /* .class_weight = nn_class_weights(1, 5), or none    */
    const nn_tensor *sample_weight;    /* f32 of data's rows; NULL: none                     */
    const nn_tensor *validation_sample_weight; /* f32 of validation_data's rows; NULL: none  */
    int no_prefetch; /* 1: no row is read before its batch begins; see nn/dataset.h      */
    int profile;     /* an nn_profiling (nn/profile.h): where the time goes                  */
} nn_fit_options;
NN_API nn_status nn_model_fit(const nn_fit_options *options);

/* ---- Evaluate ---------------------------------------------------------------------------------
 * Loss and metrics over a dataset in inference mode, without shuffling. *result is lent by the
 * model until its next evaluate or train_on_batch, and written only on success.
 */
typedef struct nn_evaluate_options {
    size_t struct_size;
    nn_model *model;                /* must be given */
    const nn_dataset *data;         /* must be given; borrowed */
    int batch_size;                 /* 0 is 32                              */
    int verbose;                    /* an nn_verbose; default NN_SILENT     */
    const nn_logs **result;         /* entries loss, accuracy, ...; or NULL */
    void *stream;                   /* stdio FILE *; NULL is stdout         */
    const nn_tensor *sample_weight; /* f32 of data's rows; NULL: none       */
    int no_prefetch;                /* 1: as in nn_fit                      */
    int profile;                    /* as in nn_fit                         */
} nn_evaluate_options;
NN_API nn_status nn_model_evaluate(const nn_evaluate_options *options) NN_MUST_CHECK;

/* ---- Predict ----------------------------------------------------------------------------------
 * The model's outputs over a dataset (its y is ignored), row by row. Needs no compile. Of several
 * outputs, each goes to a place of its own. NN_EINVAL where no place is given, or not one for each
 * output.
 */

/* Where numbers go: the caller's memory. */
typedef struct nn_buffer {
    nn_real *data;   /* of the caller        */
    size_t capacity; /* its size in elements */
} nn_buffer;

/* A counted list of buffers, one per output, made by nn_buffers({p, n}, {q, m}). */
typedef struct nn_buffer_list {
    const nn_buffer *items; /* a buffer for each output */
    size_t count;           /* how many */
} nn_buffer_list;

typedef struct nn_predict_options {
    size_t struct_size;
    nn_model *model;        /* must be given */
    const nn_dataset *data; /* must be given; borrowed */
    nn_real *into;       /* the caller's buffer, rows times the outputs of a row; or NULL        */
    size_t capacity;     /* its size in elements; NN_ESHAPE where it is too small                */
    nn_tensor **result;  /* takes a new tensor [rows][...] that the caller frees; or NULL        */
    int batch_size;      /* 0 is 32                                                              */
    int verbose;         /* an nn_verbose; default NN_SILENT                                     */
    void *stream;        /* stdio FILE *; NULL is stdout                                         */
    nn_tensor **results; /* several outputs: takes a new tensor of each; or NULL                */
    size_t result_count; /* how many there is room for: as many as outputs                      */
    nn_buffer_list buffers; /* several outputs: .buffers = nn_buffers({p, n}, {q, m}), or none  */
    int no_prefetch;        /* 1: as in nn_fit                                                   */
    int profile;            /* as in nn_fit                                                      */
} nn_predict_options;
NN_API nn_status nn_model_predict(const nn_predict_options *options) NN_MUST_CHECK;

/* ---- Adapt ------------------------------------------------------------------------------------
 * Sets mean, variance and count of the Normalization layer of that name to those of the dataset,
 * whose rows must have the shape of the layer's input; what was there before is forgotten. Variance is
 * biased, sums are in double. Builds the model. The model is unaltered on failure: NN_ENOTFOUND (no
 * such layer), NN_EINVAL (another kind of layer; no rows), NN_ESTATE (its mean was an option),
 * NN_ESHAPE, NN_ENOMEM, and what the dataset's reading fails with.
 */
NN_API nn_status nn_normalization_adapt(nn_model *model, const char *layer,
                                        const nn_dataset *data) NN_MUST_CHECK;

#ifndef __cplusplus
/* An nn_buffer_list of these buffers: nn_buffers({p, n}, {q, m}). C only. */
#define nn_buffers(...)                                                                            \
    {                                                                                              \
        (const nn_buffer[]){__VA_ARGS__},                                                          \
            sizeof((const nn_buffer[]){__VA_ARGS__}) / sizeof(nn_buffer)                           \
    }

#define nn_compile(...) nn_model_compile(NN_OPTIONS(nn_compile_options, __VA_ARGS__))
#define nn_fit(...) nn_model_fit(NN_OPTIONS(nn_fit_options, __VA_ARGS__))
#define nn_evaluate(...) nn_model_evaluate(NN_OPTIONS(nn_evaluate_options, __VA_ARGS__))
#define nn_predict(...) nn_model_predict(NN_OPTIONS(nn_predict_options, __VA_ARGS__))
#endif

/* ---- Confusion matrix, stop -------------------------------------------------------------------
 * Which classes the model takes for which: counts[true][predicted], classes x classes numbers of
 * the caller's, over all rows of the dataset. The predicted class is the largest output, the true
 * one the target or its largest element; where there is one output, classes is 2 and both are
 * "above 0.5". Needs no compile. After a failure counts are undefined. NN_ESHAPE: classes is not
 * what the model has, several outputs or axes, targets of another kind; NN_EINVAL: a class outside
 * the table, naming the row; else as nn_predict.
 */
NN_API nn_status nn_confusion_matrix(nn_model *model, const nn_dataset *data, uint64_t *counts,
                                     int classes) NN_MUST_CHECK;

/* Asks the fit, evaluate or predict that is running on this model to end after the current batch;
 * validation and end-of-epoch hooks still run, as in Keras. Safe from signal handlers and other
 * threads. A fit that begins afterwards is not affected. */
NN_API void nn_model_stop(nn_model *model);

/* ---- One step at a time --------------------------------------------------------------------- */

/*
 * One training step on x[rows][...] and y (as in nn_arrays_new). *result (may be NULL) gets this
 * batch's loss and metrics; lent as by evaluate.
 */
NN_API nn_status nn_train_on_batch(nn_model *model, const nn_tensor *x, const nn_tensor *y,
                                   const nn_logs **result);
/* The same with a weight for each row, as in nn_fit: f32 of rows, or NULL. */
NN_API nn_status nn_train_on_batch_weighted(nn_model *model, const nn_tensor *x, const nn_tensor *y,
                                            const nn_tensor *sample_weight, const nn_logs **result);
/* The same with x[inputs] and y[outputs], one tensor for each of the model's; NN_EINVAL where the
 * model has other numbers of them, NN_ESHAPE where rows differ. */
NN_API nn_status nn_train_on_batch_many(nn_model *model, const nn_tensor *const *x, size_t inputs,
                                        const nn_tensor *const *y, size_t outputs,
                                        const nn_logs **result);

/*
 * The same in three parts, on a context made with .training = 1: nn_context_forward, then
 * nn_context_backward once, then nn_context_update once. All three: NN_ESTATE: out of this order, a
 * context without training, or a model compiled anew since; NN_EINVAL: rows, or a class outside the
 * output; NN_ESHAPE.
 *
 * This one is the training-mode pass: output to the caller's y where not NULL; moving averages
 * advance.
 */
NN_API nn_status nn_context_forward(nn_context *context, const nn_real *x, int rows, nn_real *y);
/* The loss and all gradients. *loss, where not NULL, gets the mean over the rows, with the
 * penalties. */
NN_API nn_status nn_context_backward(nn_context *context, const nn_tensor *targets, double *loss);
/* The optimizer's change of the weights. */
NN_API nn_status nn_context_update(nn_context *context);
/* Forward for any number of inputs and outputs: x[i] for each input, y[k] for each output; y[k], or
 * y, may be NULL. The functions for one give NN_EINVAL for a model with more. */
NN_API nn_status nn_context_forward_many(nn_context *context, const nn_real *const *x, int rows,
                                         nn_real *const *y);
/* Backward for any number of outputs: targets[k] for each. The loss is the weighted sum. */
NN_API nn_status nn_context_backward_many(nn_context *context, const nn_tensor *const *targets,
                                          double *loss);
/* Copies the gradient of the weight of that name, as nn_model_get_weight does. After the update: as
 * the optimizer used it, accumulated and clipped. */
NN_API nn_status nn_context_gradient(const nn_context *context, const char *weight, nn_real *values,
                                     size_t count);

/* The optimizer's learning rate, of the next batch where it follows a schedule; NaN before
 * compile. */
NN_API double nn_model_learning_rate(const nn_model *model);
/* Sets it, rate >= 0 (NN_EINVAL). NN_ESTATE before compile and where a schedule is followed; then
 * callbacks cannot set it, either. */
NN_API nn_status nn_model_set_learning_rate(nn_model *model, double rate);
/* Updates of the weights since the model was compiled. */
NN_API uint64_t nn_model_steps(const nn_model *model);

/* ---- History --------------------------------------------------------------------------------
 * What the last fit logged, epoch by epoch. Lent by the model; grows during the fit.
 */

/* Logs by epoch. */
typedef struct nn_history nn_history;
/* The model's history; NULL before its first fit. */
NN_API const nn_history *nn_model_history(const nn_model *model);
/* The number of entries, one per epoch that was ended. */
NN_API int nn_history_epochs(const nn_history *history);
/* The logs of entry 0..epochs-1; NULL where there is none. */
NN_API const nn_logs *nn_history_logs(const nn_history *history, int entry);
/* A number of an entry: nn_history_value(h, 0, "val_loss"); NaN where there is none. */
NN_API double nn_history_value(const nn_history *history, int entry, const char *name);

#ifdef __cplusplus
}
#endif
#endif
