/* Logger: a line per epoch, or per so many batches. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "callbacks/callback.h"

typedef struct logger_state {
    double start; /* seconds: the epoch began    */
    char *line;   /* in work                     */
    size_t size;
} logger_state;

enum { HEAD = 128 }; /* bytes of a line before the logs, and its end */

/* Room for a line with all logs. */
static nn_status logger_reserve(logger_state *state, const nn_logs *logs)
{
    size_t needed = HEAD;
    for (size_t i = 0; i < nn_logs_count(logs); i++)
        needed += strlen(nn_logs_name(logs, i)) + NN__NUMBER_FORMAT + 2;
    if (needed <= state->size)
        return NN_OK;
    nn__free(state->line);
    state->size = 0;
    state->line = nn__alloc(needed, "logger's line");
    if (state->line == NULL)
        return NN_ENOMEM;
    state->size = needed;
    return NN_OK;
}

static char *logger_number(double value, char text[NN__NUMBER_FORMAT])
{
    int small = value != 0 && fabs(value) < 1e-3;
    return nn__number_format(value, small ? 'e' : 'f', 4, text);
}

static nn_status logger_write(nn_callback *callback, const nn_event *event, int with_batch)
{
    const nn_logger_options *options = callback->object.options;
    logger_state *state = callback->state;
    char text[NN__NUMBER_FORMAT], batch[48] = "";
    NN_TRY(logger_reserve(state, event->logs));
    if (with_batch)
        snprintf(batch, sizeof batch, " batch %d/%d", event->step + 1, event->steps);
    int length =
        snprintf(state->line, state->size, "epoch %d/%d%s %ss", event->epoch + 1, event->epochs,
                 batch, nn__number_format(nn__seconds() - state->start, 'f', 1, text));
    for (size_t i = 0; i < nn_logs_count(event->logs); i++)
        length +=
            snprintf(state->line + length, state->size - (size_t)length, " %s %s",
                     nn_logs_name(event->logs, i), logger_number(nn_logs_at(event->logs, i), text));
    if (options->write != NULL) {
        options->write(state->line, options->data);
        return NN_OK;
    }
    FILE *stream = options->stream != NULL ? options->stream : stdout;
    fprintf(stream, "%s\n", state->line);
    fflush(stream);
    return NN_OK;
}

static nn_status logger_epoch_begin(nn_callback *callback, nn_event *event)
{
    logger_state *state = callback->state;
    (void)event;
    state->start = nn__seconds();
    return NN_OK;
}

static nn_status logger_batch_end(nn_callback *callback, nn_event *event)
{
    const nn_logger_options *options = callback->object.options;
    if (options->every == 0 || (event->step + 1) % options->every != 0)
        return NN_OK;
    return logger_write(callback, event, 1);
}

static nn_status logger_epoch_end(nn_callback *callback, nn_event *event)
{
    return logger_write(callback, event, 0);
}

static void logger_release(nn_callback *callback)
{
    logger_state *state = callback->state;
    nn__free(state->line);
}

static const nn_option logger_table[] = {
    NN__OPTION(nn_logger_options, INT, every, .maximum = INT_MAX),
};
NN__NO_TAIL_PADDING(nn_logger_options, reserved);

const nn_callback_kind nn__logger_callback = {
    .kind = NN__KIND(nn_callback_kind, "logger", "Logger", nn_logger_options, logger_table),
    .state_size = sizeof(logger_state),
    .release = logger_release,
    .epoch_begin = logger_epoch_begin,
    .epoch_end = logger_epoch_end,
    .train_batch_end = logger_batch_end,
};

nn_callback *nn_logger_new(const nn_logger_options *options)
{
    return nn_callback_new(&nn__logger_callback, options);
}
