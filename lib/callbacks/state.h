/*
 * nn_state: the state of one callback as a list of named numbers and arrays. One visitor for both
 * directions: a callback's `state` function first fills the list (writing), later it is turned
 * round and gives everything back (reading). The writer of files walks the entries; the reader of
 * files makes an empty list, adds entries with nn_state_number and nn_state_array, turns it round.
 */
#ifndef NN__CALLBACKS_STATE_H
#define NN__CALLBACKS_STATE_H

#include "base/base.h"

typedef struct nn__state_entry {
    char *name;
    int is_array;
    double number;   /* where it is no array         */
    nn_real *values; /* values[count], its own copy  */
    size_t count;
} nn__state_entry;

/* An empty list, writing. NULL: NN_ENOMEM. */
nn_state *nn__state_new(void);
void nn__state_free(nn_state *state); /* NULL is fine */
/* Turns the direction: 1 reads, 0 writes. Entries of equal names are overwritten when written. */
void nn__state_set_reading(nn_state *state, int reading);
/* NN_ENOMEM where an entry could not be written since the list was made; else NN_OK. */
nn_status nn__state_status(const nn_state *state);

size_t nn__state_count(const nn_state *state);
/* Entry 0..count-1 in the order written. */
const nn__state_entry *nn__state_entry_at(const nn_state *state, size_t index);

#endif
