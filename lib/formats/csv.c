#include "formats/csv.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

nn__csv nn__csv_begin(const char *name, const char *text, size_t size, int separator)
{
    nn__csv csv = {name, text, text + size, 0, 1, 0, separator};
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        csv.at += 3;
    return csv;
}

/* A quoted field from its first quote on; csv->at moves behind its last. */
static nn_status csv_quoted(nn__csv *csv, nn__csv_field *field)
{
    const char *first = ++csv->at;
    size_t line = csv->next_line;
    for (; csv->at < csv->end; csv->at++) {
        if (*csv->at == '\n')
            csv->next_line++;
        if (*csv->at != '"')
            continue;
        if (csv->at + 1 == csv->end || csv->at[1] != '"')
            break;
        csv->at++;
    }
    if (csv->at == csv->end)
        return nn_fail(NN_EFORMAT, "%s: line %zu: a quoted field that does not end", csv->name,
                       line);
    *field = (nn__csv_field){first, (size_t)(csv->at - first), 1};
    csv->at++;
    return NN_OK;
}

static int csv_ends_field(const nn__csv *csv, const char *p)
{
    return p == csv->end || *p == csv->separator || *p == '\n' ||
           (*p == '\r' && (p + 1 == csv->end || p[1] == '\n'));
}

static nn_status csv_field(nn__csv *csv, nn__csv_field *field)
{
    if (csv->at < csv->end && *csv->at == '"') {
        NN_TRY(csv_quoted(csv, field));
        if (!csv_ends_field(csv, csv->at))
            return nn_fail(NN_EFORMAT, "%s: line %zu: text after the quotes of field %zu",
                           csv->name, csv->next_line, csv->field_count);
        return NN_OK;
    }
    const char *first = csv->at;
    while (!csv_ends_field(csv, csv->at))
        csv->at++;
    *field = (nn__csv_field){first, (size_t)(csv->at - first), 0};
    return NN_OK;
}

/* Behind the end of a line. */
static void csv_end_line(nn__csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\r')
        csv->at++;
    if (csv->at < csv->end && *csv->at == '\n')
        csv->at++;
    csv->next_line++;
}

nn_status nn__csv_next(nn__csv *csv, nn__csv_field *fields, size_t most, int *more)
{
    while (csv->at < csv->end && *csv->at != csv->separator && csv_ends_field(csv, csv->at))
        csv_end_line(csv);
    *more = csv->at < csv->end;
    csv->line = csv->next_line;
    csv->field_count = 0;
    while (*more) {
        nn__csv_field field = {0};
        NN_TRY(csv_field(csv, &field));
        if (csv->field_count < most)
            fields[csv->field_count] = field;
        csv->field_count++;
        if (csv->at == csv->end || *csv->at != csv->separator)
            break;
        csv->at++;
    }
    if (*more)
        csv_end_line(csv);
    return NN_OK;
}

nn__csv_field nn__csv_trim(nn__csv_field field)
{
    while (field.length > 0 && (*field.text == ' ' || *field.text == '\t')) {
        field.text++;
        field.length--;
    }
    while (field.length > 0 &&
           (field.text[field.length - 1] == ' ' || field.text[field.length - 1] == '\t'))
        field.length--;
    return field;
}

/* What JSON does not know is brought to its form: sign, digits without leading zeros, a digit on
 * both sides of a point. */
int nn__csv_number(nn__csv_field field, double *value)
{
    char text[1024];
    field = nn__csv_trim(field);
    const char *p = field.text, *end = p + field.length;
    size_t n = 0;
    if (field.length == 0 || field.length > sizeof text - 4)
        return 0;
    if (*p == '-')
        text[n++] = '-';
    p += *p == '-' || *p == '+';
    if (p == end || (*p != '.' && (*p < '0' || *p > '9')))
        return 0;
    while (end - p > 1 && *p == '0' && p[1] >= '0' && p[1] <= '9')
        p++;
    if (*p == '.') {
        if (end - p < 2 || p[1] < '0' || p[1] > '9')
            return 0;
        text[n++] = '0';
    }
    for (; p < end; p++) {
        if (*p == '.' && (p + 1 == end || p[1] == 'e' || p[1] == 'E'))
            continue;
        text[n++] = *p;
    }
    return nn__number_parse(text, n, value) && isfinite(*value);
}

/* The byte at *at as it is meant, or -1 at the end; *at moves on. */
static int csv_byte(nn__csv_field field, size_t *at)
{
    if (*at >= field.length)
        return -1;
    unsigned char byte = (unsigned char)field.text[*at];
    *at += field.quoted && byte == '"' ? 2 : 1;
    return byte;
}

int nn__csv_compare(nn__csv_field a, nn__csv_field b)
{
    size_t i = 0, j = 0;
    for (;;) {
        int first = csv_byte(a, &i), second = csv_byte(b, &j);
        if (first != second || first < 0)
            return first - second;
    }
}

size_t nn__csv_copy(nn__csv_field field, char *to, size_t size)
{
    size_t length = 0, at = 0;
    for (int byte; (byte = csv_byte(field, &at)) >= 0; length++)
        if (length + 1 < size)
            to[length] = (char)byte;
    if (size > 0)
        to[length < size ? length : size - 1] = '\0';
    return length;
}
