/*
 * CSVLogger. The file is what Python's csv module writes for Keras:
 *
 *   epoch,accuracy,loss,val_accuracy,val_loss
 *   0,0.4,1.5,0.5,1.25
 *
 * with CRLF line ends. The columns are those of the first epoch of the fit, sorted; where it brought no
 * val_ number, a twin with val_ before the name follows for each, so that a validation that begins
 * later has its place. What an epoch does not have is NA.
 */
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/number.h"
#include "callbacks/callback.h"

typedef struct csv_logger_state {
    nn__text *file;
    char **columns; /* columns[column_count], without epoch; NULL before the first epoch */
    size_t column_count;
    char *line; /* in work */
    size_t length, size;
} csv_logger_state;

static const char validation_prefix[] = "val_";

/* ---- A line in work ---- */

static nn_status csv_logger_reserve(csv_logger_state *state, size_t more)
{
    size_t needed = state->length + more + 1;
    if (needed <= state->size)
        return NN_OK;
    char *line = nn__grow(state->line, state->length, 2 * needed, "csv_logger's line");
    if (line == NULL)
        return NN_ENOMEM;
    state->line = line;
    state->size = 2 * needed;
    return NN_OK;
}

/* Adds a field as Python's csv does: in quotes where it has a separator, a quote or a line end. */
static nn_status csv_logger_field(csv_logger_state *state, char separator, const char *text)
{
    const char special[] = {separator, '"', '\r', '\n', '\0'};
    int quoted = strpbrk(text, special) != NULL;
    NN_TRY(csv_logger_reserve(state, 2 * strlen(text) + 3));
    char *end = state->line + state->length;
    if (state->length > 0)
        *end++ = separator;
    if (quoted)
        *end++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"')
            *end++ = '"';
        *end++ = *text;
    }
    if (quoted)
        *end++ = '"';
    state->length = (size_t)(end - state->line);
    return NN_OK;
}

/* Ends the line and hands it to the system. */
static nn_status csv_logger_write(csv_logger_state *state)
{
    NN_TRY(csv_logger_reserve(state, 2));
    memcpy(state->line + state->length, "\r\n", 3);
    state->length = 0;
    return nn__text_write(state->file, state->line);
}

/* ---- Columns ---- */

static void csv_logger_forget(csv_logger_state *state)
{
    for (size_t i = 0; i < state->column_count; i++)
        nn__free(state->columns[i]);
    nn__free(state->columns);
    state->columns = NULL;
    state->column_count = 0;
}

static nn_status csv_logger_column(csv_logger_state *state, const char *prefix, const char *name)
{
    char *column = nn__join_strings(prefix, name, "", "csv_logger's columns");
    if (column == NULL)
        return NN_ENOMEM;
    state->columns[state->column_count++] = column;
    return NN_OK;
}

static void csv_logger_sort(csv_logger_state *state)
{
    char **columns = state->columns;
    for (size_t i = 1; i < state->column_count; i++)
        for (size_t k = i; k > 0 && strcmp(columns[k - 1], columns[k]) > 0; k--) {
            char *column = columns[k];
            columns[k] = columns[k - 1];
            columns[k - 1] = column;
        }
}

static int csv_logger_has_validation(const nn_logs *logs)
{
    for (size_t i = 0; i < nn_logs_count(logs); i++)
        if (strncmp(nn_logs_name(logs, i), validation_prefix, sizeof validation_prefix - 1) == 0)
            return 1;
    return 0;
}

static nn_status csv_logger_choose(csv_logger_state *state, const nn_logs *logs)
{
    size_t count = nn_logs_count(logs);
    state->columns = nn__alloc_array(2 * count, sizeof *state->columns, "csv_logger's columns");
    if (state->columns == NULL)
        return NN_ENOMEM;
    for (size_t i = 0; i < count; i++)
        NN_TRY(csv_logger_column(state, "", nn_logs_name(logs, i)));
    csv_logger_sort(state);
    if (csv_logger_has_validation(logs))
        return NN_OK;
    for (size_t i = 0; i < count; i++)
        NN_TRY(csv_logger_column(state, validation_prefix, state->columns[i]));
    return NN_OK;
}

