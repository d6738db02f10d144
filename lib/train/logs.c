/* Named numbers in alphabetical order. */
#include "train/logs.h"

#include <math.h>
#include <string.h>

enum { FIRST_CAPACITY = 8 };

nn_logs *nn__logs_new(void)
{
    return nn__alloc(sizeof(nn_logs), "logs");
}

void nn__logs_free(nn_logs *logs)
{
    if (logs == NULL)
        return;
    for (size_t i = 0; i < logs->stored; i++)
        nn__free(logs->entries[i].name);
    nn__free(logs->entries);
    nn__free(logs);
}

void nn__logs_clear(nn_logs *logs)
{
    for (size_t i = 0; i < logs->stored; i++)
        logs->entries[i].present = 0;
    logs->count = 0;
}

/* The place of name among the stored entries, or where it would be inserted. */
static size_t logs_place(const nn_logs *logs, const char *name, int *found)
{
    size_t low = 0, high = logs->stored;
    *found = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(logs->entries[middle].name, name);
        if (order == 0) {
            *found = 1;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static nn_status logs_reserve(nn_logs *logs)
{
    if (logs->stored < logs->capacity)
        return NN_OK;
    size_t capacity = logs->capacity == 0 ? FIRST_CAPACITY : nn__mul(logs->capacity, 2);
    nn__log *entries = nn__grow(logs->entries, logs->stored * sizeof *entries,
                                nn__mul(capacity, sizeof *entries), "logs");
    if (entries == NULL)
        return NN_ENOMEM;
    logs->entries = entries;
    logs->capacity = capacity;
    return NN_OK;
}

static nn_status logs_insert(nn_logs *logs, size_t place, const char *name)
{
    NN_TRY(logs_reserve(logs));
    char *copy = nn__copy_string(name, "a name in logs");
    if (copy == NULL)
        return NN_ENOMEM;
    nn__log *entry = logs->entries + place;
    memmove(entry + 1, entry, (logs->stored - place) * sizeof *entry);
    *entry = (nn__log){copy, 0, 0};
    logs->stored++;
    return NN_OK;
}

nn_status nn_logs_set(nn_logs *logs, const char *name, double value)
{
    if (logs == NULL || name == NULL || name[0] == '\0')
        return nn_fail(NN_EINVAL, "logs: %s is missing", logs == NULL ? "logs" : "name");
    int found;
    size_t place = logs_place(logs, name, &found);
    if (!found)
        NN_TRY(logs_insert(logs, place, name));
    nn__log *entry = &logs->entries[place];
    logs->count += entry->present ? 0 : 1;
    entry->present = 1;
    entry->value = value;
    return NN_OK;
}

nn_status nn__logs_assign(nn_logs *to, const nn_logs *from)
{
    nn__logs_clear(to);
    for (size_t i = 0; i < from->stored; i++)
        if (from->entries[i].present)
            NN_TRY(nn_logs_set(to, from->entries[i].name, from->entries[i].value));
    return NN_OK;
}

nn_logs *nn__logs_copy(const nn_logs *logs)
{
    nn_logs *copy = nn__logs_new();
    if (copy != NULL && nn__logs_assign(copy, logs) != NN_OK) {
        nn__logs_free(copy);
        return NULL;
    }
    return copy;
}

/* ---- Reading ---- */

size_t nn_logs_count(const nn_logs *logs)
{
    return logs == NULL ? 0 : logs->count;
}

/* Entry `index` of those present; NULL where there is none. */
static const nn__log *logs_entry(const nn_logs *logs, size_t index)
{
    if (index >= nn_logs_count(logs))
        return NULL;
    const nn__log *entry = logs->entries;
    while (!entry->present || index-- > 0)
        entry++;
    return entry;
}

static const nn__log *logs_named(const nn_logs *logs, const char *name)
{
    if (logs == NULL || name == NULL)
        return NULL;
    int found;
    size_t place = logs_place(logs, name, &found);
    return found && logs->entries[place].present ? &logs->entries[place] : NULL;
}

const char *nn_logs_name(const nn_logs *logs, size_t index)
{
    const nn__log *entry = logs_entry(logs, index);
    return entry == NULL ? NULL : entry->name;
}

double nn_logs_at(const nn_logs *logs, size_t index)
{
    const nn__log *entry = logs_entry(logs, index);
    return entry == NULL ? (double)NAN : entry->value;
}

double nn_logs_value(const nn_logs *logs, const char *name)
{
    const nn__log *entry = logs_named(logs, name);
    return entry == NULL ? (double)NAN : entry->value;
}

int nn_logs_has(const nn_logs *logs, const char *name)
{
    return logs_named(logs, name) != NULL;
}
