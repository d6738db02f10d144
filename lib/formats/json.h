/*
 * JSON (RFC 8259), strictly: one value, UTF-8, no duplicate keys, bounded depth, no recursion. One
 * restriction: a string may not hold U+0000, so that every string is a C string.
 *
 * A parsed text is a flat array of nodes in the order of the text. The children of an array are
 * its items, those of an object its members, each a key followed by its value:
 *
 *   {"a":[1,2],"b":0}      node    0   1    2   3  4   5    6
 *                          type    {}  "a"  []  1  2   "b"  0
 *                          end     7   2    5   4  5   6    7    (first node after the subtree)
 *
 * So the first child of i is i + 1, and the node after subtree i is nodes[i].end.
 */
#ifndef NN__FORMATS_JSON_H
#define NN__FORMATS_JSON_H

#include "base/base.h"

typedef enum nn__json_type {
    NN__JSON_NULL = 1,
    NN__JSON_FALSE,
    NN__JSON_TRUE,
    NN__JSON_NUMBER,
    NN__JSON_STRING,
    NN__JSON_ARRAY,
    NN__JSON_OBJECT
} nn__json_type;

typedef struct nn__json_node {
    uint32_t type;   /* an nn__json_type                                                 */
    uint32_t start;  /* first byte in the text; of a string: after the quote             */
    uint32_t length; /* bytes of a number, or of a string decoded; children: items or
                        members of an array or object                                    */
    uint32_t end;    /* first node after this one and its children                       */
} nn__json_node;

typedef struct nn__json {
    char *text; /* a copy; strings are decoded in place and end with NUL */
    nn__json_node *nodes;
    uint32_t count;
} nn__json;

typedef struct nn__json_limits {
    size_t bytes; /* of the text; below 4 GiB in any case */
    size_t nodes;
    int depth; /* of arrays and objects in each other; at most NN__JSON_DEPTH */
} nn__json_limits;

enum { NN__JSON_DEPTH = 64 };
#define NN__JSON_NONE UINT32_MAX /* no such node; every lookup accepts it and finds nothing */

/*
 * Parses text[0..size-1]; free with nn__json_free. Nothing is allocated before the whole text is
 * known to be valid, except that duplicate keys show afterwards. limits NULL: 16 MiB, 2^22 nodes,
 * NN__JSON_DEPTH. what names the text in messages: "WHAT: byte 12: expected ':'". NN_EFORMAT,
 * NN_ENOMEM; *json is written only on success.
 */
nn_status nn__json_parse(const char *text, size_t size, const nn__json_limits *limits,
                         const char *what, nn__json **json);
void nn__json_free(nn__json *json); /* NULL is fine */

/* ---- Lookups. The root is node 0. ---- */

/* The type of a node; 0 for NN__JSON_NONE. */
int nn__json_type_of(const nn__json *json, uint32_t node);
/* Items or members; 0 for other nodes. */
size_t nn__json_count(const nn__json *json, uint32_t node);
/* The value of that key in an object; item 0..count-1 of an array (walks there). */
uint32_t nn__json_member(const nn__json *json, uint32_t object, const char *key);
uint32_t nn__json_item(const nn__json *json, uint32_t array, size_t index);
/* The text of a string, lent by json; NULL where the node is none. */
const char *nn__json_string(const nn__json *json, uint32_t node);
/* 1 and the value; or 0 and *value unchanged where the node is none of that type and range. A
 * number may also be one of the strings "nan", "inf", "-inf", as the writer puts them. Integers
 * are written without fraction and exponent. */
int nn__json_number(const nn__json *json, uint32_t node, double *value);
int nn__json_unsigned(const nn__json *json, uint32_t node, uint64_t *value);
int nn__json_integer(const nn__json *json, uint32_t node, int64_t *value);
int nn__json_bool(const nn__json *json, uint32_t node, int *value);

/* ---- Writing ----
 * Zero-initialise a writer; call in the order of the text; commas and colons come by themselves.
 * A failure is remembered and told by nn__json_finish. Text is compact, without spaces.
 */
typedef struct nn__json_writer {
    char *text;
    size_t size, capacity;
    nn_status status;
    int comma; /* the next value follows another */
} nn__json_writer;

void nn__json_begin_object(nn__json_writer *writer);
void nn__json_end_object(nn__json_writer *writer);
void nn__json_begin_array(nn__json_writer *writer);
void nn__json_end_array(nn__json_writer *writer);
void nn__json_key(nn__json_writer *writer, const char *key);
/* NULL writes null. Text that is not UTF-8 is NN_EINVAL. */
void nn__json_put_string(nn__json_writer *writer, const char *text);
/* The shortest text that reads back the same; "nan", "inf", "-inf" as strings. */
void nn__json_put_number(nn__json_writer *writer, double value);
void nn__json_put_integer(nn__json_writer *writer, int64_t value);
void nn__json_put_unsigned(nn__json_writer *writer, uint64_t value);
void nn__json_put_bool(nn__json_writer *writer, int value);
/* The text, ended by NUL, which the caller frees; size (may be NULL) without the NUL. On failure
 * everything is freed. The writer is zero again. */
nn_status nn__json_finish(nn__json_writer *writer, char **text, size_t *size);
/* Drops what was written. */
void nn__json_writer_clear(nn__json_writer *writer);

/* Bytes of the UTF-8 sequence that text[0..size-1] begins with; 0 where it is none (overlong,
 * a surrogate, beyond U+10FFFF, cut short). */
int nn__utf8_length(const char *text, size_t size);

#endif
