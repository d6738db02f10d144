/*
 * Tables of numbers as text. The text is passed over three times: to count rows and find columns,
 * to collect the labels that occur where they are not given, and to fill x and y.
 */
#include "data/arrays.h"
#include "data/names.h"
#include "base/files.h"
#include "formats/csv.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 64 }; /* bytes of a field in a message */

typedef struct table {
    nn_csv_options o;
    const char *name; /* begins messages */
    const char *text;
    size_t size;
    size_t width, rows;              /* fields of a line; rows that are wanted    */
    nn__csv_field *header;           /* [width]: the first line                   */
    nn__csv_field *fields;           /* [width]: the line in work                 */
    size_t *x, *y, x_count, y_count; /* the columns; behind those of y, drop's     */
    nn__csv_field *labels;           /* [label_count]: the texts of the classes   */
    size_t label_count, label_room;
    nn__own_arrays own;
} table;

static nn_status table_begin(table *t, nn__csv *csv, int *more)
{
    *csv = nn__csv_begin(t->name, t->text, t->size, t->o.separator);
    return t->o.no_header ? NN_OK : nn__csv_next(csv, NULL, 0, more);
}

/* The next line, which must be as wide as the first. */
static nn_status table_next(table *t, nn__csv *csv, int *more)
{
    NN_TRY(nn__csv_next(csv, t->fields, t->width, more));
    if (*more && csv->field_count != t->width)
        return nn_fail(NN_EFORMAT, "%s: line %zu: %zu fields, the first line has %zu", t->name,
                       csv->line, csv->field_count, t->width);
    return NN_OK;
}

/* ---- Columns ---- */

static nn_status table_read_header(table *t)
{
    nn__csv csv = nn__csv_begin(t->name, t->text, t->size, t->o.separator);
    int more;
    NN_TRY(nn__csv_next(&csv, NULL, 0, &more));
    if (!more)
        return nn_fail(NN_EFORMAT, "%s: no line", t->name);
    t->width = csv.field_count;
    t->header = nn__alloc_array(t->width, sizeof *t->header, "a table's header");
    t->fields = t->header ? nn__alloc_array(t->width, sizeof *t->fields, "a table's line") : NULL;
    t->x = t->fields ? nn__alloc_array(t->width, sizeof *t->x, "a table's columns") : NULL;
    if (t->x == NULL)
        return NN_ENOMEM;
    csv = nn__csv_begin(t->name, t->text, t->size, t->o.separator);
    return nn__csv_next(&csv, t->header, t->width, &more);
}

/* The column of that name, or of that number. */
static nn_status table_find(const table *t, const char *name, size_t *column)
{
    nn__csv_field wanted = {name, strlen(name), 0};
    for (size_t i = 0; !t->o.no_header && i < t->width; i++) {
        nn__csv_field have = t->header[i].quoted ? t->header[i] : nn__csv_trim(t->header[i]);
        if (nn__csv_compare(have, wanted) == 0) {
            *column = i;
            return NN_OK;
        }
    }
    size_t number = 0;
    const char *p = name;
    for (; *p >= '0' && *p <= '9' && number <= t->width; p++)
        number = 10 * number + (size_t)(*p - '0');
    if (p == name || *p != '\0' || number >= t->width)
        return nn_fail(NN_ENOTFOUND, "%s: no column \"%s\" among %zu", t->name, name, t->width);
    *column = number;
    return NN_OK;
}

static nn_status table_columns(const table *t, const nn_name_list *names, const char *which,
                               size_t *columns)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->items == NULL || names->items[i] == NULL)
            return nn_fail(NN_EINVAL, "csv: column %zu of %s is NULL", i, which);
        NN_TRY(table_find(t, names->items[i], &columns[i]));
    }
    return NN_OK;
}

