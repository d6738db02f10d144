/*
 * Loading: rows of a dataset, and tensors, into the place from which a model reads its batch.
 *
 * A dataset that is slow to read is read ahead: while batch k is computed, the pool reads batch
 * k + 1 into a place beside (nn__context_ahead), from which it is copied when its turn comes. What is
 * read does not depend on when; a failure is kept until then, too. Slow is a matter of the clock:
 * waking threads costs more than reading a few numbers does.
 */
#include <string.h>

#include "base/tensor.h"
#include "data/dataset.h"
#include "train/training.h"

/* Classes 0 and 1 serve as values where the output is one number. */
int nn__classes_are_values(const nn_model *model, int k, const nn_dataset_info *info)
{
    return info->y.rank == 0 && info->classes <= 2 &&
           !nn__loss_kind(model->heads[k].loss)->takes_classes &&
           nn__shape_count(&nn__model_output(model, k)->output) == 1;
}

static nn_status class_check(const nn_loss *loss, int class, size_t width, size_t row)
{
    if ((class >= 0 && (size_t) class < width) || nn__loss_ignores(loss, class))
        return NN_OK;
    return nn_fail(NN_EINVAL, "row %zu: class %d is outside 0..%zu", row, class, width - 1);
}

/* ---- Rows of a dataset ---- */

enum { LOAD_ROWS = 4 };

/* A walk reads ahead after as many readings in a row as SLOW_READS that took so long: one may be
 * long because the machine had something else to do. */
static const double SLOW_SECONDS = 1e-3;
enum { SLOW_READS = 2 };

/* Classes that were read as targets of output k: what they are to its loss. */
static nn_status take_classes(const nn__loader *loader, int k, const nn_dataset_info *info,
                              size_t first, size_t count)
{
    const nn_model *model = loader->context->model;
    const nn__output_rows *output = &loader->into.outputs[k];
    const size_t width = nn__context_width(loader->context, k);
    const int are_values = nn__classes_are_values(model, k, info);
    for (size_t i = first; i < first + count && (are_values || (size_t)info->classes > width); i++)
        if (are_values)
            output->targets[i] = (nn_real)output->classes[i];
        else
            NN_TRY(class_check(model->heads[k].loss, output->classes[i], width,
                               loader->into.indices[i]));
    return NN_OK;
}

/* Rows first..first+count-1 of the batch from one part of the dataset. */
static nn_status load_part(const nn__loader *loader, const nn__part *part, size_t first,
                           size_t count)
{
    const nn__rows *into = &loader->into;
    nn_real *x = into->inputs[part->room], *y = NULL;
    int32_t *classes = NULL;
    x += first * nn__context_input_width(loader->context, part->room); /* of these rows only */
    if (loader->mode == NN__PREDICT && part->input < 0)
        return NN_OK;
    if (loader->mode != NN__PREDICT && part->target >= 0) {
        const nn__output_rows *output = &into->outputs[part->target];
        y = output->targets + first * nn__context_width(loader->context, part->target);
        classes = output->classes + first;
    }
    NN_TRY(nn__dataset_read_part(loader->data, part, into->indices + first, count, x, y, classes));
    const nn_dataset_info *info = &part->data->info;
    return classes != NULL && info->y.rank == 0
               ? take_classes(loader, part->target, info, first, count)
               : NN_OK;
}

static void load_rows(void *arg, int index, int worker)
{
    nn__loader *loader = arg;
    int first = index * LOAD_ROWS;
    int count = first + LOAD_ROWS < loader->rows ? LOAD_ROWS : loader->rows - first;
    nn_status status = NN_OK;
    (void)worker;
    for (int p = 0; p < nn__dataset_part_count(loader->data) && status == NN_OK; p++) {
        nn__part part = nn__dataset_part(loader->data, p);
        status = load_part(loader, &part, (size_t)first, (size_t)count);
    }
    if (status == NN_OK)
        return;
    nn__global_lock();
    if (loader->status == NN_OK) {
        loader->status = status;
        strncpy(loader->message, nn_error_message(), sizeof loader->message - 1);
    }
    nn__global_unlock();
}

