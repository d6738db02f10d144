/*
 * Callbacks: objects that watch a fit and may change its course. nn_fit takes them; they stay with
 * the model until the next fit, so their results can be read after it.
 */
#ifndef NN_CALLBACKS_H
#define NN_CALLBACKS_H

#include "base.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A callback: a kind's table, its options, its state. */
typedef struct nn_callback nn_callback;
/* Named numbers, see below. */
typedef struct nn_logs nn_logs;

/* Frees a callback that was not handed to a fit. NULL is fine. */
NN_API void nn_callback_free(nn_callback *callback);

/*
 * A counted list of callbacks, made by nn_callbacks(a, b, ...). They are called in this order. A
 * NULL in it is a failed constructor and fails the fit with NN_ENOMEM, a callback that stands
 * twice or belongs to another fit with NN_EINVAL; the others of the list are then freed.
 */
typedef struct nn_callback_list {
    nn_callback *const *items; /* the callbacks; taken by the fit */
    size_t count;              /* how many */
} nn_callback_list;

#ifndef __cplusplus
/* An nn_callback_list of these callbacks. C only. */
#define nn_callbacks(...)                                                                          \
    {                                                                                              \
        (nn_callback *[]){__VA_ARGS__},                                                            \
            sizeof((nn_callback *[]){__VA_ARGS__}) / sizeof(nn_callback *)                         \
    }
#endif

/* ---- Logs -----------------------------------------------------------------------------------
 * Named numbers in Keras's order: the model's own in alphabetical order, then what callbacks added:
 * accuracy, loss, val_accuracy, val_loss, learning_rate.
 */

/* How many entries there are. */
NN_API size_t nn_logs_count(const nn_logs *logs);
/* The name of entry 0..count-1; lent. */
NN_API const char *nn_logs_name(const nn_logs *logs, size_t index);
/* The value of entry 0..count-1. */
NN_API double nn_logs_at(const nn_logs *logs, size_t index);
/* The value of that name; NaN where there is none. */
NN_API double nn_logs_value(const nn_logs *logs, const char *name);
/* 1 where an entry of that name exists. */
NN_API int nn_logs_has(const nn_logs *logs, const char *name);
/* Sets an entry, or adds it at the end. At a batch's end later callbacks and the progress line see
 * it, at an epoch's end the history, too; logs begin anew with each hook. The name is copied. */
NN_API nn_status nn_logs_set(nn_logs *logs, const char *name, double value);

/* Which way is better. NN_AUTO: down for a loss, the metric's own way for a metric of the model
 * (with or without "val_"), else up where the name contains "acc" and down where not. */
typedef enum nn_mode {
    NN_AUTO = 0, /* by the name of the watched number */
    NN_MIN = 1,  /* smaller is better                 */
    NN_MAX = 2   /* larger is better                  */
} nn_mode;

/* ---- EarlyStopping --------------------------------------------------------------------------
 * Stops when the watched number has not improved for `patience` epochs. Improved: cur + min_delta
 * < best (mode min) or cur - min_delta > best (max), strictly; NaN never improves. Never stops on
 * an improving epoch nor before the second one. At the end of the fit restore_best_weights puts
 * back all weights of the best epoch, however the fit ended (Keras 3).
 */
typedef struct nn_early_stopping_options {
    size_t struct_size;
    const char *monitor; /* NULL is "val_loss"                                              */
    double min_delta;    /* >= 0; default 0                                                 */
    double patience;     /* whole epochs >= 0; default 0, which acts like 1                 */
    int verbose;         /* 1: say it when stopping and restoring, also in a silent fit     */
    int mode;            /* NN_AUTO: the metric's own direction, see nn_mode                  */
    nn_maybe baseline;   /* NN_SOME(x): patience runs on until x is beaten                  */
    int restore_best_weights; /* 1: keep a copy of the best weights and put it back              */
    int start_from_epoch;     /* do nothing in epochs before this one (0-based); default 0       */
} nn_early_stopping_options;
NN_API nn_callback *nn_early_stopping_new(const nn_early_stopping_options *options);

