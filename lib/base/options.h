/* Options by their tables: copying with defaults, checking, freeing. */
#ifndef NN__BASE_OPTIONS_H
#define NN__BASE_OPTIONS_H

#include "base/base.h"

/* Fills object->options (zeroed, kind->options_size bytes) from the caller's struct (NULL: all
 * absent): defaults in, strings copied. A struct_size that is 0, or a newer struct that uses what
 * is unknown here, is remembered in the object. Fails only for lack of memory. */
nn_status nn__options_copy(nn__object *object, const void *options);

/* An options struct without a table, of `size` bytes in this version, into copy: a shorter one is
 * filled up with zeros. NN_EINVAL where it is NULL or struct_size is not set, NN_ENOTSUP where a
 * longer one uses what is unknown here; what begins messages. */
nn_status nn__options_read(void *copy, size_t size, const void *options, const char *what);

/* Required fields and ranges; the message is "name: field value, the rule". */
nn_status nn__options_check(const nn_kind *kind, const void *options, const char *name);

/* Puts copies in the place of strings that belong to others. On NN_ENOMEM every string is the
 * options' own or NULL. */
nn_status nn__options_own_strings(const nn_kind *kind, void *options);

/* Frees what the options point at: strings, lists, a schedule. */
void nn__options_free(const nn_kind *kind, void *options);
/* Frees the schedule in a caller's options that no object takes. */
void nn__options_drop(const nn_kind *kind, const void *options);

#endif
