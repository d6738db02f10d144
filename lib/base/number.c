/*
 * The C library converts exactly, but writes and expects the locale's decimal point. So the point
 * is never shown to it: formatting takes digits and exponent out of "%e", whatever stands between
 * the digits, and parsing hands over an integer with an exponent, 12.5 as "125e-1".
 */
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER_DIGITS = 17,       /* always enough for a double                            */
    NUMBER_KEPT = 800,        /* more than the 768 digits that can decide the rounding */
    NUMBER_LIMIT = 1000000000 /* where exponents saturate                              */
};

/* value = 0.d1 d2 ... * 10^point */
typedef struct number_decimal {
    char digits[NUMBER_DIGITS + 1];
    int count, point;
} number_decimal;

/* sign, digits and "e" point - count, read back. */
static double number_value(const number_decimal *d)
{
    char text[NUMBER_DIGITS + 16];
    snprintf(text, sizeof text, "%se%d", d->digits, d->point - d->count);
    return strtod(text, NULL);
}

/* The decimal of `count` digits nearest to value > 0. */
static void number_round(double value, int count, number_decimal *d)
{
    char text[64];
    const char *p = text;
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    d->count = 0;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            d->digits[d->count++] = *p;
    d->digits[d->count] = '\0';
    d->point = atoi(p + 1) + 1;
}

/* One unit in the last digit up. */
static void number_increment(number_decimal *d)
{
    int i = d->count - 1;
    while (i >= 0 && d->digits[i] == '9')
        d->digits[i--] = '0';
    if (i >= 0) {
        d->digits[i]++;
    } else {
        d->digits[0] = '1';
        d->point++;
    }
}

/* The fewest digits that read back as value > 0. At a power of two the doubles above are twice as
 * far apart as those below, so there the next decimal up may read back where the nearest does not. */
static void number_shortest(double value, number_decimal *d)
{
    int exponent, power = frexp(value, &exponent) == 0.5;
    for (int count = 1; count <= NUMBER_DIGITS; count++) {
        number_round(value, count, d);
        if (number_value(d) == value)
            break;
        if (!power || count == NUMBER_DIGITS)
            continue;
        number_increment(d);
        if (number_value(d) == value)
            break;
    }
    while (d->count > 1 && d->digits[d->count - 1] == '0')
        d->digits[--d->count] = '\0';
}

/* Python's layout: an exponent below 1e-4 and from 1e16 on, ".0" after a whole number. */
static void number_layout(const number_decimal *d, char *out)
{
    int n = d->count, point = d->point;
    if (point <= -4 || point > 16) {
        *out++ = d->digits[0];
        if (n > 1)
            *out++ = '.';
        memcpy(out, d->digits + 1, (size_t)n - 1);
        snprintf(out + n - 1, 6, "e%c%02u", point > 0 ? '+' : '-',
                 (unsigned)abs(point - 1) % 1000u);
        return;
    }
    if (point <= 0) {
        memcpy(out, "0.", 2);
        memset(out + 2, '0', (size_t)-point);
        memcpy(out + 2 - point, d->digits, (size_t)n + 1);
        return;
    }
    int whole = n < point ? n : point;
    memcpy(out, d->digits, (size_t)whole);
    memset(out + whole, '0', (size_t)(point - whole));
    out[point] = '.';
    if (n > point)
        memcpy(out + point + 1, d->digits + point, (size_t)(n - point) + 1);
    else
        memcpy(out + point + 1, "0", 2);
}

char *nn__number_text(double value, char text[NN__NUMBER_TEXT])
{
    number_decimal decimal;
    char *out = text;
    int kept = errno;
    if (isnan(value)) {
        memcpy(text, "nan", 4);
        return text;
    }
    if (signbit(value)) {
        *out++ = '-';
        value = -value;
    }
    if (isinf(value)) {
        memcpy(out, "inf", 4);
    } else if (value > 0) {
        number_shortest(value, &decimal);
        number_layout(&decimal, out);
    } else {
        memcpy(out, "0.0", 4);
    }
    errno = kept;
    return text;
}

char *nn__number_format(double value, char letter, int precision, char text[NN__NUMBER_FORMAT])
{
    const int capital = letter < 'a';
    size_t length = 0;
    int point = 0;
    if (isnan(value))
        return memcpy(text, capital ? "NAN" : "nan", 4);
    if (letter == 'f' || letter == 'F')
        snprintf(text, NN__NUMBER_FORMAT, capital ? "%.*F" : "%.*f", precision, value);
    else if (letter == 'e' || letter == 'E')
        snprintf(text, NN__NUMBER_FORMAT, capital ? "%.*E" : "%.*e", precision, value);
    else
        snprintf(text, NN__NUMBER_FORMAT, capital ? "%.*G" : "%.*g", precision, value);
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("+-0123456789einfEINF", *c) != NULL)
            text[length++] = *c;
        else if (!point++)
            text[length++] = '.';
    }
    text[length] = '\0';
    return text;
}

static int number_special(const char *text, size_t length, double *value)
{
    if (length == 3 && memcmp(text, "nan", 3) == 0)
        *value = (double)NAN;
    else if (length == 3 && memcmp(text, "inf", 3) == 0)
        *value = (double)INFINITY;
    else if (length == 4 && memcmp(text, "-inf", 4) == 0)
        *value = -(double)INFINITY;
    else
        return 0;
    return 1;
}

static int number_is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* Significant digits into digits[0..*count-1]; *exponent is that of a unit of the last one. Digits
 * beyond NUMBER_KEPT only tell whether the value lies above the kept ones: one '1' does. */
static void number_digit(char *digits, size_t *count, int64_t *exponent, char digit, int fraction)
{
    if (*count == 0 && digit == '0') {
        *exponent -= fraction;
    } else if (*count < NUMBER_KEPT) {
        digits[(*count)++] = digit;
        *exponent -= fraction;
    } else {
        if (digit != '0')
            digits[NUMBER_KEPT - 1] = '1';
        *exponent += !fraction;
    }
}

/* e, sign, digits at *at; saturates. Returns 0 where there are no digits. */
static int number_exponent(const char **at, const char *end, int64_t *exponent)
{
    const char *p = *at;
    int64_t e = 0;
    int negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (!number_is_digit(p, end))
        return 0;
    for (; number_is_digit(p, end); p++)
        e = e >= NUMBER_LIMIT ? e : 10 * e + (*p - '0');
    *exponent += negative ? -e : e;
    *at = p;
    return 1;
}

int nn__number_parse(const char *text, size_t length, double *value)
{
    char digits[NUMBER_KEPT + 32];
    const char *p = text, *end = text + length;
    size_t count = 0;
    int64_t exponent = 0;
    if (number_special(text, length, value))
        return 1;
    int negative = p < end && *p == '-', kept = errno;
    p += negative;
    if (!number_is_digit(p, end) || (*p == '0' && number_is_digit(p + 1, end)))
        return 0;
    for (; number_is_digit(p, end); p++)
        number_digit(digits, &count, &exponent, *p, 0);
    if (p < end && *p == '.') {
        if (!number_is_digit(++p, end))
            return 0;
        for (; number_is_digit(p, end); p++)
            number_digit(digits, &count, &exponent, *p, 1);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (!number_exponent(&p, end, &exponent))
            return 0;
    }
    if (p != end)
        return 0;
    if (count == 0)
        digits[count++] = '0';
    snprintf(digits + count, 32, "e%" PRId64, exponent);
    double result = strtod(digits, NULL);
    errno = kept;
    if (isinf(result))
        return 0;
    *value = negative ? -result : result;
    return 1;
}
