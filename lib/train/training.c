/* What training keeps in a model. */
#include "train/training.h"

#include <string.h>

void nn__training_forget_states(nn__training *training)
{
    for (size_t i = 0; i < training->state_count; i++) {
        nn__state_free(training->states[i]);
        nn__free(training->state_kinds[i]);
    }
    nn__free(training->states);
    nn__free(training->state_kinds);
    training->states = NULL;
    training->state_kinds = NULL;
    training->state_count = 0;
}

static void training_free_callbacks(nn__training *training)
{
    for (size_t i = 0; i < training->callback_count; i++)
        nn_callback_free(training->callbacks[i]);
    nn__free(training->callbacks);
    training->callbacks = NULL;
    training->callback_count = 0;
}

static void tally_free(nn__tally *tally)
{
    for (size_t i = 0; tally->metric_states != NULL && i < tally->metric_count; i++)
        nn__free(tally->metric_states[i]);
    for (size_t i = 0; tally->metric_names != NULL && i < tally->metric_count; i++)
        nn__free(tally->metric_names[i]);
    nn__free(tally->metric_states);
    nn__free(tally->metric_names);
    nn__free(tally->loss_name);
}

static void training_free_tallies(nn__training *training)
{
    for (int k = 0; k < training->tally_count; k++)
        tally_free(&training->tallies[k]);
    nn__free(training->tallies);
    training->tallies = NULL;
    training->tally_count = 0;
}

static void training_free_contexts(nn__training *training)
{
    nn_context_free(training->trainer);
    nn_context_free(training->evaluator);
    nn_context_free(training->predictor);
    training->trainer = training->evaluator = training->predictor = NULL;
}

static void training_free(nn__training *training)
{
    training_free_contexts(training);
    training_free_callbacks(training);
    training_free_tallies(training);
    nn__training_forget_states(training);
    nn__logs_free(training->batch_logs);
    nn__logs_free(training->epoch_logs);
    nn__logs_free(training->result);
    nn__history_free(training->history);
    for (int mode = 0; mode < NN__MODES; mode++)
        nn__free(training->profiles[mode]);
    nn__free(training->order);
    nn__progress_free(&training->progress);
    nn__free(training);
}

/* The "val_" name of an output's loss or metric: of one of several outputs with its own name. */
static char *tally_name(const nn_model *model, int output, const char *name)
{
    if (model->head_count == 1)
        return nn__join_strings("val_", name, "", "metrics");
    char *end = nn__join_strings(nn__model_output(model, output)->name, "_", name, "metrics");
    char *full = end == NULL ? NULL : nn__join_strings("val_", end, "", "metrics");
    nn__free(end);
    return full;
}

static nn_status tally_make(nn__tally *tally, const nn_model *model, int output)
{
    const nn__head *head = &model->heads[output];
    const int width = (int)nn__shape_count(&nn__model_output(model, output)->output);
    tally->loss_name = tally_name(model, output, "loss");
    tally->metric_count = head->metric_count;
    tally->metric_names = nn__alloc_array(head->metric_count, sizeof(char *), "metrics");
    tally->metric_states = nn__alloc_array(head->metric_count, sizeof(void *), "metrics");
    if (!tally->loss_name || !tally->metric_names || !tally->metric_states)
        return NN_ENOMEM;
    for (size_t i = 0; i < head->metric_count; i++) {
        const nn_metric *metric = head->metrics[i];
        tally->metric_names[i] = tally_name(model, output, nn__metric_name(metric));
        tally->metric_states[i] = nn__alloc(nn__metric_state_bytes(metric, width), "metrics");
        if (tally->metric_names[i] == NULL || tally->metric_states[i] == NULL)
            return NN_ENOMEM;
    }
    return NN_OK;
}

/* Sums and names for what the model is compiled with now. */
static nn_status training_follow_compile(nn__training *training, const nn_model *model)
{
    const int count = model->compiled != 0 ? model->head_count : 0;
    training_free_tallies(training);
    training->tallies = nn__alloc_array((size_t)count, sizeof *training->tallies, "metrics");
    if (training->tallies == NULL)
        return NN_ENOMEM;
    training->tally_count = count;
    for (int k = 0; k < count; k++)
        NN_TRY(tally_make(&training->tallies[k], model, k));
    training->compiled = model->compiled;
    return NN_OK;
}

static nn__training *training_new(void)
{
    nn__training *training = nn__alloc(sizeof *training, "training");
    if (training == NULL)
        return NULL;
    training->batch_logs = nn__logs_new();
    training->epoch_logs = nn__logs_new();
    training->result = nn__logs_new();
    training->history = nn__history_new();
    if (training->batch_logs && training->epoch_logs && training->result && training->history)
        return training;
    training_free(training);
    return NULL;
}

