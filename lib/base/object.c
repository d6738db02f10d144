/* Objects made from a kind: the copy of their options, and what was wrong with them. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"

void *nn__object_new(size_t size, const nn_kind *kind, const void *options)
{
    nn__object *object = nn__alloc(size, kind->name);
    void *copy = object == NULL ? NULL : nn__alloc(kind->options_size, kind->name);
    if (copy == NULL) {
        nn__free(object);
        nn__options_drop(kind, options);
        return NULL;
    }
    object->kind = kind;
    object->options = copy;
    if (nn__options_copy(object, options) != NN_OK) {
        nn__object_free(object);
        return NULL;
    }
    return object;
}

/* Numbers are taken as they stand: filling in defaults once more would take a zero that was meant
 * for an absent one. */
void *nn__object_copy(size_t size, const nn__object *from)
{
    const nn_kind *kind = from->kind;
    nn__object *object = nn__object_new(size, kind, NULL);
    if (object == NULL)
        return NULL;
    nn__options_free(kind, object->options);
    memcpy(object->options, from->options, kind->options_size);
    if (nn__options_own_strings(kind, object->options) != NN_OK) {
        nn__object_free(object);
        return NULL;
    }
    return object;
}

void nn__object_free(void *memory)
{
    nn__object *object = memory;
    if (object == NULL || object->kind == NULL) /* without a kind it is static, nobody's to free */
        return;
    if (object->options != NULL)
        nn__options_free(object->kind, object->options);
    nn__free(object->options);
    nn__free(object->message);
    nn__free(object);
}

void nn__objects_drop(const void *list, size_t count, void (*release)(void *object))
{
    nn__object *const *objects = list;
    for (size_t i = 0; i < count; i++) {
        int ours = objects[i] != NULL; /* asked before it is read: an equal one may be freed */
        for (size_t j = 0; j < i && ours; j++)
            ours = objects[j] != objects[i];
        if (ours && !objects[i]->owned)
            release(objects[i]);
    }
}

nn_status nn__object_check(const nn__object *object, const char *name)
{
    if (object->status != NN_OK)
        return nn_fail(object->status, "%s: %s", name, object->message);
    return nn__options_check(object->kind, object->options, name);
}

void *nn__option_field(const nn__object *object, const char *field, const nn_option **option)
{
    for (size_t i = 0; i < object->kind->option_count; i++) {
        const nn_option *entry = &object->kind->options[i];
        if (strcmp(entry->name, field) == 0) {
            if (option != NULL)
                *option = entry;
            return (char *)object->options + entry->offset;
        }
    }
    return NULL;
}

const char *nn__option_string(const nn__object *object, const char *field)
{
    const nn_option *option = NULL;
    void *place = nn__option_field(object, field, &option);
    if (place == NULL || option->type != NN_OPTION_STRING)
        return NULL;
    const char *text;
    memcpy(&text, place, sizeof text);
    return text;
}
