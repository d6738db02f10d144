/*
 * Kinds by name. Each folder of kinds has a kinds.def with one line per kind, NN__KIND_OF(name);
 * NN__REGISTRY expands it into the extern tables and an array of pointers ended by NULL.
 */
#ifndef NN__BASE_REGISTRY_H
#define NN__BASE_REGISTRY_H

#include <string.h>

#include "base/base.h"

/* The entry of that name in an array of pointers to tables that begin with nn_kind; NULL: none. */
static inline const nn_kind *nn__kind_named(const nn_kind *const *kinds, const char *name)
{
    for (; *kinds != NULL; kinds++)
        if (strcmp((*kinds)->name, name) == 0)
            return *kinds;
    return NULL;
}

#endif
