/*
 * Fit. The order of everything is Keras's:
 *
 *   train_begin
 *   for each epoch:  epoch_begin, shuffle
 *                    for each batch:  batch_begin, one step, running means, batch_end, stop?
 *                    validation; epoch_end; history; progress line; stop?
 *   averages of the weights take their place, where the optimizer keeps them
 *   train_end
 */
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "data/dataset.h"
#include "train/training.h"

struct fit {
    nn_fit_options o; /* zeros replaced by what they mean */
    nn_model *model;
    nn__training *training;
    nn_context *context;
    size_t rows;
    nn__loader loader;     /* of data            */
    nn__loader validation; /* of validation_data */
    nn_event event;
};

static nn_status positive(int *value, int fallback, const char *name)
{
    if (*value < 0)
        return nn_fail(NN_EINVAL, "fit: %s is %d, it must be at least 1", name, *value);
    if (*value == 0)
        *value = fallback;
    return NN_OK;
}

static nn_status fit_options(nn_fit_options *o)
{
    NN_TRY(positive(&o->batch_size, 32, "batch_size"));
    NN_TRY(positive(&o->epochs, 1, "epochs"));
    NN_TRY(positive(&o->validation_batch_size, o->batch_size, "validation_batch_size"));
    NN_TRY(positive(&o->validation_freq, 1, "validation_freq"));
    if (o->verbose < NN_SILENT || o->verbose > NN_ONE_LINE)
        return nn_fail(NN_EINVAL, "fit: verbose is %d, it must be 0..2", o->verbose);
    if (o->initial_epoch < 0)
        return nn_fail(NN_EINVAL, "fit: initial_epoch is %d, it must be at least 0",
                       o->initial_epoch);
    if (o->stream == NULL)
        o->stream = stdout;
    return NN_OK;
}

/* Row numbers 0..rows-1, in a list that is kept from fit to fit. */
static nn_status fit_order(struct fit *fit)
{
    nn__training *training = fit->training;
    if (training->order_capacity < fit->rows) {
        size_t *order = nn__alloc_array(fit->rows, sizeof *order, "the order of rows");
        if (order == NULL)
            return NN_ENOMEM;
        nn__free(training->order);
        training->order = order;
        training->order_capacity = fit->rows;
    }
    return NN_OK;
}

static void fit_shuffle(struct fit *fit, int epoch)
{
    size_t *order = fit->training->order;
    for (size_t i = 0; i < fit->rows; i++)
        order[i] = i;
    if (fit->o.no_shuffle)
        return;
    nn__random random =
        nn__random_begin(fit->model->seed, (uint32_t)epoch, nn__stream(NN__FOR_SHUFFLE, 0));
    nn__random_shuffle(&random, order, fit->rows);
}

static nn_status fit_loaders(struct fit *fit)
{
    const nn_fit_options *o = &fit->o;
    fit->loader = (nn__loader){.context = fit->context,
                               .mode = NN__TRAIN,
                               .data = o->data,
                               .order = fit->training->order,
                               .batch_size = o->batch_size};
    fit->validation = (nn__loader){.context = fit->context,
                                   .mode = NN__EVALUATE,
                                   .data = o->validation_data,
                                   .batch_size = o->validation_batch_size};
    NN_TRY(nn__loader_open(&fit->loader, o->no_prefetch));
    return o->validation_data != NULL ? nn__loader_open(&fit->validation, o->no_prefetch) : NN_OK;
}

