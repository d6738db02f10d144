/* Named numbers: in the order in which they were set, or sorted. */
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
    logs->count = 0;
}

static void logs_swap(nn_logs *logs, size_t a, size_t b)
{
    nn__log entry = logs->entries[a];
    logs->entries[a] = logs->entries[b];
    logs->entries[b] = entry;
}

void nn__logs_sort(nn_logs *logs)
{
    for (size_t i = 1; i < logs->count; i++)
        for (size_t k = i; k > 0 && strcmp(logs->entries[k - 1].name, logs->entries[k].name) > 0;
             k--)
            logs_swap(logs, k - 1, k);
}

/* The place of name among the entries from first to end - 1; end where it is not there. */
static size_t logs_find(const nn_logs *logs, const char *name, size_t first, size_t end)
{
    while (first < end && strcmp(logs->entries[first].name, name) != 0)
        first++;
    return first;
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

/* A name that is new, behind all that are stored. */
static nn_status logs_store(nn_logs *logs, const char *name)
{
    NN_TRY(logs_reserve(logs));
    char *copy = nn__copy_string(name, "a name in logs");
    if (copy == NULL)
        return NN_ENOMEM;
    logs->entries[logs->stored++] = (nn__log){copy, 0};
    return NN_OK;
}

nn_status nn_logs_set(nn_logs *logs, const char *name, double value)
{
    if (logs == NULL || name == NULL || name[0] == '\0')
        return nn_fail(NN_EINVAL, "logs: %s is missing", logs == NULL ? "logs" : "name");
    size_t place = logs_find(logs, name, 0, logs->count);
    if (place == logs->count) {
        place = logs_find(logs, name, place, logs->stored);
        if (place == logs->stored)
            NN_TRY(logs_store(logs, name));
        logs_swap(logs, place, logs->count);
        place = logs->count++;
    }
    logs->entries[place].value = value;
    return NN_OK;
}

nn_status nn__logs_assign(nn_logs *to, const nn_logs *from)
{
    nn__logs_clear(to);
    for (size_t i = 0; i < from->count; i++)
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

const char *nn_logs_name(const nn_logs *logs, size_t index)
{
    return index < nn_logs_count(logs) ? logs->entries[index].name : NULL;
}

double nn_logs_at(const nn_logs *logs, size_t index)
{
    return index < nn_logs_count(logs) ? logs->entries[index].value : (double)NAN;
}

int nn_logs_has(const nn_logs *logs, const char *name)
{
    return logs != NULL && name != NULL && logs_find(logs, name, 0, logs->count) < logs->count;
}

double nn_logs_value(const nn_logs *logs, const char *name)
{
    if (!nn_logs_has(logs, name))
        return (double)NAN;
    return logs->entries[logs_find(logs, name, 0, logs->count)].value;
}
