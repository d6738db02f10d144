/* Texts of a case, and streams into memory that are compared with them. */
#ifndef NN__TESTS_GOLDEN_TEXT_H
#define NN__TESTS_GOLDEN_TEXT_H

#include "golden.h"

typedef struct golden_text {
    FILE *stream;
    char *text;
    size_t size, seen; /* bytes; those that were compared */
} golden_text;

static inline void golden_text_open(golden_text *t)
{
    memset(t, 0, sizeof *t);
    t->stream = open_memstream(&t->text, &t->size);
    ck_assert_ptr_nonnull(t->stream);
}

static inline void golden_text_close(golden_text *t)
{
    fclose(t->stream);
    free(t->text);
}

/* What was written since the last call, which `what` names, is the text `want`. */
static inline void golden_text_is(const golden_case *c, golden_text *t, const char *want,
                                  const char *what)
{
    fflush(t->stream);
    const char *have = t->text == NULL ? "" : t->text + t->seen;
    ck_assert_msg(want != NULL, "%s: %s: %s has no text", c->path, c->name, what);
    if (strcmp(have, want) != 0)
        ck_abort_msg("%s: %s: %s is\n%s\nKeras has\n%s", c->path, c->name, what, have, want);
    t->seen = t->size;
}

/* A string of the case; NULL where it has none. */
static inline const char *golden_string(const golden_case *c, const char *name)
{
    return nn__json_string(c->json, golden_member(c, name));
}

/* Item `index` of an array as a number or text; a wrong one ends the test. */
static inline double golden_item_number(const golden_case *c, uint32_t array, size_t index)
{
    double value = 0;
    if (!nn__json_number(c->json, nn__json_item(c->json, array, index), &value))
        ck_abort_msg("%s: %s: item %zu is no number", c->path, c->name, index);
    return value;
}

static inline const char *golden_item_text(const golden_case *c, uint32_t array, size_t index)
{
    const char *text = nn__json_string(c->json, nn__json_item(c->json, array, index));
    if (text == NULL)
        ck_abort_msg("%s: %s: item %zu is no text", c->path, c->name, index);
    return text;
}

/* A whole file as text; "" where there is none. Lent by the case. */
static inline const char *golden_file_text(golden_case *c, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return "";
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = golden_alloc(c, size + 1, 1);
    ck_assert_uint_eq(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

/* Logs that hold the pairs [[name, value], ...], in that order. */
static inline void golden_set_logs(const golden_case *c, uint32_t pairs, nn_logs *logs)
{
    for (size_t i = 0; i < nn__json_count(c->json, pairs); i++) {
        uint32_t pair = nn__json_item(c->json, pairs, i);
        golden_check(
            c, nn_logs_set(logs, golden_item_text(c, pair, 0), golden_item_number(c, pair, 1)));
    }
}

#endif
