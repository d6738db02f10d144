#include "data/names.h"

#include <limits.h>
#include <string.h>

nn_status nn__names_copy(const nn_name_list *names, const char *what, const char ***copy)
{
    size_t bytes = nn__mul(names->count, sizeof(char *));
    *copy = NULL;
    if (names->count == 0)
        return NN_OK;
    for (size_t i = 0; i < names->count; i++) {
        if (names->items == NULL || names->items[i] == NULL)
            return nn_fail(NN_EINVAL, "%s: name %zu is NULL", what, i);
        bytes = nn__add(bytes, strlen(names->items[i]) + 1);
    }
    const char **block = nn__alloc(bytes, "names");
    if (block == NULL)
        return NN_ENOMEM;
    char *text = (char *)(block + names->count);
    for (size_t i = 0; i < names->count; i++) {
        size_t size = strlen(names->items[i]) + 1;
        block[i] = memcpy(text, names->items[i], size);
        text += size;
    }
    *copy = block;
    return NN_OK;
}

nn_status nn__names_classes(const nn_name_list *names, const char *what, int *classes)
{
    if (*classes < 0)
        return nn_fail(NN_EINVAL, "%s: classes is %d; it must not be negative", what, *classes);
    if (names->count == 0)
        return NN_OK;
    if (names->count > INT_MAX || (*classes != 0 && (size_t)*classes != names->count))
        return nn_fail(NN_EINVAL, "%s: classes is %d, but there are %zu class names", what,
                       *classes, names->count);
    *classes = (int)names->count;
    return NN_OK;
}
