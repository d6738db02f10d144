/* Views: datasets that show some rows of another. They hold row numbers only. */
#include "base/random.h"
#include "data/dataset.h"

#include <math.h>
#include <string.h>

/* An unfilled view of `rows` rows; its indices are to be numbers of parent's self. */
static nn_dataset *view_new(const nn_dataset *parent, size_t rows)
{
    nn_dataset *view = nn__alloc(sizeof *view, "a view of a dataset");
    if (view == NULL)
        return NULL;
    *view = *parent;
    view->is_view = 1;
    view->info.rows = rows;
    view->indices = nn__alloc_array(rows, sizeof *view->indices, "the rows of a view");
    if (view->indices == NULL) {
        nn__free(view);
        return NULL;
    }
    return view;
}

static size_t view_resolve(const nn_dataset *parent, size_t row)
{
    return parent->indices != NULL ? parent->indices[row] : row;
}

nn_dataset *nn_dataset_subset(const nn_dataset *parent, const size_t *indices, size_t count)
{
    if (parent == NULL || indices == NULL || count == 0) {
        nn_fail(NN_EINVAL, "subset: %s",
                parent == NULL ? "parent is NULL" : "indices must name at least one row");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (indices[i] >= parent->info.rows) {
            nn_fail(NN_EINVAL,
                    "subset: indices[%zu] is row %zu, which does not exist; there are %zu", i,
                    indices[i], parent->info.rows);
            return NULL;
        }
    }
    nn_dataset *view = view_new(parent, count);
    for (size_t i = 0; view != NULL && i < count; i++)
        view->indices[i] = view_resolve(parent, indices[i]);
    return view;
}

nn_dataset *nn_dataset_take(const nn_dataset *parent, size_t count)
{
    if (parent == NULL || count == 0) {
        nn_fail(NN_EINVAL, "take: %s", parent == NULL ? "parent is NULL" : "count is 0");
        return NULL;
    }
    if (count > parent->info.rows)
        count = parent->info.rows;
    nn_dataset *view = view_new(parent, count);
    for (size_t i = 0; view != NULL && i < count; i++)
        view->indices[i] = view_resolve(parent, i);
    return view;
}

nn_dataset *nn_dataset_skip(const nn_dataset *parent, size_t count)
{
    if (parent == NULL || count >= parent->info.rows) {
        if (parent == NULL)
            nn_fail(NN_EINVAL, "skip: parent is NULL");
        else
            nn_fail(NN_EINVAL, "skip: count is %zu; there are %zu rows", count, parent->info.rows);
        return NULL;
    }
    nn_dataset *view = view_new(parent, parent->info.rows - count);
    for (size_t i = 0; view != NULL && i < view->info.rows; i++)
        view->indices[i] = view_resolve(parent, count + i);
    return view;
}

nn_dataset *nn_dataset_repeat(const nn_dataset *parent, size_t count)
{
    if (parent == NULL || count == 0) {
        nn_fail(NN_EINVAL, "repeat: %s", parent == NULL ? "parent is NULL" : "count is 0");
        return NULL;
    }
    nn_dataset *view = view_new(parent, nn__mul(parent->info.rows, count));
    for (size_t i = 0; view != NULL && i < view->info.rows; i++)
        view->indices[i] = view_resolve(parent, i % parent->info.rows);
    return view;
}

/* ---- Split ---------------------------------------------------------------------------------- */

/* The work of a split: rows grouped by class, class k at starts[k] .. starts[k + 1] - 1. Where y is
 * not classes, all rows are of class 0. */
typedef struct cut {
    int classes;
    size_t *starts;          /* [classes + 1] */
    size_t *rows;            /* [rows]        */
    unsigned char *selected; /* [rows]: goes to the second part */
    size_t selected_count;
} cut;

static int cut_label(const nn_dataset *parent, size_t row)
{
    return parent->info.classes > 0 ? nn__dataset_label(parent, row) : 0;
}

