/* Options to JSON and back, by their tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "initializers/initializer.h"
#include "model/architecture.h"
#include "schedules/schedule.h"

static int index_of(const char *const *names, const char *name)
{
    for (int i = 0; name != NULL && names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* ---- Writing ---- */

static void put_ints(nn__json_writer *writer, const int *ints, int count)
{
    nn__json_begin_array(writer);
    for (int i = 0; i < count; i++)
        nn__json_put_integer(writer, ints[i]);
    nn__json_end_array(writer);
}

/* The name, or {"kind": name, "value": value} where it has an argument. */
static void put_initializer(nn__json_writer *writer, const nn_initializer *initializer)
{
    const char *name = nn__initializer_names[initializer->kind];
    if (initializer->value == 0 && !signbit(initializer->value)) {
        nn__json_put_string(writer, name);
        return;
    }
    nn__json_begin_object(writer);
    nn__json_key(writer, "kind");
    nn__json_put_string(writer, name);
    nn__json_key(writer, "value");
    nn__json_put_number(writer, initializer->value);
    nn__json_end_object(writer);
}

/* null, or {"l1": factor, "l2": factor}. */
static void put_regularizer(nn__json_writer *writer, const nn_regularizer *regularizer)
{
    if (regularizer->l1 == 0 && regularizer->l2 == 0) {
        nn__json_put_string(writer, NULL);
        return;
    }
    nn__json_begin_object(writer);
    nn__json_key(writer, "l1");
    nn__json_put_number(writer, regularizer->l1);
    nn__json_key(writer, "l2");
    nn__json_put_number(writer, regularizer->l2);
    nn__json_end_object(writer);
}

static void put_numbers(nn__json_writer *writer, const nn_number_list *list)
{
    nn__json_begin_array(writer);
    for (size_t i = 0; i < list->count; i++)
        nn__json_put_number(writer, list->items[i]);
    nn__json_end_array(writer);
}

static void put_schedule(nn__json_writer *writer, const void *place)
{
    const nn__object *schedule;
    memcpy(&schedule, place, sizeof schedule);
    if (schedule == NULL)
        nn__json_put_string(writer, NULL);
    else
        nn__object_to_json(writer, schedule);
}

static void put_option(nn__json_writer *writer, const nn_option *option, const void *place)
{
    const int *ints = place;
    const nn_maybe *maybe = place;
    const nn_shape *shape = place;
    const char *text;
    switch (option->type) {
    case NN_OPTION_PAIR:
        put_ints(writer, ints, 2);
        break;
    case NN_OPTION_DOUBLE:
        nn__json_put_number(writer, *(const double *)place);
        break;
    case NN_OPTION_FLAG:
        nn__json_put_bool(writer, ints[0]);
        break;
    case NN_OPTION_CHOICE:
        nn__json_put_string(writer, option->choices[ints[0]]);
        break;
    case NN_OPTION_STRING:
        memcpy(&text, place, sizeof text);
        nn__json_put_string(writer, text);
        break;
    case NN_OPTION_INITIALIZER:
        put_initializer(writer, place);
        break;
    case NN_OPTION_REGULARIZER:
        put_regularizer(writer, place);
        break;
    case NN_OPTION_MAYBE:
        if (maybe->present)
            nn__json_put_number(writer, maybe->value);
        else
            nn__json_put_string(writer, NULL);
        break;
    case NN_OPTION_SHAPE:
        put_ints(writer, shape->dims, shape->rank);
        break;
    case NN_OPTION_NUMBERS:
        put_numbers(writer, place);
        break;
    case NN_OPTION_SCHEDULE:
        put_schedule(writer, place);
        break;
    default:
        nn__json_put_integer(writer, ints[0]);
        break;
    }
}

void nn__object_to_json(nn__json_writer *writer, const nn__object *object)
{
    nn__json_begin_object(writer);
    nn__json_key(writer, "kind");
    nn__json_put_string(writer, object->kind->name);
    nn__json_key(writer, "options");
    nn__json_begin_object(writer);
    for (size_t i = 0; i < object->kind->option_count; i++) {
        const nn_option *option = &object->kind->options[i];
        nn__json_key(writer, option->name);
        put_option(writer, option, (const char *)object->options + option->offset);
    }
    nn__json_end_object(writer);
    nn__json_end_object(writer);
}

