/*
 * Model files: one safetensors file.
 *
 *   tensors    conv2d/kernel, ...               weights, by name
 *              optimizer/SLOT/conv2d/kernel     the optimizer's slots, if compiled
 *              callback/INDEX/ENTRY             arrays in the callbacks' states
 *   metadata   nn.kind     "model"
 *              nn.model    the graph (lib/model/architecture.c)
 *              nn.compile  {"optimizer":{"kind","options"},"learning_rate","step","scalars":[..],
 *                           "loss":{..},"metrics":[..],"no_fusion"}; with several outputs or a
 *                           weight, "outputs":[{"loss":{..},"weight","metrics":[..]}, ...]
 *                           stands in the place of loss and metrics
 *              nn.callbacks  [{"kind":"early_stopping","numbers":{"wait":2,..}}, ...]
 */
#include <stdio.h>
#include <string.h>

#include "formats/safetensors.h"
#include "model/architecture.h"
#include "train/training.h"

/* ---- Metadata ---- */

static void head_to_json(nn__json_writer *w, const nn__head *head, int with_weight)
{
    nn__json_key(w, "loss");
    nn__object_to_json(w, &head->loss->object);
    if (with_weight) {
        nn__json_key(w, "weight");
        nn__json_put_number(w, head->weight);
    }
    nn__json_key(w, "metrics");
    nn__json_begin_array(w);
    for (size_t i = 0; i < head->metric_count; i++)
        nn__object_to_json(w, &head->metrics[i]->object);
    nn__json_end_array(w);
    nn__json_key(w, "weighted");
    nn__json_begin_array(w);
    for (size_t i = 0; i < head->metric_count; i++)
        nn__json_put_bool(w, head->metrics[i]->weighted);
    nn__json_end_array(w);
}

static void heads_to_json(nn__json_writer *w, const nn_model *model)
{
    if (model->head_count == 1 && model->heads[0].weight == 1) {
        head_to_json(w, &model->heads[0], 0);
        return;
    }
    nn__json_key(w, "outputs");
    nn__json_begin_array(w);
    for (int k = 0; k < model->head_count; k++) {
        nn__json_begin_object(w);
        head_to_json(w, &model->heads[k], 1);
        nn__json_end_object(w);
    }
    nn__json_end_array(w);
}

static nn_status compile_text(const nn_model *model, char **text)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(model->optimizer);
    nn__json_writer w = {0};
    nn__json_begin_object(&w);
    nn__json_key(&w, "optimizer");
    nn__object_to_json(&w, &model->optimizer->object);
    nn__json_key(&w, "learning_rate");
    nn__json_put_number(&w, model->learning_rate);
    nn__json_key(&w, "step");
    nn__json_put_unsigned(&w, model->step);
    nn__json_key(&w, "scalars");
    nn__json_begin_array(&w);
    for (int i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        nn__json_put_number(&w, model->scalars[i]);
    nn__json_end_array(&w);
    heads_to_json(&w, model);
    nn__json_key(&w, "no_fusion");
    nn__json_put_bool(&w, model->no_fusion);
    nn__json_end_object(&w);
    return nn__json_finish(&w, text, NULL);
}

static nn_status callbacks_text(const nn__training *training, char **text)
{
    nn__json_writer w = {0};
    nn__json_begin_array(&w);
    for (size_t i = 0; i < training->state_count; i++) {
        const nn_state *state = training->states[i];
        nn__json_begin_object(&w);
        nn__json_key(&w, "kind");
        nn__json_put_string(&w, training->state_kinds[i]);
        nn__json_key(&w, "numbers");
        nn__json_begin_object(&w);
        for (size_t k = 0; k < nn__state_count(state); k++) {
            const nn__state_entry *entry = nn__state_entry_at(state, k);
            if (entry->is_array)
                continue;
            nn__json_key(&w, entry->name);
            nn__json_put_number(&w, entry->number);
        }
        nn__json_end_object(&w);
        nn__json_end_object(&w);
    }
    nn__json_end_array(&w);
    return nn__json_finish(&w, text, NULL);
}

/* ---- Tensors ---- */

/* A growing list of tensors with names of its own. */
struct saving {
    nn__tensor_entry *tensors;
    char **names;
    size_t count, capacity;
};

static void saving_free(struct saving *s)
{
    for (size_t i = 0; i < s->count; i++)
        nn__free(s->names[i]);
    nn__free(s->names);
    nn__free(s->tensors);
}

