/* Lists of names that a dataset keeps: class names, and their check against the classes. */
#ifndef NN__DATA_NAMES_H
#define NN__DATA_NAMES_H

#include "base/base.h"
#include "nn/dataset.h"

/* A copy in one block, pointers and text, which the caller frees; an empty list gives NULL. what
 * begins messages. NN_EINVAL: a NULL in the list. */
nn_status nn__names_copy(const nn_name_list *names, const char *what, const char ***copy);

/* *classes becomes the number of names, where there are any. NN_EINVAL: both are given and differ,
 * or *classes is negative. */
nn_status nn__names_classes(const nn_name_list *names, const char *what, int *classes);

#endif
