/*
 * Progress text. A line is put together in memory, where its visible characters are counted (not
 * its bytes, nor the escapes), and written in one go.
 */
#include "train/progress.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"

enum {
    BAR_CELLS = 20,
    CELL_BYTES = 3,    /* of one cell in UTF-8                                 */
    FRAME_BYTES = 192, /* counter, bar, escapes, times                        */
    VALUE_BYTES = 56   /* " - name: value" without the name; FLT_MAX is longest */
};
static const double redraw_seconds = 0.05;
static const double plain_seconds = 10;
static const char full_cell[] = "━";
static const char empty_cell[] = "─"; /* where no colour tells them apart */

/* ---- The line in work ---- */

static void line_bytes(nn__progress *progress, const char *bytes)
{
    size_t length = strlen(bytes);
    if (length < progress->size - progress->length) {
        memcpy(progress->text + progress->length, bytes, length);
        progress->length += length;
    }
}

static void line_text(nn__progress *progress, const char *text)
{
    line_bytes(progress, text);
    for (; *text != '\0'; text++)
        progress->width += ((unsigned char)*text & 0xC0) != 0x80;
}

static void line_escape(nn__progress *progress, const char *escape)
{
    if (progress->is_terminal)
        line_bytes(progress, escape);
}

static void line_repeat(nn__progress *progress, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        line_text(progress, text);
}

static void line_number(nn__progress *progress, double value, int digits, int scientific)
{
    char text[NN__NUMBER_FORMAT];
    line_text(progress, nn__number_format(value, scientific ? 'e' : 'f', digits, text));
}

/* Memory for a line with all values shown, so that appending cannot fail. Its longest part may
 * stand there three times: as backspaces, as text, as blanks over an older line. */
static nn_status line_begin(nn__progress *progress)
{
    size_t size = FRAME_BYTES + CELL_BYTES * BAR_CELLS;
    for (size_t i = 0; i < progress->count; i++)
        size += strlen(progress->values[i].name) + VALUE_BYTES;
    size = 2 * size + (size_t)progress->drawn_width;
    if (size > progress->size) {
        char *text = nn__alloc(2 * size, "progress text");
        if (text == NULL)
            return NN_ENOMEM;
        nn__free(progress->text);
        progress->text = text;
        progress->size = 2 * size;
    }
    progress->length = 0;
    progress->width = 0;
    return NN_OK;
}

static void line_write(nn__progress *progress)
{
    fwrite(progress->text, 1, progress->length, progress->stream);
    fflush(progress->stream);
}

/* ---- The values shown ---- */

static nn_status values_reserve(nn__progress *progress)
{
    if (progress->stored < progress->capacity)
        return NN_OK;
    size_t capacity = progress->capacity == 0 ? 8 : nn__mul(progress->capacity, 2);
    nn__progress_value *values = nn__grow(progress->values, progress->stored * sizeof *values,
                                          nn__mul(capacity, sizeof *values), "progress values");
    if (values == NULL)
        return NN_ENOMEM;
    progress->values = values;
    progress->capacity = capacity;
    return NN_OK;
}

/* Shows this value, at the end of the line where its name is new to the epoch. Values of earlier
 * epochs wait behind the first `count` for their names to come again. */
static nn_status values_show(nn__progress *progress, const char *name, double value)
{
    size_t i = 0;
    while (i < progress->stored && strcmp(progress->values[i].name, name) != 0)
        i++;
    if (i == progress->stored) {
        NN_TRY(values_reserve(progress));
        char *copy = nn__copy_string(name, "a name in progress text");
        if (copy == NULL)
            return NN_ENOMEM;
        progress->values[progress->stored++].name = copy;
    }
    if (i >= progress->count) {
        nn__progress_value next = progress->values[progress->count];
        progress->values[progress->count] = progress->values[i];
        progress->values[i] = next;
        i = progress->count++;
    }
    progress->values[i].value = value;
    return NN_OK;
}

static nn_status values_update(nn__progress *progress, const nn_logs *logs)
{
    for (size_t i = 0; i < nn_logs_count(logs); i++)
        NN_TRY(values_show(progress, nn_logs_name(logs, i), nn_logs_at(logs, i)));
    return NN_OK;
}

/* ---- Parts of a line ---- */

/* Seconds per step. The first step, slower than the others, is left out where others are known. */
static double step_seconds(nn__progress *progress, int done, double now)
{
    double seconds = !isnan(progress->first) && done > 1 ? (now - progress->first) / (done - 1)
                                                         : (now - progress->start) / done;
    if (done == 1)
        progress->first = now;
    return seconds;
}

static void line_counter(nn__progress *progress, int done)
{
    char all[16], text[48];
    int digits = snprintf(all, sizeof all, "%d", progress->steps);
    snprintf(text, sizeof text, "%*d/%s", digits, done, all);
    line_text(progress, text);
}

static void line_bar(nn__progress *progress, int done)
{
    int full = (int)(BAR_CELLS * ((double)done / progress->steps));
    if (full > 0) {
        line_escape(progress, "\33[32m");
        line_repeat(progress, full_cell, full);
        line_escape(progress, "\33[0m");
    }
    line_escape(progress, "\33[37m");
    line_repeat(progress, progress->is_terminal ? full_cell : empty_cell, BAR_CELLS - full);
    line_escape(progress, "\33[0m");
}

