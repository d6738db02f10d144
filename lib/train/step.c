/* One step at a time: train_on_batch, and its three parts on the caller's context. */
#include <string.h>

#include "base/tensor.h"
#include "kernels/kernels.h"
#include "train/training.h"

/* Row i of the batch has weight i. */
static nn_status train_batch(nn_context *context, const nn_tensor *const *x,
                             const nn_tensor *const *y, const nn_tensor *sample_weight)
{
    const nn__row_weights weights = {sample_weight, {NULL, 0}};
    const int rows = nn_tensor_dim(x[0], 0);
    unsigned saved = nn__run_enter();
    nn_status status = nn__load_tensors(context, NN__TRAIN, x, y);
    for (int i = 0; i < rows; i++)
        context->indices[i] = (size_t)i;
    if (status == NN_OK) {
        nn__weigh_batch(context, &weights, rows);
        nn__train_step(context, rows);
    }
    nn__run_leave(saved);
    return status;
}

/* The fit's context where the batch fits into it, else one for batches of that many rows. */
static nn_context *train_context(nn_model *model, int rows)
{
    nn_context *trainer = model->training->trainer;
    int batches[NN__MODES] = {[NN__TRAIN] = rows};
    if (trainer != NULL && trainer->runs[NN__TRAIN].batch > rows)
        batches[NN__TRAIN] = trainer->runs[NN__TRAIN].batch;
    return nn__context_keep(model, &model->training->trainer, batches);
}

static nn_status check_counts(const nn_model *model, size_t inputs, size_t outputs)
{
    if (inputs != (size_t)model->input_count || outputs != (size_t)model->head_count)
        return nn_fail(NN_EINVAL,
                       "train_on_batch: %zu x and %zu y are given, the model has %d inputs and %d "
                       "outputs",
                       inputs, outputs, model->input_count, model->head_count);
    return NN_OK;
}

static nn_status train_on_batch(nn_model *model, const nn_tensor *const *x, size_t inputs,
                                const nn_tensor *const *y, size_t outputs,
                                const nn_tensor *sample_weight, const nn_logs **result)
{
    NN_TRY(nn__model_check(model));
    NN_TRY(nn_model_build(model));
    NN_TRY(nn__model_check_compiled(model, "train_on_batch"));
    NN_TRY(check_counts(model, inputs, outputs));
    for (size_t i = 0; i < inputs; i++)
        if (x == NULL || y == NULL || x[i] == NULL)
            return nn_fail(NN_EINVAL, "train_on_batch: %s is NULL", y == NULL ? "y" : "x");
    if (inputs > 0)
        NN_TRY(nn__sample_weight_check(sample_weight, (size_t)nn_tensor_dim(x[0], 0),
                                       "train_on_batch"));
    nn__training *training = nn__training_begin(model, "train_on_batch");
    if (training == NULL)
        return nn__last_status();
    nn_context *context = train_context(model, nn_tensor_dim(x[0], 0));
    nn__tally_reset(model);
    nn_status status =
        context == NULL ? nn__last_status() : train_batch(context, x, y, sample_weight);
    nn__training_end(training);
    NN_TRY(status);
    NN_TRY(nn__tally_log(model, training->result, 0));
    if (result != NULL)
        *result = training->result;
    return NN_OK;
}

nn_status nn_train_on_batch(nn_model *model, const nn_tensor *x, const nn_tensor *y,
                            const nn_logs **result)
{
    return train_on_batch(model, &x, 1, &y, 1, NULL, result);
}

nn_status nn_train_on_batch_weighted(nn_model *model, const nn_tensor *x, const nn_tensor *y,
                                     const nn_tensor *sample_weight, const nn_logs **result)
{
    return train_on_batch(model, &x, 1, &y, 1, sample_weight, result);
}

nn_status nn_train_on_batch_many(nn_model *model, const nn_tensor *const *x, size_t inputs,
                                 const nn_tensor *const *y, size_t outputs, const nn_logs **result)
{
    return train_on_batch(model, x, inputs, y, outputs, NULL, result);
}

/* ---- On a context ---- */