/* Results of an EarlyStopping (of other callbacks -1, NaN). The epoch of the best number, 0-based;
 * -1: none yet. */
NN_API int nn_early_stopping_best_epoch(const nn_callback *callback);
/* The epoch after which it stopped the fit, 0-based; -1: it did not. */
NN_API int nn_early_stopping_stopped_epoch(const nn_callback *callback);
/* The best number. */
NN_API double nn_early_stopping_best(const nn_callback *callback);

/* ---- ReduceLROnPlateau ----------------------------------------------------------------------
 * Multiplies the learning rate by `factor` when the watched number has not improved for `patience`
 * epochs; logs learning_rate, the rate used in the epoch. After a reduction it rests for `cooldown`
 * epochs.
 */
typedef struct nn_reduce_lr_on_plateau_options {
    size_t struct_size;
    const char *monitor; /* NULL is "val_loss"                                   */
    double factor;       /* 0..1, below 1; 0 is 0.1                              */
    double patience;     /* whole epochs >= 0; 0 is 10, NN_ZERO is 0             */
    int verbose;         /* 1: say it when reducing                              */
    int mode;            /* NN_AUTO: the metric's own direction, see nn_mode       */
    double min_delta;    /* >= 0; 0 is 1e-4, NN_ZERO is 0                        */
    double cooldown;     /* whole epochs >= 0; default 0                         */
    double min_lr;       /* >= 0; default 0                                      */
} nn_reduce_lr_on_plateau_options;
NN_API nn_callback *nn_reduce_lr_on_plateau_new(const nn_reduce_lr_on_plateau_options *options);

/* ---- CSVLogger ------------------------------------------------------------------------------
 * One line per epoch: `epoch` (0-based) and the logs in alphabetical order, numbers in the shortest
 * form that reads back the same, CRLF line ends, as Keras writes it. Flushed per epoch. The file is
 * opened when the fit begins; a failure (NN_EIO, with the path) fails the fit before any step.
 */
typedef struct nn_csv_logger_options {
    size_t struct_size;
    const char *path;      /* must be given                                      */
    const char *separator; /* one character; NULL is ","                         */
    int append;            /* 1: add to an existing file, without a second header */
    int reserved;          /* 0                                                  */
} nn_csv_logger_options;
NN_API nn_callback *nn_csv_logger_new(const nn_csv_logger_options *options);

/* ---- ModelCheckpoint ------------------------------------------------------------------------
 * Saves the model at the end of each epoch, or of every save_freq batches (counted over epochs), with
 * nn_model_save. The path may have fields in braces: {epoch} and, where batches count, {batch}, from
 * 1; the logs' numbers, {val_loss:.2f}. After a colon comes Python's form: [+][0][width][.digits] and
 * d for epoch and batch, e, f, g or % for every number; {{ and }} are braces. Missing folders are
 * made. A path that is wrong, a name that is not in the logs (NN_EINVAL) and a file that cannot be
 * written (NN_EIO) fail the fit.
 * With save_best_only it saves where the watched number improves on the best so far (strictly; a NaN
 * never does, but one that comes first is the best), and where the number is missing. Callbacks that
 * stand after it in the list are saved in the state of their former epoch, so it stands last.
 */
typedef struct nn_model_checkpoint_options {
    size_t struct_size;
    const char *path;                 /* must be given                                         */
    const char *monitor;              /* NULL is "val_loss"                                    */
    int verbose;                      /* 1: say what is saved                                  */
    int save_best_only;               /* 1: save only where the watched number improves        */
    int save_weights_only;            /* 1: with nn_model_save_weights                         */
    int mode;                         /* NN_AUTO: the metric's own direction, see nn_mode      */
    int save_freq;                    /* batches; 0: each epoch                                */
    int reserved;                     /* 0                                                     */
    nn_maybe initial_value_threshold; /* NN_SOME(x): the first best                 */
} nn_model_checkpoint_options;
NN_API nn_callback *nn_model_checkpoint_new(const nn_model_checkpoint_options *options);

