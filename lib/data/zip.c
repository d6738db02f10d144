/* Zips: several x and y, row by row. */
#include "data/zip.h"

#include <string.h>

static void zip_release(void *self)
{
    nn__zip *zip = self;
    nn__free(zip->inputs);
    nn__free(zip->targets);
    nn__free(zip->parts);
    nn__free(zip);
}

/* For readers of one x and one y: the first of each. */
static nn_status zip_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                          int32_t *classes)
{
    const nn__zip *zip = self;
    int with_targets = y != NULL || classes != NULL;
    if (!with_targets || zip->targets[0] == zip->inputs[0])
        return nn__dataset_read(zip->inputs[0], indices, count, x, y, classes);
    if (nn__shape_count(&zip->targets[0]->info.x) > nn__shape_count(&zip->inputs[0]->info.x))
        return nn_fail(NN_ENOTSUP, "zip: the x of targets[0] is larger than that of inputs[0]");
    NN_TRY(nn__dataset_read(zip->targets[0], indices, count, x, y, classes));
    return nn__dataset_read(zip->inputs[0], indices, count, x, NULL, NULL);
}

static int zip_label(void *self, size_t row)
{
    const nn__zip *zip = self;
    return zip->target_count > 0 ? nn__dataset_label(zip->targets[0], row) : -1;
}

static const nn_dataset_kind zip_kind = {sizeof(nn_dataset_kind), "zip", zip_read, zip_label,
                                         zip_release};

const nn__zip *nn__zip_of(const nn_dataset *dataset)
{
    return dataset->kind == &zip_kind ? dataset->self : NULL;
}

/* ---- Construction --------------------------------------------------------------------------- */

static nn_status zip_check(const nn_dataset_list *list, const char *what, size_t rows)
{
    for (size_t i = 0; i < list->count; i++) {
        const nn_dataset *data = list->items[i];
        if (data == NULL)
            return nn_fail(NN_EINVAL, "zip: %s[%zu] is NULL", what, i);
        if (nn__dataset_input_count(data) > 1 || nn__dataset_target_count(data) > 1)
            return nn_fail(NN_EINVAL, "zip: %s[%zu] has several x or y itself", what, i);
        if (data->info.rows != rows)
            return nn_fail(NN_ESHAPE, "zip: %s[%zu] has %zu rows, inputs[0] has %zu", what, i,
                           data->info.rows, rows);
    }
    return NN_OK;
}

static nn_status zip_check_targets(const nn_dataset_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i]->info.has_targets)
            return nn_fail(NN_EINVAL, "zip: targets[%zu] has no targets", i);
    return NN_OK;
}

static nn_status zip_alloc(nn__zip *zip, const nn_dataset_list *inputs,
                           const nn_dataset_list *targets)
{
    size_t parts = inputs->count + targets->count;
    zip->inputs = nn__alloc_array(inputs->count, sizeof *zip->inputs, "a zip of datasets");
    zip->targets = nn__alloc_array(targets->count, sizeof *zip->targets, "a zip of datasets");
    zip->parts = nn__alloc_array(parts, sizeof *zip->parts, "a zip of datasets");
    if (zip->inputs == NULL || zip->targets == NULL || zip->parts == NULL)
        return NN_ENOMEM;
    zip->input_count = (int)inputs->count;
    zip->target_count = (int)targets->count;
    for (int i = 0; i < zip->input_count; i++)
        zip->inputs[i] = inputs->items[i];
    for (int k = 0; k < zip->target_count; k++)
        zip->targets[k] = targets->items[k];
    return NN_OK;
}

static int zip_largest_input(const nn__zip *zip)
{
    int best = 0;
    for (int i = 1; i < zip->input_count; i++)
        if (nn__shape_count(&zip->inputs[i]->info.x) > nn__shape_count(&zip->inputs[best]->info.x))
            best = i;
    return best;
}

/* Is target k read together with an input: the first one of its dataset that has none yet? */
static int zip_pair(const nn__zip *zip, int k)
{
    int before = 0;
    for (int j = 0; j < k; j++)
        before += zip->targets[j] == zip->targets[k];
    for (int i = 0; i < zip->input_count; i++)
        if (zip->inputs[i] == zip->targets[k] && before-- == 0)
            return i;
    return -1;
}

