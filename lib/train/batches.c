/* Rows of a dataset through a model: checking, counting up loss and metrics, evaluating. */
#include <stdio.h>
#include <string.h>

#include "base/tensor.h"
#include "data/dataset.h"
#include "train/training.h"

/* ---- Does the data fit? ---- */

/* May the data have classes that the output lacks? Those are looked at when they are loaded. */
static int ignores_beyond(const nn_loss *loss, size_t width, const nn_dataset_info *info)
{
    for (int class = info->classes; class -- > 0 && (size_t) class >= width;)
        if (nn__loss_ignores(loss, class))
            return 1;
    return 0;
}

/* The targets of output k; of one of several, messages name the output. */
static nn_status check_targets(const nn_model *model, int k, const nn_dataset_info *info,
                               const char *what)
{
    const nn_loss_kind *loss = nn__loss_kind(model->heads[k].loss);
    const nn_shape *output = &nn__model_output(model, k)->output;
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    size_t width = nn__shape_count(output);
    int are_classes = info->y.rank == 0;
    if (nn__classes_are_values(model, k, info))
        return NN_OK;
    if (loss->takes_classes && !are_classes)
        return nn_fail(NN_ESHAPE, "%s: %s takes classes, the targets are values %s", what,
                       loss->kind.name, nn__shape_text(&info->y, have, sizeof have));
    if (!loss->takes_classes && are_classes)
        return nn_fail(NN_ESHAPE,
                       "%s: %s takes values like the output %s, the targets are classes "
                       "(.one_hot = 1 makes one-hot rows of them)",
                       what, loss->kind.name, nn__shape_text(output, want, sizeof want));
    if (are_classes && (size_t)info->classes > width &&
        !ignores_beyond(model->heads[k].loss, width, info))
        return nn_fail(NN_ESHAPE, "%s: the data has %d classes, the model %zu outputs", what,
                       info->classes, width);
    if (!are_classes && nn__shape_count(&info->y) != width)
        return nn_fail(NN_ESHAPE, "%s: targets are %s, the model's output is %s", what,
                       nn__shape_text(&info->y, have, sizeof have),
                       nn__shape_text(output, want, sizeof want));
    return NN_OK;
}

static nn_status check_all_targets(const nn_model *model, const nn_dataset *data, const char *what)
{
    const int count = nn__dataset_target_count(data);
    if (count == 0)
        return nn_fail(NN_ESHAPE, "%s: the dataset has no targets", what);
    if (count != model->head_count)
        return nn_fail(NN_ESHAPE,
                       "%s: the dataset's rows have %d targets, the model has %d outputs", what,
                       count, model->head_count);
    for (int k = 0; k < count; k++) {
        char where[NN__MESSAGE];
        snprintf(where, sizeof where, "%s, %s", what, nn__model_output(model, k)->name);
        NN_TRY(check_targets(model, k, nn__dataset_target_info(data, k), count > 1 ? where : what));
    }
    return NN_OK;
}

static nn_status check_inputs(const nn_model *model, const nn_dataset *data, const char *what)
{
    const int count = nn__dataset_input_count(data);
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    if (count != model->input_count)
        return nn_fail(NN_ESHAPE, "%s: the dataset's rows have %d x, the model has %d inputs", what,
                       count, model->input_count);
    for (int i = 0; i < count; i++) {
        const nn_shape *x = &nn__dataset_input_info(data, i)->x;
        const nn__node *input = nn__model_input(model, i);
        if (nn__shape_equal(x, &input->output))
            continue;
        return nn_fail(NN_ESHAPE, "%s: the dataset's rows are %s, the model's input is %s%s%s",
                       what, nn__shape_text(x, have, sizeof have),
                       nn__shape_text(&input->output, want, sizeof want), count > 1 ? ": " : "",
                       count > 1 ? input->name : "");
    }
    return NN_OK;
}

nn_status nn__check_data(const nn_model *model, const nn_dataset *data, int with_targets,
                         const char *what)
{
    const char *before = nn_error_message(); /* most likely why there is none */
    if (data == NULL)
        return nn_fail(NN_EINVAL, "%s: the dataset is NULL%s%s", what,
                       *before != '\0' ? "; the failure before that: " : "", before);
    NN_TRY(check_inputs(model, data, what));
    if (nn_dataset_rows(data) == 0)
        return nn_fail(NN_EINVAL, "%s: the dataset is empty", what);
    return with_targets ? check_all_targets(model, data, what) : NN_OK;
}

/* ---- Loss and metrics ---- */

static int output_width(const nn_model *model, int k)
{
    return (int)nn__shape_count(&nn__model_output(model, k)->output);
}

void nn__tally_reset(nn_model *model)
{
    nn__training *training = model->training;
    training->rows = 0;
    training->penalty_sum = 0;
    for (int k = 0; k < training->tally_count; k++) {
        nn__tally *tally = &training->tallies[k];
        tally->loss_sum = 0;
        for (size_t i = 0; i < tally->metric_count; i++)
            memset(tally->metric_states[i], 0,
                   nn__metric_state_bytes(model->heads[k].metrics[i], output_width(model, k)));
    }
}