static nn_status fit_prepare(struct fit *fit)
{
    nn_fit_options *o = &fit->o;
    nn_model *model = fit->model;
    NN_TRY(nn__model_check_compiled(model, "fit"));
    NN_TRY(nn__check_data(model, o->data, 1, "fit"));
    if (o->validation_data != NULL)
        NN_TRY(nn__check_data(model, o->validation_data, 1, "fit, validation"));
    fit->rows = nn_dataset_rows(o->data);
    NN_TRY(nn__sample_weight_check(o->sample_weight, fit->rows, "fit"));
    NN_TRY(nn__class_weight_check(model, o->class_weight, o->sample_weight, "fit"));
    NN_TRY(nn__sample_weight_check(o->validation_sample_weight, nn_dataset_rows(o->validation_data),
                                   "fit, validation"));
    if ((fit->rows - 1) / (size_t)o->batch_size >= INT32_MAX)
        return nn_fail(NN_ENOTSUP, "fit: %zu rows are too many batches", fit->rows);
    int batches[NN__MODES] = {[NN__TRAIN] = o->batch_size,
                              [NN__EVALUATE] =
                                  o->validation_data != NULL ? o->validation_batch_size : 0};
    fit->context = nn__context_keep(model, &fit->training->trainer, batches);
    if (fit->context == NULL)
        return nn__last_status();
    NN_TRY(nn__profile_begin(fit->context, NN__TRAIN, &o->profile, "fit"));
    if (o->validation_data != NULL)
        NN_TRY(nn__profile_begin(fit->context, NN__EVALUATE, &o->profile, "fit"));
    NN_TRY(fit_order(fit));
    return fit_loaders(fit);
}

static nn_status fit_batch(struct fit *fit, int step)
{
    nn_context *context = fit->context;
    int rows;
    unsigned saved = nn__run_enter();
    nn_status status = nn__loader_read(&fit->loader, step, &rows);
    const nn__row_weights weights = {fit->o.sample_weight, fit->o.class_weight};
    if (status == NN_OK) {
        nn__weigh_batch(context, &weights, rows);
        nn__train_step(context, rows);
    }
    nn__run_leave(saved);
    return status;
}

static int fit_stops(const struct fit *fit)
{
    return fit->event.stop || atomic_load(&fit->model->stop);
}

static nn_status fit_batches(struct fit *fit)
{
    nn_event *event = &fit->event;
    for (int step = 0; step < event->steps; step++) {
        event->step = step;
        nn__logs_clear(event->logs);
        NN_TRY(nn__call_hooks(fit->training, NN__TRAIN_BATCH_BEGIN, event));
        NN_TRY(fit_batch(fit, step));
        NN_TRY(nn__tally_log(fit->model, event->logs, 0));
        NN_TRY(nn__call_hooks(fit->training, NN__TRAIN_BATCH_END, event));
        NN_TRY(nn__progress_update(&fit->training->progress, step + 1, event->logs));
        if (fit_stops(fit))
            break;
    }
    return NN_OK;
}

/* Validation: the epoch's logs get the val_ numbers. Callbacks see it as a test. */
static nn_status fit_validate(struct fit *fit, int epoch)
{
    nn__training *training = fit->training;
    if (fit->o.validation_data == NULL || (epoch + 1) % fit->o.validation_freq != 0)
        return NN_OK;
    const nn__row_weights weights = {fit->o.validation_sample_weight, {NULL, 0}};
    nn_event event = fit->event;
    nn__logs_clear(training->batch_logs);
    event.logs = training->batch_logs;
    NN_TRY(nn__evaluate_data(&fit->validation, &weights, &event, NULL));
    fit->event.stop |= event.stop;
    return nn__tally_log(fit->model, training->epoch_logs, 1);
}

static nn_status fit_epoch(struct fit *fit, int epoch)
{
    nn__training *training = fit->training;
    nn_event *event = &fit->event;
    event->epoch = epoch;
    event->step = 0;
    event->steps = nn__loader_steps(&fit->loader);
    event->logs = training->epoch_logs;
    nn__logs_clear(event->logs);
    NN_TRY(nn__call_hooks(training, NN__EPOCH_BEGIN, event));
    nn__progress_begin(&training->progress, fit->o.stream, fit->o.verbose, epoch, fit->o.epochs,
                       event->steps, nn__progress_is_terminal(fit->o.stream));
    fit_shuffle(fit, epoch);
    nn__tally_reset(fit->model);
    event->logs = training->batch_logs;
    nn__profile *profile = fit->context->runs[NN__TRAIN].profile;
    nn__profile_start(profile);
    nn_status status = fit_batches(fit);
    nn__loader_end(&fit->loader);
    nn__profile_stop(profile);
    NN_TRY(status);
    event->logs = training->epoch_logs;
    NN_TRY(nn__tally_log(fit->model, event->logs, 0));
    NN_TRY(fit_validate(fit, epoch));
    event->logs = training->epoch_logs;
    NN_TRY(nn__logs_assign(training->batch_logs, event->logs));
    NN_TRY(nn__call_hooks(training, NN__EPOCH_END, event));
    NN_TRY(nn__history_append(training->history, event->logs));
    NN_TRY(nn__progress_end(&training->progress, event->logs));
    event->logs = training->batch_logs; /* train_end sees them without what callbacks added */
    return NN_OK;
}

