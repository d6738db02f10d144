/*
 * The parser walks over the text twice: first it only checks and counts, then it fills nodes that
 * are exactly as many as needed. Duplicate keys are found afterwards by sorting the keys of each
 * object.
 */
#include "formats/json.h"

#include <string.h>

#include "base/number.h"
#include "formats/sort.h"

typedef struct json_parser {
    const char *text;
    size_t size, at;
    const char *what;
    size_t max_nodes;
    int max_depth, depth;
    uint32_t count;
    char *decoded;        /* second walk: the copy in which strings are decoded; else NULL */
    nn__json_node *nodes; /* second walk; else NULL                                        */
    struct {
        uint32_t node, children;
        int is_object;
    } open[NN__JSON_DEPTH]; /* the arrays and objects around the current place */
} json_parser;

static nn_status json_fail(const json_parser *p, size_t at, const char *reason)
{
    return nn_fail(NN_EFORMAT, "%s: byte %zu: %s", p->what, at, reason);
}

/* ---- Text ---- */

int nn__utf8_length(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    if (size == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    int length = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (length == 0 || size < (size_t)length)
        return 0;
    for (int i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return length;
}

static void json_skip_spaces(json_parser *p)
{
    while (p->at < p->size && (p->text[p->at] == ' ' || p->text[p->at] == '\t' ||
                               p->text[p->at] == '\n' || p->text[p->at] == '\r'))
        p->at++;
}

/* The byte at the current place; 0, which no rule of the grammar accepts, at the end. */
static char json_peek(const json_parser *p)
{
    return p->at < p->size ? p->text[p->at] : '\0';
}

/* Four hexadecimal digits; negative where they are not. */
static int json_hex4(json_parser *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        char c = json_peek(p);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static int json_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    int length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> length & 0xF0u) | code);
    return length;
}

/* After "\u": the code point, from two escapes where it is a surrogate pair. */
static nn_status json_unicode(json_parser *p, size_t start, char out[4], int *length)
{
    int code = json_hex4(p);
    if (code < 0)
        return json_fail(p, start, "\\u needs four hexadecimal digits");
    if (code == 0)
        return json_fail(p, start, "a string with U+0000");
    if (code >= 0xD800 && code <= 0xDBFF && p->size - p->at >= 2 && p->text[p->at] == '\\' &&
        p->text[p->at + 1] == 'u') {
        p->at += 2;
        int low = json_hex4(p);
        code = low >= 0xDC00 && low <= 0xDFFF ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                                              : code;
    }
    if (code >= 0xD800 && code <= 0xDFFF)
        return json_fail(p, start, "half of a surrogate pair");
    *length = json_encode((uint32_t)code, out);
    return NN_OK;
}

static nn_status json_escape(json_parser *p, char out[4], int *length)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    size_t start = p->at++;
    char c = json_peek(p);
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    p->at++;
    if (c == 'u')
        return json_unicode(p, start, out, length);
    if (name == NULL)
        return json_fail(p, start, "unknown escape");
    out[0] = values[name - names];
    *length = 1;
    return NN_OK;
}

/* ---- Nodes ---- */

static nn_status json_add(json_parser *p, nn__json_type type, size_t start, size_t length)
{
    if (p->count >= p->max_nodes)
        return nn_fail(NN_EFORMAT, "%s: byte %zu: more than %zu values", p->what, start,
                       p->max_nodes);
    if (p->nodes != NULL) {
        nn__json_node node = {(uint32_t)type, (uint32_t)start, (uint32_t)length, p->count + 1};
        p->nodes[p->count] = node;
    }
    p->count++;
    return NN_OK;
}