nn__training *nn__training_of(nn_model *model)
{
    if (model->training == NULL) {
        model->training = training_new();
        model->release_training = training_free;
        if (model->training == NULL)
            return NULL;
    }
    nn__training *training = model->training;
    if (training->compiled != model->compiled && training_follow_compile(training, model) != NN_OK)
        return NULL;
    return training;
}

nn__training *nn__training_begin(nn_model *model, const char *what)
{
    nn__training *training = nn__training_of(model);
    if (training != NULL && training->running) {
        nn_fail(NN_ESTATE, "%s: this model is running already", what);
        return NULL;
    }
    if (training != NULL)
        training->running = 1;
    return training;
}

void nn__training_end(nn__training *training)
{
    training->running = training->fitting = 0;
}

nn_status nn__training_add_state(nn__training *training, const char *kind, nn_state *state)
{
    size_t count = training->state_count;
    nn_state **states = nn__grow(training->states, count * sizeof *states,
                                 (count + 1) * sizeof *states, "states of callbacks");
    if (states != NULL)
        training->states = states;
    char **kinds = states == NULL ? NULL
                                  : nn__grow(training->state_kinds, count * sizeof *kinds,
                                             (count + 1) * sizeof *kinds, "states of callbacks");
    if (kinds != NULL)
        training->state_kinds = kinds;
    char *name = kinds == NULL ? NULL : nn__copy_string(kind, "states of callbacks");
    if (name == NULL) {
        nn__state_free(state);
        return NN_ENOMEM;
    }
    states[count] = state;
    kinds[count] = name;
    training->state_count++;
    return NN_OK;
}

nn_status nn__training_collect(nn__training *training)
{
    nn__training_forget_states(training);
    for (size_t i = 0; i < training->callback_count; i++) {
        nn_callback *callback = training->callbacks[i];
        const nn_callback_kind *kind = nn__callback_kind(callback);
        nn_state *state = nn__state_new();
        if (state == NULL)
            return NN_ENOMEM;
        if (kind->state != NULL)
            kind->state(callback, state);
        if (nn__state_status(state) != NN_OK) {
            nn__state_free(state);
            return NN_ENOMEM;
        }
        NN_TRY(nn__training_add_state(training, kind->kind.name, state));
    }
    return NN_OK;
}

/* Marks the list's callbacks as taken and copies them; what is wrong with the list goes last. */
static nn_status callbacks_claim(nn_callback **copy, nn_callback_list list)
{
    nn_status status = NN_OK;
    for (size_t i = 0; i < list.count; i++) {
        nn_callback *callback = list.items[i];
        if (callback == NULL) {
            status = nn_fail(NN_ENOMEM, "no memory for callback %zu", i);
        } else if (callback->object.owned) {
            status = nn_fail(NN_EINVAL, "callback %zu (%s) stands twice or belongs to another fit",
                             i, callback->object.kind->name);
        } else {
            callback->object.owned = 1;
            copy[i] = callback;
        }
    }
    for (size_t i = 0; i < list.count && status == NN_OK; i++)
        status = nn__object_check(&copy[i]->object, copy[i]->object.kind->name);
    return status;
}

nn_status nn__training_take_callbacks(nn__training *training, nn_callback_list list)
{
    nn_callback **copy = nn__alloc_array(list.count, sizeof *copy, "the list of callbacks");
    if (copy == NULL) {
        nn__callbacks_drop(list);
        return NN_ENOMEM;
    }
    nn_status status = callbacks_claim(copy, list);
    if (status != NN_OK) {
        for (size_t i = 0; i < list.count; i++)
            nn_callback_free(copy[i]);
        nn__free(copy);
        return status;
    }
    training_free_callbacks(training);
    training->callbacks = copy;
    training->callback_count = list.count;
    return NN_OK;
}

static void callback_release(void *callback)
{
    nn_callback_free(callback);
}

void nn__callbacks_drop(nn_callback_list list)
{
    nn__objects_drop(list.items, list.count, callback_release);
}

static int context_fits(const nn_model *model, const nn_context *context,
                        const int batches[NN__MODES])
{
    if (context == NULL || context->engine.threads != nn__model_threads(model))
        return 0;
    for (int mode = 0; mode < NN__MODES; mode++)
        if (batches[mode] > 0 &&
            (context->runs[mode].batch != batches[mode] ||
             (mode != NN__PREDICT && context->compiled != model->compiled) ||
             (mode == NN__TRAIN && context->trainable_changes != model->trainable_changes)))
            return 0;
    return 1;
}

nn_context *nn__context_keep(nn_model *model, nn_context **kept, const int batches[NN__MODES])
{
    if (context_fits(model, *kept, batches))
        return *kept;
    nn_context_free(*kept);
    *kept = nn__context_make(model, batches, 0, model->no_fusion);
    return *kept;
}
