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

static nn_status evaluate_rows(const nn_evaluate_options *o, nn__training *training,
                               nn__loader *loader)
{
    const nn__row_weights weights = {o->sample_weight, {NULL, 0}};
    nn_event event = {.struct_size = sizeof event, .model = o->model, .logs = training->batch_logs};
    nn__logs_clear(training->batch_logs);
    atomic_store(&o->model->stop, 0);
    nn__progress_begin(&training->progress, o->stream, o->verbose, 0, 1, nn__loader_steps(loader),
                       nn__progress_is_terminal(o->stream));
    NN_TRY(nn__evaluate_data(loader, &weights, &event, &training->progress));
    NN_TRY(nn__tally_log(o->model, training->result, 0));
    NN_TRY(nn__progress_end(&training->progress, training->result));
    if (o->result != NULL)
        *o->result = training->result;
    return NN_OK;
}

static nn_status evaluate(nn_evaluate_options *o, nn__training *training)
{
    nn_model *model = o->model;
    nn_context *context = evaluate_context(model, o->batch_size);
    if (context == NULL)
        return nn__last_status();
    nn__loader loader = {
        .context = context, .mode = NN__EVALUATE, .data = o->data, .batch_size = o->batch_size};
    NN_TRY(nn__loader_open(&loader, o->no_prefetch));
    NN_TRY(nn__profile_begin(context, NN__EVALUATE, &o->profile, "evaluate"));
    nn_status status = evaluate_rows(o, training, &loader);
    nn__profile_end(context, NN__EVALUATE, o->profile, status);
    return status;
}

NN__NO_TAIL_PADDING(nn_evaluate_options, profile);

nn_status nn_model_evaluate(const nn_evaluate_options *options)
{
    nn_evaluate_options o;
    NN_TRY(nn__options_read(&o, sizeof o, options, "evaluate"));
    NN_TRY(nn__model_check(o.model));
    NN_TRY(nn_model_build(o.model));
    NN_TRY(nn__model_check_compiled(o.model, "evaluate"));
    NN_TRY(check_batch_size(&o.batch_size, o.verbose, &o.stream, "evaluate"));
    NN_TRY(nn__check_data(o.model, o.data, 1, "evaluate"));
    NN_TRY(nn__sample_weight_check(o.sample_weight, nn_dataset_rows(o.data), "evaluate"));
    nn__training *training = nn__training_begin(o.model, "evaluate");
    if (training == NULL)
        return nn__last_status();
    nn_status status = evaluate(&o, training);
    nn__training_end(training);
    return status;
}

/* ---- Predict ---- */

/* Where the outputs go: the caller's buffers or new tensors, one or one per output. */
struct predicting {
    const nn_predict_options *o;
    nn__training *training;
    nn_context *context;
    nn__loader loader;
    nn_real **into;      /* [outputs] */
    nn_tensor **tensors; /* [outputs]: new ones, or NULL */
    int outputs;
};

static nn_status predict_batch(struct predicting *p, int step)
{
    nn_context *context = p->context;
    const size_t first = (size_t)step * (size_t)p->o->batch_size;
    int rows;
    unsigned saved = nn__run_enter();
    nn_status status = nn__loader_read(&p->loader, step, &rows);
    if (status == NN_OK) {
        nn__context_forward(context, NN__PREDICT, rows);
        for (int k = 0; k < p->outputs; k++) {
            const size_t width = nn__context_width(context, k);
            memcpy(p->into[k] + first * width, nn__context_prediction(context, k),
                   width * (size_t)rows * sizeof(nn_real));
        }
    }
    nn__run_leave(saved);
    return status;
}

static nn_status predict_batches(struct predicting *p, nn_event *event)
{
    nn__training *training = p->training;
    for (int step = 0; step < event->steps && !atomic_load(&p->o->model->stop); step++) {
        event->step = step;
        NN_TRY(nn__call_hooks(training, NN__PREDICT_BATCH_BEGIN, event));
        NN_TRY(predict_batch(p, step));
        NN_TRY(nn__call_hooks(training, NN__PREDICT_BATCH_END, event));
        NN_TRY(nn__progress_update(&training->progress, step + 1, NULL));
    }
    return NN_OK;
}

static nn_status predict_rows(struct predicting *p)
{
    const nn_predict_options *o = p->o;
    nn__training *training = p->training;
    nn_event event = {.struct_size = sizeof event, .model = o->model, .logs = training->batch_logs};
    event.steps = nn__loader_steps(&p->loader);
    nn__logs_clear(training->batch_logs);
    nn__progress_begin(&training->progress, o->stream, o->verbose, 0, 1, event.steps,
                       nn__progress_is_terminal(o->stream));
    NN_TRY(nn__call_hooks(training, NN__PREDICT_BEGIN, &event));
    nn__profile *profile = p->context->runs[NN__PREDICT].profile;
    nn__profile_start(profile);
    nn_status status = predict_batches(p, &event);
    nn__loader_end(&p->loader);
    nn__profile_stop(profile);
    NN_TRY(status);
    NN_TRY(nn__call_hooks(training, NN__PREDICT_END, &event));
    return nn__progress_end(&training->progress, NULL);
}

