/* The dataset contract: construction from a table, reading, and what every dataset answers. */
#include "data/dataset.h"

#include <string.h>

/* Rows whose numbers are looked up at a time when a view is read. */
enum { LOOKUP = 64 };

nn_status nn__dataset_choice(int value, int most, const char *what, const char *field)
{
    if (value < 0 || value > most)
        return nn_fail(NN_EINVAL, "%s: %s is %d; it must be 0..%d", what, field, value, most);
    return NN_OK;
}

static nn_status dataset_check_shape(const nn_shape *shape, int least_rank, const char *name,
                                     const char *field)
{
    if (shape->rank < least_rank || shape->rank > NN_MAX_RANK)
        return nn_fail(NN_EINVAL, "%s: %s has rank %d; it must be %d..%d", name, field, shape->rank,
                       least_rank, NN_MAX_RANK);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 1)
            return nn_fail(NN_EINVAL, "%s: dimension %d of %s is %d; it must be at least 1", name,
                           i, field, shape->dims[i]);
    if (nn__mul(nn__shape_count(shape), sizeof(nn_real)) == SIZE_MAX)
        return nn_fail(NN_EINVAL, "%s: %s has too many elements", name, field);
    return NN_OK;
}

static nn_status dataset_check(const nn_dataset_kind *kind, const nn_dataset_info *info,
                               const char *name)
{
    if (kind->struct_size < sizeof *kind || kind->read == NULL)
        return nn_fail(NN_EINVAL, "%s: the kind needs its struct_size and a read function", name);
    if (info->rows == 0)
        return nn_fail(NN_EINVAL, "%s: rows is 0; a dataset has at least 1", name);
    NN_TRY(dataset_check_shape(&info->x, 1, name, "x"));
    NN_TRY(dataset_check_shape(&info->y, 0, name, "y"));
    if (info->classes < 0)
        return nn_fail(NN_EINVAL, "%s: classes is %d; it must not be negative", name,
                       info->classes);
    if (info->has_targets && info->y.rank == 0 && info->classes == 0)
        return nn_fail(NN_EINVAL,
                       "%s: has_targets is 1, but neither y nor classes says what they "
                       "are",
                       name);
    return NN_OK;
}

nn_dataset *nn_dataset_new(const nn_dataset_kind *kind, void *self, const nn_dataset_info *info)
{
    nn_dataset *dataset = NULL;
    nn_dataset_info copy;
    if (kind == NULL) {
        nn_fail(NN_EINVAL, "dataset: kind is NULL");
        return NULL;
    }
    const char *name = kind->name != NULL ? kind->name : "dataset";
    if (nn__options_read(&copy, sizeof copy, info, name) == NN_OK &&
        dataset_check(kind, &copy, name) == NN_OK)
        dataset = nn__alloc(sizeof *dataset, "a dataset");
    if (dataset == NULL) {
        if (kind->struct_size >= sizeof *kind && kind->release != NULL)
            kind->release(self);
        return NULL;
    }
    dataset->kind = kind;
    dataset->self = self;
    dataset->info = copy;
    return dataset;
}

nn_dataset *nn__dataset_in_memory(nn_dataset *dataset)
{
    if (dataset != NULL)
        dataset->in_memory = 1;
    return dataset;
}

void nn_dataset_free(nn_dataset *dataset)
{
    if (dataset == NULL)
        return;
    if (!dataset->is_view && dataset->kind->release != NULL)
        dataset->kind->release(dataset->self);
    nn__free(dataset->indices);
    nn__free(dataset);
}

const nn_dataset_info *nn__dataset_info(const nn_dataset *dataset)
{
    return &dataset->info;
}

size_t nn_dataset_rows(const nn_dataset *dataset)
{
    return dataset != NULL ? dataset->info.rows : 0;
}

const nn_shape *nn_dataset_shape(const nn_dataset *dataset)
{
    return dataset != NULL ? &dataset->info.x : NULL;
}

int nn_dataset_classes(const nn_dataset *dataset)
{
    return dataset != NULL ? dataset->info.classes : 0;
}

const char *nn_dataset_class_name(const nn_dataset *dataset, int index)
{
    if (dataset == NULL || index < 0 || index >= dataset->info.classes ||
        dataset->info.class_names == NULL)
        return NULL;
    return dataset->info.class_names[index];
}

/* ---- Reading -------------------------------------------------------------------------------- */

static nn_status dataset_no_row(const nn_dataset *dataset, size_t row)
{
    const char *name = dataset->kind->name != NULL ? dataset->kind->name : "dataset";
    return nn_fail(NN_EINVAL, "%s: row %zu does not exist; there are %zu", name, row,
                   dataset->info.rows);
}

