/*
 * The table of Keras's summary(). Columns share the width, and a cell is cut into lines, as Keras's
 * table printer does it: at blanks; a word that is wider than its column loses its end to an
 * ellipsis.
 */
#include "model/summary_text.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS = 5, DEFAULT_WIDTH = 88 };

typedef enum summary_side { LEFT, RIGHT, CENTER } summary_side;

/* The columns of a table: at most name, shape, parameters, connections, trainable. */
typedef struct summary_table {
    FILE *stream;
    int count;
    const char *headings[COLUMNS];
    int widths[COLUMNS]; /* characters of a cell's text; a blank stands before and after it */
    summary_side sides[COLUMNS];
} summary_table;

/* What a rule or a line of text is made of: left edge, between columns, right edge, filling. */
typedef struct summary_edges {
    const char *left, *middle, *right, *filling;
} summary_edges;

static const summary_edges top_rule = {"┏", "┳", "┓", "━"};
static const summary_edges heading_line = {"┃ ", " ┃ ", " ┃", " "};
static const summary_edges heading_rule = {"┡", "╇", "┩", "━"};
static const summary_edges row_line = {"│ ", " │ ", " │", " "};
static const summary_edges row_rule = {"├", "┼", "┤", "─"};
static const summary_edges bottom_rule = {"└", "┴", "┘", "─"};

/* ---- Characters of UTF-8 text ---- */

int nn__text_width(const char *text, size_t length)
{
    int width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    return width;
}

size_t nn__text_bytes(const char *text, size_t length, int count)
{
    size_t i = 0;
    while (i < length && (count > 0 || ((unsigned char)text[i] & 0xC0) == 0x80))
        count -= ((unsigned char)text[i++] & 0xC0) != 0x80;
    return i;
}

static void print_repeated(FILE *stream, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        fputs(text, stream);
}

/* ---- Lines of the table ---- */

static void print_rule(const summary_table *table, const summary_edges *edges)
{
    for (int i = 0; i < table->count; i++) {
        fputs(i == 0 ? edges->left : edges->middle, table->stream);
        print_repeated(table->stream, edges->filling, table->widths[i] + 2);
    }
    fprintf(table->stream, "%s\n", edges->right);
}

/* Bytes of the part of text that goes on one line: words while they fit, blanks between. */
static size_t cell_line(const char *text, int width)
{
    size_t end = 0;
    for (;;) {
        size_t word = end + strspn(text + end, " ");
        word += strcspn(text + word, " ");
        if (word == end || (end > 0 && nn__text_width(text, word) > width))
            return end;
        end = word;
    }
}

/* Prints the first line of a cell, padded; returns the text that is left for more lines. */
static const char *print_cell(const summary_table *table, const char *text, int column)
{
    FILE *stream = table->stream;
    int width = table->widths[column];
    size_t length = cell_line(text, width), shown = length;
    int used = nn__text_width(text, length), cut = used > width;
    if (cut) {
        shown = nn__text_bytes(text, length, width - 1);
        used = width;
    }
    int room = width - used, side = (int)table->sides[column];
    int before = side == RIGHT ? room : side == CENTER ? room / 2 : 0;
    print_repeated(stream, " ", before);
    fprintf(stream, "%.*s%s", (int)shown, text, cut ? "…" : "");
    print_repeated(stream, " ", room - before);
    return text + length + strspn(text + length, " ");
}

static void print_cells(const summary_table *table, const summary_edges *edges,
                        const char *const *cells)
{
    const char *left[COLUMNS];
    int more;
    for (int i = 0; i < table->count; i++)
        left[i] = cells[i];
    do {
        more = 0;
        for (int i = 0; i < table->count; i++) {
            fputs(i == 0 ? edges->left : edges->middle, table->stream);
            left[i] = print_cell(table, left[i], i);
            more = more || left[i][0] != '\0';
        }
        fprintf(table->stream, "%s\n", edges->right);
    } while (more);
}

/* ---- Numbers ---- */

enum { NUMBER_TEXT = 32 };

/* 1234567 as "1,234,567". */
static const char *count_text(size_t count, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int length = snprintf(digits, sizeof digits, "%zu", count), written = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[written++] = ',';
        text[written++] = digits[i];
    }
    text[written] = '\0';
    return text;
}

/* Bytes in the largest unit that leaves 1 or more, with two digits: "1005.43 KB". The digits are
 * those of printf's %.2f, with a point in every locale. */
static void print_size(FILE *stream, size_t bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
    char text[64];
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < NN__COUNT(units)) {
        size /= 1024;
        unit++;
    }
    snprintf(text, sizeof text, "%.2f", size);
    size_t whole = strspn(text, "0123456789"), length = strlen(text);
    fprintf(stream, " (%.*s.%s %s)\n", (int)whole, text, text + length - 2, units[unit]);
}

static void print_total(FILE *stream, const char *what, size_t count, size_t bytes)
{
    char text[NUMBER_TEXT];
    fprintf(stream, " %s params: %s", what, count_text(count, text));
    print_size(stream, bytes);
}