/* Results of a ModelCheckpoint (of other callbacks NaN, -1, NULL). The best number so far; NaN:
 * none. */
NN_API double nn_model_checkpoint_best(const nn_callback *callback);
/* How often it saved. */
NN_API int nn_model_checkpoint_saves(const nn_callback *callback);
/* The last path it saved to; NULL: none; valid until the next save. */
NN_API const char *nn_model_checkpoint_path(const nn_callback *callback);

/* ---- LearningRateScheduler ------------------------------------------------------------------
 * Before each epoch sets the learning rate to schedule(epoch, rate, data); epoch is 0-based, rate the
 * one in use as float32. Logs learning_rate. A rate that is negative or not finite fails the fit
 * (NN_EINVAL).
 */
typedef double nn_schedule_function(int epoch, double rate, void *data);
typedef struct nn_learning_rate_scheduler_options {
    size_t struct_size;
    nn_schedule_function *schedule; /* must be given                 */
    void *data;                     /* the caller's, handed through  */
    int verbose;                    /* 1: say the rate of each epoch */
    int reserved;                   /* 0                             */
} nn_learning_rate_scheduler_options;
NN_API nn_callback *nn_learning_rate_scheduler_new(
    const nn_learning_rate_scheduler_options *options);

/* ---- TerminateOnNaN -------------------------------------------------------------------------
 * Ends the training after the first batch whose loss (the epoch's running mean) is NaN or infinite.
 */
typedef struct nn_terminate_on_nan_options {
    size_t struct_size;
    int raise_error; /* 1: fail the fit with NN_EUSER instead */
    int reserved;    /* 0                                     */
} nn_terminate_on_nan_options;
NN_API nn_callback *nn_terminate_on_nan_new(const nn_terminate_on_nan_options *options);

/* The epoch in which it ended the training, 0-based; -1: it has not, or it is no TerminateOnNaN. */
NN_API int nn_terminate_on_nan_epoch(const nn_callback *callback);
/* The batch of that epoch, likewise. */
NN_API int nn_terminate_on_nan_batch(const nn_callback *callback);

/* ---- LambdaCallback -------------------------------------------------------------------------
 * The caller's functions at the hooks of a fit, each may be NULL. index is the 0-based epoch in
 * on_epoch_..., the 0-based batch in on_..._batch_..., else 0. logs: running means at batches, the
 * epoch's numbers at its end; what nn_logs_set adds there, later callbacks and the history see. Test
 * is the validation. They answer 0 to go on; 1 to end the training after this batch or epoch; an
 * nn_status below 0 fails the fit with it.
 */
typedef int nn_lambda_function(nn_model *model, int index, nn_logs *logs, void *data);

typedef struct nn_lambda_options {
    size_t struct_size;
    nn_lambda_function *on_epoch_begin;       /* before an epoch */
    nn_lambda_function *on_epoch_end;         /* after an epoch */
    nn_lambda_function *on_train_begin;       /* before the fit */
    nn_lambda_function *on_train_end;         /* after the fit */
    nn_lambda_function *on_train_batch_begin; /* before a batch of training */
    nn_lambda_function *on_train_batch_end;   /* after a batch of training */
    nn_lambda_function *on_test_begin;        /* before a validation */
    nn_lambda_function *on_test_end;          /* after a validation */
    nn_lambda_function *on_test_batch_begin;  /* before a batch of it */
    nn_lambda_function *on_test_batch_end;    /* after a batch of it */
    void *data;                               /* the caller's, handed through */
} nn_lambda_options;
NN_API nn_callback *nn_lambda_new(const nn_lambda_options *options);