/* A tensor for an output, [rows] and the output's shape. */
static nn_tensor *predict_tensor(const nn_model *model, int k, size_t rows)
{
    const nn_shape *output = &nn__model_output(model, k)->output;
    int dims[NN_MAX_RANK] = {0};
    if (rows > INT32_MAX || output->rank >= NN_MAX_RANK) {
        nn_fail(NN_ENOTSUP, "predict: %zu rows do not fit in a tensor", rows);
        return NULL;
    }
    dims[0] = (int)rows;
    memcpy(dims + 1, output->dims, (size_t)output->rank * sizeof *dims);
    return nn_tensor_new(NN_F32, dims, output->rank + 1);
}

/* Are there places for as many outputs as the model has? into and result are lists of one. */
static nn_status predict_check(const nn_predict_options *o)
{
    const size_t outputs = (size_t)o->model->head_count;
    if (o->into == NULL && o->result == NULL && o->buffers.count == 0 && o->results == NULL)
        return nn_fail(NN_EINVAL, "predict: neither into nor result is given");
    if (outputs > 1 && (o->into != NULL || o->result != NULL))
        return nn_fail(NN_EINVAL,
                       "predict: into and result are for one output, the model has %zu (buffers "
                       "and results take one each)",
                       outputs);
    if (o->buffers.count != 0 && (o->buffers.count != outputs || o->into != NULL))
        return nn_fail(NN_EINVAL, "predict: %zu buffers%s for %zu outputs", o->buffers.count,
                       o->into != NULL ? " and into" : "", outputs);
    if (o->results != NULL && (o->result_count != outputs || o->result != NULL))
        return nn_fail(NN_EINVAL, "predict: %zu results%s for %zu outputs", o->result_count,
                       o->result != NULL ? " and result" : "", outputs);
    return NN_OK;
}

/* Output k's place: the caller's where there is one, else the tensor's. */
static nn_status predict_place(struct predicting *p, int k)
{
    const nn_predict_options *o = p->o;
    const size_t rows = nn_dataset_rows(o->data);
    const size_t count = nn__mul(rows, nn__shape_count(&nn__model_output(o->model, k)->output));
    const nn_buffer one = {o->into, o->capacity};
    const nn_buffer *buffer = o->into != NULL         ? &one
                              : o->buffers.count != 0 ? &o->buffers.items[k]
                                                      : NULL;
    if (buffer != NULL && (buffer->data == NULL || buffer->capacity < count))
        return nn_fail(NN_ESHAPE, "predict: into has room for %zu numbers, %zu are needed",
                       buffer->data == NULL ? 0 : buffer->capacity, count);
    if (o->result != NULL || o->results != NULL) {
        p->tensors[k] = predict_tensor(o->model, k, rows);
        if (p->tensors[k] == NULL)
            return nn__last_status();
    }
    p->into[k] = buffer != NULL ? buffer->data : nn_tensor_data(p->tensors[k]);
    return NN_OK;
}

static nn_status predict_run(struct predicting *p)
{
    const nn_predict_options *o = p->o;
    int batches[NN__MODES] = {[NN__PREDICT] = o->batch_size};
    p->into = nn__alloc_array((size_t)p->outputs, sizeof *p->into, "outputs");
    p->tensors = nn__alloc_array((size_t)p->outputs, sizeof *p->tensors, "outputs");
    if (p->into == NULL || p->tensors == NULL)
        return NN_ENOMEM;
    p->context = nn__context_keep(o->model, &p->training->predictor, batches);
    if (p->context == NULL)
        return nn__last_status();
    p->loader = (nn__loader){
        .context = p->context, .mode = NN__PREDICT, .data = o->data, .batch_size = o->batch_size};
    NN_TRY(nn__loader_open(&p->loader, o->no_prefetch));
    for (int k = 0; k < p->outputs; k++)
        NN_TRY(predict_place(p, k));
    atomic_store(&o->model->stop, 0);
    int profile = o->profile;
    NN_TRY(nn__profile_begin(p->context, NN__PREDICT, &profile, "predict"));
    nn_status status = predict_rows(p);
    nn__profile_end(p->context, NN__PREDICT, profile, status);
    NN_TRY(status);
    for (int k = 0; k < p->outputs; k++) {
        nn_tensor *tensor = p->tensors[k];
        if (tensor == NULL)
            continue;
        if (nn_tensor_data(tensor) != p->into[k])
            memcpy(nn_tensor_data(tensor), p->into[k], nn_tensor_count(tensor) * sizeof(nn_real));
        *(o->result != NULL ? o->result : &o->results[k]) = tensor;
        p->tensors[k] = NULL;
    }
    return NN_OK;
}

static nn_status predict(const nn_predict_options *o, nn__training *training)
{
    struct predicting p = {.o = o, .training = training, .outputs = o->model->head_count};
    NN_TRY(predict_check(o));
    nn_status status = predict_run(&p);
    for (int k = 0; p.tensors != NULL && k < p.outputs; k++)
        nn_tensor_free(p.tensors[k]);
    nn__free(p.tensors);
    nn__free(p.into);
    return status;
}

NN__NO_TAIL_PADDING(nn_predict_options, profile);

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
