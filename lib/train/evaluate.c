/* Evaluate and predict: one pass over a dataset in inference mode. */
#include <string.h>

#include "data/dataset.h"
#include "train/training.h"

static nn_status check_batch_size(int *batch_size, int verbose, void **stream, const char *what)
{
    if (*batch_size < 0)
        return nn_fail(NN_EINVAL, "%s: batch_size is %d, it must be at least 1", what, *batch_size);
    if (*batch_size == 0)
        *batch_size = 32;
    if (verbose < NN_SILENT || verbose > NN_ONE_LINE)
        return nn_fail(NN_EINVAL, "%s: verbose is %d, it must be 0..2", what, verbose);
    if (*stream == NULL)
        *stream = stdout;
    return NN_OK;
}

/* ---- Evaluate ---- */

/* The fit's context where it was made for this batch size, else one of its own. */
static nn_context *evaluate_context(nn_model *model, int batch_size)
{
    nn__training *training = model->training;
    int batches[NN__MODES] = {[NN__EVALUATE] = batch_size};
    nn_context *trainer = training->trainer;
    if (trainer != NULL && trainer->runs[NN__EVALUATE].batch == batch_size &&
        trainer->compiled == model->compiled && trainer->engine.threads == nn__model_threads(model))
        return trainer;
    return nn__context_keep(model, &training->evaluator, batches);
}

static nn_status evaluate(nn_evaluate_options *o, nn__training *training)
{
    nn_model *model = o->model;
    nn_context *context = evaluate_context(model, o->batch_size);
    if (context == NULL)
        return nn__last_status();
    nn_event event = {.struct_size = sizeof event, .model = model, .logs = training->batch_logs};
    int steps =
        (int)((nn_dataset_rows(o->data) + (size_t)o->batch_size - 1) / (size_t)o->batch_size);
    nn__logs_clear(training->batch_logs);
    atomic_store(&model->stop, 0);
    nn__progress_begin(&training->progress, o->stream, o->verbose, 0, 1, steps,
                       nn__progress_is_terminal(o->stream));
    NN_TRY(nn__evaluate_data(model, context, o->data, o->batch_size, &event, &training->progress));
    nn__logs_clear(training->result);
    NN_TRY(nn__tally_log(model, training->result, 0));
    NN_TRY(nn__progress_end(&training->progress, training->result));
    if (o->result != NULL)
        *o->result = training->result;
    return NN_OK;
}

nn_status nn_model_evaluate(const nn_evaluate_options *options)
{
    nn_evaluate_options o;
    NN_TRY(nn__options_read(&o, sizeof o, options, "evaluate"));
    NN_TRY(nn__model_check(o.model));
    NN_TRY(nn_model_build(o.model));
    NN_TRY(nn__model_check_compiled(o.model, "evaluate"));
    NN_TRY(check_batch_size(&o.batch_size, o.verbose, &o.stream, "evaluate"));
    NN_TRY(nn__check_data(o.model, o.data, 1, "evaluate"));
    nn__training *training = nn__training_begin(o.model, "evaluate");
    if (training == NULL)
        return nn__last_status();
    nn_status status = evaluate(&o, training);
    nn__training_end(training);
    return status;
}

/* ---- Predict ---- */

static nn_status predict_batch(nn_context *context, const nn_dataset *data, size_t first, int rows,
                               nn_real *into)
{
    for (int i = 0; i < rows; i++)
        context->indices[i] = first + (size_t)i;
    unsigned saved = nn__run_enter();
    nn_status status = nn__load_batch(context, NN__PREDICT, data, rows);
    if (status == NN_OK) {
        nn__context_forward(context, NN__PREDICT, rows);
        memcpy(into, nn__context_prediction(context),
               nn__context_width(context) * (size_t)rows * sizeof *into);
    }
    nn__run_leave(saved);
    return status;
}