static nn_status csv_logger_header(csv_logger_state *state, char separator)
{
    NN_TRY(csv_logger_field(state, separator, "epoch"));
    for (size_t i = 0; i < state->column_count; i++)
        NN_TRY(csv_logger_field(state, separator, state->columns[i]));
    return csv_logger_write(state);
}

/* ---- Hooks ---- */

static char csv_logger_separator(const nn_callback *callback)
{
    const nn_csv_logger_options *options = callback->object.options;
    return options->separator == NULL ? ',' : options->separator[0];
}

static nn_status csv_logger_check(const nn_callback *callback)
{
    const nn_csv_logger_options *options = callback->object.options;
    const char *separator = options->separator;
    if (options->path == NULL || options->path[0] == '\0')
        return nn_fail(NN_EINVAL, "csv_logger: path must be given");
    if (separator == NULL)
        return NN_OK;
    if (separator[0] == '\0' || separator[1] != '\0')
        return nn_fail(NN_EINVAL, "csv_logger: separator \"%s\" has %zu bytes, it must be one",
                       separator, strlen(separator));
    if (strchr("\"\r\n", separator[0]) != NULL)
        return nn_fail(NN_EINVAL, "csv_logger: separator is a quote or a line end");
    return NN_OK;
}

static nn_status csv_logger_close(csv_logger_state *state)
{
    nn__text *file = state->file;
    state->file = NULL;
    return nn__text_close(file);
}

static nn_status csv_logger_train_begin(nn_callback *callback, nn_event *event)
{
    const nn_csv_logger_options *options = callback->object.options;
    csv_logger_state *state = callback->state;
    (void)event;
    NN_TRY(csv_logger_check(callback));
    NN_TRY(csv_logger_close(state));
    csv_logger_forget(state);
    state->length = 0;
    return nn__text_open(options->path, options->append, &state->file);
}

static nn_status csv_logger_epoch_end(nn_callback *callback, nn_event *event)
{
    csv_logger_state *state = callback->state;
    char separator = csv_logger_separator(callback), text[NN__NUMBER_TEXT];
    state->length = 0;
    if (state->columns == NULL) {
        NN_TRY(csv_logger_choose(state, event->logs));
        if (!nn__text_continues(state->file))
            NN_TRY(csv_logger_header(state, separator));
    }
    snprintf(text, sizeof text, "%d", event->epoch);
    NN_TRY(csv_logger_field(state, separator, text));
    for (size_t i = 0; i < state->column_count; i++) {
        const char *field = "NA", *name = state->columns[i];
        if (nn_logs_has(event->logs, name))
            field = nn__number_text(nn_logs_value(event->logs, name), text);
        NN_TRY(csv_logger_field(state, separator, field));
    }
    return csv_logger_write(state);
}

static nn_status csv_logger_train_end(nn_callback *callback, nn_event *event)
{
    (void)event;
    return csv_logger_close(callback->state);
}

static void csv_logger_release(nn_callback *callback)
{
    csv_logger_state *state = callback->state;
    (void)csv_logger_close(state); /* every line has been written before */
    csv_logger_forget(state);
    nn__free(state->line);
}

static const nn_option csv_logger_table[] = {
    NN__OPTION(nn_csv_logger_options, STRING, path, .rules = NN_REQUIRED),
    NN__OPTION(nn_csv_logger_options, STRING, separator),
    NN__OPTION(nn_csv_logger_options, FLAG, append),
};
NN__NO_TAIL_PADDING(nn_csv_logger_options, reserved);

const nn_callback_kind nn__csv_logger_callback = {
    .kind = NN__KIND(nn_callback_kind, "csv_logger", "CSVLogger", nn_csv_logger_options,
                     csv_logger_table),
    .state_size = sizeof(csv_logger_state),
    .release = csv_logger_release,
    .train_begin = csv_logger_train_begin,
    .train_end = csv_logger_train_end,
    .epoch_end = csv_logger_epoch_end,
};

nn_callback *nn_csv_logger_new(const nn_csv_logger_options *options)
{
    return nn_callback_new(&nn__csv_logger_callback, options);
}
