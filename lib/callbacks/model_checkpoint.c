/*
 * ModelCheckpoint, by the rules of Keras 3. The state knows of a save before the file is written, so
 * that a fit resumed from the file goes on as this one does.
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/number.h"
#include "callbacks/callback.h"
#include "callbacks/monitor.h"
#include "nn/train.h"
#include "callbacks/pattern.h"

typedef struct model_checkpoint_state {
    nn__best best;
    int batches; /* since the last save */
    int saves;
    char *path; /* of the last save; NULL: none */
} model_checkpoint_state;

/* ---- Messages ---- */

/* 1.23457, as %.5f; "None" where there is no number. */
static const char *model_checkpoint_number(int known, double value, char text[NN__NUMBER_FORMAT])
{
    return known ? nn__number_format(value, 'f', 5, text) : "None";
}

static void model_checkpoint_say(FILE *stream, int epoch, const char *what, const char *path)
{
    if (stream != NULL)
        fprintf(stream, "\nEpoch %d: %s%s\n", epoch + 1, what, path);
}

static void model_checkpoint_say_better(FILE *stream, int epoch, const char *monitor,
                                        const nn__best *best, double current, const char *path)
{
    char old[NN__NUMBER_FORMAT], now[NN__NUMBER_FORMAT];
    if (stream != NULL)
        fprintf(stream, "\nEpoch %d: %s improved from %s to %s, saving model to %s\n", epoch + 1,
                monitor, model_checkpoint_number(best->known, best->value, old),
                model_checkpoint_number(1, current, now), path);
}

/* ---- To save or not to save ---- */

static int model_checkpoint_is_better(nn_callback *callback, const nn_event *event, FILE *stream,
                                      const char *path)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    nn__best *best = &((model_checkpoint_state *)callback->state)->best;
    nn__monitor monitor = nn__monitor_make(event->model, options->monitor, options->mode, 0);
    char text[NN__NUMBER_FORMAT];
    if (!nn_logs_has(event->logs, monitor.name)) {
        if (event->stream != NULL && event->verbose != NN_SILENT && !best->warned)
            fprintf(event->stream, "Can save best model only with %s available.\n", monitor.name);
        best->warned = 1;
        return 1;
    }
    double current = nn_logs_value(event->logs, monitor.name);
    if (nn__monitor_improves(&monitor, best, current)) {
        model_checkpoint_say_better(stream, event->epoch, monitor.name, best, current, path);
        best->value = current;
        best->known = 1;
        return 1;
    }
    if (stream != NULL)
        fprintf(stream, "\nEpoch %d: %s did not improve from %s\n", event->epoch + 1, monitor.name,
                model_checkpoint_number(1, best->value, text));
    return 0;
}

static nn_status model_checkpoint_write(nn_callback *callback, const nn_event *event, FILE *stream)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    model_checkpoint_state *state = callback->state;
    NN_TRY(nn__make_folders(state->path));
    state->saves++;
    if (options->save_weights_only)
        NN_TRY(nn_model_save_weights(event->model, state->path));
    else
        NN_TRY(nn_model_save(event->model, state->path));
    model_checkpoint_say(stream, event->epoch, "finished saving model to ", state->path);
    return NN_OK;
}

static nn_status model_checkpoint_save(nn_callback *callback, const nn_event *event, int batch)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    model_checkpoint_state *state = callback->state;
    FILE *stream = options->verbose > 0 ? event->stream : NULL;
    nn__pattern_values values = {event->epoch + 1, batch, event->logs};
    char *path = NULL;
    NN_TRY(nn__pattern_text(options->path, &values, "model_checkpoint", &path));
    if (!options->save_best_only)
        model_checkpoint_say(stream, event->epoch, "saving model to ", path);
    else if (!model_checkpoint_is_better(callback, event, stream, path)) {
        nn__free(path);
        return NN_OK;
    }
    nn__free(state->path);
    state->path = path;
    return model_checkpoint_write(callback, event, stream);
}

/* ---- Hooks ---- */

