/* Rows of a dataset through a model: checking, loading, counting up loss and metrics, evaluating. */
#include <string.h>

#include "base/tensor.h"
#include "data/dataset.h"
#include "train/training.h"

/* ---- Does the data fit? ---- */

static nn_status check_targets(const nn_model *model, const nn_dataset_info *info, const char *what)
{
    const nn_loss_kind *loss = nn__loss_kind(model->loss);
    const nn_shape *output = &model->nodes[model->output].output;
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    size_t width = nn__shape_count(output);
    int are_classes = info->y.rank == 0;
    if (!info->has_targets)
        return nn_fail(NN_ESHAPE, "%s: the dataset has no targets", what);
    if (loss->takes_classes && !are_classes)
        return nn_fail(NN_ESHAPE, "%s: %s takes classes, the targets are values %s", what,
                       loss->kind.name, nn__shape_text(&info->y, have, sizeof have));
    if (!loss->takes_classes && are_classes)
        return nn_fail(NN_ESHAPE,
                       "%s: %s takes values like the output %s, the targets are classes "
                       "(.one_hot = 1 makes one-hot rows of them)",
                       what, loss->kind.name, nn__shape_text(output, want, sizeof want));
    if (are_classes && (size_t)info->classes > width)
        return nn_fail(NN_ESHAPE, "%s: the data has %d classes, the model %zu outputs", what,
                       info->classes, width);
    if (!are_classes && nn__shape_count(&info->y) != width)
        return nn_fail(NN_ESHAPE, "%s: targets are %s, the model's output is %s", what,
                       nn__shape_text(&info->y, have, sizeof have),
                       nn__shape_text(output, want, sizeof want));
    return NN_OK;
}

nn_status nn__check_data(const nn_model *model, const nn_dataset *data, int with_targets,
                         const char *what)
{
    if (data == NULL)
        return nn_fail(NN_EINVAL, "%s: the dataset is NULL", what);
    const nn_dataset_info *info = nn__dataset_info(data);
    const nn_shape *input = &model->nodes[nn__model_input(model)].output;
    if (!nn__shape_equal(&info->x, input)) {
        char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
        return nn_fail(NN_ESHAPE, "%s: the dataset's rows are %s, the model's input is %s", what,
                       nn__shape_text(&info->x, have, sizeof have),
                       nn__shape_text(input, want, sizeof want));
    }
    if (info->rows == 0)
        return nn_fail(NN_EINVAL, "%s: the dataset is empty", what);
    return with_targets ? check_targets(model, info, what) : NN_OK;
}

/* ---- Loading ---- */

enum { LOAD_ROWS = 4 };

struct load {
    const nn_dataset *data;
    const size_t *indices;
    int rows;
    nn_real *x, *y;
    int32_t *classes;
    size_t x_count, y_count;
    nn_status status; /* of the first failure, with its message; under the global lock */
    char message[NN__MESSAGE];
};

static void load_rows(void *arg, int index, int worker)
{
    struct load *load = arg;
    int first = index * LOAD_ROWS;
    int count = first + LOAD_ROWS < load->rows ? LOAD_ROWS : load->rows - first;
    size_t at = (size_t)first;
    (void)worker;
    nn_status status = nn__dataset_read(load->data, load->indices + first, (size_t)count,
                                        load->x + at * load->x_count,
                                        load->y == NULL ? NULL : load->y + at * load->y_count,
                                        load->classes == NULL ? NULL : load->classes + at);
    if (status == NN_OK)
        return;
    nn__global_lock();
    if (load->status == NN_OK) {
        load->status = status;
        strncpy(load->message, nn_error_message(), sizeof load->message - 1);
    }
    nn__global_unlock();
}

nn_status nn__load_batch(nn_context *context, nn__mode mode, const nn_dataset *data, int rows)
{
    const nn_model *model = context->model;
    int with_targets = mode != NN__PREDICT;
    int classes = with_targets && nn__loss_kind(model->loss)->takes_classes;
    struct load load = {.data = data,
                        .indices = context->indices,
                        .rows = rows,
                        .x = nn__context_input(context, mode),
                        .y = with_targets && !classes ? context->targets : NULL,
                        .classes = classes ? context->classes : NULL,
                        .x_count = context->runs[mode].program.values[0].count,
                        .y_count = nn__context_width(context)};
    nn__pool_run(context->engine.threads, (rows + LOAD_ROWS - 1) / LOAD_ROWS, load_rows, &load);
    return load.status == NN_OK ? NN_OK : nn_fail(load.status, "%s", load.message);
}

/* ---- Loading from tensors ---- */

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

static nn_status tensor_to_classes(int32_t *out, const nn_tensor *tensor, int rows, size_t width)
{
    for (int i = 0; i < rows; i++) {
        int32_t class = nn_tensor_dtype(tensor) == NN_U8
                            ? ((const unsigned char *)nn_tensor_read(tensor))[i]
                            : ((const int32_t *)nn_tensor_read(tensor))[i];
        if (class < 0 || (size_t) class >= width)
            return nn_fail(NN_EINVAL, "row %d: class %d is outside 0..%zu", i, (int)class,
                           width - 1);
        out[i] = class;
    }
    return NN_OK;
}