/* From the opening quote past the closing one. Decoded text is never longer than its source. */
static nn_status json_parse_string(json_parser *p)
{
    size_t start = ++p->at, out = start;
    while (json_peek(p) != '"') {
        char bytes[4];
        int length = 0;
        if (p->at >= p->size)
            return json_fail(p, start - 1, "a string without end");
        if ((unsigned char)p->text[p->at] < 0x20)
            return json_fail(p, p->at, "a control character in a string");
        if (p->text[p->at] == '\\') {
            NN_TRY(json_escape(p, bytes, &length));
        } else {
            length = nn__utf8_length(p->text + p->at, p->size - p->at);
            if (length == 0)
                return json_fail(p, p->at, "not UTF-8");
            memcpy(bytes, p->text + p->at, (size_t)length);
            p->at += (size_t)length;
        }
        if (p->decoded != NULL)
            memcpy(p->decoded + out, bytes, (size_t)length);
        out += (size_t)length;
    }
    p->at++;
    if (p->decoded != NULL)
        p->decoded[out] = '\0';
    return json_add(p, NN__JSON_STRING, start, out - start);
}

static int json_in_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static nn_status json_parse_number(json_parser *p)
{
    size_t start = p->at;
    double value;
    while (json_in_number(json_peek(p)))
        p->at++;
    if (!nn__number_parse(p->text + start, p->at - start, &value))
        return json_fail(p, start, "not a number, or beyond the range of a double");
    return json_add(p, NN__JSON_NUMBER, start, p->at - start);
}

static nn_status json_parse_word(json_parser *p, const char *word, nn__json_type type)
{
    size_t start = p->at, length = strlen(word);
    if (p->size - start < length || memcmp(p->text + start, word, length) != 0)
        return json_fail(p, start, "expected a value");
    p->at += length;
    return json_add(p, type, start, length);
}

static nn_status json_open(json_parser *p, int is_object)
{
    if (p->depth >= p->max_depth)
        return nn_fail(NN_EFORMAT, "%s: byte %zu: more than %d levels", p->what, p->at,
                       p->max_depth);
    p->open[p->depth].node = p->count;
    p->open[p->depth].children = 0;
    p->open[p->depth].is_object = is_object;
    p->depth++;
    return json_add(p, is_object ? NN__JSON_OBJECT : NN__JSON_ARRAY, p->at++, 0);
}

static void json_close(json_parser *p)
{
    p->depth--;
    p->at++;
    if (p->nodes != NULL) {
        p->nodes[p->open[p->depth].node].length = p->open[p->depth].children;
        p->nodes[p->open[p->depth].node].end = p->count;
    }
}

/* ---- Grammar ---- */

static nn_status json_parse_key(json_parser *p)
{
    json_skip_spaces(p);
    if (json_peek(p) != '"')
        return json_fail(p, p->at, "expected a key in quotes");
    NN_TRY(json_parse_string(p));
    json_skip_spaces(p);
    if (json_peek(p) != ':')
        return json_fail(p, p->at, "expected ':'");
    p->at++;
    return NN_OK;
}

/* A scalar, or the opening of an array or object; *opened tells which. */
static nn_status json_parse_value(json_parser *p, int *opened)
{
    json_skip_spaces(p);
    char c = json_peek(p);
    *opened = c == '{' || c == '[';
    if (*opened)
        return json_open(p, c == '{');
    if (c == '"')
        return json_parse_string(p);
    if (c == '-' || (c >= '0' && c <= '9'))
        return json_parse_number(p);
    if (c == 't')
        return json_parse_word(p, "true", NN__JSON_TRUE);
    if (c == 'f')
        return json_parse_word(p, "false", NN__JSON_FALSE);
    return json_parse_word(p, "null", NN__JSON_NULL);
}

/* After a value, or after an opening (first = 1): closes what ends here, up to the place where the
 * next value stands, or to the end of the outermost one. */
static nn_status json_parse_between(json_parser *p, int first)
{
    for (; p->depth > 0; first = 0) {
        int is_object = p->open[p->depth - 1].is_object;
        json_skip_spaces(p);
        if (json_peek(p) == (is_object ? '}' : ']')) {
            json_close(p);
            continue;
        }
        if (!first && json_peek(p) != ',')
            return json_fail(p, p->at, is_object ? "expected ',' or '}'" : "expected ',' or ']'");
        p->at += !first;
        p->open[p->depth - 1].children++;
        return is_object ? json_parse_key(p) : NN_OK;
    }
    return NN_OK;
}

