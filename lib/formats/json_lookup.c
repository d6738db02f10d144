#include "formats/json.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

static const nn__json_node *json_node(const nn__json *json, uint32_t node, nn__json_type type)
{
    return node < json->count && json->nodes[node].type == type ? &json->nodes[node] : NULL;
}

int nn__json_type_of(const nn__json *json, uint32_t node)
{
    return node < json->count ? (int)json->nodes[node].type : 0;
}

size_t nn__json_count(const nn__json *json, uint32_t node)
{
    int type = nn__json_type_of(json, node);
    return type == NN__JSON_ARRAY || type == NN__JSON_OBJECT ? json->nodes[node].length : 0;
}

uint32_t nn__json_member(const nn__json *json, uint32_t object, const char *key)
{
    const nn__json_node *node = json_node(json, object, NN__JSON_OBJECT);
    uint32_t child = node != NULL ? object + 1 : 0;
    for (uint32_t i = 0; node != NULL && i < node->length; i++) {
        if (strcmp(json->text + json->nodes[child].start, key) == 0)
            return child + 1;
        child = json->nodes[child + 1].end;
    }
    return NN__JSON_NONE;
}

uint32_t nn__json_item(const nn__json *json, uint32_t array, size_t index)
{
    const nn__json_node *node = json_node(json, array, NN__JSON_ARRAY);
    if (node == NULL || index >= node->length)
        return NN__JSON_NONE;
    uint32_t child = array + 1;
    for (; index > 0; index--)
        child = json->nodes[child].end;
    return child;
}

const char *nn__json_string(const nn__json *json, uint32_t node)
{
    const nn__json_node *n = json_node(json, node, NN__JSON_STRING);
    return n != NULL ? json->text + n->start : NULL;
}

int nn__json_number(const nn__json *json, uint32_t node, double *value)
{
    int type = nn__json_type_of(json, node);
    double number;
    if ((type != NN__JSON_NUMBER && type != NN__JSON_STRING) ||
        !nn__number_parse(json->text + json->nodes[node].start, json->nodes[node].length, &number))
        return 0;
    if (type == NN__JSON_STRING && isfinite(number)) /* "12" is a string, not a number */
        return 0;
    *value = number;
    return 1;
}

int nn__json_unsigned(const nn__json *json, uint32_t node, uint64_t *value)
{
    const nn__json_node *n = json_node(json, node, NN__JSON_NUMBER);
    uint64_t result = 0;
    if (n == NULL)
        return 0;
    for (uint32_t i = 0; i < n->length; i++) {
        char c = json->text[n->start + i];
        if (c < '0' || c > '9' || result > (UINT64_MAX - (uint64_t)(c - '0')) / 10)
            return 0;
        result = 10 * result + (uint64_t)(c - '0');
    }
    *value = result;
    return 1;
}

int nn__json_integer(const nn__json *json, uint32_t node, int64_t *value)
{
    const nn__json_node *n = json_node(json, node, NN__JSON_NUMBER);
    int negative = n != NULL && json->text[n->start] == '-';
    int64_t result = 0;
    if (n == NULL)
        return 0;
    for (uint32_t i = (uint32_t)negative; i < n->length; i++) {
        char c = json->text[n->start + i];
        int digit = c - '0';
        if (c < '0' || c > '9' || result < (INT64_MIN + digit) / 10)
            return 0;
        result = 10 * result - digit;
    }
    if (!negative && result == INT64_MIN)
        return 0;
    *value = negative ? result : -result;
    return 1;
}

int nn__json_bool(const nn__json *json, uint32_t node, int *value)
{
    int type = nn__json_type_of(json, node);
    if (type != NN__JSON_TRUE && type != NN__JSON_FALSE)
        return 0;
    *value = type == NN__JSON_TRUE;
    return 1;
}
