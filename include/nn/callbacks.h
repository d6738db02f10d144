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
    nn_callback *const *items;
    size_t count;
} nn_callback_list;

#ifndef __cplusplus
#define nn_callbacks(...)                                                                          \
    {                                                                                              \
        (nn_callback *[]){__VA_ARGS__},                                                            \
            sizeof((nn_callback *[]){__VA_ARGS__}) / sizeof(nn_callback *)                         \
    }
#endif

/* ---- Logs -----------------------------------------------------------------------------------
 * Named numbers in alphabetical order: accuracy, learning_rate, loss, val_accuracy, val_loss.
 */
NN_API size_t nn_logs_count(const nn_logs *logs);
/* Name and value of entry 0..count-1. */
NN_API const char *nn_logs_name(const nn_logs *logs, size_t index);
NN_API double nn_logs_at(const nn_logs *logs, size_t index);
/* The value of that name; NaN where there is none. */
NN_API double nn_logs_value(const nn_logs *logs, const char *name);
/* 1 where an entry of that name exists. */
NN_API int nn_logs_has(const nn_logs *logs, const char *name);
/* Sets or adds an entry; later callbacks, the history and the progress line see it. The name is
 * copied. */
NN_API nn_status nn_logs_set(nn_logs *logs, const char *name, double value);

/* Which way is better. NN_AUTO: down for a loss, the metric's own way for a metric of the model
 * (with or without "val_"), else up where the name contains "acc" and down where not. */
typedef enum nn_mode { NN_AUTO = 0, NN_MIN = 1, NN_MAX = 2 } nn_mode;

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
    int verbose;         /* 1: say it when stopping and restoring                           */
    int mode;            /* NN_AUTO: the metric's own direction, see nn_mode                  */
    nn_maybe baseline;   /* NN_SOME(x): patience runs on until x is beaten                  */
    int restore_best_weights; /* 1: keep a copy of the best weights and put it back              */
    int start_from_epoch;     /* do nothing in epochs before this one (0-based); default 0       */
} nn_early_stopping_options;
NN_API nn_callback *nn_early_stopping_new(const nn_early_stopping_options *options);

/* Results, 0-based epochs; -1 where it has none. callback must be an EarlyStopping (else -1, NaN). */
NN_API int nn_early_stopping_best_epoch(const nn_callback *callback);
NN_API int nn_early_stopping_stopped_epoch(const nn_callback *callback);
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

#ifndef __cplusplus
#define nn_early_stopping(...)                                                                     \
    nn_early_stopping_new(NN_OPTIONS(nn_early_stopping_options, __VA_ARGS__))
#define nn_reduce_lr_on_plateau(...)                                                               \
    nn_reduce_lr_on_plateau_new(NN_OPTIONS(nn_reduce_lr_on_plateau_options, __VA_ARGS__))
#define nn_csv_logger(...) nn_csv_logger_new(NN_OPTIONS(nn_csv_logger_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