static nn_status predict_rows(const nn_predict_options *o, nn__training *training,
                              nn_context *context, nn_real *into)
{
    const size_t total = nn_dataset_rows(o->data), batch = (size_t)o->batch_size;
    nn_event event = {.struct_size = sizeof event, .model = o->model, .logs = training->batch_logs};
    event.steps = (int)((total + batch - 1) / batch);
    nn__logs_clear(training->batch_logs);
    nn__progress_begin(&training->progress, o->stream, o->verbose, 0, 1, event.steps,
                       nn__progress_is_terminal(o->stream));
    NN_TRY(nn__call_hooks(training, NN__PREDICT_BEGIN, &event));
    for (int step = 0; step < event.steps && !atomic_load(&o->model->stop); step++) {
        size_t first = (size_t)step * batch;
        int rows = (int)(total - first < batch ? total - first : batch);
        event.step = step;
        NN_TRY(nn__call_hooks(training, NN__PREDICT_BATCH_BEGIN, &event));
        NN_TRY(predict_batch(context, o->data, first, rows,
                             into + first * nn__context_width(context)));
        NN_TRY(nn__call_hooks(training, NN__PREDICT_BATCH_END, &event));
        NN_TRY(nn__progress_update(&training->progress, step + 1, NULL));
    }
    NN_TRY(nn__call_hooks(training, NN__PREDICT_END, &event));
    return nn__progress_end(&training->progress, NULL);
}

/* A tensor for all outputs, [rows] and the output's shape. */
static nn_tensor *predict_tensor(const nn_model *model, size_t rows)
{
    const nn_shape *output = &model->nodes[model->output].output;
    int dims[NN_MAX_RANK] = {0};
    if (rows > INT32_MAX || output->rank >= NN_MAX_RANK) {
        nn_fail(NN_ENOTSUP, "predict: %zu rows do not fit in a tensor", rows);
        return NULL;
    }
    dims[0] = (int)rows;
    memcpy(dims + 1, output->dims, (size_t)output->rank * sizeof *dims);
    return nn_tensor_new(NN_F32, dims, output->rank + 1);
}

static nn_status predict(nn_predict_options *o, nn__training *training)
{
    nn_model *model = o->model;
    const size_t rows = nn_dataset_rows(o->data);
    const size_t count = nn__mul(rows, nn__shape_count(&model->nodes[model->output].output));
    if (o->into == NULL && o->result == NULL)
        return nn_fail(NN_EINVAL, "predict: neither into nor result is given");
    if (o->into != NULL && o->capacity < count)
        return nn_fail(NN_ESHAPE, "predict: into has room for %zu numbers, %zu are needed",
                       o->capacity, count);
    int batches[NN__MODES] = {[NN__PREDICT] = o->batch_size};
    nn_context *context = nn__context_keep(model, &training->predictor, batches);
    if (context == NULL)
        return nn__last_status();
    nn_tensor *tensor = NULL;
    if (o->result != NULL && (tensor = predict_tensor(model, rows)) == NULL)
        return nn__last_status();
    nn_real *into = o->into;
    if (into == NULL && tensor != NULL)
        into = nn_tensor_data(tensor);
    atomic_store(&model->stop, 0);
    nn_status status = predict_rows(o, training, context, into);
    if (status == NN_OK && tensor != NULL && o->into != NULL)
        memcpy(nn_tensor_data(tensor), into, count * sizeof *into);
    if (status != NN_OK) {
        nn_tensor_free(tensor);
        return status;
    }
    if (o->result != NULL)
        *o->result = tensor;
    return NN_OK;
}

nn_status nn_model_predict(const nn_predict_options *options)
{
    nn_predict_options o;
    NN_TRY(nn__options_read(&o, sizeof o, options, "predict"));
    NN_TRY(nn__model_check(o.model));
    NN_TRY(nn_model_build(o.model));
    NN_TRY(check_batch_size(&o.batch_size, o.verbose, &o.stream, "predict"));
    NN_TRY(nn__check_data(o.model, o.data, 0, "predict"));
    nn__training *training = nn__training_begin(o.model, "predict");
    if (training == NULL)
        return nn__last_status();
    nn_status status = predict(&o, training);
    nn__training_end(training);
    return status;
}