static nn_status saving_alloc(struct saving *s, const nn_model *model)
{
    const nn__training *training = model->training;
    s->capacity = (size_t)model->weight_count * (size_t)(1 + model->updater.slot_count);
    for (size_t i = 0; training != NULL && i < training->state_count; i++)
        s->capacity += nn__state_count(training->states[i]);
    s->tensors = nn__alloc_array(s->capacity, sizeof *s->tensors, "the list of tensors");
    s->names = nn__alloc_array(s->capacity, sizeof *s->names, "the list of tensors");
    return s->tensors != NULL && s->names != NULL ? NN_OK : NN_ENOMEM;
}

/* Adds `values` under prefix + name. */
static nn_status saving_add(struct saving *s, const char *prefix, const char *name,
                            const nn_shape *shape, const nn_real *values)
{
    char *full = nn__join_strings(prefix, name, "", "the name of a tensor");
    if (full == NULL)
        return NN_ENOMEM;
    nn__tensor_entry *entry = &s->tensors[s->count];
    *entry =
        (nn__tensor_entry){.name = full, .dtype = NN__FREAL, .rank = shape->rank, .data = values};
    for (int i = 0; i < shape->rank; i++)
        entry->dims[i] = (uint64_t)shape->dims[i];
    s->names[s->count++] = full;
    return NN_OK;
}

static nn_status saving_add_model(struct saving *s, const nn_model *model)
{
    for (int i = 0; i < model->weight_count; i++)
        NN_TRY(saving_add(s, "", model->weights[i].name, &model->weights[i].shape,
                          model->values + model->weights[i].offset));
    return NN_OK;
}

static nn_status saving_add_slots(struct saving *s, const nn_model *model)
{
    char prefix[64];
    for (int slot = 0; slot < model->updater.slot_count; slot++) {
        const nn_real *values = model->updater.slots + (size_t)slot * model->parameter_values;
        snprintf(prefix, sizeof prefix, "optimizer/%s/", nn__slot_name(model, slot));
        for (int i = 0; i < model->weight_count; i++)
            if (model->weights[i].trainable)
                NN_TRY(saving_add(s, prefix, model->weights[i].name, &model->weights[i].shape,
                                  values + model->weights[i].offset));
    }
    return NN_OK;
}

static nn_status saving_add_states(struct saving *s, const nn__training *training)
{
    char prefix[64];
    for (size_t i = 0; i < training->state_count; i++) {
        snprintf(prefix, sizeof prefix, "callback/%zu/", i);
        for (size_t k = 0; k < nn__state_count(training->states[i]); k++) {
            const nn__state_entry *entry = nn__state_entry_at(training->states[i], k);
            nn_shape shape = {1, {(int)entry->count}};
            if (entry->is_array && entry->count > 0)
                NN_TRY(saving_add(s, prefix, entry->name, &shape, entry->values));
        }
    }
    return NN_OK;
}

/* whole 0: without what was compiled and the callbacks. */
static nn_status save(nn_model *model, const char *path, int whole, struct saving *s,
                      char *texts[3])
{
    nn__metadata_entry metadata[4] = {{"nn.kind", "model"}};
    size_t keys = 1;
    nn__training *training = whole ? model->training : NULL;
    if (training != NULL && training->callback_count > 0)
        NN_TRY(nn__training_collect(training));
    NN_TRY(nn__architecture_text(model, &texts[0]));
    metadata[keys++] = (nn__metadata_entry){"nn.model", texts[0]};
    NN_TRY(saving_alloc(s, model));
    NN_TRY(saving_add_model(s, model));
    if (whole && model->compiled) {
        NN_TRY(saving_add_slots(s, model));
        NN_TRY(compile_text(model, &texts[1]));
        metadata[keys++] = (nn__metadata_entry){"nn.compile", texts[1]};
    }
    if (training != NULL && training->state_count > 0) {
        NN_TRY(callbacks_text(training, &texts[2]));
        metadata[keys++] = (nn__metadata_entry){"nn.callbacks", texts[2]};
        NN_TRY(saving_add_states(s, training));
    }
    return nn__safetensors_write(path, s->tensors, s->count, metadata, keys);
}

static nn_status save_file(nn_model *model, const char *path, int whole)
{
    struct saving s = {0};
    char *texts[3] = {NULL, NULL, NULL};
    NN_TRY(nn__model_check(model));
    if (path == NULL || path[0] == '\0')
        return nn_fail(NN_EINVAL, "save: the path is empty");
    NN_TRY(nn_model_build(model));
    nn_status status = save(model, path, whole, &s, texts);
    for (int i = 0; i < 3; i++)
        nn__free(texts[i]);
    saving_free(&s);
    return status;
}

nn_status nn_model_save(nn_model *model, const char *path)
{
    return save_file(model, path, 1);
}

nn_status nn_model_save_weights(nn_model *model, const char *path)
{
    return save_file(model, path, 0);
}