/* ---- Reading: each answers 1, or 0 where the JSON value is not of the option's type. ---- */

static int get_int(const nn__json *json, uint32_t node, int *value)
{
    int64_t wide;
    if (!nn__json_integer(json, node, &wide) || wide < INT32_MIN || wide > INT32_MAX)
        return 0;
    *value = (int)wide;
    return 1;
}

static int get_ints(const nn__json *json, uint32_t node, int *ints, size_t count)
{
    if (nn__json_type_of(json, node) != NN__JSON_ARRAY || nn__json_count(json, node) != count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!get_int(json, nn__json_item(json, node, i), &ints[i]))
            return 0;
    return 1;
}

static int get_choice(const nn__json *json, uint32_t node, const char *const *names, int *value)
{
    int index = index_of(names, nn__json_string(json, node));
    if (index >= 0)
        *value = index;
    return index >= 0;
}

static int get_initializer(const nn__json *json, uint32_t node, nn_initializer *initializer)
{
    *initializer = (nn_initializer){0, 0, 0};
    if (nn__json_type_of(json, node) != NN__JSON_OBJECT)
        return get_choice(json, node, nn__initializer_names, &initializer->kind);
    return nn__json_count(json, node) == 2 &&
           get_choice(json, nn__json_member(json, node, "kind"), nn__initializer_names,
                      &initializer->kind) &&
           nn__json_number(json, nn__json_member(json, node, "value"), &initializer->value);
}

static int get_regularizer(const nn__json *json, uint32_t node, nn_regularizer *regularizer)
{
    *regularizer = (nn_regularizer){0, 0};
    if (nn__json_type_of(json, node) == NN__JSON_NULL)
        return 1;
    return nn__json_type_of(json, node) == NN__JSON_OBJECT && nn__json_count(json, node) == 2 &&
           nn__json_number(json, nn__json_member(json, node, "l1"), &regularizer->l1) &&
           nn__json_number(json, nn__json_member(json, node, "l2"), &regularizer->l2);
}

static int get_string(const nn__json *json, uint32_t node, void *place)
{
    char *old, *copy = NULL;
    if (nn__json_type_of(json, node) != NN__JSON_NULL) {
        const char *text = nn__json_string(json, node);
        if (text == NULL || (copy = nn__copy_string(text, "an option")) == NULL)
            return 0;
    }
    memcpy(&old, place, sizeof old);
    nn__free(old);
    memcpy(place, &copy, sizeof copy);
    return 1;
}

static int get_maybe(const nn__json *json, uint32_t node, nn_maybe *maybe)
{
    maybe->present = nn__json_type_of(json, node) != NN__JSON_NULL;
    return !maybe->present || nn__json_number(json, node, &maybe->value);
}

static int get_shape(const nn__json *json, uint32_t node, nn_shape *shape)
{
    size_t rank = nn__json_count(json, node);
    if (rank > NN_MAX_RANK)
        return 0;
    shape->rank = (int)rank;
    return get_ints(json, node, shape->dims, rank);
}

static int are_numbers(const nn__json *json, uint32_t node)
{
    double value;
    int readable = nn__json_type_of(json, node) == NN__JSON_ARRAY;
    for (size_t i = 0; readable && i < nn__json_count(json, node); i++)
        readable = nn__json_number(json, nn__json_item(json, node, i), &value);
    return readable;
}

static int get_numbers(const nn__json *json, uint32_t node, nn_number_list *list)
{
    size_t count = nn__json_count(json, node);
    if (!are_numbers(json, node))
        return 0;
    double *items = nn__alloc_array(count, sizeof *items, "an option");
    if (items == NULL)
        return 0;
    for (size_t i = 0; i < count; i++)
        nn__json_number(json, nn__json_item(json, node, i), &items[i]);
    void *old;
    memcpy(&old, &list->items, sizeof old);
    nn__free(old);
    *list = (nn_number_list){items, count};
    return 1;
}