static nn_status dataset_call_read(const nn_dataset *dataset, const size_t *indices, size_t count,
                                   nn_real *x, nn_real *y, int32_t *classes)
{
    int status = dataset->kind->read(dataset->self, indices, count, x, y, classes);
    if (status <= 0)
        return (nn_status)status;
    return nn_fail(NN_EUSER, "%s: read returned %d; 0 is success and failures are negative",
                   dataset->kind->name != NULL ? dataset->kind->name : "dataset", status);
}

nn_status nn__dataset_read(const nn_dataset *dataset, const size_t *indices, size_t count,
                           nn_real *x, nn_real *y, int32_t *classes)
{
    const nn_dataset_info *info = &dataset->info;
    int values = info->has_targets && info->y.rank > 0;
    size_t x_size = nn__shape_count(&info->x), y_size = values ? nn__shape_count(&info->y) : 0;
    size_t rows[LOOKUP];
    y = values ? y : NULL;
    classes = info->has_targets && !values ? classes : NULL;
    for (size_t i = 0; i < count; i++)
        if (indices[i] >= info->rows)
            return dataset_no_row(dataset, indices[i]);
    if (dataset->indices == NULL)
        return dataset_call_read(dataset, indices, count, x, y, classes);
    for (size_t first = 0; first < count; first += LOOKUP) {
        size_t part = count - first < LOOKUP ? count - first : LOOKUP;
        for (size_t i = 0; i < part; i++)
            rows[i] = dataset->indices[indices[first + i]];
        NN_TRY(dataset_call_read(dataset, rows, part, x + first * x_size,
                                 y != NULL ? y + first * y_size : NULL,
                                 classes != NULL ? classes + first : NULL));
    }
    return NN_OK;
}

nn_status nn__dataset_read_part(const nn_dataset *dataset, const nn__part *part,
                                const size_t *indices, size_t count, nn_real *x, nn_real *y,
                                int32_t *classes)
{
    const nn_dataset *data = part->data;
    size_t x_size = nn__shape_count(&data->info.x), y_size = nn__shape_count(&data->info.y);
    size_t rows[LOOKUP];
    if (data == dataset || dataset->indices == NULL)
        return nn__dataset_read(data, indices, count, x, y, classes);
    for (size_t first = 0; first < count; first += LOOKUP) {
        size_t some = count - first < LOOKUP ? count - first : LOOKUP;
        for (size_t i = 0; i < some; i++) {
            if (indices[first + i] >= dataset->info.rows)
                return dataset_no_row(dataset, indices[first + i]);
            rows[i] = dataset->indices[indices[first + i]];
        }
        NN_TRY(nn__dataset_read(data, rows, some, x + first * x_size,
                                y != NULL ? y + first * y_size : NULL,
                                classes != NULL ? classes + first : NULL));
    }
    return NN_OK;
}

nn_status nn_dataset_row(const nn_dataset *dataset, size_t row, nn_real *x, int *label)
{
    if (dataset == NULL)
        return nn_fail(NN_EINVAL, "dataset is NULL");
    if (row >= dataset->info.rows)
        return dataset_no_row(dataset, row);
    if (x != NULL)
        NN_TRY(nn__dataset_read(dataset, &row, 1, x, NULL, NULL));
    if (label != NULL)
        *label = nn__dataset_label(dataset, row);
    return NN_OK;
}

const nn_shape *nn_dataset_target_shape(const nn_dataset *dataset)
{
    const int values = dataset != NULL && dataset->info.has_targets && dataset->info.y.rank > 0;
    return values ? &dataset->info.y : NULL;
}

nn_status nn_dataset_row_target(const nn_dataset *dataset, size_t row, nn_real *y)
{
    if (dataset == NULL || y == NULL)
        return nn_fail(NN_EINVAL, "%s is NULL", dataset == NULL ? "dataset" : "y");
    if (nn_dataset_target_shape(dataset) == NULL)
        return nn_fail(NN_EINVAL, "dataset: y is not values");
    nn_real *x = nn__alloc_array(nn__shape_count(&dataset->info.x), sizeof *x, "a row");
    if (x == NULL)
        return NN_ENOMEM;
    nn_status status = nn__dataset_read(dataset, &row, 1, x, y, NULL);
    nn__free(x);
    return status;
}

int nn__dataset_label(const nn_dataset *dataset, size_t row)
{
    if (dataset->kind->label == NULL || dataset->info.classes == 0)
        return -1;
    return dataset->kind->label(dataset->self,
                                dataset->indices != NULL ? dataset->indices[row] : row);
}
