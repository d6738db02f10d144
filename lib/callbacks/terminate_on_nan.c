/* TerminateOnNaN, by the rules of Keras 3: the running mean of the loss is asked after each batch. */
#include <math.h>
#include <stdio.h>

#include "base/number.h"
#include "callbacks/callback.h"
#include "callbacks/monitor.h"

typedef struct terminate_on_nan_state {
    int found; /* 1: it ended the training there */
    int epoch, batch;
} terminate_on_nan_state;

static nn_status terminate_on_nan_train_begin(nn_callback *callback, nn_event *event)
{
    (void)event;
    *(terminate_on_nan_state *)callback->state = (terminate_on_nan_state){0, 0, 0};
    return NN_OK;
}

static nn_status terminate_on_nan_batch_end(nn_callback *callback, nn_event *event)
{
    const nn_terminate_on_nan_options *options = callback->object.options;
    terminate_on_nan_state *state = callback->state;
    char text[NN__NUMBER_TEXT];
    if (!nn_logs_has(event->logs, "loss"))
        return NN_OK;
    double loss = nn_logs_value(event->logs, "loss");
    if (isfinite(loss))
        return NN_OK;
    *state = (terminate_on_nan_state){1, event->epoch, event->step};
    if (options->raise_error)
        return nn_fail(NN_EUSER, "terminate_on_nan: the loss is %s in batch %d of epoch %d",
                       nn__number_text(loss, text), event->step, event->epoch);
    if (event->stream != NULL)
        fprintf(event->stream, "Batch %d: Invalid loss, terminating training\n", event->step);
    event->stop = 1;
    return NN_OK;
}

static void terminate_on_nan_state_visit(nn_callback *callback, nn_state *visitor)
{
    terminate_on_nan_state *state = callback->state;
    nn__int_state(visitor, "found", &state->found);
    nn__int_state(visitor, "epoch", &state->epoch);
    nn__int_state(visitor, "batch", &state->batch);
}

static const nn_option terminate_on_nan_table[] = {
    NN__OPTION(nn_terminate_on_nan_options, FLAG, raise_error),
};
NN__NO_TAIL_PADDING(nn_terminate_on_nan_options, reserved);

const nn_callback_kind nn__terminate_on_nan_callback = {
    .kind = NN__KIND(nn_callback_kind, "terminate_on_nan", "TerminateOnNaN",
                     nn_terminate_on_nan_options, terminate_on_nan_table),
    .state_size = sizeof(terminate_on_nan_state),
    .state = terminate_on_nan_state_visit,
    .train_begin = terminate_on_nan_train_begin,
    .train_batch_end = terminate_on_nan_batch_end,
};

nn_callback *nn_terminate_on_nan_new(const nn_terminate_on_nan_options *options)
{
    return nn_callback_new(&nn__terminate_on_nan_callback, options);
}

/* NULL: it is another kind, or has not ended a training. */
static const terminate_on_nan_state *terminate_on_nan_found(const nn_callback *callback)
{
    if (callback == NULL || nn__callback_kind(callback) != &nn__terminate_on_nan_callback)
        return NULL;
    const terminate_on_nan_state *state = callback->state;
    return state->found ? state : NULL;
}

int nn_terminate_on_nan_epoch(const nn_callback *callback)
{
    const terminate_on_nan_state *state = terminate_on_nan_found(callback);
    return state == NULL ? -1 : state->epoch;
}

int nn_terminate_on_nan_batch(const nn_callback *callback)
{
    const terminate_on_nan_state *state = terminate_on_nan_found(callback);
    return state == NULL ? -1 : state->batch;
}