static nn_status table_choose(table *t)
{
    const nn_csv_options *o = &t->o;
    const nn_name_list *lists[] = {&o->x, &o->y, &o->drop};
    for (int i = 0; i < 3; i++)
        if (lists[i]->count > t->width)
            return nn_fail(NN_EINVAL, "%s: %zu columns are wanted, there are %zu", t->name,
                           lists[i]->count, t->width);
    t->y_count = o->y.count;
    t->y = nn__alloc_array(nn__mul(t->width, 2), sizeof *t->y, "a table's columns");
    if (t->y == NULL)
        return NN_ENOMEM;
    NN_TRY(table_columns(t, &o->x, "x", t->x));
    NN_TRY(table_columns(t, &o->y, "y", t->y));
    NN_TRY(table_columns(t, &o->drop, "drop", t->y + t->y_count));
    t->x_count = o->x.count;
    for (size_t i = 0; o->x.count == 0 && i < t->width; i++) {
        int left_out = 0;
        for (size_t k = 0; k < t->y_count + o->drop.count; k++)
            left_out |= t->y[k] == i;
        if (!left_out)
            t->x[t->x_count++] = i;
    }
    if (t->x_count == 0)
        return nn_fail(NN_EFORMAT, "%s: no column is left for x", t->name);
    return NN_OK;
}

static nn_status table_count(table *t)
{
    nn__csv csv;
    int more = 1;
    NN_TRY(table_begin(t, &csv, &more));
    while (t->o.limit == 0 || t->rows < t->o.limit) {
        NN_TRY(table_next(t, &csv, &more));
        if (!more)
            break;
        t->rows++;
    }
    if (t->rows == 0)
        return nn_fail(NN_EFORMAT, "%s: no line after the header", t->name);
    if (t->rows > INT_MAX || t->x_count > INT_MAX || t->y_count > INT_MAX)
        return nn_fail(NN_ENOTSUP, "%s: %zu lines of %zu fields are too many", t->name, t->rows,
                       t->width);
    return NN_OK;
}

/* ---- Fields ---- */

/* "PATH: line 7, column 2 (age): 'abc' is WHAT". */
static nn_status table_fail(const table *t, const nn__csv *csv, size_t column, const char *what)
{
    char value[SHOWN], title[SHOWN] = "";
    nn__csv_field field = t->fields[column];
    nn__csv_copy(field, value, sizeof value);
    if (!t->o.no_header)
        nn__csv_copy(t->header[column], title, sizeof title);
    const char *open = t->o.no_header ? "" : " (", *close = t->o.no_header ? "" : ")";
    if (nn__csv_trim(field).length == 0)
        return nn_fail(NN_EFORMAT, "%s: line %zu, column %zu%s%s%s: the field is empty", t->name,
                       csv->line, column, open, title, close);
    return nn_fail(NN_EFORMAT, "%s: line %zu, column %zu%s%s%s: '%s' is %s", t->name, csv->line,
                   column, open, title, close, value, what);
}

static nn_status table_number(const table *t, const nn__csv *csv, size_t column, double *value)
{
    if (!nn__csv_number(t->fields[column], value))
        return table_fail(t, csv, column, "no number");
    return NN_OK;
}

static nn_status table_class(const table *t, const nn__csv *csv, size_t column, int32_t *class_)
{
    double value;
    NN_TRY(table_number(t, csv, column, &value));
    double most = t->o.classes > 0 ? t->o.classes - 1 : INT_MAX - 1;
    if (!(value >= 0 && value <= most) || value != (double)(int32_t)value) {
        char rule[64];
        snprintf(rule, sizeof rule, "no class 0..%.0f", most);
        return table_fail(t, csv, column, rule);
    }
    *class_ = (int32_t)value;
    return NN_OK;
}

/* ---- Labels ---- */