static nn_status json_walk(json_parser *p)
{
    int opened;
    p->at = 0;
    p->count = 0;
    p->depth = 0;
    do {
        NN_TRY(json_parse_value(p, &opened));
        NN_TRY(json_parse_between(p, opened));
    } while (p->depth > 0);
    json_skip_spaces(p);
    return p->at == p->size ? NN_OK : json_fail(p, p->at, "text after the end");
}

/* ---- Duplicate keys ---- */

static int json_compare_keys(const void *items, uint32_t a, uint32_t b)
{
    const nn__json *json = items;
    const nn__json_node *x = &json->nodes[a], *y = &json->nodes[b];
    uint32_t shorter = x->length < y->length ? x->length : y->length;
    int order = memcmp(json->text + x->start, json->text + y->start, shorter);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

static nn_status json_check_keys(const json_parser *p, const nn__json *json, uint32_t object,
                                 uint32_t *keys)
{
    uint32_t count = json->nodes[object].length, key = object + 1;
    for (uint32_t i = 0; i < count; i++, key = json->nodes[key + 1].end)
        keys[i] = key;
    nn__sort(keys, count, json_compare_keys, json);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t last = keys[i - 1] > keys[i] ? keys[i - 1] : keys[i];
        if (json_compare_keys(json, keys[i - 1], keys[i]) == 0)
            return json_fail(p, json->nodes[last].start, "the key stands twice in its object");
    }
    return NN_OK;
}

static nn_status json_check_duplicates(const json_parser *p, const nn__json *json)
{
    nn_status status = NN_OK;
    size_t most = 0;
    for (uint32_t i = 0; i < json->count; i++)
        if (json->nodes[i].type == NN__JSON_OBJECT && json->nodes[i].length > most)
            most = json->nodes[i].length;
    if (most < 2)
        return NN_OK;
    uint32_t *keys = nn__alloc_array(most, sizeof *keys, p->what);
    if (keys == NULL)
        return NN_ENOMEM;
    for (uint32_t i = 0; i < json->count && status == NN_OK; i++)
        if (json->nodes[i].type == NN__JSON_OBJECT)
            status = json_check_keys(p, json, i, keys);
    nn__free(keys);
    return status;
}

/* ---- Entry points ---- */

nn_status nn__json_parse(const char *text, size_t size, const nn__json_limits *limits,
                         const char *what, nn__json **json)
{
    static const nn__json_limits standard = {(size_t)16 << 20, (size_t)1 << 22, NN__JSON_DEPTH};
    nn_status status = NN_ENOMEM;
    if (limits == NULL)
        limits = &standard;
    json_parser p = {.text = text,
                     .size = size,
                     .what = what,
                     .max_nodes = limits->nodes < UINT32_MAX ? limits->nodes : UINT32_MAX - 1,
                     .max_depth = limits->depth < NN__JSON_DEPTH ? limits->depth : NN__JSON_DEPTH};
    if (size > limits->bytes || size >= UINT32_MAX)
        return nn_fail(NN_EFORMAT, "%s: %zu bytes, more than %zu", what, size, limits->bytes);
    NN_TRY(json_walk(&p));
    nn__json *j = nn__alloc(sizeof *j, what);
    if (j == NULL)
        return NN_ENOMEM;
    j->text = nn__alloc(size + 1, what);
    j->nodes = nn__alloc_array(p.count, sizeof *j->nodes, what);
    if (j->text == NULL || j->nodes == NULL)
        goto fail;
    memcpy(j->text, text, size);
    j->count = p.count;
    p.decoded = j->text;
    p.nodes = j->nodes;
    NN_TRY_GOTO(fail, json_walk(&p));
    NN_TRY_GOTO(fail, json_check_duplicates(&p, j));
    *json = j;
    return NN_OK;
fail:
    nn__json_free(j);
    return status;
}

void nn__json_free(nn__json *json)
{
    if (json == NULL)
        return;
    nn__free(json->text);
    nn__free(json->nodes);
    nn__free(json);
}
