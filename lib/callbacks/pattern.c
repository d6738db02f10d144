#include "callbacks/pattern.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

enum { FIELD_NAME = 128, FIELD_TEXT = NN__NUMBER_FORMAT + 128 };

/* {name:[+][0][width][.precision][letter]}, read. */
typedef struct pattern_field {
    char name[FIELD_NAME];
    int plus, zeros, width;
    int precision; /* -1: none */
    char letter;   /* 0: none  */
} pattern_field;

typedef struct pattern_work {
    const char *pattern, *what;
    char *text;
    size_t length, size;
} pattern_work;

static nn_status pattern_fail(const pattern_work *work, const char *reason, const char *name)
{
    return nn_fail(NN_EINVAL, "%s: path \"%s\": %s%s", work->what, work->pattern, reason, name);
}

static nn_status pattern_add(pattern_work *work, const char *text, size_t length)
{
    size_t needed = work->length + length + 1;
    if (needed > work->size) {
        char *grown = nn__grow(work->text, work->length, 2 * needed, "a path");
        if (grown == NULL)
            return NN_ENOMEM;
        work->text = grown;
        work->size = 2 * needed;
    }
    memcpy(work->text + work->length, text, length);
    work->length += length;
    work->text[work->length] = '\0';
    return NN_OK;
}

/* A number of at most two digits; -1: there is none. */
static int pattern_digits(const char **at)
{
    int value = -1;
    for (int i = 0; i < 2 && **at >= '0' && **at <= '9'; i++)
        value = (value < 0 ? 0 : 10 * value) + *(*at)++ - '0';
    return value;
}

/* Reads the field that begins at *at, after its brace; *at then stands after the other one. */
static nn_status pattern_read(const pattern_work *work, const char **at, pattern_field *field)
{
    const char *p = *at;
    size_t length = strcspn(p, "{}:");
    *field = (pattern_field){.precision = -1};
    if (length == 0 || length >= sizeof field->name)
        return pattern_fail(work, "a field has no name, or a long one", "");
    memcpy(field->name, p, length);
    p += length;
    if (*p == ':') {
        p++;
        if ((field->plus = *p == '+'))
            p++;
        if ((field->zeros = *p == '0'))
            p++;
        field->width = pattern_digits(&p);
        if (*p == '.') {
            p++;
            field->precision = pattern_digits(&p);
            if (field->precision < 0)
                return pattern_fail(work, "digits are missing after the point in ", field->name);
        }
        if (*p != '\0' && strchr("deEfFgG%", *p) != NULL)
            field->letter = *p++;
    }
    if (*p != '}')
        return pattern_fail(work, "this form is not known, or a brace is missing: ", field->name);
    *at = p + 1;
    return NN_OK;
}

/* The digits of a field's number, without width. */
static nn_status pattern_number(const pattern_work *work, const pattern_field *field, double value,
                                int whole, char text[NN__NUMBER_FORMAT])
{
    int precision = field->precision < 0 ? 6 : field->precision;
    if (field->letter == 'd' || (field->letter == 0 && whole)) {
        if (!whole || field->precision >= 0)
            return pattern_fail(work, "d is for epoch and batch, without digits: ", field->name);
        snprintf(text, NN__NUMBER_FORMAT, "%d", (int)value);
    } else if (field->letter == 0) {
        if (field->precision >= 0)
            return pattern_fail(work, "digits without e, f or g in ", field->name);
        nn__number_text(value, text);
    } else if (field->letter == '%') {
        nn__number_format(100 * value, 'f', precision, text);
        strncat(text, "%", 2);
    } else {
        nn__number_format(value, field->letter, precision, text);
    }
    return NN_OK;
}

/* Sign, then zeros, digits; or blanks before all of them. */
static nn_status pattern_add_number(pattern_work *work, const pattern_field *field,
                                    const char *number)
{
    char out[FIELD_TEXT];
    const char *sign = number[0] == '-' ? "-" : field->plus ? "+" : "";
    const char *digits = number[0] == '-' ? number + 1 : number;
    int fill = field->width - (int)(strlen(sign) + strlen(digits));
    fill = fill < 0 ? 0 : fill;
    int length = snprintf(out, sizeof out, "%*s%s", field->zeros ? 0 : fill, "", sign);
    for (int i = 0; field->zeros && i < fill; i++)
        out[length++] = '0';
    NN_TRY(pattern_add(work, out, (size_t)length));
    return pattern_add(work, digits, strlen(digits));
}

static nn_status pattern_field_text(pattern_work *work, const pattern_field *field,
                                    const nn__pattern_values *values)
{
    char number[NN__NUMBER_FORMAT];
    double value = 0;
    int whole = 0;
    if (strcmp(field->name, "epoch") == 0) {
        value = values->epoch;
        whole = 1;
    } else if (strcmp(field->name, "batch") == 0 && values->batch >= 0) {
        value = values->batch;
        whole = 1;
    } else if (strcmp(field->name, "batch") == 0) {
        return pattern_fail(work, "{batch} needs save_freq", "");
    } else if (values->logs != NULL && !nn_logs_has(values->logs, field->name)) {
        return pattern_fail(work, "the logs have no ", field->name);
    } else if (values->logs != NULL) {
        value = nn_logs_value(values->logs, field->name);
    }
    NN_TRY(pattern_number(work, field, value, whole, number));
    return pattern_add_number(work, field, number);
}

static nn_status pattern_all(pattern_work *work, const nn__pattern_values *values)
{
    const char *at = work->pattern;
    while (*at != '\0') {
        size_t plain = strcspn(at, "{}");
        NN_TRY(pattern_add(work, at, plain));
        at += plain;
        if (*at == '\0')
            break;
        if (at[1] == at[0]) {
            NN_TRY(pattern_add(work, at, 1));
            at += 2;
            continue;
        }
        if (*at++ == '}')
            return pattern_fail(work, "a single } (two of them are one)", "");
        pattern_field field;
        NN_TRY(pattern_read(work, &at, &field));
        NN_TRY(pattern_field_text(work, &field, values));
    }
    return NN_OK;
}

nn_status nn__pattern_text(const char *pattern, const nn__pattern_values *values, const char *what,
                           char **text)
{
    pattern_work work = {.pattern = pattern, .what = what};
    nn_status status = pattern_add(&work, "", 0);
    if (status == NN_OK)
        status = pattern_all(&work, values);
    if (status != NN_OK)
        nn__free(work.text);
    else
        *text = work.text;
    return status;
}
