/*
 * The table of Keras's summary(). A cell is cut into lines as Keras's table printer does it: at
 * blanks; a word that is wider than its column loses its end to an ellipsis.
 */
#include "model/summary_text.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS = 3, RIGHT = 2 /* the column that is set to the right */ };

/* Characters of a cell's text; a blank stands before and after it. */
static const int widths[COLUMNS] = {36, 27, 15};
static const char *const headings[COLUMNS] = {"Layer (type)", "Output Shape", "Param #"};

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

static int text_width(const char *text, size_t length)
{
    int width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    return width;
}

/* Bytes of the first `count` characters, at most length. */
static size_t text_bytes(const char *text, size_t length, int count)
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

static void print_rule(FILE *stream, const summary_edges *edges)
{
    for (int i = 0; i < COLUMNS; i++) {
        fputs(i == 0 ? edges->left : edges->middle, stream);
        print_repeated(stream, edges->filling, widths[i] + 2);
    }
    fprintf(stream, "%s\n", edges->right);
}

/* Bytes of the part of text that goes on one line: words while they fit, blanks between. */
static size_t cell_line(const char *text, int width)
{
    size_t end = 0;
    for (;;) {
        size_t word = end + strspn(text + end, " ");
        word += strcspn(text + word, " ");
        if (word == end || (end > 0 && text_width(text, word) > width))
            return end;
        end = word;
    }
}

/* Prints the first line of a cell, padded; returns the text that is left for more lines. */
static const char *print_cell(FILE *stream, const char *text, int column)
{
    int width = widths[column];
    size_t length = cell_line(text, width), shown = length;
    int used = text_width(text, length), cut = used > width;
    if (cut) {
        shown = text_bytes(text, length, width - 1);
        used = width;
    }
    if (column == RIGHT)
        print_repeated(stream, " ", width - used);
    fprintf(stream, "%.*s%s", (int)shown, text, cut ? "…" : "");
    if (column != RIGHT)
        print_repeated(stream, " ", width - used);
    return text + length + strspn(text + length, " ");
}

static void print_cells(FILE *stream, const summary_edges *edges, const char *const *cells)
{
    const char *left[COLUMNS] = {cells[0], cells[1], cells[2]};
    do {
        for (int i = 0; i < COLUMNS; i++) {
            fputs(i == 0 ? edges->left : edges->middle, stream);
            left[i] = print_cell(stream, left[i], i);
        }
        fprintf(stream, "%s\n", edges->right);
    } while (left[0][0] != '\0' || left[1][0] != '\0' || left[2][0] != '\0');
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

static nn_status print_row(FILE *stream, const nn__summary_row *row)
{
    char number[NUMBER_TEXT];
    size_t size = strlen(row->name) + strlen(row->class_name) + sizeof " ()";
    char *title = nn__alloc(size, "a summary");
    if (title == NULL)
        return NN_ENOMEM;
    snprintf(title, size, "%s (%s)", row->name, row->class_name);
    const char *const cells[COLUMNS] = {title, row->shape, count_text(row->parameters, number)};
    print_cells(stream, &row_line, cells);
    nn__free(title);
    return NN_OK;
}

static nn_status print_table(const nn__summary *summary, FILE *stream)
{
    print_rule(stream, &top_rule);
    print_cells(stream, &heading_line, headings);
    print_rule(stream, &heading_rule);
    for (size_t i = 0; i < summary->row_count; i++) {
        if (i > 0)
            print_rule(stream, &row_rule);
        NN_TRY(print_row(stream, &summary->rows[i]));
    }
    print_rule(stream, &bottom_rule);
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
