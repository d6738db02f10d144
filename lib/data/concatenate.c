/* Several datasets one after the other. */
#include "data/dataset.h"

#include <string.h>

typedef struct chain {
    size_t count;
    size_t *starts; /* [count + 1]: the first row of each parent, and the number of rows */
    const nn_dataset **parents;
} chain;

/* The parent that has the row. */
static size_t chain_find(const chain *c, size_t row)
{
    size_t low = 0, high = c->count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (c->starts[middle] <= row)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static nn_status chain_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                            int32_t *classes)
{
    const chain *c = self;
    const nn_dataset_info *info = &c->parents[0]->info;
    size_t x_size = nn__shape_count(&info->x), y_size = nn__shape_count(&info->y);
    for (size_t i = 0; i < count; i++) {
        size_t k = chain_find(c, indices[i]), row = indices[i] - c->starts[k];
        NN_TRY(nn__dataset_read(c->parents[k], &row, 1, x + i * x_size,
                                y != NULL ? y + i * y_size : NULL,
                                classes != NULL ? classes + i : NULL));
    }
    return NN_OK;
}

static int chain_label(void *self, size_t row)
{
    const chain *c = self;
    size_t k = chain_find(c, row);
    return nn__dataset_label(c->parents[k], row - c->starts[k]);
}

static void chain_release(void *self)
{
    chain *c = self;
    nn__free(c->starts);
    nn__free(c->parents);
    nn__free(c);
}

static nn_status chain_check(const nn_dataset *const *parents, size_t count)
{
    if (parents == NULL || count == 0)
        return nn_fail(NN_EINVAL, "concatenate: no datasets");
    for (size_t i = 0; i < count; i++) {
        if (parents[i] == NULL)
            return nn_fail(NN_EINVAL, "concatenate: dataset %zu is NULL", i);
        if (nn__dataset_part_count(parents[i]) > 1)
            return nn_fail(NN_ENOTSUP,
                           "concatenate: dataset %zu has several inputs or targets; concatenate "
                           "its parts and zip the results",
                           i);
    }
    const nn_dataset_info *a = &parents[0]->info;
    for (size_t i = 1; i < count; i++) {
        const nn_dataset_info *b = &parents[i]->info;
        char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
        const char *which = !nn__shape_equal(&a->x, &b->x) ? "x" : "y";
        const nn_shape *first = which[0] == 'x' ? &a->x : &a->y;
        const nn_shape *other = which[0] == 'x' ? &b->x : &b->y;
        if (!nn__shape_equal(first, other))
            return nn_fail(NN_ESHAPE, "concatenate: %s of dataset %zu is %s, that of the first %s",
                           which, i, nn__shape_text(other, have, sizeof have),
                           nn__shape_text(first, want, sizeof want));
        if (a->classes != b->classes || a->has_targets != b->has_targets)
            return nn_fail(NN_ESHAPE, "concatenate: dataset %zu has %d classes%s, the first %d%s",
                           i, b->classes, b->has_targets ? "" : " and no targets", a->classes,
                           a->has_targets ? "" : " and no targets");
    }
    return NN_OK;
}

nn_dataset *nn_dataset_concatenate(const nn_dataset *const *parents, size_t count)
{
    static const nn_dataset_kind kind = {sizeof kind, "concatenate", chain_read, chain_label,
                                         chain_release};
    if (chain_check(parents, count) != NN_OK)
        return NULL;
    chain *c = nn__alloc(sizeof *c, "datasets one after the other");
    if (c == NULL)
        return NULL;
    c->count = count;
    c->starts = nn__alloc_array(count + 1, sizeof *c->starts, "rows of datasets");
    c->parents = c->starts ? nn__alloc_array(count, sizeof *c->parents, "datasets") : NULL;
    if (c->parents == NULL) {
        chain_release(c);
        return NULL;
    }
    memcpy(c->parents, parents, count * sizeof *c->parents);
    int in_memory = 1;
    for (size_t i = 0; i < count; i++) {
        c->starts[i + 1] = nn__add(c->starts[i], parents[i]->info.rows);
        in_memory = in_memory && parents[i]->in_memory;
    }
    nn_dataset_info info = parents[0]->info;
    info.rows = c->starts[count];
    nn_dataset *dataset = nn_dataset_new(&kind, c, &info);
    return in_memory ? nn__dataset_in_memory(dataset) : dataset;
}
