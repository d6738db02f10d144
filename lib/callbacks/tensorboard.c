/*
 * TensorBoard, by the rules of Keras 3: names, steps and the two folders are Keras's. Differs: numbers
 * are simple values, several to a record, and histograms are HistogramProto, the older of the two forms
 * that TensorBoard reads; there is no graph.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "callbacks/callback.h"
#include "callbacks/monitor.h"
#include "formats/event_file.h"
#include "model/model.h"

typedef struct tensorboard_state {
    nn__event_file *train, *validation; /* NULL: not opened yet           */
    double train_batches;               /* begun, since the fit began     */
    double epoch_start, batch_start;    /* seconds                        */
    uint64_t epoch_steps;               /* of the optimizer, at its start */
} tensorboard_state;

static const char validation_prefix[] = "val_";
enum { PREFIX = sizeof validation_prefix - 1 };

/* ---- Files ---- */

static nn_status tensorboard_open(const nn_callback *callback, const char *part,
                                  nn__event_file **file)
{
    const nn_tensorboard_options *options = callback->object.options;
    if (*file != NULL)
        return NN_OK;
    const char *folder = options->log_dir != NULL ? options->log_dir : "logs";
    char *path = nn__join_strings(folder, "/", part, "the path of an event file");
    nn_status status = path == NULL ? NN_ENOMEM : nn__event_file_open(path, file);
    nn__free(path);
    return status;
}

/* Both, whatever happens; the first failure is told. */
static nn_status tensorboard_close(tensorboard_state *state)
{
    nn_status train = nn__event_file_close(state->train);
    nn_status validation = nn__event_file_close(state->validation);
    state->train = state->validation = NULL;
    return train != NN_OK ? train : validation;
}

/* ---- The beginning and the end ---- */

static nn_status tensorboard_train_begin(nn_callback *callback, nn_event *event)
{
    tensorboard_state *state = callback->state;
    (void)event;
    NN_TRY(tensorboard_close(state));
    *state = (tensorboard_state){0};
    return tensorboard_open(callback, "train", &state->train);
}

static nn_status tensorboard_train_end(nn_callback *callback, nn_event *event)
{
    (void)event;
    return tensorboard_close(callback->state);
}

static void tensorboard_release(nn_callback *callback)
{
    (void)tensorboard_close(callback->state); /* every record has been written before */
}

/* ---- Batches ---- */

static nn_status tensorboard_batch_begin(nn_callback *callback, nn_event *event)
{
    tensorboard_state *state = callback->state;
    (void)event;
    state->train_batches++;
    state->batch_start = nn__seconds();
    return NN_OK;
}

static nn_status tensorboard_batch_end(nn_callback *callback, nn_event *event)
{
    const nn_tensorboard_options *options = callback->object.options;
    tensorboard_state *state = callback->state;
    if (options->update_freq == 0 ||
        (uint64_t)state->train_batches % (uint64_t)options->update_freq)
        return NN_OK;
    nn__event_begin(state->train, (int64_t)state->train_batches);
    for (size_t i = 0; i < nn_logs_count(event->logs); i++)
        nn__event_scalar(state->train, "batch_", nn_logs_name(event->logs, i), "",
                         nn_logs_at(event->logs, i));
    if (options->write_steps_per_second)
        nn__event_scalar(state->train, "batch_steps_per_second", "", "",
                         1 / (nn__seconds() - state->batch_start));
    return nn__event_end(state->train);
}

static nn_status tensorboard_test_end(nn_callback *callback, nn_event *event)
{
    tensorboard_state *state = callback->state;
    NN_TRY(tensorboard_open(callback, "validation", &state->validation));
    nn__event_begin(state->validation, (int64_t)nn_model_steps(event->model));
    for (size_t i = 0; i < nn_logs_count(event->logs); i++)
        nn__event_scalar(state->validation, "evaluation_", nn_logs_name(event->logs, i),
                         "_vs_iterations", nn_logs_at(event->logs, i));
    return nn__event_end(state->validation);
}

/* ---- Epochs ---- */

static nn_status tensorboard_epoch_begin(nn_callback *callback, nn_event *event)
{
    tensorboard_state *state = callback->state;
    state->epoch_start = nn__seconds();
    state->epoch_steps = nn_model_steps(event->model);
    return NN_OK;
}