int nn__loader_steps(const nn__loader *loader)
{
    const size_t batch = (size_t)loader->batch_size;
    return (int)((nn_dataset_rows(loader->data) + batch - 1) / batch);
}

nn_status nn__loader_open(nn__loader *loader, int no_prefetch)
{
    loader->reading = -1;
    loader->may_prefetch = !no_prefetch && !loader->data->in_memory &&
                           nn__pool_has_background(loader->context->engine.threads);
    return loader->may_prefetch ? nn__context_ahead(loader->context) : NN_OK;
}

static int loader_rows(const nn__loader *loader, int step)
{
    const size_t batch = (size_t)loader->batch_size;
    const size_t left = nn_dataset_rows(loader->data) - (size_t)step * batch;
    return (int)(left < batch ? left : batch);
}

/* Says what is to be read where: batch `step`. */
static void loader_aim(nn__loader *loader, const nn__rows *into, int step)
{
    const size_t first = (size_t)step * (size_t)loader->batch_size;
    loader->into = *into;
    loader->rows = loader_rows(loader, step);
    loader->status = NN_OK;
    for (size_t i = 0; i < (size_t)loader->rows; i++)
        into->indices[i] = loader->order != NULL ? loader->order[first + i] : first + i;
    loader->job = (nn__background){.threads = loader->context->engine.threads,
                                   .tasks = (loader->rows + LOAD_ROWS - 1) / LOAD_ROWS,
                                   .task = load_rows,
                                   .arg = loader};
}

/* The batch that was read ahead is the one to be computed now. */
static void loader_copy(const nn__loader *loader, const nn__rows *to)
{
    const nn_context *context = loader->context;
    const nn__rows *from = &loader->into;
    const size_t rows = (size_t)loader->rows;
    memcpy(to->indices, from->indices, rows * sizeof *to->indices);
    for (int i = 0; i < context->model->input_count; i++)
        memcpy(to->inputs[i], from->inputs[i],
               rows * nn__context_input_width(context, i) * sizeof(nn_real));
    for (int k = 0; loader->mode != NN__PREDICT && k < context->output_count; k++) {
        memcpy(to->outputs[k].targets, from->outputs[k].targets,
               rows * nn__context_width(context, k) * sizeof(nn_real));
        memcpy(to->outputs[k].classes, from->outputs[k].classes,
               rows * sizeof *to->outputs[k].classes);
    }
}

static nn_status loader_read(nn__loader *loader, int step, int *rows)
{
    nn_context *context = loader->context;
    const nn__rows here = {context->indices, context->runs[loader->mode].inputs, context->outputs};
    const int was_ahead = loader->reading == step;
    const double start = loader->may_prefetch ? nn__seconds() : 0;
    if (!was_ahead)
        loader_aim(loader, &here, step);
    nn__pool_finish(&loader->job);
    loader->reading = -1;
    if (loader->may_prefetch && !was_ahead)
        loader->slow = nn__seconds() - start < SLOW_SECONDS ? 0 : loader->slow + 1;
    if (loader->status != NN_OK)
        return nn_fail(loader->status, "%s", loader->message);
    if (was_ahead)
        loader_copy(loader, &here);
    *rows = loader->rows;
    if (loader->slow >= SLOW_READS && step + 1 < nn__loader_steps(loader)) {
        loader_aim(loader, &context->ahead, step + 1);
        loader->reading = step + 1;
        nn__pool_begin(&loader->job);
    }
    return NN_OK;
}

nn_status nn__loader_read(nn__loader *loader, int step, int *rows)
{
    const nn__run *run = &loader->context->runs[loader->mode];
    nn__profile_at(run->profile, NN__AT_DATA, loader_rows(loader, step));
    nn_status status = loader_read(loader, step, rows);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
    return status;
}

