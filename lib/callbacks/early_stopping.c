/*
 * EarlyStopping, by the rules of Keras 3. At the end of each epoch that has the watched number:
 *
 *   wait += 1
 *   improved:                best = current; wait = 0, unless the baseline is not beaten
 *   else, wait >= patience:  stop, but never after the first epoch
 *
 * The best weights are all weights of the model, moving averages included, without the optimizer's
 * state. Their memory is made when the fit begins and kept until the callback is freed, so that the
 * state can be saved after the fit.
 */
#include <float.h>
#include <limits.h>
#include <math.h>

#include "callbacks/callback.h"
#include "callbacks/monitor.h"

typedef struct early_stopping_state {
    nn__best best;
    int best_epoch;    /* 0-based; means nothing before best.known */
    int stopped_epoch; /* 0-based; 0: none, for it cannot be that  */
    int wait;          /* epochs since the last improvement        */
    int has_weights;   /* weights holds those of best_epoch        */
    nn_real *weights;  /* weights[count]; NULL where not asked for */
    size_t count;
} early_stopping_state;

/* Room for count weights; what was there may be lost. */
static nn_status early_stopping_reserve(early_stopping_state *state, size_t count)
{
    if (state->weights != NULL && state->count == count)
        return NN_OK;
    nn__free(state->weights);
    state->weights = nn__alloc_array(count, sizeof *state->weights, "early_stopping's weights");
    state->count = state->weights == NULL ? 0 : count;
    return state->weights == NULL ? NN_ENOMEM : NN_OK;
}

static nn_status early_stopping_train_begin(nn_callback *callback, nn_event *event)
{
    const nn_early_stopping_options *options = callback->object.options;
    early_stopping_state *state = callback->state;
    state->best = (nn__best){0, 0, 0};
    state->best_epoch = 0;
    state->stopped_epoch = 0;
    state->wait = 0;
    state->has_weights = 0;
    if (!options->restore_best_weights)
        return NN_OK;
    return early_stopping_reserve(state, nn_model_snapshot_count(event->model));
}

static void early_stopping_keep(early_stopping_state *state, const nn_event *event)
{
    state->best_epoch = event->epoch;
    if (state->weights == NULL)
        return;
    nn_model_snapshot(event->model, state->weights);
    state->has_weights = 1;
}

static nn_status early_stopping_epoch_end(nn_callback *callback, nn_event *event)
{
    const nn_early_stopping_options *options = callback->object.options;
    early_stopping_state *state = callback->state;
    nn__monitor monitor =
        nn__monitor_make(event->model, options->monitor, options->mode, options->min_delta);
    if (!nn__monitor_available(&monitor, &state->best, event, "Early stopping conditioned on", ""))
        return NN_OK;
    if (event->epoch < options->start_from_epoch)
        return NN_OK;
    double current = nn_logs_value(event->logs, monitor.name);
    state->wait++;
    if (nn__monitor_improves(&monitor, &state->best, current)) {
        state->best.value = current;
        state->best.known = 1;
        early_stopping_keep(state, event);
        if (!options->baseline.present ||
            nn__monitor_beats(&monitor, current, options->baseline.value))
            state->wait = 0;
    } else if (state->wait >= options->patience && event->epoch > 0) {
        state->stopped_epoch = event->epoch;
        event->stop = 1;
    }
    return NN_OK;
}

static nn_status early_stopping_train_end(nn_callback *callback, nn_event *event)
{
    const nn_early_stopping_options *options = callback->object.options;
    early_stopping_state *state = callback->state;
    FILE *stream = options->verbose > 0 ? event->stream : NULL;
    if (stream != NULL && state->stopped_epoch > 0)
        fprintf(stream, "Epoch %d: early stopping\n", state->stopped_epoch + 1);
    if (!state->has_weights)
        return NN_OK;
    if (stream != NULL)
        fprintf(stream, "Restoring model weights from the end of the best epoch: %d.\n",
                state->best_epoch + 1);
    nn_model_restore(event->model, state->weights);
    return NN_OK;
}

static void early_stopping_state_visit(nn_callback *callback, nn_state *visitor)
{
    early_stopping_state *state = callback->state;
    int has_weights = state->has_weights;
    nn__best_state(&state->best, visitor);
    nn__int_state(visitor, "best_epoch", &state->best_epoch);
    nn__int_state(visitor, "stopped_epoch", &state->stopped_epoch);
    nn__int_state(visitor, "wait", &state->wait);
    nn__int_state(visitor, "has_weights", &has_weights);
    if (has_weights && state->weights != NULL)
        state->has_weights = nn_state_array(visitor, "weights", state->weights, state->count);
}

static void early_stopping_release(nn_callback *callback)
{
    early_stopping_state *state = callback->state;
    nn__free(state->weights);
}

static const char *const modes[] = {"auto", "min", "max", NULL};

static const nn_option early_stopping_table[] = {
    NN__OPTION(nn_early_stopping_options, STRING, monitor),
    NN__OPTION(nn_early_stopping_options, DOUBLE, min_delta, .maximum = DBL_MAX),
    NN__OPTION(nn_early_stopping_options, DOUBLE, patience, .rules = NN_WHOLE, .maximum = INT_MAX),
    NN__OPTION(nn_early_stopping_options, INT, verbose, .maximum = 2),
    NN__OPTION(nn_early_stopping_options, CHOICE, mode, .choices = modes),
    NN__OPTION(nn_early_stopping_options, MAYBE, baseline),
    NN__OPTION(nn_early_stopping_options, FLAG, restore_best_weights),
    NN__OPTION(nn_early_stopping_options, INT, start_from_epoch, .maximum = INT_MAX),
};
NN__NO_TAIL_PADDING(nn_early_stopping_options, start_from_epoch);

const nn_callback_kind nn__early_stopping_callback = {
    .kind = NN__KIND(nn_callback_kind, "early_stopping", "EarlyStopping", nn_early_stopping_options,
                     early_stopping_table),
    .state_size = sizeof(early_stopping_state),
    .release = early_stopping_release,
    .state = early_stopping_state_visit,
    .train_begin = early_stopping_train_begin,
    .train_end = early_stopping_train_end,
    .epoch_end = early_stopping_epoch_end,
};

nn_callback *nn_early_stopping_new(const nn_early_stopping_options *options)
{
    return nn_callback_new(&nn__early_stopping_callback, options);
}

/* ---- Results ---- */

static const early_stopping_state *early_stopping_of(const nn_callback *callback)
{
    if (callback == NULL || nn__callback_kind(callback) != &nn__early_stopping_callback)
        return NULL;
    return callback->state;
}

int nn_early_stopping_best_epoch(const nn_callback *callback)
{
    const early_stopping_state *state = early_stopping_of(callback);
    return state == NULL || !state->best.known ? -1 : state->best_epoch;
}

int nn_early_stopping_stopped_epoch(const nn_callback *callback)
{
    const early_stopping_state *state = early_stopping_of(callback);
    return state == NULL || state->stopped_epoch == 0 ? -1 : state->stopped_epoch;
}

double nn_early_stopping_best(const nn_callback *callback)
{
    const early_stopping_state *state = early_stopping_of(callback);
    return state == NULL || !state->best.known ? (double)NAN : state->best.value;
}