/* Where it answers 0 it has raised why. */
static int get_schedule(const nn__json *json, uint32_t node, void *place, const char *where)
{
    nn__object *old, *schedule = NULL;
    if (nn__json_type_of(json, node) != NN__JSON_NULL) {
        const nn_kind *kind =
            nn__kind_from_json(json, node, (nn_kind_list){NULL, 0}, nn__schedule_kinds, where);
        schedule = kind == NULL ? NULL : nn__object_new(sizeof(nn_schedule), kind, NULL);
        if (schedule == NULL)
            return 0;
        schedule->owned = 1;
        if (nn__object_from_json(schedule, json, nn__json_member(json, node, "options"), where) !=
            NN_OK) {
            nn__object_free(schedule);
            return 0;
        }
    }
    memcpy(&old, place, sizeof old);
    nn__object_free(old);
    memcpy(place, &schedule, sizeof schedule);
    return 1;
}

static int get_option(const nn__json *json, uint32_t node, const nn_option *option, void *place,
                      const char *where)
{
    switch (option->type) {
    case NN_OPTION_PAIR:
        return get_ints(json, node, place, 2);
    case NN_OPTION_DOUBLE:
        return nn__json_number(json, node, place);
    case NN_OPTION_FLAG:
        return nn__json_bool(json, node, place);
    case NN_OPTION_CHOICE:
        return get_choice(json, node, option->choices, place);
    case NN_OPTION_STRING:
        return get_string(json, node, place);
    case NN_OPTION_INITIALIZER:
        return get_initializer(json, node, place);
    case NN_OPTION_REGULARIZER:
        return get_regularizer(json, node, place);
    case NN_OPTION_MAYBE:
        return get_maybe(json, node, place);
    case NN_OPTION_SHAPE:
        return get_shape(json, node, place);
    case NN_OPTION_NUMBERS:
        return get_numbers(json, node, place);
    case NN_OPTION_SCHEDULE:
        return get_schedule(json, node, place, where);
    default:
        return get_int(json, node, place);
    }
}

nn_status nn__object_from_json(nn__object *object, const nn__json *json, uint32_t options,
                               const char *where)
{
    const nn_kind *kind = object->kind;
    if (nn__json_type_of(json, options) != NN__JSON_OBJECT)
        return nn_fail(NN_EFORMAT, "%s: '%s' has no options", where, kind->name);
    size_t known = 0;
    for (size_t i = 0; i < kind->option_count; i++) {
        const nn_option *option = &kind->options[i];
        uint32_t node = nn__json_member(json, options, option->name);
        if (node == NN__JSON_NONE)
            continue;
        known++;
        if (get_option(json, node, option, (char *)object->options + option->offset, where))
            continue;
        if (option->type == NN_OPTION_SCHEDULE)
            return nn__last_status();
        if ((option->type == NN_OPTION_STRING && nn__json_string(json, node) != NULL) ||
            (option->type == NN_OPTION_NUMBERS && are_numbers(json, node)))
            return NN_ENOMEM; /* it could be read, but not copied */
        return nn_fail(NN_EFORMAT, "%s: '%s' has an unreadable option '%s'", where, kind->name,
                       option->name);
    }
    if (known != nn__json_count(json, options))
        return nn_fail(NN_ENOTSUP, "%s: '%s' has an option that this version does not know", where,
                       kind->name);
    return NN_OK;
}

const nn_kind *nn__kind_from_json(const nn__json *json, uint32_t object, nn_kind_list own,
                                  const nn_kind *const *kinds, const char *where)
{
    const char *name = nn__json_string(json, nn__json_member(json, object, "kind"));
    if (name == NULL) {
        nn_fail(NN_EFORMAT, "%s: it has no kind", where);
        return NULL;
    }
    for (size_t i = 0; i < own.count; i++)
        if (own.items[i] != NULL && strcmp(own.items[i]->name, name) == 0)
            return own.items[i];
    const nn_kind *kind = nn__kind_named(kinds, name);
    if (kind == NULL)
        nn_fail(NN_ENOTSUP, "%s: this version does not know the kind '%s'", where, name);
    return kind;
}
