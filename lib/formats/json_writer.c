#include "formats/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { JSON_FIRST = 256 }; /* bytes of the first buffer */

static void json_append(nn__json_writer *w, const char *bytes, size_t size)
{
    size_t needed = nn__add(nn__add(w->size, size), 1);
    if (w->status != NN_OK)
        return;
    if (needed > w->capacity) {
        size_t capacity = w->capacity != 0 ? nn__mul(w->capacity, 2) : JSON_FIRST;
        if (capacity < needed)
            capacity = needed;
        char *text = nn__grow(w->text, w->size, capacity, "JSON text");
        if (text == NULL) {
            w->status = NN_ENOMEM;
            return;
        }
        w->text = text;
        w->capacity = capacity;
    }
    memcpy(w->text + w->size, bytes, size);
    w->size += size;
    w->text[w->size] = '\0';
}

static void json_append_value(nn__json_writer *w, const char *text)
{
    if (w->comma)
        json_append(w, ",", 1);
    json_append(w, text, strlen(text));
    w->comma = 1;
}

void nn__json_begin_object(nn__json_writer *writer)
{
    json_append_value(writer, "{");
    writer->comma = 0;
}

void nn__json_end_object(nn__json_writer *writer)
{
    json_append(writer, "}", 1);
    writer->comma = 1;
}

void nn__json_begin_array(nn__json_writer *writer)
{
    json_append_value(writer, "[");
    writer->comma = 0;
}

void nn__json_end_array(nn__json_writer *writer)
{
    json_append(writer, "]", 1);
    writer->comma = 1;
}

/* The letter after the backslash of a short escape; 0 where c has none. */
static char json_short_escape(char c)
{
    static const char values[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *value = strchr(values, c);
    return value != NULL ? names[value - values] : '\0';
}

static void json_append_escaped(nn__json_writer *w, const char *text)
{
    for (size_t rest = strlen(text); rest > 0;) {
        char escape[8];
        int length = nn__utf8_length(text, rest);
        if (length == 0) {
            if (w->status == NN_OK)
                w->status = nn_fail(NN_EINVAL, "\"%s\" is not UTF-8", text);
            return;
        }
        if (length == 1 && json_short_escape(*text) != '\0') {
            snprintf(escape, sizeof escape, "\\%c", json_short_escape(*text));
            json_append(w, escape, 2);
        } else if ((unsigned char)*text < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*text);
            json_append(w, escape, 6);
        } else {
            json_append(w, text, (size_t)length);
        }
        text += length;
        rest -= (size_t)length;
    }
}

void nn__json_put_string(nn__json_writer *writer, const char *text)
{
    if (text == NULL) {
        json_append_value(writer, "null");
        return;
    }
    json_append_value(writer, "\"");
    json_append_escaped(writer, text);
    json_append(writer, "\"", 1);
}

void nn__json_key(nn__json_writer *writer, const char *key)
{
    nn__json_put_string(writer, key);
    json_append(writer, ":", 1);
    writer->comma = 0;
}

void nn__json_put_number(nn__json_writer *writer, double value)
{
    char text[NN__NUMBER_TEXT];
    nn__number_text(value, text);
    if (isfinite(value))
        json_append_value(writer, text);
    else
        nn__json_put_string(writer, text);
}

void nn__json_put_integer(nn__json_writer *writer, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    json_append_value(writer, text);
}

void nn__json_put_unsigned(nn__json_writer *writer, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    json_append_value(writer, text);
}

void nn__json_put_bool(nn__json_writer *writer, int value)
{
    json_append_value(writer, value ? "true" : "false");
}

nn_status nn__json_finish(nn__json_writer *writer, char **text, size_t *size)
{
    json_append(writer, "", 0);
    nn_status status = writer->status;
    if (status == NN_OK) {
        *text = writer->text;
        if (size != NULL)
            *size = writer->size;
        writer->text = NULL;
    }
    nn__json_writer_clear(writer);
    return status;
}

void nn__json_writer_clear(nn__json_writer *writer)
{
    nn__free(writer->text);
    memset(writer, 0, sizeof *writer);
}
