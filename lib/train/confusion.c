/* Which classes are taken for which: a table over a dataset. */
#include "data/dataset.h"
#include "train/training.h"

struct confusion {
    nn_model *model;
    const nn_dataset *data;
    uint64_t *counts;
    int classes;
    nn_real *x, *y; /* a row of the data, where its classes stand in values */
};

static size_t largest(const nn_real *x, size_t count)
{
    size_t best = 0;
    for (size_t j = 1; j < count; j++)
        if (x[j] > x[best])
            best = j;
    return best;
}

/* The class of a vector: its largest element, or whether its only one is above a half. */
static int class_of(const nn_real *values, size_t count)
{
    return count == 1 ? values[0] > (nn_real)0.5 : (int)largest(values, count);
}

static nn_status true_class(const struct confusion *c, size_t row, int *class)
{
    const nn_dataset_info *info = nn__dataset_info(c->data);
    *class = nn__dataset_label(c->data, row);
    if (*class < 0) {
        int32_t number = 0;
        NN_TRY(nn__dataset_read(c->data, &row, 1, c->x, c->y, &number));
        *class = info->y.rank == 0 ? number : class_of(c->y, nn__shape_count(&info->y));
    }
    if (*class >= 0 && *class < c->classes)
        return NN_OK;
    return nn_fail(NN_EINVAL, "confusion_matrix: row %zu: class %d is outside 0..%d", row, *class,
                   c->classes - 1);
}

static nn_status count_batch(const struct confusion *c, nn__loader *loader, int step)
{
    nn_context *context = loader->context;
    const size_t width = nn__context_width(context, 0);
    const size_t first = (size_t)step * (size_t)loader->batch_size;
    int rows;
    unsigned saved = nn__run_enter();
    nn_status status = nn__loader_read(loader, step, &rows);
    if (status == NN_OK)
        nn__context_forward(context, NN__PREDICT, rows);
    nn__run_leave(saved);
    for (int i = 0; i < rows && status == NN_OK; i++) {
        int class = 0;
        status = true_class(c, first + (size_t)i, &class);
        if (status != NN_OK)
            break;
        const nn_real *p = nn__context_prediction(context, 0) + (size_t)i * width;
        c->counts[(size_t) class * (size_t)c->classes + (size_t)class_of(p, width)]++;
    }
    return status;
}

static nn_status count_all(const struct confusion *c, nn__training *training)
{
    enum { BATCH = 32 };
    const int batches[NN__MODES] = {[NN__PREDICT] = BATCH};
    nn_context *context = nn__context_keep(c->model, &training->predictor, batches);
    if (context == NULL)
        return nn__last_status();
    for (size_t i = 0; i < (size_t)c->classes * (size_t)c->classes; i++)
        c->counts[i] = 0;
    nn__loader loader = {
        .context = context, .mode = NN__PREDICT, .data = c->data, .batch_size = BATCH};
    nn_status status = nn__loader_open(&loader, 0);
    for (int step = 0; step < nn__loader_steps(&loader) && status == NN_OK; step++)
        status = count_batch(c, &loader, step);
    nn__loader_end(&loader);
    return status;
}

static nn_status check(const struct confusion *c)
{
    NN_TRY(nn__check_data(c->model, c->data, 0, "confusion_matrix"));
    const nn_dataset_info *info = nn__dataset_info(c->data);
    const nn_shape *output = &nn__model_output(c->model, 0)->output;
    const size_t width = nn__shape_count(output), classes = width == 1 ? 2 : width;
    if (c->counts == NULL)
        return nn_fail(NN_EINVAL, "confusion_matrix: counts is NULL");
    if (c->model->head_count != 1 || output->rank != 1)
        return nn_fail(NN_ESHAPE,
                       "confusion_matrix: needs one output of one axis, the model has %d of %d",
                       c->model->head_count, output->rank);
    if ((size_t)c->classes != classes)
        return nn_fail(NN_ESHAPE, "confusion_matrix: %d classes, the model has %zu", c->classes,
                       classes);
    if (!info->has_targets || (info->y.rank > 0 && nn__shape_count(&info->y) != width))
        return nn_fail(NN_ESHAPE, "confusion_matrix: the dataset has no targets of that kind");
    return NN_OK;
}

nn_status nn_confusion_matrix(nn_model *model, const nn_dataset *data, uint64_t *counts,
                              int classes)
{
    struct confusion c = {.model = model, .data = data, .counts = counts, .classes = classes};
    NN_TRY(nn__model_check(model));
    NN_TRY(nn_model_build(model));
    NN_TRY(check(&c));
    nn__training *training = nn__training_begin(model, "confusion_matrix");
    if (training == NULL)
        return nn__last_status();
    const nn_dataset_info *info = nn__dataset_info(data);
    c.x = nn__alloc_array(nn__shape_count(&info->x), sizeof *c.x, "a row");
    c.y = nn__alloc_array(nn__shape_count(&info->y) + 1, sizeof *c.y, "a row");
    nn_status status = c.x == NULL || c.y == NULL ? NN_ENOMEM : count_all(&c, training);
    nn__free(c.x);
    nn__free(c.y);
    nn__training_end(training);
    return status;
}