/* Callbacks take up what a file or an earlier fit left: by place in the list and kind. */
static void fit_resume(struct fit *fit)
{
    nn__training *training = fit->training;
    for (size_t i = 0; i < training->callback_count && i < training->state_count; i++) {
        const nn_callback_kind *kind = nn__callback_kind(training->callbacks[i]);
        if (kind->state == NULL || strcmp(kind->kind.name, training->state_kinds[i]) != 0)
            continue;
        nn__state_set_reading(training->states[i], 1);
        kind->state(training->callbacks[i], training->states[i]);
        nn__state_set_reading(training->states[i], 0);
    }
}

static nn_status fit_run(struct fit *fit)
{
    nn__training *training = fit->training;
    nn_event *event = &fit->event;
    *event = (nn_event){.struct_size = sizeof *event,
                        .model = fit->model,
                        .epoch = fit->o.initial_epoch,
                        .epochs = fit->o.epochs,
                        .logs = training->epoch_logs,
                        .stream = fit->o.stream,
                        .verbose = fit->o.verbose};
    nn__logs_clear(training->epoch_logs);
    if (!fit->o.resume)
        nn__history_clear(training->history);
    atomic_store(&fit->model->stop, 0);
    NN_TRY(nn__call_hooks(training, NN__TRAIN_BEGIN, event));
    if (fit->o.resume)
        fit_resume(fit);
    for (int epoch = fit->o.initial_epoch; epoch < fit->o.epochs; epoch++) {
        NN_TRY(fit_epoch(fit, epoch));
        if (fit_stops(fit))
            break;
    }
    nn__model_take_averages(fit->model);
    return NN_OK;
}

/* However it went, train_end is called; the first failure is the one that is told. */
static nn_status fit_and_end(struct fit *fit)
{
    char message[NN__MESSAGE];
    nn_status status = fit_run(fit);
    snprintf(message, sizeof message, "%s", nn_error_message());
    nn_status end = nn__call_hooks(fit->training, NN__TRAIN_END, &fit->event);
    return status != NN_OK ? nn_fail(status, "%s", message) : end;
}

static nn_status fit_all(struct fit *fit)
{
    if (fit->o.resume && fit->training->callback_count > 0)
        NN_TRY(nn__training_collect(fit->training)); /* of the former fit */
    NN_TRY(nn__training_take_callbacks(fit->training, fit->o.callbacks));
    NN_TRY(fit_options(&fit->o));
    NN_TRY(fit_prepare(fit));
    fit->training->fitting = 1;
    return fit_and_end(fit);
}

nn_status nn_model_fit(const nn_fit_options *options)
{
    struct fit fit = {0};
    NN_TRY(nn__options_read(&fit.o, sizeof fit.o, options, "fit"));
    fit.model = fit.o.model;
    nn_status status = nn__model_check(fit.model);
    if (status == NN_OK)
        status = nn_model_build(fit.model);
    if (status == NN_OK) {
        fit.training = nn__training_begin(fit.model, "fit");
        status = fit.training == NULL ? nn__last_status() : NN_OK;
    }
    if (status != NN_OK) {
        nn__callbacks_drop(fit.o.callbacks);
        return status;
    }
    status = fit_all(&fit);
    nn__profile_end(fit.context, NN__TRAIN, fit.o.profile, status);
    nn__profile_end(fit.context, NN__EVALUATE, fit.o.profile, status);
    nn__training_end(fit.training);
    return status;
}