void nn__loader_end(nn__loader *loader)
{
    nn__pool_drop(&loader->job);
    loader->reading = -1;
}

/* ---- Tensors ---- */

static nn_status tensor_to_reals(nn_real *out, const nn_tensor *tensor, size_t count)
{
    if (nn_tensor_dtype(tensor) == NN_F32)
        memcpy(out, nn_tensor_read(tensor), count * sizeof *out);
    else if (nn_tensor_dtype(tensor) == NN_U8)
        for (size_t i = 0; i < count; i++)
            out[i] = ((const unsigned char *)nn_tensor_read(tensor))[i];
    else
        for (size_t i = 0; i < count; i++)
            out[i] = (nn_real)((const int32_t *)nn_tensor_read(tensor))[i];
    return NN_OK;
}

static nn_status tensor_to_classes(int32_t *out, const nn_tensor *tensor, int rows, size_t width,
                                   const nn_loss *loss)
{
    for (int i = 0; i < rows; i++) {
        int32_t class = nn_tensor_dtype(tensor) == NN_U8
                            ? ((const unsigned char *)nn_tensor_read(tensor))[i]
                            : ((const int32_t *)nn_tensor_read(tensor))[i];
        NN_TRY(class_check(loss, class, width, (size_t)i));
        out[i] = class;
    }
    return NN_OK;
}

static nn_status load_target(nn_context *context, int k, const nn_tensor *y, int rows)
{
    const size_t width = nn__context_width(context, k), count = (size_t)rows;
    int takes_classes = nn__loss_kind(context->model->heads[k].loss)->takes_classes;
    if (y == NULL)
        return nn_fail(NN_EINVAL, "the targets are NULL");
    size_t wanted = takes_classes ? count : count * width;
    if (nn_tensor_dim(y, 0) != rows || nn_tensor_count(y) != wanted ||
        (takes_classes && nn_tensor_dtype(y) == NN_F32)) {
        char text[NN__SHAPE_TEXT];
        return nn_fail(NN_ESHAPE, "targets are %s %s, %d rows of %s are needed",
                       nn__element_name(nn_tensor_dtype(y)),
                       nn__shape_text(&y->shape, text, sizeof text), rows,
                       takes_classes ? "one class" : "values like the output");
    }
    return takes_classes ? tensor_to_classes(context->outputs[k].classes, y, rows, width,
                                             context->model->heads[k].loss)
                         : tensor_to_reals(context->outputs[k].targets, y, wanted);
}

nn_status nn__load_targets(nn_context *context, const nn_tensor *const *y, int rows)
{
    for (int k = 0; k < context->output_count; k++)
        NN_TRY(load_target(context, k, y[k], rows));
    return NN_OK;
}

nn_status nn__load_tensors(nn_context *context, nn__mode mode, const nn_tensor *const *x,
                           const nn_tensor *const *y)
{
    const nn_model *model = context->model;
    const int rows = nn_tensor_dim(x[0], 0);
    for (int i = 0; i < model->input_count; i++) {
        const nn_shape *input = &nn__model_input(model, i)->output;
        char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
        if (nn_tensor_dim(x[i], 0) != rows ||
            nn_tensor_count(x[i]) != nn__shape_count(input) * (size_t)rows)
            return nn_fail(NN_ESHAPE, "x is %s, the model's input is %s of %s",
                           nn__shape_text(&x[i]->shape, have, sizeof have),
                           i == 0 ? "rows" : "as many rows",
                           nn__shape_text(input, want, sizeof want));
    }
    NN_TRY(nn__load_targets(context, y, rows));
    for (int i = 0; i < model->input_count; i++)
        NN_TRY(tensor_to_reals(context->runs[mode].inputs[i], x[i], nn_tensor_count(x[i])));
    return NN_OK;
}