nn_status nn__load_targets(nn_context *context, const nn_tensor *y, int rows)
{
    const size_t width = nn__context_width(context), count = (size_t)rows;
    int takes_classes = nn__loss_kind(context->model->loss)->takes_classes;
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
    return takes_classes ? tensor_to_classes(context->classes, y, rows, width)
                         : tensor_to_reals(context->targets, y, wanted);
}

nn_status nn__load_tensors(nn_context *context, nn__mode mode, const nn_tensor *x,
                           const nn_tensor *y)
{
    int rows = nn_tensor_dim(x, 0);
    size_t count = context->runs[mode].program.values[0].count * (size_t)rows;
    if (nn_tensor_count(x) != count) {
        const nn_model *model = context->model;
        char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
        return nn_fail(
            NN_ESHAPE, "x is %s, the model's input is rows of %s",
            nn__shape_text(&x->shape, have, sizeof have),
            nn__shape_text(&model->nodes[nn__model_input(model)].output, want, sizeof want));
    }
    NN_TRY(nn__load_targets(context, y, rows));
    return tensor_to_reals(nn__context_input(context, mode), x, count);
}

/* ---- Loss and metrics ---- */

void nn__tally_reset(nn_model *model)
{
    nn__training *training = model->training;
    training->loss_sum = 0;
    training->rows = 0;
    for (size_t i = 0; i < model->metric_count; i++)
        memset(training->metric_states[i], 0, nn__metric_kind(model->metrics[i])->state_size);
}

void nn__tally_add(nn_model *model, const nn_context *context)
{
    nn__training *training = model->training;
    int takes_classes = nn__loss_kind(model->loss)->takes_classes;
    for (int i = 0; i < context->rows; i++)
        training->loss_sum += context->losses[i];
    training->rows += (size_t)context->rows;
    for (size_t i = 0; i < model->metric_count; i++) {
        nn_metric_pass pass = {.struct_size = sizeof pass,
                               .options = model->metrics[i]->object.options,
                               .rows = context->rows,
                               .width = (int)nn__context_width(context),
                               .prediction = nn__context_prediction(context),
                               .targets = takes_classes ? NULL : context->targets,
                               .classes = takes_classes ? context->classes : NULL};
        nn__metric_kind(model->metrics[i])->update(&pass, training->metric_states[i]);
    }
}

nn_status nn__tally_log(const nn_model *model, nn_logs *logs, int validation)
{
    const nn__training *training = model->training;
    double loss = training->rows > 0 ? training->loss_sum / (double)training->rows : 0;
    NN_TRY(nn_logs_set(logs, training->val_names[0] + (validation ? 0 : 4), loss));
    for (size_t i = 0; i < model->metric_count; i++) {
        const nn_metric *metric = model->metrics[i];
        double value =
            nn__metric_kind(metric)->result(metric->object.options, training->metric_states[i]);
        NN_TRY(nn_logs_set(logs, training->val_names[i + 1] + (validation ? 0 : 4), value));
    }
    return NN_OK;
}

void nn__train_step(nn_context *context, int rows)
{
    nn__context_forward(context, NN__TRAIN, rows);
    nn__context_loss(context);
    nn__tally_add(context->model, context);
    nn__context_backward(context);
    nn__context_step(context);
}

/* ---- Evaluating ---- */

static nn_status evaluate_batch(nn_model *model, nn_context *context, const nn_dataset *data,
                                size_t first, int rows)
{
    for (int i = 0; i < rows; i++)
        context->indices[i] = first + (size_t)i;
    unsigned saved = nn__run_enter();
    nn_status status = nn__load_batch(context, NN__EVALUATE, data, rows);
    if (status == NN_OK) {
        nn__context_forward(context, NN__EVALUATE, rows);
        nn__context_loss(context);
        nn__tally_add(model, context);
    }
    nn__run_leave(saved);
    return status;
}

nn_status nn__evaluate_data(nn_model *model, nn_context *context, const nn_dataset *data,
                            int batch_size, nn_event *event, nn__progress *progress)
{
    nn__training *training = model->training;
    const size_t total = nn_dataset_rows(data);
    event->steps = (int)((total + (size_t)batch_size - 1) / (size_t)batch_size);
    nn__tally_reset(model);
    NN_TRY(nn__call_hooks(training, NN__TEST_BEGIN, event));
    for (int step = 0; step < event->steps; step++) {
        size_t first = (size_t)step * (size_t)batch_size;
        int rows = total - first < (size_t)batch_size ? (int)(total - first) : batch_size;
        event->step = step;
        NN_TRY(nn__call_hooks(training, NN__TEST_BATCH_BEGIN, event));
        NN_TRY(evaluate_batch(model, context, data, first, rows));
        NN_TRY(nn__tally_log(model, event->logs, 0));
        NN_TRY(nn__call_hooks(training, NN__TEST_BATCH_END, event));
        if (progress != NULL)
            NN_TRY(nn__progress_update(progress, step + 1, event->logs));
        if (progress != NULL && atomic_load(&model->stop))
            break;
    }
    return nn__call_hooks(training, NN__TEST_END, event);
}
