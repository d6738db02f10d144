/* CSV (RFC 4180): text to fields. See nn_csv_options for what is read. */
#ifndef NN__FORMATS_CSV_H
#define NN__FORMATS_CSV_H

#include "base/base.h"

typedef struct nn__csv {
    const char *name; /* begins messages */
    const char *at, *end;
    size_t line;        /* of the record that was read last, from 1           */
    size_t next_line;   /* where the next one begins                          */
    size_t field_count; /* of that record                                     */
    int separator;
} nn__csv;

typedef struct nn__csv_field {
    const char *text; /* without the outer quotes */
    size_t length;
    int quoted; /* 1: "" in the text stands for "  */
} nn__csv_field;

/* A reader over text[0..size-1]. */
nn__csv nn__csv_begin(const char *name, const char *text, size_t size, int separator);

/* The next record that is not an empty line: its first `most` fields into fields[]; *more is 0
 * where there is none. csv->field_count is the number of all its fields. NN_EFORMAT: quotes that do
 * not end, or text behind them. */
nn_status nn__csv_next(nn__csv *csv, nn__csv_field *fields, size_t most, int *more);

/* Takes spaces and tabs from both ends, for numbers. */
nn__csv_field nn__csv_trim(nn__csv_field field);

/* A finite number, with a point: 5, -1.5e3, also +5, .5, 5. and 007. Returns 0 where it is none. */
int nn__csv_number(nn__csv_field field, double *value);

/* <0, 0, >0 as the texts of two fields compare by bytes. */
int nn__csv_compare(nn__csv_field a, nn__csv_field b);

/* The text with its NUL into to[0..size-1], cut where it is longer; returns its whole length. */
size_t nn__csv_copy(nn__csv_field field, char *to, size_t size);

#endif