static nn_status model_checkpoint_train_begin(nn_callback *callback, nn_event *event)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    model_checkpoint_state *state = callback->state;
    nn__pattern_values any = {1, options->save_freq > 0 ? 1 : -1, NULL};
    char *path = NULL;
    (void)event;
    if (options->path[0] == '\0')
        return nn_fail(NN_EINVAL, "model_checkpoint: path is empty");
    NN_TRY(nn__pattern_text(options->path, &any, "model_checkpoint", &path));
    nn__free(path);
    nn__free(state->path);
    *state = (model_checkpoint_state){{0, 0, 0}, 0, 0, NULL};
    if (options->initial_value_threshold.present)
        state->best = (nn__best){options->initial_value_threshold.value, 1, 0};
    return NN_OK;
}

static nn_status model_checkpoint_batch_end(nn_callback *callback, nn_event *event)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    model_checkpoint_state *state = callback->state;
    if (options->save_freq == 0 || ++state->batches < options->save_freq)
        return NN_OK;
    state->batches = 0;
    return model_checkpoint_save(callback, event, event->step + 1);
}

static nn_status model_checkpoint_epoch_end(nn_callback *callback, nn_event *event)
{
    const nn_model_checkpoint_options *options = callback->object.options;
    return options->save_freq > 0 ? NN_OK : model_checkpoint_save(callback, event, -1);
}

static void model_checkpoint_state_visit(nn_callback *callback, nn_state *visitor)
{
    model_checkpoint_state *state = callback->state;
    nn__best_state(&state->best, visitor);
    nn__int_state(visitor, "batches", &state->batches);
    nn__int_state(visitor, "saves", &state->saves);
}

static void model_checkpoint_release(nn_callback *callback)
{
    model_checkpoint_state *state = callback->state;
    nn__free(state->path);
}

static const char *const modes[] = {"auto", "min", "max", NULL};

static const nn_option model_checkpoint_table[] = {
    NN__OPTION(nn_model_checkpoint_options, STRING, path, .rules = NN_REQUIRED),
    NN__OPTION(nn_model_checkpoint_options, STRING, monitor),
    NN__OPTION(nn_model_checkpoint_options, INT, verbose, .maximum = 2),
    NN__OPTION(nn_model_checkpoint_options, FLAG, save_best_only),
    NN__OPTION(nn_model_checkpoint_options, FLAG, save_weights_only),
    NN__OPTION(nn_model_checkpoint_options, CHOICE, mode, .choices = modes),
    NN__OPTION(nn_model_checkpoint_options, INT, save_freq, .maximum = INT_MAX),
    NN__OPTION(nn_model_checkpoint_options, MAYBE, initial_value_threshold),
};
NN__NO_TAIL_PADDING(nn_model_checkpoint_options, initial_value_threshold);

const nn_callback_kind nn__model_checkpoint_callback = {
    .kind = NN__KIND(nn_callback_kind, "model_checkpoint", "ModelCheckpoint",
                     nn_model_checkpoint_options, model_checkpoint_table),
    .state_size = sizeof(model_checkpoint_state),
    .release = model_checkpoint_release,
    .state = model_checkpoint_state_visit,
    .train_begin = model_checkpoint_train_begin,
    .epoch_end = model_checkpoint_epoch_end,
    .train_batch_end = model_checkpoint_batch_end,
};

nn_callback *nn_model_checkpoint_new(const nn_model_checkpoint_options *options)
{
    return nn_callback_new(&nn__model_checkpoint_callback, options);
}

/* ---- Results ---- */

/* NULL: it is another kind. */
static const model_checkpoint_state *model_checkpoint_of(const nn_callback *callback)
{
    if (callback == NULL || nn__callback_kind(callback) != &nn__model_checkpoint_callback)
        return NULL;
    return callback->state;
}

double nn_model_checkpoint_best(const nn_callback *callback)
{
    const model_checkpoint_state *state = model_checkpoint_of(callback);
    return state == NULL || !state->best.known ? (double)NAN : state->best.value;
}

int nn_model_checkpoint_saves(const nn_callback *callback)
{
    const model_checkpoint_state *state = model_checkpoint_of(callback);
    return state == NULL ? -1 : state->saves;
}

const char *nn_model_checkpoint_path(const nn_callback *callback)
{
    const model_checkpoint_state *state = model_checkpoint_of(callback);
    return state == NULL ? NULL : state->path;
}