/* Where the label stands or would stand in the sorted list; *found tells which. */
static size_t label_place(const table *t, nn__csv_field label, int *found)
{
    size_t low = 0, high = t->label_count;
    *found = 0;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2;
        int order = nn__csv_compare(t->labels[middle], label);
        if (order == 0) {
            low = middle;
            *found = 1;
        } else if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static nn_status labels_add(table *t, nn__csv_field label)
{
    int found;
    size_t at = label_place(t, label, &found);
    if (found)
        return NN_OK;
    if (t->label_count == t->label_room) {
        size_t room = t->label_room == 0 ? 16 : nn__mul(t->label_room, 2), size = sizeof label;
        nn__csv_field *more =
            nn__grow(t->labels, t->label_room * size, nn__mul(room, size), "a table's labels");
        if (more == NULL)
            return NN_ENOMEM;
        t->labels = more;
        t->label_room = room;
    }
    memmove(t->labels + at + 1, t->labels + at, (t->label_count - at) * sizeof label);
    t->labels[at] = label;
    t->label_count++;
    return NN_OK;
}

/* The texts of the label column, sorted. */
static nn_status labels_collect(table *t)
{
    nn__csv csv;
    int more = 1;
    NN_TRY(table_begin(t, &csv, &more));
    for (size_t i = 0; i < t->rows; i++) {
        NN_TRY(table_next(t, &csv, &more));
        if (t->fields[t->y[0]].length == 0)
            return table_fail(t, &csv, t->y[0], "empty");
        NN_TRY(labels_add(t, t->fields[t->y[0]]));
    }
    return NN_OK;
}

/* The labels' texts as class names. */
static nn_status labels_names(table *t)
{
    size_t bytes = nn__mul(t->label_count, sizeof(char *));
    for (size_t i = 0; i < t->label_count; i++)
        bytes = nn__add(bytes, t->labels[i].length + 1);
    const char **names = nn__alloc(bytes, "a table's labels");
    if (names == NULL)
        return NN_ENOMEM;
    char *text = (char *)(names + t->label_count);
    for (size_t i = 0; i < t->label_count; i++) {
        names[i] = text;
        text += nn__csv_copy(t->labels[i], text, t->labels[i].length + 1) + 1;
    }
    t->own.names = names;
    return NN_OK;
}

static nn_status table_label(const table *t, const nn__csv *csv, size_t column, int32_t *class_)
{
    nn__csv_field label = t->fields[column];
    int found = 0;
    if (t->o.class_names.count == 0) {
        *class_ = (int32_t)label_place(t, label, &found);
        return NN_OK;
    }
    for (size_t i = 0; i < t->o.class_names.count; i++) {
        nn__csv_field name = {t->own.names[i], strlen(t->own.names[i]), 0};
        if (nn__csv_compare(label, name) == 0) {
            *class_ = (int32_t)i;
            return NN_OK;
        }
    }
    return table_fail(t, csv, column, "none of the class names");
}

/* ---- Filling ---- */

static nn_status table_fill_row(table *t, const nn__csv *csv, size_t row)
{
    nn_real *x = nn_tensor_data(t->own.x);
    for (size_t i = 0; i < t->x_count; i++) {
        double value = 0;
        NN_TRY(table_number(t, csv, t->x[i], &value));
        x[row * t->x_count + i] = (nn_real)value;
    }
    void *y = nn_tensor_data(t->own.y);
    for (size_t i = 0; i < t->y_count; i++) {
        double value = 0;
        if (t->o.targets == NN_CSV_CLASSES) {
            NN_TRY(table_class(t, csv, t->y[i], (int32_t *)y + row));
        } else if (t->o.targets == NN_CSV_LABELS) {
            NN_TRY(table_label(t, csv, t->y[i], (int32_t *)y + row));
        } else {
            NN_TRY(table_number(t, csv, t->y[i], &value));
            ((nn_real *)y)[row * t->y_count + i] = (nn_real)value;
        }
    }
    return NN_OK;
}

static nn_status table_fill(table *t)
{
    int x_dims[] = {(int)t->rows, (int)t->x_count}, y_dims[] = {(int)t->rows, (int)t->y_count};
    int classes = t->o.targets != NN_CSV_VALUES;
    t->own.x = nn_tensor_new(NN_F32, x_dims, 2);
    if (t->own.x == NULL)
        return NN_ENOMEM;
    if (t->y_count > 0)
        t->own.y = nn_tensor_new(classes ? NN_I32 : NN_F32, y_dims, 2);
    if (t->y_count > 0 && t->own.y == NULL)
        return NN_ENOMEM;
    nn__csv csv;
    int more = 1;
    NN_TRY(table_begin(t, &csv, &more));
    for (size_t i = 0; i < t->rows; i++) {
        NN_TRY(table_next(t, &csv, &more));
        NN_TRY(table_fill_row(t, &csv, i));
    }
    return NN_OK;
}

static nn_status table_read(table *t)
{
    NN_TRY(table_read_header(t));
    NN_TRY(table_choose(t));
    NN_TRY(table_count(t));
    NN_TRY(nn__names_copy(&t->o.class_names, "csv", &t->own.names));
    if (t->o.targets == NN_CSV_LABELS && t->o.class_names.count == 0) {
        NN_TRY(labels_collect(t));
        if (t->label_count > INT_MAX)
            return nn_fail(NN_ENOTSUP, "%s: too many labels", t->name);
        NN_TRY(labels_names(t));
        t->o.classes = (int)t->label_count;
    }
    return table_fill(t);
}

/* ---- Construction ---- */

static nn_status table_check(table *t)
{
    nn_csv_options *o = &t->o;
    if (o->path == NULL && o->data == NULL)
        return nn_fail(NN_EINVAL, "csv: path must be given");
    NN_TRY(nn__dataset_choice(o->targets, NN_CSV_LABELS, "csv", "targets"));
    NN_TRY(nn__dataset_choice(o->no_header, 1, "csv", "no_header"));
    NN_TRY(nn__dataset_choice(o->one_hot, 1, "csv", "one_hot"));
    NN_TRY(nn__names_classes(&o->class_names, "csv", &o->classes));
    if (o->separator == 0)
        o->separator = ',';
    if (o->separator < 1 || o->separator > 126 || strchr("\"\r\n.+-", o->separator) != NULL)
        return nn_fail(NN_EINVAL, "csv: separator %d cannot be one", o->separator);
    if (o->targets != NN_CSV_VALUES && o->y.count != 1)
        return nn_fail(NN_EINVAL, "csv: classes are one column, y has %zu", o->y.count);
    if (o->targets == NN_CSV_VALUES && (o->one_hot || o->classes != 0))
        return nn_fail(NN_EINVAL, "csv: %s is for classes, the targets are values",
                       o->one_hot ? "one_hot" : "classes");
    return NN_OK;
}

static void table_free(table *t)
{
    nn__free(t->header);
    nn__free(t->fields);
    nn__free(t->x);
    nn__free(t->y);
    nn__free(t->labels);
}

static nn_dataset *table_dataset(table *t)
{
    static const nn_dataset_kind kind = NN__ARRAYS_KIND("csv");
    if (table_read(t) != NN_OK) {
        nn_tensor_free(t->own.x);
        nn_tensor_free(t->own.y);
        nn__free(t->own.names);
        return NULL;
    }
    t->own.x_where = t->own.y_where = t->name;
    nn_arrays_options options = {
        .struct_size = sizeof options, .classes = t->o.classes, .one_hot = t->o.one_hot};
    return nn__arrays_own(&kind, &t->own, &options);
}

NN__NO_TAIL_PADDING(nn_csv_options, drop);

nn_dataset *nn_csv_new(const nn_csv_options *options)
{
    table t = {0};
    char *file = NULL;
    if (nn__options_read(&t.o, sizeof t.o, options, "csv") != NN_OK || table_check(&t) != NN_OK)
        return NULL;
    t.name = t.o.path != NULL ? t.o.path : "memory";
    t.text = t.o.data;
    t.size = t.o.size;
    if (t.o.data == NULL) {
        if (nn__file_read(t.o.path, SIZE_MAX / 4, &file, &t.size) != NN_OK)
            return NULL;
        t.text = file;
    }
    nn_dataset *dataset = table_dataset(&t);
    table_free(&t);
    nn__free(file);
    return dataset;
}
