/* A growing list of copies of logs, one per epoch. */
#include "train/history.h"

#include <math.h>

#include "train/logs.h"

struct nn_history {
    nn_logs **entries;
    size_t count;
    size_t capacity;
};

enum { FIRST_CAPACITY = 16 };

nn_history *nn__history_new(void)
{
    return nn__alloc(sizeof(nn_history), "history");
}

void nn__history_clear(nn_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        nn__logs_free(history->entries[i]);
    history->count = 0;
}

void nn__history_free(nn_history *history)
{
    if (history == NULL)
        return;
    nn__history_clear(history);
    nn__free(history->entries);
    nn__free(history);
}

static nn_status history_reserve(nn_history *history)
{
    if (history->count < history->capacity)
        return NN_OK;
    size_t capacity = history->capacity == 0 ? FIRST_CAPACITY : nn__mul(history->capacity, 2);
    nn_logs **entries = nn__grow(history->entries, history->count * sizeof *entries,
                                 nn__mul(capacity, sizeof *entries), "history");
    if (entries == NULL)
        return NN_ENOMEM;
    history->entries = entries;
    history->capacity = capacity;
    return NN_OK;
}

nn_status nn__history_append(nn_history *history, const nn_logs *logs)
{
    NN_TRY(history_reserve(history));
    nn_logs *copy = nn__logs_copy(logs);
    if (copy == NULL)
        return NN_ENOMEM;
    history->entries[history->count++] = copy;
    return NN_OK;
}

int nn_history_epochs(const nn_history *history)
{
    return history == NULL ? 0 : (int)history->count;
}

const nn_logs *nn_history_logs(const nn_history *history, int entry)
{
    return entry >= 0 && entry < nn_history_epochs(history) ? history->entries[entry] : NULL;
}

double nn_history_value(const nn_history *history, int entry, const char *name)
{
    const nn_logs *logs = nn_history_logs(history, entry);
    return logs == NULL ? (double)NAN : nn_logs_value(logs, name);
}