static nn_status cut_begin(cut *c, const nn_dataset *parent)
{
    c->classes = parent->info.classes > 0 ? parent->info.classes : 1;
    size_t classes = (size_t)c->classes, rows = parent->info.rows;
    c->starts = nn__alloc_array(classes + 1, sizeof *c->starts, "a split's classes");
    c->rows = c->starts ? nn__alloc_array(rows, sizeof *c->rows, "a split's rows") : NULL;
    c->selected = c->rows ? nn__alloc(rows, "a split's choice") : NULL;
    if (c->selected == NULL)
        return NN_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        int label = cut_label(parent, i);
        if (label < 0 || label >= c->classes)
            return nn_fail(NN_EINVAL, "split: row %zu: class %d is outside 0..%d", i, label,
                           c->classes - 1);
        c->starts[label + 1]++;
    }
    for (size_t k = 0; k < classes; k++)
        c->starts[k + 1] += c->starts[k];
    return NN_OK;
}

/* Fills rows class by class, moving each start to its end, and moves the starts back. */
static void cut_group(cut *c, const nn_dataset *parent)
{
    for (size_t i = 0; i < parent->info.rows; i++)
        c->rows[c->starts[cut_label(parent, i)]++] = i;
    for (int k = c->classes; k > 0; k--)
        c->starts[k] = c->starts[k - 1];
    c->starts[0] = 0;
}

static void cut_select(cut *c, double fraction, uint64_t seed)
{
    for (int k = 0; k < c->classes; k++) {
        size_t *rows = c->rows + c->starts[k], count = c->starts[k + 1] - c->starts[k];
        size_t share = (size_t)floor((double)count * fraction + 0.5);
        nn__random random = nn__random_begin(seed, 0, nn__stream(NN__FOR_SPLIT, (uint32_t)k));
        nn__random_shuffle(&random, rows, count);
        for (size_t i = 0; i < share && i < count; i++)
            c->selected[rows[i]] = 1;
        c->selected_count += share < count ? share : count;
    }
}

/* The rows whose choice is `part`, in ascending order. */
static nn_dataset *cut_part(const cut *c, const nn_dataset *parent, int part, size_t rows)
{
    nn_dataset *view = view_new(parent, rows);
    size_t n = 0;
    for (size_t i = 0; view != NULL && i < parent->info.rows; i++)
        if (c->selected[i] == part)
            view->indices[n++] = view_resolve(parent, i);
    return view;
}

static nn_status split_check(const nn_dataset *parent, double fraction, nn_dataset **first,
                             nn_dataset **second)
{
    if (parent == NULL || first == NULL || second == NULL)
        return nn_fail(NN_EINVAL, "split: parent, first and second must not be NULL");
    if (!(fraction >= 0 && fraction <= 1))
        return nn_fail(NN_EINVAL, "split: fraction %g is outside 0..1", fraction);
    return NN_OK;
}

nn_status nn_dataset_split(const nn_dataset *parent, double fraction, uint64_t seed,
                           nn_dataset **first, nn_dataset **second)
{
    cut c = {0};
    nn_dataset *rest = NULL, *share = NULL;
    nn_status status;
    NN_TRY(split_check(parent, fraction, first, second));
    NN_TRY_GOTO(out, cut_begin(&c, parent));
    cut_group(&c, parent);
    cut_select(&c, fraction, seed);
    size_t rows = parent->info.rows;
    if (c.selected_count == 0 || c.selected_count == rows) {
        status = nn_fail(NN_EINVAL, "split: fraction %g of %zu rows leaves the %s part empty",
                         fraction, rows, c.selected_count == 0 ? "second" : "first");
        goto out;
    }
    rest = cut_part(&c, parent, 0, rows - c.selected_count);
    share = rest != NULL ? cut_part(&c, parent, 1, c.selected_count) : NULL;
    if (share == NULL) {
        nn_dataset_free(rest);
        status = NN_ENOMEM;
        goto out;
    }
    *first = rest;
    *second = share;
out:
    nn__free(c.selected);
    nn__free(c.rows);
    nn__free(c.starts);
    return status;
}