/* ---- The whole ---- */

static void table_column(summary_table *table, const char *heading, double end, summary_side side)
{
    table->headings[table->count] = heading;
    table->widths[table->count] = (int)end; /* its right edge, for now */
    table->sides[table->count++] = side;
}

/* a / b, halves to the even neighbour. */
static int divide_rounded(int a, int b)
{
    int whole = a / b, twice = 2 * (a % b);
    return whole + (twice > b || (twice == b && whole % 2 == 1));
}

/*
 * Keras gives the columns' right edges as parts of the width. That leaves no room for the lines
 * between them, so its printer takes what is too much from all columns in equal parts, from the
 * left.
 */
static void table_widths(summary_table *table, int width)
{
    int used = 0, too_much = 3 * table->count + 1;
    for (int i = 0; i < table->count; i++) {
        int edge = table->widths[i];
        table->widths[i] = edge - used;
        used = edge;
    }
    too_much += used - width;
    for (int i = 0; i < table->count; i++) {
        int part = divide_rounded(too_much, table->count - i);
        table->widths[i] -= part;
        too_much -= part;
    }
}

static summary_table table_make(const nn__summary *summary, FILE *stream)
{
    static const double chain[] = {0.45, 0.80, 1.0}, graph[] = {0.3, 0.56, 0.74, 1.0};
    const double *edges = summary->with_connections ? graph : chain;
    const int width = summary->width > 0 ? summary->width : DEFAULT_WIDTH;
    const double share = summary->with_trainable ? 0.9 : 1;
    summary_table table = {.stream = stream};
    table_column(&table, "Layer (type)", edges[0] * share * width, LEFT);
    table_column(&table, "Output Shape", edges[1] * share * width, LEFT);
    table_column(&table, "Param #", edges[2] * share * width, RIGHT);
    if (summary->with_connections)
        table_column(&table, "Connected to", edges[3] * share * width, LEFT);
    if (summary->with_trainable)
        table_column(&table, "Trainable", width, CENTER);
    table_widths(&table, width);
    return table;
}

static nn_status print_row(const summary_table *table, const nn__summary_row *row)
{
    char number[NUMBER_TEXT];
    size_t size = strlen(row->name) + strlen(row->class_name) + sizeof " ()";
    char *title = nn__alloc(size, "a summary");
    if (title == NULL)
        return NN_ENOMEM;
    snprintf(title, size, "%s (%s)", row->name, row->class_name);
    const char *cells[COLUMNS] = {title, row->shape, count_text(row->parameters, number)};
    int count = 3;
    if (row->connections != NULL)
        cells[count++] = row->connections;
    if (row->trainable != NULL)
        cells[count++] = row->trainable;
    print_cells(table, &row_line, cells);
    nn__free(title);
    return NN_OK;
}

static nn_status print_table(const nn__summary *summary, FILE *stream)
{
    const summary_table table = table_make(summary, stream);
    print_rule(&table, &top_rule);
    print_cells(&table, &heading_line, table.headings);
    print_rule(&table, &heading_rule);
    for (size_t i = 0; i < summary->row_count; i++) {
        if (i > 0)
            print_rule(&table, &row_rule);
        NN_TRY(print_row(&table, &summary->rows[i]));
    }
    print_rule(&table, &bottom_rule);
    return NN_OK;
}

nn_status nn__summary_print(const nn__summary *summary, FILE *stream)
{
    if (stream == NULL)
        return nn_fail(NN_EINVAL, "summary of %s: stream is NULL", summary->name);
    size_t weights = summary->trainable + summary->frozen;
    size_t bytes = summary->trainable_bytes + summary->frozen_bytes;
    if (summary->has_optimizer) {
        weights += summary->optimizer;
        bytes += summary->optimizer_bytes;
    }
    fprintf(stream, "Model: \"%s\"\n", summary->name);
    NN_TRY(print_table(summary, stream));
    print_total(stream, "Total", weights, bytes);
    print_total(stream, "Trainable", summary->trainable, summary->trainable_bytes);
    print_total(stream, "Non-trainable", summary->frozen, summary->frozen_bytes);
    if (summary->has_optimizer)
        print_total(stream, "Optimizer", summary->optimizer, summary->optimizer_bytes);
    if (fflush(stream) != 0 || ferror(stream))
        return nn_fail(NN_EIO, "summary of %s: %s", summary->name, strerror(errno));
    return NN_OK;
}

char *nn__summary_shape(const nn_shape *shape, char text[NN__SUMMARY_SHAPE])
{
    size_t length = (size_t)snprintf(text, NN__SUMMARY_SHAPE, "(None");
    for (int i = 0; i < shape->rank && i < NN_MAX_RANK; i++)
        length +=
            (size_t)snprintf(text + length, NN__SUMMARY_SHAPE - length, ", %d", shape->dims[i]);
    snprintf(text + length, NN__SUMMARY_SHAPE - length, ")");
    return text;
}