static nn_status check_training(const nn_context *context)
{
    if (context == NULL)
        return nn_fail(NN_EINVAL, "the context is NULL");
    NN_TRY(nn__model_check(context->model));
    if (context->runs[NN__TRAIN].batch == 0)
        return nn_fail(NN_ESTATE, "context: it was not made for training");
    if (context->compiled != context->model->compiled)
        return nn_fail(NN_ESTATE, "context: the model was compiled anew; make a new context");
    if (context->trainable_changes != context->model->trainable_changes)
        return nn_fail(NN_ESTATE,
                       "context: what is trainable has changed since; make a new context");
    return NN_OK;
}

nn_status nn_context_forward_many(nn_context *context, const nn_real *const *x, int rows,
                                  nn_real *const *y)
{
    NN_TRY(check_training(context));
    NN_TRY(nn__context_run(context, NN__TRAIN, x, rows, y));
    /* With a fused loss the program ends before the activation; the caller's copy gets it here. */
    const nn__program *program = &context->runs[NN__TRAIN].program;
    for (int k = 0; y != NULL && k < program->prediction_count; k++) {
        const nn_shape *output = &nn__model_output(context->model, k)->output;
        const size_t width = (size_t)output->dims[output->rank - 1];
        const size_t count = nn__context_width(context, k) * (size_t)rows;
        if (y[k] == NULL || !program->predictions[k].loss_fused)
            continue;
        const int activation = nn__loss_kind(program->predictions[k].loss)->fuses_with;
        if (activation == NN_SOFTMAX)
            nn__kernels->softmax(y[k], count / width, width);
        else
            nn__kernels->activate(y[k], activation, count);
    }
    return NN_OK;
}

nn_status nn_context_forward(nn_context *context, const nn_real *x, int rows, nn_real *y)
{
    NN_TRY(check_training(context));
    NN_TRY(nn__context_check_single(context, "nn_context_forward"));
    return nn_context_forward_many(context, &x, rows, &y);
}

nn_status nn_context_backward_many(nn_context *context, const nn_tensor *const *targets,
                                   double *loss)
{
    NN_TRY(check_training(context));
    if (context->rows == 0 || context->mode != NN__TRAIN)
        return nn_fail(NN_ESTATE, "context: backward before forward");
    if (targets == NULL)
        return nn_fail(NN_EINVAL, "the targets are NULL");
    NN_TRY(nn__load_targets(context, targets, context->rows));
    unsigned saved = nn__run_enter();
    nn__profile_start(context->runs[NN__TRAIN].profile);
    nn__context_loss(context);
    nn__context_backward(context);
    nn__profile_stop(context->runs[NN__TRAIN].profile);
    nn__run_leave(saved);
    if (loss != NULL)
        *loss = nn__batch_loss(context);
    context->rows = 0;
    context->has_gradients = 1;
    return NN_OK;
}

nn_status nn_context_backward(nn_context *context, const nn_tensor *targets, double *loss)
{
    NN_TRY(check_training(context));
    NN_TRY(nn__context_check_single(context, "nn_context_backward"));
    return nn_context_backward_many(context, &targets, loss);
}

nn_status nn_context_update(nn_context *context)
{
    NN_TRY(check_training(context));
    if (!context->has_gradients)
        return nn_fail(NN_ESTATE, "context: update before backward");
    unsigned saved = nn__run_enter();
    nn__profile_start(context->runs[NN__TRAIN].profile);
    nn__context_step(context);
    nn__profile_stop(context->runs[NN__TRAIN].profile);
    nn__run_leave(saved);
    context->has_gradients = 0;
    return NN_OK;
}

nn_status nn_context_gradient(const nn_context *context, const char *name, nn_real *values,
                              size_t count)
{
    NN_TRY(check_training(context));
    const nn__weight *weight = nn__model_weight(context->model, name);
    if (weight == NULL)
        return NN_ENOTFOUND;
    if (!weight->trainable)
        return nn_fail(NN_ENOTFOUND, "%s: it is not trained and has no gradient", name);
    if (context->model->nodes[weight->node].frozen)
        return nn_fail(NN_ENOTFOUND, "%s: its layer is frozen, it has no gradient", name);
    if (values == NULL || weight->count != count)
        return nn_fail(NN_ESHAPE, "%s: %zu numbers are given, it has %zu", name, count,
                       weight->count);
    memcpy(values, context->gradients + weight->offset, count * sizeof *values);
    return NN_OK;
}
