/*
 * NPY, NumPy's format for one array (numpy.lib.format, versions 1 to 3): "\x93NUMPY", two bytes of
 * version, the header's length in 2 or 4 bytes, the header, the elements. The header is a Python
 * dict: {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
 */
#include "formats/array_file.h"

enum { MOST = 4096 }; /* bytes of a header */

/* A place in the header. */
typedef struct text {
    const char *at, *end;
    const nn__source *source;
    uint64_t first; /* offset of the header in the source */
    const char *begin;
} text;

static nn_status text_fail(const text *t, const char *wanted)
{
    return nn_fail(NN_EFORMAT, "%s: byte %llu: the NPY header lacks %s here", t->source->name,
                   (unsigned long long)(t->first + (uint64_t)(t->at - t->begin)), wanted);
}

static void text_space(text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t' || *t->at == '\r'))
        t->at++;
}

static int text_take(text *t, const char *word)
{
    size_t length = strlen(word);
    text_space(t);
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
        return 0;
    t->at += length;
    return 1;
}

/* 'abc' or "abc" into string. */
static nn_status text_string(text *t, char *string, size_t size)
{
    text_space(t);
    char quote = t->at < t->end ? *t->at : '\0';
    if (quote != '\'' && quote != '"')
        return text_fail(t, "a string");
    size_t n = 0;
    for (t->at++; t->at < t->end && *t->at != quote && n + 1 < size; t->at++)
        string[n++] = *t->at;
    string[n] = '\0';
    if (t->at >= t->end || *t->at != quote)
        return text_fail(t, "the end of a string");
    t->at++;
    return NN_OK;
}

static nn_status npy_descr(text *t, nn__array *a)
{
    char descr[32];
    if (text_take(t, "["))
        return nn_fail(NN_ENOTSUP, "%s: elements are records", t->source->name);
    NN_TRY(text_string(t, descr, sizeof descr));
    static const char known[] = " b1 u1 i1 u2 i2 u4 i4 u8 i8 f4 f8 ";
    if (strlen(descr) != 3 || strchr("<>|", descr[0]) == NULL || descr[1] == ' ')
        return nn_fail(NN_ENOTSUP, "%s: elements are '%s'; f4 f8 b1 and integers are supported",
                       t->source->name, descr);
    const char word[] = {' ', descr[1], descr[2], ' ', '\0'};
    if (strstr(known, word) == NULL || (descr[0] == '|' && descr[2] != '1'))
        return nn_fail(NN_ENOTSUP, "%s: elements are '%s'; f4 f8 b1 and integers are supported",
                       t->source->name, descr);
    a->kind = descr[1];
    a->size = descr[2] - '0';
    a->big = descr[0] == '>';
    return NN_OK;
}

/* (60000, 28, 28) or (60000,); numbers saturate. */
static nn_status npy_shape(text *t, uint64_t dims[NN_MAX_RANK], int *rank)
{
    if (!text_take(t, "("))
        return text_fail(t, "a shape");
    for (*rank = 0; !text_take(t, ")"); (*rank)++) {
        uint64_t value = 0;
        const char *first = t->at;
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
            value =
                value > UINT64_MAX / 10 - 1 ? UINT64_MAX : 10 * value + (uint64_t)(*t->at - '0');
        if (t->at == first)
            return text_fail(t, "a dimension");
        if (t->at < t->end && *t->at == 'L') /* of Python 2 */
            t->at++;
        if (*rank == NN_MAX_RANK)
            return nn_fail(NN_ENOTSUP, "%s: more than %d dimensions", t->source->name, NN_MAX_RANK);
        dims[*rank] = value;
        if (!text_take(t, ",") && (t->at == t->end || *t->at != ')'))
            return text_fail(t, "a comma");
    }
    return NN_OK;
}

static nn_status npy_dict(text *t, nn__array *a, uint64_t dims[NN_MAX_RANK], int *rank)
{
    int have_descr = 0, have_order = 0, have_shape = 0;
    char key[16];
    if (!text_take(t, "{"))
        return text_fail(t, "a brace");
    while (!text_take(t, "}")) {
        NN_TRY(text_string(t, key, sizeof key));
        if (!text_take(t, ":"))
            return text_fail(t, "a colon");
        if (strcmp(key, "descr") == 0 && !have_descr++) {
            NN_TRY(npy_descr(t, a));
        } else if (strcmp(key, "shape") == 0 && !have_shape++) {
            NN_TRY(npy_shape(t, dims, rank));
        } else if (strcmp(key, "fortran_order") == 0 && !have_order++) {
            a->fortran = text_take(t, "True");
            if (!a->fortran && !text_take(t, "False"))
                return text_fail(t, "True or False");
        } else {
            return text_fail(t, "one each of descr, fortran_order and shape");
        }
        if (!text_take(t, ",") && (t->at == t->end || *t->at != '}'))
            return text_fail(t, "a comma");
    }
    if (!have_descr || !have_order || !have_shape)
        return text_fail(t, "descr, fortran_order or shape");
    text_space(t);
    return t->at == t->end ? NN_OK : text_fail(t, "an end");
}

nn_status nn__npy_header(const nn__source *source, nn__array *array)
{
    unsigned char head[12];
    char header[MOST];
    uint64_t dims[NN_MAX_RANK];
    int rank = 0;
    *array = (nn__array){0};
    if (source->size < 10)
        return nn_fail(NN_EFORMAT, "%s: %llu bytes are no NPY header", source->name,
                       (unsigned long long)source->size);
    NN_TRY(nn__source_read(source, 0, head, 10));
    if (memcmp(head, "\x93NUMPY", 6) != 0)
        return nn_fail(NN_EFORMAT, "%s: does not begin as an NPY file", source->name);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return nn_fail(NN_ENOTSUP, "%s: NPY version %d.%d; 1.0 to 3.0 are known", source->name,
                       head[6], head[7]);
    int wide = head[6] > 1;
    NN_TRY(nn__source_read(source, 8, head + 8, wide ? 4 : 2));
    uint64_t length = nn__bytes_little(head + 8, wide ? 4 : 2);
    uint64_t first = wide ? 12 : 10;
    if (length > MOST)
        return nn_fail(NN_ENOTSUP, "%s: a header of %llu bytes; %d are the most", source->name,
                       (unsigned long long)length, MOST);
    NN_TRY(nn__source_read(source, first, header, (size_t)length));
    array->first = first + length;
    text t = {header, header + length, source, first, header};
    NN_TRY(npy_dict(&t, array, dims, &rank));
    return nn__array_shape(array, source, dims, rank);
}
