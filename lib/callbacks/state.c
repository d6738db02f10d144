/* The two-way visitor of a callback's state. */
#include "callbacks/state.h"

#include <string.h>

struct nn_state {
    nn__state_entry *entries;
    size_t count;
    size_t capacity;
    int reading;
    nn_status status;
};

enum { FIRST_CAPACITY = 8 };

nn_state *nn__state_new(void)
{
    return nn__alloc(sizeof(nn_state), "callback state");
}

void nn__state_free(nn_state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->count; i++) {
        nn__free(state->entries[i].name);
        nn__free(state->entries[i].values);
    }
    nn__free(state->entries);
    nn__free(state);
}

void nn__state_set_reading(nn_state *state, int reading)
{
    state->reading = reading;
}

nn_status nn__state_status(const nn_state *state)
{
    if (state->status != NN_OK)
        return nn_fail(state->status, "no memory for callback state");
    return NN_OK;
}

size_t nn__state_count(const nn_state *state)
{
    return state->count;
}

const nn__state_entry *nn__state_entry_at(const nn_state *state, size_t index)
{
    return index < state->count ? &state->entries[index] : NULL;
}

static nn__state_entry *state_find(const nn_state *state, const char *name)
{
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->entries[i].name, name) == 0)
            return &state->entries[i];
    return NULL;
}

static nn_status state_reserve(nn_state *state)
{
    if (state->count < state->capacity)
        return NN_OK;
    size_t capacity = state->capacity == 0 ? FIRST_CAPACITY : nn__mul(state->capacity, 2);
    nn__state_entry *entries = nn__grow(state->entries, state->count * sizeof *entries,
                                        nn__mul(capacity, sizeof *entries), "callback state");
    if (entries == NULL)
        return NN_ENOMEM;
    state->entries = entries;
    state->capacity = capacity;
    return NN_OK;
}

/* The entry of that name, made where there is none; NULL: no memory, which the list remembers. */
static nn__state_entry *state_entry(nn_state *state, const char *name)
{
    nn__state_entry *entry = state_find(state, name);
    if (entry != NULL)
        return entry;
    char *copy = state_reserve(state) == NN_OK ? nn__copy_string(name, "callback state") : NULL;
    if (copy == NULL) {
        state->status = NN_ENOMEM;
        return NULL;
    }
    entry = &state->entries[state->count++];
    *entry = (nn__state_entry){.name = copy};
    return entry;
}

static void state_write_number(nn_state *state, const char *name, double value)
{
    nn__state_entry *entry = state_entry(state, name);
    if (entry == NULL)
        return;
    entry->is_array = 0;
    entry->number = value;
}

static void state_write_array(nn_state *state, const char *name, const nn_real *values,
                              size_t count)
{
    nn__state_entry *entry = state_entry(state, name);
    if (entry == NULL)
        return;
    if (entry->values == NULL || entry->count != count) {
        nn_real *copy = nn__alloc_array(count, sizeof *copy, "callback state");
        if (copy == NULL) {
            state->status = NN_ENOMEM;
            return;
        }
        nn__free(entry->values);
        entry->values = copy;
        entry->count = count;
    }
    entry->is_array = 1;
    memcpy(entry->values, values, count * sizeof *values);
}

int nn_state_reading(const nn_state *state)
{
    return state->reading;
}

void nn_state_number(nn_state *state, const char *name, double *value)
{
    if (!state->reading) {
        state_write_number(state, name, *value);
        return;
    }
    const nn__state_entry *entry = state_find(state, name);
    if (entry != NULL && !entry->is_array)
        *value = entry->number;
}

int nn_state_array(nn_state *state, const char *name, nn_real *values, size_t count)
{
    if (!state->reading) {
        state_write_array(state, name, values, count);
        return 1;
    }
    const nn__state_entry *entry = state_find(state, name);
    if (entry == NULL || !entry->is_array || entry->count != count)
        return 0;
    memcpy(values, entry->values, count * sizeof *values);
    return 1;
}
