/*
 * ReduceLROnPlateau, by the rules of Keras 3. At the end of each epoch that has the watched number:
 *
 *   in cooldown:          cooldown -= 1; wait = 0
 *   improved:             best = current; wait = 0
 *   else, cooldown over:  wait += 1; from `patience` on, where rate > min_lr:
 *                         rate = max(rate * factor, min_lr); cooldown as given; wait = 0
 *
 * Keras holds the rate as float32. Here as there it is rounded to float before it is logged,
 * multiplied, and compared with min_lr (rounded too), so numbers and messages are the same.
 */
#include <float.h>
#include <limits.h>
#include <math.h>

#include "base/number.h"
#include "callbacks/callback.h"
#include "callbacks/monitor.h"
#include "nn/train.h"

typedef struct reduce_lr_on_plateau_state {
    nn__best best;
    int wait;     /* epochs since the last improvement or reduction */
    int cooldown; /* epochs of rest that are left                   */
} reduce_lr_on_plateau_state;

static nn_status reduce_lr_on_plateau_train_begin(nn_callback *callback, nn_event *event)
{
    (void)event;
    reduce_lr_on_plateau_state *state = callback->state;
    *state = (reduce_lr_on_plateau_state){{0, 0, 0}, 0, 0};
    return NN_OK;
}

static void reduce_lr_on_plateau_say(const nn_event *event, double rate)
{
    char text[NN__NUMBER_TEXT];
    fprintf(event->stream, "\nEpoch %d: ReduceLROnPlateau reducing learning rate to %s.\n",
            event->epoch + 1, nn__number_text(rate, text));
}

/* Multiplies the rate where it is above its minimum. */
static nn_status reduce_lr_on_plateau_reduce(nn_callback *callback, const nn_event *event,
                                             double rate)
{
    const nn_reduce_lr_on_plateau_options *options = callback->object.options;
    reduce_lr_on_plateau_state *state = callback->state;
    if (!(rate > (double)(float)options->min_lr))
        return NN_OK;
    rate = fmax(rate * options->factor, options->min_lr);
    NN_TRY(nn_model_set_learning_rate(event->model, rate));
    if (options->verbose > 0 && event->stream != NULL)
        reduce_lr_on_plateau_say(event, rate);
    state->cooldown = (int)options->cooldown;
    state->wait = 0;
    return NN_OK;
}

static nn_status reduce_lr_on_plateau_epoch_end(nn_callback *callback, nn_event *event)
{
    const nn_reduce_lr_on_plateau_options *options = callback->object.options;
    reduce_lr_on_plateau_state *state = callback->state;
    nn__monitor monitor =
        nn__monitor_make(event->model, options->monitor, options->mode, options->min_delta);
    double rate = (double)(float)nn_model_learning_rate(event->model);
    NN_TRY(nn_logs_set(event->logs, "learning_rate", rate));
    if (!nn__monitor_available(&monitor, &state->best, event,
                               "Learning rate reduction is conditioned on", "."))
        return NN_OK;
    double current = nn_logs_value(event->logs, monitor.name);
    if (state->cooldown > 0) {
        state->cooldown--;
        state->wait = 0;
    }
    if (nn__monitor_improves(&monitor, &state->best, current)) {
        state->best.value = current;
        state->best.known = 1;
        state->wait = 0;
        return NN_OK;
    }
    if (state->cooldown > 0 || ++state->wait < options->patience)
        return NN_OK;
    return reduce_lr_on_plateau_reduce(callback, event, rate);
}

static void reduce_lr_on_plateau_state_visit(nn_callback *callback, nn_state *visitor)
{
    reduce_lr_on_plateau_state *state = callback->state;
    nn__best_state(&state->best, visitor);
    nn__int_state(visitor, "wait", &state->wait);
    nn__int_state(visitor, "cooldown", &state->cooldown);
}

static const char *const modes[] = {"auto", "min", "max", NULL};

static const nn_option reduce_lr_on_plateau_table[] = {
    NN__OPTION(nn_reduce_lr_on_plateau_options, STRING, monitor),
    NN__OPTION(nn_reduce_lr_on_plateau_options, DOUBLE, factor, .rules = NN_BELOW, .fallback = 0.1,
               .maximum = 1),
    NN__OPTION(nn_reduce_lr_on_plateau_options, DOUBLE, patience, .rules = NN_WHOLE, .fallback = 10,
               .maximum = INT_MAX),
    NN__OPTION(nn_reduce_lr_on_plateau_options, INT, verbose, .maximum = 2),
    NN__OPTION(nn_reduce_lr_on_plateau_options, CHOICE, mode, .choices = modes),
    NN__OPTION(nn_reduce_lr_on_plateau_options, DOUBLE, min_delta, .fallback = 1e-4,
               .maximum = DBL_MAX),
    NN__OPTION(nn_reduce_lr_on_plateau_options, DOUBLE, cooldown, .rules = NN_WHOLE,
               .maximum = INT_MAX),
    NN__OPTION(nn_reduce_lr_on_plateau_options, DOUBLE, min_lr, .maximum = (double)FLT_MAX),
};
NN__NO_TAIL_PADDING(nn_reduce_lr_on_plateau_options, min_lr);

const nn_callback_kind nn__reduce_lr_on_plateau_callback = {
    .kind = NN__KIND(nn_callback_kind, "reduce_lr_on_plateau", "ReduceLROnPlateau",
                     nn_reduce_lr_on_plateau_options, reduce_lr_on_plateau_table),
    .state_size = sizeof(reduce_lr_on_plateau_state),
    .state = reduce_lr_on_plateau_state_visit,
    .train_begin = reduce_lr_on_plateau_train_begin,
    .epoch_end = reduce_lr_on_plateau_epoch_end,
};

nn_callback *nn_reduce_lr_on_plateau_new(const nn_reduce_lr_on_plateau_options *options)
{
    return nn_callback_new(&nn__reduce_lr_on_plateau_callback, options);
}