/* ---- Logger ---------------------------------------------------------------------------------
 * One line per epoch, and with `every` one after each so many batches (of the epoch), whatever the
 * fit's verbose is, to a function or a stream:
 *
 *   epoch 3/20 batch 100/1563 4.2s accuracy 0.4021 loss 1.6402
 *   epoch 3/20 63.8s accuracy 0.4534 loss 1.5127 val_accuracy 0.5012 val_loss 1.3899
 *
 * Seconds since the epoch began; numbers with four digits after the point, or in the form 1.2345e-05
 * where they are below 0.001.
 */
typedef struct nn_logger_options {
    size_t struct_size;
    void (*write)(const char *line,
                  void *data); /* gets the line without a line end; NULL: stream */
    void *data;                /* the caller's, handed through                   */
    void *stream;              /* stdio FILE *, flushed per line; NULL is stdout */
    int every;                 /* batches; 0: only epochs                        */
    int reserved;              /* 0                                              */
} nn_logger_options;
NN_API nn_callback *nn_logger_new(const nn_logger_options *options);

/* ---- TensorBoard ----------------------------------------------------------------------------
 * Writes event files that TensorBoard reads, into <log_dir>/train and <log_dir>/validation:
 *
 *   epoch_<name>                        each log at its epoch, without "val_" (those go to
 *                                       validation); epoch_learning_rate
 *   evaluation_<name>_vs_iterations     after each validation, at the optimizer's step
 *   batch_<name>                        with update_freq, the running means, at the batch counted
 *                                       from 1 since the fit began
 *   <layer>/<weight>/histogram          with histogram_freq, 30 buckets of each weight's values
 *
 * Folders are made. The training's file is opened when the fit begins, with a name of its own; a
 * failure (NN_EIO, with the path) fails the fit. Every record reaches the system when it is written.
 */
typedef struct nn_tensorboard_options {
    size_t struct_size;
    const char *log_dir;        /* NULL is "logs"                                            */
    int histogram_freq;         /* epochs between histograms; 0: none                        */
    int write_steps_per_second; /* 1: epoch_steps_per_second and batch_steps_per_second, too */
    int update_freq;            /* batches between batch_ numbers; 0: only epochs            */
    int reserved;               /* 0                                                         */
} nn_tensorboard_options;
NN_API nn_callback *nn_tensorboard_new(const nn_tensorboard_options *options);

#ifndef __cplusplus
#define nn_early_stopping(...)                                                                     \
    nn_early_stopping_new(NN_OPTIONS(nn_early_stopping_options, __VA_ARGS__))
#define nn_reduce_lr_on_plateau(...)                                                               \
    nn_reduce_lr_on_plateau_new(NN_OPTIONS(nn_reduce_lr_on_plateau_options, __VA_ARGS__))
#define nn_csv_logger(...) nn_csv_logger_new(NN_OPTIONS(nn_csv_logger_options, __VA_ARGS__))
#define nn_model_checkpoint(...)                                                                   \
    nn_model_checkpoint_new(NN_OPTIONS(nn_model_checkpoint_options, __VA_ARGS__))
#define nn_learning_rate_scheduler(...)                                                            \
    nn_learning_rate_scheduler_new(NN_OPTIONS(nn_learning_rate_scheduler_options, __VA_ARGS__))
#define nn_terminate_on_nan(...)                                                                   \
    nn_terminate_on_nan_new(NN_OPTIONS(nn_terminate_on_nan_options, __VA_ARGS__))
#define nn_lambda(...) nn_lambda_new(NN_OPTIONS(nn_lambda_options, __VA_ARGS__))
#define nn_logger(...) nn_logger_new(NN_OPTIONS(nn_logger_options, __VA_ARGS__))
#define nn_tensorboard(...) nn_tensorboard_new(NN_OPTIONS(nn_tensorboard_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