static int is_validation(const char *name)
{
    return strncmp(name, validation_prefix, PREFIX) == 0;
}

static nn_status tensorboard_log_train(const nn_callback *callback, const nn_event *event)
{
    const nn_tensorboard_options *options = callback->object.options;
    const tensorboard_state *state = callback->state;
    nn__event_begin(state->train, event->epoch);
    for (size_t i = 0; i < nn_logs_count(event->logs); i++) {
        const char *name = nn_logs_name(event->logs, i);
        if (!is_validation(name) && strcmp(name, "learning_rate") != 0)
            nn__event_scalar(state->train, "epoch_", name, "", nn_logs_at(event->logs, i));
    }
    nn__event_scalar(state->train, "epoch_learning_rate", "", "",
                     nn_model_learning_rate(event->model));
    if (options->write_steps_per_second)
        nn__event_scalar(state->train, "epoch_steps_per_second", "", "",
                         (double)(nn_model_steps(event->model) - state->epoch_steps) /
                             (nn__seconds() - state->epoch_start));
    return nn__event_end(state->train);
}

static nn_status tensorboard_log_validation(nn_callback *callback, const nn_event *event)
{
    tensorboard_state *state = callback->state;
    int found = 0;
    for (size_t i = 0; i < nn_logs_count(event->logs); i++) {
        const char *name = nn_logs_name(event->logs, i);
        if (!is_validation(name))
            continue;
        if (!found++) {
            NN_TRY(tensorboard_open(callback, "validation", &state->validation));
            nn__event_begin(state->validation, event->epoch);
        }
        nn__event_scalar(state->validation, "epoch_", name + PREFIX, "",
                         nn_logs_at(event->logs, i));
    }
    return found ? nn__event_end(state->validation) : NN_OK;
}

static nn_status tensorboard_log_weights(const tensorboard_state *state, const nn_event *event)
{
    const nn_model *model = event->model;
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        nn__event_begin(state->train, event->epoch);
        nn__event_histogram(state->train, "", weight->name, "/histogram",
                            model->values + weight->offset, weight->count);
        NN_TRY(nn__event_end(state->train));
    }
    return NN_OK;
}

static nn_status tensorboard_epoch_end(nn_callback *callback, nn_event *event)
{
    const nn_tensorboard_options *options = callback->object.options;
    NN_TRY(tensorboard_log_train(callback, event));
    NN_TRY(tensorboard_log_validation(callback, event));
    if (options->histogram_freq == 0 || event->epoch % options->histogram_freq != 0)
        return NN_OK;
    return tensorboard_log_weights(callback->state, event);
}

/* ---- The kind ---- */

static void tensorboard_state_visit(nn_callback *callback, nn_state *visitor)
{
    tensorboard_state *state = callback->state;
    nn_state_number(visitor, "train_batches", &state->train_batches);
}

static const nn_option tensorboard_table[] = {
    NN__OPTION(nn_tensorboard_options, STRING, log_dir),
    NN__OPTION(nn_tensorboard_options, INT, histogram_freq, .maximum = INT_MAX),
    NN__OPTION(nn_tensorboard_options, FLAG, write_steps_per_second),
    NN__OPTION(nn_tensorboard_options, INT, update_freq, .maximum = INT_MAX),
};
NN__NO_TAIL_PADDING(nn_tensorboard_options, reserved);

const nn_callback_kind nn__tensorboard_callback = {
    .kind = NN__KIND(nn_callback_kind, "tensorboard", "TensorBoard", nn_tensorboard_options,
                     tensorboard_table),
    .state_size = sizeof(tensorboard_state),
    .release = tensorboard_release,
    .state = tensorboard_state_visit,
    .train_begin = tensorboard_train_begin,
    .train_end = tensorboard_train_end,
    .epoch_begin = tensorboard_epoch_begin,
    .epoch_end = tensorboard_epoch_end,
    .train_batch_begin = tensorboard_batch_begin,
    .train_batch_end = tensorboard_batch_end,
    .test_end = tensorboard_test_end,
};

nn_callback *nn_tensorboard_new(const nn_tensorboard_options *options)
{
    return nn_callback_new(&nn__tensorboard_callback, options);
}
