/*
 * A dataset whose x goes through a function. The function's input is read into a row of memory;
 * there is one for each thread that reads at the same time, made when it is first needed and kept.
 */
#include <stdatomic.h>

#include "data/dataset.h"

enum { SLOTS = NN__MAX_THREADS };

typedef struct map {
    const nn_dataset *parent;
    nn_map_function *function;
    void *user;
    size_t from, to; /* elements of a row of the parent, and of ours */
    size_t y_size;
    struct {
        atomic_int taken;
        nn_real *row; /* [from] */
    } slots[SLOTS];
} map;

/* A row of memory that nobody else has; *slot is SLOTS where all were taken. */
static nn_real *map_take(map *m, int *slot)
{
    for (*slot = 0; *slot < SLOTS; ++*slot) {
        int open = 0;
        if (!atomic_compare_exchange_strong(&m->slots[*slot].taken, &open, 1))
            continue;
        if (m->slots[*slot].row == NULL)
            m->slots[*slot].row = nn__alloc_array(m->from, sizeof(nn_real), "a row to be mapped");
        return m->slots[*slot].row;
    }
    return nn__alloc_array(m->from, sizeof(nn_real), "a row to be mapped");
}

static void map_give(map *m, int slot, nn_real *row)
{
    if (slot == SLOTS)
        nn__free(row);
    else
        atomic_store(&m->slots[slot].taken, 0);
}

static nn_status map_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                          int32_t *classes)
{
    map *m = self;
    nn_status status = NN_OK;
    int slot;
    nn_real *row = map_take(m, &slot);
    if (row == NULL)
        status = NN_ENOMEM;
    for (size_t i = 0; i < count && status == NN_OK; i++) {
        status =
            nn__dataset_read(m->parent, indices + i, 1, row, y != NULL ? y + i * m->y_size : NULL,
                             classes != NULL ? classes + i : NULL);
        int answer = status == NN_OK ? m->function(m->user, indices[i], row, x + i * m->to) : 0;
        if (answer > 0)
            status =
                nn_fail(NN_EUSER, "map: the function returned %d for row %zu", answer, indices[i]);
        else if (answer < 0)
            status = (nn_status)answer;
    }
    map_give(m, slot, row);
    return status;
}

static int map_label(void *self, size_t row)
{
    const map *m = self;
    return nn__dataset_label(m->parent, row);
}

static void map_release(void *self)
{
    map *m = self;
    for (int i = 0; i < SLOTS; i++)
        nn__free(m->slots[i].row);
    nn__free(m);
}

nn_dataset *nn_dataset_map(const nn_dataset *parent, const nn_shape *shape,
                           nn_map_function *function, void *user)
{
    static const nn_dataset_kind kind = {sizeof kind, "map", map_read, map_label, map_release};
    if (parent == NULL || function == NULL) {
        nn_fail(NN_EINVAL, "map: %s is NULL", parent == NULL ? "parent" : "function");
        return NULL;
    }
    if (nn__dataset_part_count(parent) > 1) {
        nn_fail(
            NN_ENOTSUP,
            "map: the dataset has several inputs or targets; map its parts and zip the results");
        return NULL;
    }
    map *m = nn__alloc(sizeof *m, "a mapped dataset");
    if (m == NULL)
        return NULL;
    nn_dataset_info info = parent->info;
    if (shape != NULL)
        info.x = *shape;
    m->parent = parent;
    m->function = function;
    m->user = user;
    m->from = nn__shape_count(&parent->info.x);
    m->to = nn__shape_count(&info.x);
    m->y_size = nn__shape_count(&info.y);
    for (int i = 0; i < SLOTS; i++)
        atomic_init(&m->slots[i].taken, 0);
    return nn_dataset_new(&kind, m, &info);
}
