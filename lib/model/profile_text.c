/* The table of a profile: see nn/profile.h. */
#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "model/profile.h"
#include "model/summary_text.h"

/* Columns between share and rates. */
enum { PRODUCT, LOWER, TRANSFORM, REST, WAIT, PARTS };
enum { NAME = 26 };

const char *nn_work_name(int kind)
{
    static const char *const names[NN_WORK_KINDS] = {"GEMM",       "direct",      "lowering",
                                                     "transforms", "elementwise", "optimizer",
                                                     "data",       "other",       "waiting"};
    return kind >= 0 && kind < NN_WORK_KINDS ? names[kind] : "unknown";
}

static int part_of(int kind)
{
    static const char parts[NN_WORK_KINDS] = {PRODUCT, PRODUCT, LOWER, TRANSFORM, REST,
                                              REST,    REST,    REST,  WAIT};
    return parts[kind];
}

/* Entries added up. Rates are of products and of the rest, where their work is known. */
struct sum {
    double seconds, parts[PARTS];
    double work[2], work_seconds[2];
};

static void sum_add(struct sum *sum, const nn_profile_entry *entry)
{
    const int rest = entry->kind > NN_WORK_DIRECT;
    sum->seconds += entry->seconds;
    sum->parts[part_of(entry->kind)] += entry->seconds;
    if (entry->work > 0) {
        sum->work[rest] += entry->work;
        sum->work_seconds[rest] += entry->seconds;
    }
}

/* ---- A line ---- */

struct table {
    const nn_profile *profile;
    FILE *stream;
    int blanks; /* before the next number: no line ends with blanks */
};

/* "name (step)" in the first column, cut where it is wider. */
static void put_name(struct table *t, int indent, const char *name, const char *step)
{
    const char *const parts[] = {indent ? "  " : "", name, " (", step, ")"};
    const int count = step != NULL ? 5 : 2;
    int width = 0;
    for (int i = 0; i < count; i++)
        width += nn__text_width(parts[i], strlen(parts[i]));
    const int cut = width > NAME;
    int room = NAME - cut;
    for (int i = 0; i < count; i++) {
        size_t bytes = nn__text_bytes(parts[i], strlen(parts[i]), room);
        fprintf(t->stream, "%.*s", (int)bytes, parts[i]);
        room -= nn__text_width(parts[i], bytes);
    }
    fputs(cut ? "…" : "", t->stream);
    t->blanks = room;
}

/* At the right of a column; blank where there is none. */
static void put_number(struct table *t, double value, int digits, int width)
{
    char text[NN__NUMBER_FORMAT];
    t->blanks += width;
    if (!(value > 0 && value < 1e9))
        return;
    fprintf(t->stream, "%*s", t->blanks, nn__number_format(value, 'f', digits, text));
    t->blanks = 0;
}

static void put_sum(struct table *t, const struct sum *sum)
{
    static const char widths[PARTS] = {8, 6, 7, 6, 6};
    const nn_profile *profile = t->profile;
    const double percent = 100 / (profile->seconds * profile->threads);
    put_number(t, sum->seconds * 1e3 / ((double)profile->steps * profile->threads), 3, 9);
    put_number(t, sum->seconds * percent, 1, 6);
    for (int part = 0; part < PARTS; part++)
        put_number(t, sum->parts[part] * percent, 1, widths[part]);
    put_number(t, sum->work[0] / sum->work_seconds[0] * 1e-9, 1, 8);
    put_number(t, sum->work[1] / sum->work_seconds[1] * 1e-9, 1, 6);
    fputc('\n', t->stream);
}

/* ---- The table ---- */

/* The entries of a row. Returns the first entry behind them. */
static size_t put_row(struct table *t, size_t i)
{
    const nn_profile *profile = t->profile;
    const nn_profile_entry *first = &profile->entries[i];
    struct sum sum = {0};
    for (; i < profile->entry_count && profile->entries[i].row == first->row; i++)
        sum_add(&sum, &profile->entries[i]);
    put_name(t, first->pass != NN_PROFILE_NO_PASS, first->layer, first->step);
    put_sum(t, &sum);
    return i;
}

static void put_rows(struct table *t)
{
    int pass = NN_PROFILE_NO_PASS;
    for (size_t i = 0; i < t->profile->entry_count;) {
        const int now = t->profile->entries[i].pass;
        if (now != pass && now != NN_PROFILE_NO_PASS)
            fprintf(t->stream, "%s\n", now == NN_PROFILE_FORWARD ? "forward" : "backward");
        pass = now;
        i = put_row(t, i);
    }
}

/* The entries of a kind; -1: all of them. */
static void put_kind(struct table *t, int kind)
{
    struct sum sum = {0};
    for (size_t i = 0; i < t->profile->entry_count; i++)
        if (kind < 0 || t->profile->entries[i].kind == kind)
            sum_add(&sum, &t->profile->entries[i]);
    if (sum.seconds <= 0)
        return;
    put_name(t, kind >= 0, kind < 0 ? "total" : nn_work_name(kind), NULL);
    put_sum(t, &sum);
}

nn_status nn_profile_print(const nn_profile *profile, void *stream)
{
    static const char *const names[] = {"training", "evaluation", "prediction"};
    if (profile == NULL || stream == NULL)
        return nn_fail(NN_EINVAL, "profile: %s is NULL", profile == NULL ? "it" : "the stream");
    struct table t = {.profile = profile, .stream = stream};
    fprintf(stream, "Profile of %s: %llu steps, %llu rows, %d thread%s; shares in %%\n",
            names[profile->profiled], (unsigned long long)profile->steps,
            (unsigned long long)profile->rows, profile->threads, profile->threads == 1 ? "" : "s");
    fputs("layer                            ms share product lower transf  rest  wait GFLOP/s  "
          "GB/s\n",
          stream);
    put_rows(&t);
    put_kind(&t, -1);
    for (int kind = 0; kind < NN_WORK_KINDS; kind++)
        put_kind(&t, kind);
    if (fflush(stream) != 0 || ferror(stream))
        return nn_fail(NN_EIO, "profile: %s", strerror(errno));
    return NN_OK;
}
