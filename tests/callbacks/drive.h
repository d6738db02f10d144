/*
 * Runs callbacks as a fit would, without one: the test says what each epoch logged. The model is
 * real, its weights are set to the number of the epoch that "trained" them.
 */
#ifndef NN__TESTS_CALLBACKS_DRIVE_H
#define NN__TESTS_CALLBACKS_DRIVE_H

#include "test.h"

#include "base/base.h"
#include "train/logs.h"

enum { DRIVE_CALLBACKS = 4, DRIVE_WEIGHTS = 64 };

typedef struct drive {
    nn_model *model;
    nn_logs *logs;
    nn_callback *callbacks[DRIVE_CALLBACKS];
    size_t count;
    nn_event event;
    FILE *stream;
    char *text; /* what was printed; valid after drive_text */
    size_t size;
} drive;

/* Takes the callbacks; a second one may be NULL. The learning rate is 0.001. */
static inline void drive_open(drive *d, nn_callback *first, nn_callback *second)
{
    memset(d, 0, sizeof *d);
    d->model = nn_sequential(nn_input(2), nn_dense(.units = 1));
    ck_assert_ptr_nonnull(d->model);
    ck_assert_int_eq(nn_compile(d->model, .optimizer = nn_adam(), .loss = nn_mean_squared_error()),
                     NN_OK);
    ck_assert_uint_le(nn_model_snapshot_count(d->model), DRIVE_WEIGHTS);
    ck_assert_ptr_nonnull(first);
    d->callbacks[d->count++] = first;
    if (second != NULL)
        d->callbacks[d->count++] = second;
    d->logs = nn__logs_new();
    d->stream = open_memstream(&d->text, &d->size);
    ck_assert(d->logs != NULL && d->stream != NULL);
    d->event = (nn_event){.struct_size = sizeof(nn_event),
                          .model = d->model,
                          .logs = d->logs,
                          .stream = d->stream,
                          .verbose = NN_PROGRESS_BAR,
                          .epochs = 100,
                          .steps = 1};
}

static inline void drive_close(drive *d)
{
    for (size_t i = 0; i < d->count; i++)
        nn_callback_free(d->callbacks[i]);
    nn__logs_free(d->logs);
    nn_model_free(d->model);
    fclose(d->stream);
    free(d->text);
}

static inline void drive_begin(drive *d)
{
    d->event.stop = 0;
    nn__logs_clear(d->logs);
    for (size_t i = 0; i < d->count; i++) {
        const nn_callback_kind *kind = nn_callback_kind_of(d->callbacks[i]);
        if (kind->train_begin != NULL)
            ck_assert_int_eq(kind->train_begin(d->callbacks[i], &d->event), NN_OK);
    }
}

static inline void drive_end(drive *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const nn_callback_kind *kind = nn_callback_kind_of(d->callbacks[i]);
        if (kind->train_end != NULL)
            ck_assert_int_eq(kind->train_end(d->callbacks[i], &d->event), NN_OK);
    }
}

/* The end of an epoch with the logs as they are; 1: a callback stops the fit. */
static inline int drive_epoch(drive *d, int epoch)
{
    nn_real weights[DRIVE_WEIGHTS];
    for (int i = 0; i < DRIVE_WEIGHTS; i++)
        weights[i] = (nn_real)epoch;
    nn_model_restore(d->model, weights);
    d->event.epoch = epoch;
    for (size_t i = 0; i < d->count; i++) {
        const nn_callback_kind *kind = nn_callback_kind_of(d->callbacks[i]);
        if (kind->epoch_end != NULL)
            ck_assert_int_eq(kind->epoch_end(d->callbacks[i], &d->event), NN_OK);
    }
    return d->event.stop;
}

/* The same with one number in the logs; NULL name: only a loss. */
static inline int drive_value(drive *d, int epoch, const char *name, double value)
{
    nn__logs_clear(d->logs);
    ck_assert_int_eq(nn_logs_set(d->logs, name != NULL ? name : "loss", value), NN_OK);
    return drive_epoch(d, epoch);
}

/* The epoch whose weights the model has. */
static inline int drive_weights(const drive *d)
{
    nn_real weights[DRIVE_WEIGHTS];
    nn_model_snapshot(d->model, weights);
    return (int)weights[0];
}

static inline const char *drive_text(drive *d)
{
    fflush(d->stream);
    return d->text;
}

#endif