static void line_eta(nn__progress *progress, double seconds)
{
    char text[48];
    long long eta = seconds < 1e15 ? (long long)seconds : 0;
    int minutes = (int)(eta % 3600 / 60), rest = (int)(eta % 60);
    if (seconds > 3600)
        snprintf(text, sizeof text, "%lld:%02d:%02d", eta / 3600, minutes, rest);
    else if (seconds > 60)
        snprintf(text, sizeof text, "%d:%02d", (int)(eta / 60), rest);
    else
        snprintf(text, sizeof text, "%ds", rest + 60 * minutes);
    line_text(progress, text);
}

static void line_step_time(nn__progress *progress, double seconds)
{
    double scale = seconds >= 1 || seconds == 0 ? 1 : seconds >= 1e-3 ? 1e3 : 1e6;
    line_text(progress, " ");
    line_number(progress, seconds * scale, 0, 0);
    line_text(progress, scale < 10 ? "s/step" : scale < 1e4 ? "ms/step" : "us/step");
}

/*
 * Four digits, in scientific form up to 1e-3. Keras's numbers are float32: so are these for the
 * comparison and the rounding, which makes a learning rate of 1e-3, a bit more as float, "0.0010".
 * Only the bar takes the magnitude; one-line text shows all negative numbers in scientific form.
 */
static void line_values(nn__progress *progress, int by_magnitude)
{
    for (size_t i = 0; i < progress->count; i++) {
        double value = progress->values[i].value;
        if (fabs(value) <= (double)FLT_MAX)
            value = (double)(float)value;
        else if (!isnan(value))
            value = copysign(HUGE_VAL, value);
        line_text(progress, " - ");
        line_text(progress, progress->values[i].name);
        line_text(progress, ": ");
        line_number(progress, value, 4, !((by_magnitude ? fabs(value) : value) > 1e-3));
    }
}

/* ---- Whole lines ---- */

static nn_status progress_draw(nn__progress *progress, int done, double now, double step, int last)
{
    NN_TRY(line_begin(progress));
    int older = progress->is_terminal ? progress->drawn_width : 0;
    for (int i = 0; i < older; i++)
        line_bytes(progress, "\b");
    line_escape(progress, "\r");
    line_escape(progress, "\33[1m");
    line_counter(progress, done);
    line_escape(progress, "\33[0m");
    line_text(progress, " ");
    line_bar(progress, done);
    line_text(progress, " ");
    line_escape(progress, "\33[1m");
    if (last) {
        line_number(progress, now - progress->start, 0, 0);
        line_text(progress, "s");
    } else {
        line_eta(progress, step * (progress->steps - done));
    }
    line_escape(progress, "\33[0m");
    line_step_time(progress, step);
    line_values(progress, 1);
    progress->drawn_width = progress->width;
    for (int i = progress->width; i < older; i++)
        line_bytes(progress, " ");
    if (last || !progress->is_terminal)
        line_bytes(progress, "\n");
    line_write(progress);
    progress->drawn = now;
    return NN_OK;
}

static nn_status progress_one_line(nn__progress *progress, double now, double step)
{
    NN_TRY(line_begin(progress));
    line_counter(progress, progress->steps);
    line_text(progress, " - ");
    line_number(progress, now - progress->start, 0, 0);
    line_text(progress, "s -");
    line_step_time(progress, step);
    line_values(progress, 0);
    line_bytes(progress, "\n");
    line_write(progress);
    return NN_OK;
}

void nn__progress_begin(nn__progress *progress, FILE *stream, int verbose, int epoch, int epochs,
                        int steps, int is_terminal)
{
    progress->stream = stream;
    progress->verbose = stream == NULL ? NN_SILENT : verbose;
    progress->is_terminal = is_terminal;
    progress->steps = steps;
    progress->start = nn__seconds();
    progress->first = (double)NAN;
    progress->drawn = is_terminal ? -HUGE_VAL : progress->start;
    progress->drawn_width = 0;
    progress->count = 0;
    if (progress->verbose != NN_SILENT && epochs > 1) {
        fprintf(stream, "Epoch %d/%d\n", epoch + 1, epochs);
        fflush(stream);
    }
}

nn_status nn__progress_update(nn__progress *progress, int done, const nn_logs *logs)
{
    if (progress->verbose != NN_PROGRESS_BAR)
        return NN_OK;
    NN_TRY(values_update(progress, logs));
    double now = nn__seconds(), step = step_seconds(progress, done, now);
    if (now - progress->drawn < (progress->is_terminal ? redraw_seconds : plain_seconds))
        return NN_OK;
    return progress_draw(progress, done, now, step, 0);
}

nn_status nn__progress_end(nn__progress *progress, const nn_logs *logs)
{
    if (progress->verbose == NN_SILENT)
        return NN_OK;
    NN_TRY(values_update(progress, logs));
    double now = nn__seconds(), step = step_seconds(progress, progress->steps, now);
    if (progress->verbose == NN_PROGRESS_BAR)
        return progress_draw(progress, progress->steps, now, step, 1);
    return progress_one_line(progress, now, step);
}

void nn__progress_free(nn__progress *progress)
{
    for (size_t i = 0; i < progress->stored; i++)
        nn__free(progress->values[i].name);
    nn__free(progress->values);
    nn__free(progress->text);
    memset(progress, 0, sizeof *progress);
}

int nn__progress_is_terminal(FILE *stream)
{
    int descriptor = stream == NULL ? -1 : fileno(stream);
    return descriptor >= 0 && isatty(descriptor);
}