/* Parts without an x of their own first; see zip.h. */
static nn_status zip_parts(nn__zip *zip)
{
    int room = zip_largest_input(zip);
    for (int k = 0; k < zip->target_count; k++) {
        const nn_dataset *data = zip->targets[k];
        if (zip_pair(zip, k) >= 0)
            continue;
        if (nn__shape_count(&data->info.x) > nn__shape_count(&zip->inputs[room]->info.x))
            return nn_fail(NN_ENOTSUP,
                           "zip: the x of targets[%d], which is read, too, is larger than every "
                           "input",
                           k);
        zip->parts[zip->part_count++] = (nn__part){data, -1, k, room};
    }
    for (int i = 0; i < zip->input_count; i++) {
        int target = -1;
        for (int k = 0; k < zip->target_count; k++)
            if (zip_pair(zip, k) == i)
                target = k;
        zip->parts[zip->part_count++] = (nn__part){zip->inputs[i], i, target, i};
    }
    return NN_OK;
}

static nn_status zip_fill(nn__zip *zip, const nn_zip_options *o, nn_dataset_info *info)
{
    if (o->inputs.count == 0)
        return nn_fail(NN_EINVAL, "zip: inputs must name at least one dataset");
    size_t rows = o->inputs.items[0] != NULL ? o->inputs.items[0]->info.rows : 0;
    NN_TRY(zip_check(&o->inputs, "inputs", rows));
    NN_TRY(zip_check(&o->targets, "targets", rows));
    NN_TRY(zip_check_targets(&o->targets));
    NN_TRY(zip_alloc(zip, &o->inputs, &o->targets));
    NN_TRY(zip_parts(zip));
    info->rows = rows;
    info->x = zip->inputs[0]->info.x;
    if (zip->target_count > 0) {
        const nn_dataset_info *first = &zip->targets[0]->info;
        info->has_targets = 1;
        info->y = first->y;
        info->classes = first->classes;
        info->class_names = first->class_names;
    }
    return NN_OK;
}

NN__NO_TAIL_PADDING(nn_zip_options, targets);

nn_dataset *nn_zip_new(const nn_zip_options *options)
{
    nn_zip_options o;
    nn_dataset_info info = {.struct_size = sizeof info};
    if (nn__options_read(&o, sizeof o, options, "zip") != NN_OK)
        return NULL;
    nn__zip *zip = nn__alloc(sizeof *zip, "a zip of datasets");
    if (zip == NULL)
        return NULL;
    if (zip_fill(zip, &o, &info) != NN_OK) {
        zip_release(zip);
        return NULL;
    }
    int in_memory = 1;
    for (int p = 0; p < zip->part_count; p++)
        in_memory = in_memory && zip->parts[p].data->in_memory;
    nn_dataset *dataset = nn_dataset_new(&zip_kind, zip, &info);
    return in_memory ? nn__dataset_in_memory(dataset) : dataset;
}

/* ---- What every dataset answers ------------------------------------------------------------- */

int nn__dataset_input_count(const nn_dataset *dataset)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? zip->input_count : 1;
}

int nn__dataset_target_count(const nn_dataset *dataset)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? zip->target_count : dataset->info.has_targets;
}

const nn_dataset_info *nn__dataset_input_info(const nn_dataset *dataset, int input)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? &zip->inputs[input]->info : &dataset->info;
}

const nn_dataset_info *nn__dataset_target_info(const nn_dataset *dataset, int target)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? &zip->targets[target]->info : &dataset->info;
}

int nn__dataset_part_count(const nn_dataset *dataset)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? zip->part_count : 1;
}

nn__part nn__dataset_part(const nn_dataset *dataset, int part)
{
    const nn__zip *zip = nn__zip_of(dataset);
    return zip != NULL ? zip->parts[part]
                       : (nn__part){dataset, 0, dataset->info.has_targets ? 0 : -1, 0};
}

size_t nn_dataset_input_count(const nn_dataset *dataset)
{
    return dataset != NULL ? (size_t)nn__dataset_input_count(dataset) : 0;
}

size_t nn_dataset_target_count(const nn_dataset *dataset)
{
    return dataset != NULL ? (size_t)nn__dataset_target_count(dataset) : 0;
}

const nn_shape *nn_dataset_shape_at(const nn_dataset *dataset, size_t input)
{
    return input < nn_dataset_input_count(dataset) ? &nn__dataset_input_info(dataset, (int)input)->x
                                                   : NULL;
}

nn_status nn_dataset_row_at(const nn_dataset *dataset, size_t input, size_t row, nn_real *x)
{
    if (dataset == NULL || x == NULL)
        return nn_fail(NN_EINVAL, "%s is NULL", dataset == NULL ? "dataset" : "x");
    for (int p = 0; p < nn__dataset_part_count(dataset); p++) {
        nn__part part = nn__dataset_part(dataset, p);
        if (part.input >= 0 && (size_t)part.input == input)
            return nn__dataset_read_part(dataset, &part, &row, 1, x, NULL, NULL);
    }
    return nn_fail(NN_EINVAL, "%s: input %zu does not exist; there are %zu", dataset->kind->name,
                   input, nn_dataset_input_count(dataset));
}