static void tally_add(nn__tally *tally, const nn__head *head, const nn_context *context, int k)
{
    const nn__output_rows *output = &context->outputs[k];
    const nn_shape *shape = &nn__model_output(context->model, k)->output;
    int takes_classes = nn__loss_kind(head->loss)->takes_classes;
    for (int i = 0; i < context->rows; i++)
        tally->loss_sum += output->losses[i];
    for (size_t i = 0; i < tally->metric_count; i++) {
        nn_metric_pass pass = {
            .struct_size = sizeof pass,
            .options = head->metrics[i]->object.options,
            .rows = context->rows,
            .width = (int)nn__context_width(context, k),
            .prediction = nn__context_prediction(context, k),
            .targets = takes_classes ? NULL : output->targets,
            .classes = takes_classes ? output->classes : NULL,
            .weights = head->metrics[i]->weighted && context->weighted ? context->weights : NULL,
            .last_axis = shape->dims[shape->rank - 1]};
        nn__metric_kind(head->metrics[i])->update(&pass, tally->metric_states[i]);
    }
}

void nn__tally_add(nn_model *model, const nn_context *context)
{
    nn__training *training = model->training;
    const nn__run *run = &context->runs[context->mode];
    nn__profile_at(run->profile, run->program.step_count, 0);
    training->penalty_sum += context->penalty * context->rows;
    training->rows += (size_t)context->rows;
    for (int k = 0; k < training->tally_count; k++)
        tally_add(&training->tallies[k], &model->heads[k], context, k);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
}

static nn_status tally_log(const nn__tally *tally, const nn__head *head, nn_logs *logs, int skip)
{
    for (size_t i = 0; i < tally->metric_count; i++) {
        const nn_metric *metric = head->metrics[i];
        double value =
            nn__metric_kind(metric)->result(metric->object.options, tally->metric_states[i]);
        NN_TRY(nn_logs_set(logs, tally->metric_names[i] + skip, value));
    }
    return NN_OK;
}

nn_status nn__tally_log(const nn_model *model, nn_logs *logs, int validation)
{
    static const char name[] = "val_loss";
    const nn__training *training = model->training;
    const int skip = validation ? 0 : 4;
    if (!validation)
        nn__logs_clear(logs);
    double total = training->rows > 0 ? training->penalty_sum / (double)training->rows : 0;
    for (int k = 0; k < training->tally_count; k++) {
        const nn__tally *tally = &training->tallies[k];
        double loss = training->rows > 0 ? tally->loss_sum / (double)training->rows : 0;
        total += model->heads[k].weight * loss;
        if (training->tally_count > 1)
            NN_TRY(nn_logs_set(logs, tally->loss_name + skip, loss));
        NN_TRY(tally_log(tally, &model->heads[k], logs, skip));
    }
    NN_TRY(nn_logs_set(logs, name + skip, total));
    nn__logs_sort(logs);
    return NN_OK;
}

double nn__batch_loss(const nn_context *context)
{
    double total = context->penalty;
    for (int k = 0; k < context->output_count; k++)
        total += context->model->heads[k].weight * nn__context_mean_loss(context, k);
    return total;
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

static nn_status evaluate_batch(nn__loader *loader, const nn__row_weights *weights, int step)
{
    nn_context *context = loader->context;
    int rows;
    unsigned saved = nn__run_enter();
    nn_status status = nn__loader_read(loader, step, &rows);
    if (status == NN_OK) {
        nn__weigh_batch(context, weights, rows);
        nn__context_forward(context, NN__EVALUATE, rows);
        nn__context_loss(context);
        nn__tally_add(context->model, context);
    }
    nn__run_leave(saved);
    return status;
}

static nn_status evaluate_batches(nn__loader *loader, const nn__row_weights *weights,
                                  nn_event *event, nn__progress *progress)
{
    nn_model *model = loader->context->model;
    nn__training *training = model->training;
    for (int step = 0; step < event->steps; step++) {
        event->step = step;
        nn__logs_clear(event->logs);
        NN_TRY(nn__call_hooks(training, NN__TEST_BATCH_BEGIN, event));
        NN_TRY(evaluate_batch(loader, weights, step));
        NN_TRY(nn__tally_log(model, event->logs, 0));
        NN_TRY(nn__call_hooks(training, NN__TEST_BATCH_END, event));
        if (progress != NULL)
            NN_TRY(nn__progress_update(progress, step + 1, event->logs));
        if (progress != NULL && atomic_load(&model->stop))
            break;
    }
    return NN_OK;
}

nn_status nn__evaluate_data(nn__loader *loader, const nn__row_weights *weights, nn_event *event,
                            nn__progress *progress)
{
    nn_model *model = loader->context->model;
    event->steps = nn__loader_steps(loader);
    nn__tally_reset(model);
    NN_TRY(nn__call_hooks(model->training, NN__TEST_BEGIN, event));
    nn__profile *profile = loader->context->runs[loader->mode].profile;
    nn__profile_start(profile);
    nn_status status = evaluate_batches(loader, weights, event, progress);
    nn__loader_end(loader);
    nn__profile_stop(profile);
    NN_TRY(status);
    NN_TRY(nn__tally_log(model, event->logs, 0));
    return nn__call_hooks(model->training, NN__TEST_END, event);
}
