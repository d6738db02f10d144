/* Shapes: counting, comparing, printing, checking. */
#include <stdio.h>

#include "base/base.h"

size_t nn__shape_count(const nn_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count = nn__mul(count, (size_t)shape->dims[i]);
    return count;
}

int nn__shape_equal(const nn_shape *a, const nn_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return 0;
    return 1;
}

char *nn__shape_text(const nn_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i == 0 ? "%d" : "x%d", shape->dims[i]);
    return text;
}

nn_status nn__shape_make(nn_shape *shape, const int *dims, int rank, const char *what)
{
    if (dims == NULL || rank < 1 || rank > NN_MAX_RANK)
        return nn_fail(NN_EINVAL, "%s: %d dimensions, from 1 to %d are possible", what,
                       dims == NULL ? 0 : rank, NN_MAX_RANK);
    nn_shape made = {.rank = rank};
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 1)
            return nn_fail(NN_EINVAL, "%s: dimension %d is %d, at least 1 is needed", what, i,
                           dims[i]);
        made.dims[i] = dims[i];
    }
    if (nn__shape_count(&made) > SIZE_MAX / 16)
        return nn_fail(NN_EINVAL, "%s: the product of its dimensions overflows", what);
    *shape = made;
    return NN_OK;
}
