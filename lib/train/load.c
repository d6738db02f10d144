/* Reading model files; save.c says what is in them. */
#include <stdio.h>
#include <string.h>

#include "formats/safetensors.h"
#include "model/architecture.h"
#include "train/training.h"

/* ---- Tensors ---- */

static int tensor_has_shape(const nn__tensor_info *tensor, const nn_shape *shape)
{
    int equal = tensor->rank == shape->rank;
    for (int i = 0; equal && i < shape->rank; i++)
        equal = tensor->dims[i] == (uint64_t)shape->dims[i];
    return equal;
}

static char *tensor_shape_text(const nn__tensor_info *tensor, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < tensor->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i == 0 ? "%llu" : "x%llu",
                                 (unsigned long long)tensor->dims[i]);
    return text;
}

/* One of the model's tensors, prefix + the weight's name, into values. */
static nn_status read_weight(const nn__safetensors *file, const char *prefix,
                             const nn__weight *weight, nn_real *values)
{
    const char *path = nn__safetensors_path(file);
    char have[256], want[NN__SHAPE_TEXT];
    char *name = nn__join_strings(prefix, weight->name, "", "the name of a tensor");
    if (name == NULL)
        return NN_ENOMEM;
    const nn__tensor_info *tensor = nn__safetensors_find(file, name);
    nn__shape_text(&weight->shape, want, sizeof want);
    nn_status status;
    if (tensor == NULL)
        status = nn_fail(NN_EMISMATCH, "%s: it has no '%s' (%s in the model)", path, name, want);
    else if (!tensor_has_shape(tensor, &weight->shape))
        status = nn_fail(NN_EMISMATCH, "%s: '%s' is %s, in the model %s", path, name,
                         tensor_shape_text(tensor, have, sizeof have), want);
    else
        status = nn__safetensors_read_reals(file, tensor, values, weight->count);
    nn__free(name);
    return status;
}

static int is_weight(const nn_model *model, const char *name)
{
    for (int i = 0; i < model->weight_count; i++)
        if (strcmp(model->weights[i].name, name) == 0)
            return 1;
    return 0;
}

/* Every weight of the model, and nothing that belongs to no layer of it. */
static nn_status read_weights(const nn_model *model, const nn__safetensors *file, nn_real *values)
{
    for (int i = 0; i < model->weight_count; i++)
        NN_TRY(read_weight(file, "", &model->weights[i], values + model->weights[i].offset));
    for (size_t i = 0; i < nn__safetensors_count(file); i++) {
        const char *name = nn__safetensors_tensor(file, i)->name;
        if (strncmp(name, "optimizer/", 10) != 0 && strncmp(name, "callback/", 9) != 0 &&
            !is_weight(model, name))
            return nn_fail(NN_EMISMATCH, "%s: '%s' belongs to no layer of the model",
                           nn__safetensors_path(file), name);
    }
    return NN_OK;
}

static nn_status read_slots(const nn_model *model, const nn__safetensors *file, nn_real *slots)
{
    char prefix[64];
    for (int slot = 0; slot < model->updater.slot_count; slot++) {
        nn_real *values = slots + (size_t)slot * model->parameter_values;
        snprintf(prefix, sizeof prefix, "optimizer/%s/", nn__slot_name(model, slot));
        for (int i = 0; i < model->weight_count; i++)
            if (model->weights[i].trainable)
                NN_TRY(read_weight(file, prefix, &model->weights[i],
                                   values + model->weights[i].offset));
    }
    return NN_OK;
}

/* ---- What the model was compiled with ---- */

static nn__object *object_from_json(const nn__json *json, uint32_t node, size_t size,
                                    nn_kind_list own, const nn_kind *const *kinds, const char *path)
{
    const nn_kind *kind = nn__kind_from_json(json, node, own, kinds, path);
    nn__object *object = kind == NULL ? NULL : nn__object_new(size, kind, NULL);
    if (object != NULL &&
        nn__object_from_json(object, json, nn__json_member(json, node, "options"), path) != NN_OK) {
        nn__object_free(object);
        return NULL;
    }
    return object;
}

/* What a file says about the outputs, as the lists that compile takes. */
struct outputs {
    size_t count;
    nn_loss **losses;
    double *weights;
    nn_metric_list *metrics;
    nn_metric ***items; /* of those lists */
};

static void outputs_free(struct outputs *outputs, int with_objects)
{
    for (size_t k = 0; k < outputs->count; k++) {
        for (size_t i = 0; with_objects && i < outputs->metrics[k].count; i++)
            nn_metric_free(outputs->items[k][i]);
        if (with_objects)
            nn_loss_free(outputs->losses[k]);
        nn__free(outputs->items[k]);
    }
    nn__free(outputs->items);
    nn__free(outputs->losses);
    nn__free(outputs->weights);
    nn__free(outputs->metrics);
}

/* Loss and metrics of output k from the object `node`; without a weight it is 1. */
static nn_status output_from_json(struct outputs *outputs, size_t k, const nn__json *json,
                                  uint32_t node, const nn_load_options *load, const char *path)
{
    uint32_t list = nn__json_member(json, node, "metrics");
    uint32_t weighted = nn__json_member(json, node, "weighted");
    size_t count = nn__json_count(json, list);
    nn_metric **metrics = nn__alloc_array(count, sizeof *metrics, "metrics");
    if (metrics == NULL)
        return NN_ENOMEM;
    outputs->items[k] = metrics;
    outputs->metrics[k] = (nn_metric_list){metrics, count};
    for (size_t i = 0; i < count; i++) {
        metrics[i] = (nn_metric *)(void *)object_from_json(json, nn__json_item(json, list, i),
                                                           sizeof(nn_metric), load->metrics,
                                                           nn__metric_kinds, path);
        if (metrics[i] == NULL)
            return nn__last_status();
        nn__json_bool(json, nn__json_item(json, weighted, i), &metrics[i]->weighted);
    }
    outputs->weights[k] = 1;
    nn__json_number(json, nn__json_member(json, node, "weight"), &outputs->weights[k]);
    outputs->losses[k] =
        (nn_loss *)(void *)object_from_json(json, nn__json_member(json, node, "loss"),
                                            sizeof(nn_loss), load->losses, nn__loss_kinds, path);
    return outputs->losses[k] == NULL ? nn__last_status() : NN_OK;
}

static nn_status outputs_from_json(struct outputs *outputs, const nn__json *json,
                                   const nn_load_options *load, const char *path)
{
    uint32_t list = nn__json_member(json, 0, "outputs");
    size_t count = list == NN__JSON_NONE ? 1 : nn__json_count(json, list);
    outputs->losses = nn__alloc_array(count, sizeof *outputs->losses, "losses");
    outputs->weights = nn__alloc_array(count, sizeof *outputs->weights, "losses");
    outputs->metrics = nn__alloc_array(count, sizeof *outputs->metrics, "metrics");
    outputs->items = nn__alloc_array(count, sizeof *outputs->items, "metrics");
    if (!outputs->losses || !outputs->weights || !outputs->metrics || !outputs->items)
        return NN_ENOMEM;
    outputs->count = count;
    for (size_t k = 0; k < count; k++)
        NN_TRY(output_from_json(outputs, k, json,
                                list == NN__JSON_NONE ? 0 : nn__json_item(json, list, k), load,
                                path));
    return NN_OK;
}

static nn_status compile_from_json(nn_model *model, const nn__json *json,
                                   const nn_load_options *load, const char *path)
{
    struct outputs outputs = {0};
    nn_compile_options o = {.struct_size = sizeof o, .model = model};
    nn_status status = outputs_from_json(&outputs, json, load, path);
    if (status == NN_OK) {
        o.optimizer = (nn_optimizer *)(void *)object_from_json(
            json, nn__json_member(json, 0, "optimizer"), sizeof(nn_optimizer), load->optimizers,
            nn__optimizer_kinds, path);
        status = o.optimizer == NULL ? nn__last_status() : NN_OK;
    }
    int read = status == NN_OK;
    nn__json_bool(json, nn__json_member(json, 0, "no_fusion"), &o.no_fusion);
    o.losses = (nn_loss_list){outputs.losses, outputs.count};
    o.loss_weights = (nn_loss_weight_list){outputs.weights, outputs.count};
    o.output_metrics = (nn_metric_lists){outputs.metrics, outputs.count};
    if (read)
        status = nn_model_compile(&o); /* takes everything */
    outputs_free(&outputs, !read);
    return status;
}

/* Learning rate, step and scalars; the model is written only when all are there. */
static nn_status position_from_json(nn_model *model, const nn__json *json, const char *path)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(model->optimizer);
    uint32_t list = nn__json_member(json, 0, "scalars");
    double rate, scalars[NN_MAX_SCALARS] = {0};
    uint64_t step;
    int readable = nn__json_number(json, nn__json_member(json, 0, "learning_rate"), &rate) &&
                   nn__json_unsigned(json, nn__json_member(json, 0, "step"), &step);
    for (size_t i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        readable = readable && nn__json_number(json, nn__json_item(json, list, i), &scalars[i]);
    if (!readable)
        return nn_fail(NN_EFORMAT, "%s: learning_rate, step or scalars is unreadable", path);
    model->learning_rate = rate;
    model->step = step;
    memcpy(model->scalars, scalars, sizeof scalars);
    return NN_OK;
}

static nn_status parse_metadata(const nn__safetensors *file, const char *key, nn__json **json)
{
    const char *text = nn__safetensors_metadata(file, key);
    *json = NULL;
    return text == NULL
               ? NN_OK
               : nn__json_parse(text, strlen(text), NULL, nn__safetensors_path(file), json);
}

/* ---- Callbacks ---- */

static nn_status state_from_json(nn_state *state, const nn__json *json, uint32_t node)
{
    uint32_t numbers = nn__json_member(json, node, "numbers");
    uint32_t key = numbers + 1;
    for (size_t i = 0; i < nn__json_count(json, numbers); i++) {
        double value = 0;
        uint32_t at = json->nodes[key].end;
        nn__json_number(json, at, &value);
        nn_state_number(state, nn__json_string(json, key), &value);
        key = json->nodes[at].end;
    }
    return nn__state_status(state);
}

/* The arrays callback/INDEX/... of a callback's state. */
static nn_status state_arrays(nn_state *state, const nn__safetensors *file, size_t index)
{
    char prefix[64];
    int length = snprintf(prefix, sizeof prefix, "callback/%zu/", index);
    for (size_t i = 0; i < nn__safetensors_count(file); i++) {
        const nn__tensor_info *tensor = nn__safetensors_tensor(file, i);
        if (strncmp(tensor->name, prefix, (size_t)length) != 0)
            continue;
        nn_real *values = nn__alloc_array((size_t)tensor->count, sizeof *values, "a state");
        if (values == NULL)
            return NN_ENOMEM;
        nn_status status = nn__safetensors_read_reals(file, tensor, values, (size_t)tensor->count);
        if (status == NN_OK)
            nn_state_array(state, tensor->name + length, values, (size_t)tensor->count);
        nn__free(values);
        NN_TRY(status);
    }
    return nn__state_status(state);
}

static nn_status read_callback(nn__training *training, const nn__safetensors *file,
                               const nn__json *json, size_t index)
{
    uint32_t node = nn__json_item(json, 0, index);
    const char *kind = nn__json_string(json, nn__json_member(json, node, "kind"));
    if (kind == NULL)
        return nn_fail(NN_EFORMAT, "%s: callback %zu has no kind", nn__safetensors_path(file),
                       index);
    nn_state *state = nn__state_new();
    nn_status status = state == NULL ? NN_ENOMEM : state_from_json(state, json, node);
    if (status == NN_OK)
        status = state_arrays(state, file, index);
    if (status != NN_OK) {
        nn__state_free(state);
        return status;
    }
    return nn__training_add_state(training, kind, state);
}

static nn_status read_callbacks(nn_model *model, const nn__safetensors *file)
{
    nn__json *json;
    NN_TRY(parse_metadata(file, "nn.callbacks", &json));
    if (json == NULL)
        return NN_OK;
    nn__training *training = nn__training_of(model);
    nn_status status = training == NULL ? NN_ENOMEM : NN_OK;
    for (size_t i = 0; status == NN_OK && i < nn__json_count(json, 0); i++)
        status = read_callback(training, file, json, i);
    nn__json_free(json);
    return status;
}

/* ---- Models ---- */

static nn_status read_compiled(nn_model *model, const nn__safetensors *file,
                               const nn_load_options *load)
{
    nn__json *json;
    NN_TRY(parse_metadata(file, "nn.compile", &json));
    if (json == NULL)
        return NN_OK;
    const char *path = nn__safetensors_path(file);
    nn_status status = compile_from_json(model, json, load, path);
    if (status == NN_OK)
        status = read_slots(model, file, model->updater.slots);
    if (status == NN_OK)
        status = position_from_json(model, json, path);
    nn__json_free(json);
    return status;
}

static nn_status load_model(const nn__safetensors *file, const nn_load_options *o)
{
    const char *path = nn__safetensors_path(file);
    const char *text = nn__safetensors_metadata(file, "nn.model");
    if (text == NULL)
        return nn_fail(NN_EFORMAT, "%s: no model of libnn's (metadata nn.model is missing)", path);
    nn_model *made = NULL;
    nn_status status = nn__architecture_model(text, path, o->layers, &made);
    if (status == NN_OK)
        status = read_weights(made, file, made->values);
    if (status == NN_OK)
        status = read_compiled(made, file, o);
    if (status == NN_OK)
        status = read_callbacks(made, file);
    if (status != NN_OK) {
        nn_model_free(made);
        return status;
    }
    *o->model = made;
    return NN_OK;
}

/* Loading a model of another program's kinds must fail in words, not by reading a wrong table. */
static nn_status check_kinds(nn_kind_list kinds, size_t table, const char *what)
{
    if (kinds.count > 0 && kinds.items == NULL)
        return nn_fail(NN_EINVAL, "load: the list of %s has no items", what);
    for (size_t i = 0; i < kinds.count; i++)
        if (kinds.items[i] == NULL || kinds.items[i]->struct_size != table)
            return nn_fail(NN_EINVAL, "load: %s %zu is NULL or no table of that sort", what, i);
    return NN_OK;
}

nn_status nn_model_load_as(const nn_load_options *options)
{
    nn__safetensors *file;
    nn_load_options o;
    NN_TRY(nn__options_read(&o, sizeof o, options, "load"));
    if (o.path == NULL || o.model == NULL)
        return nn_fail(NN_EINVAL, "load: the path or the place for the model is NULL");
    NN_TRY(check_kinds(o.layers, sizeof(nn_layer_kind), "layers"));
    NN_TRY(check_kinds(o.optimizers, sizeof(nn_optimizer_kind), "optimizers"));
    NN_TRY(check_kinds(o.losses, sizeof(nn_loss_kind), "losses"));
    NN_TRY(check_kinds(o.metrics, sizeof(nn_metric_kind), "metrics"));
    NN_TRY(nn__safetensors_open(o.path, NULL, &file));
    nn_status status = load_model(file, &o);
    nn__safetensors_close(file);
    return status;
}

nn_status nn_model_load(const char *path, nn_model **model)
{
    return nn_model_load_as(
        &(nn_load_options){.struct_size = sizeof(nn_load_options), .path = path, .model = model});
}

/* The optimizer's state where file and model have the same optimizer; slots is room for it. */
static nn_status load_optimizer(nn_model *model, const nn__safetensors *file, nn_real *slots,
                                size_t bytes)
{
    nn__json *json;
    NN_TRY(parse_metadata(file, "nn.compile", &json));
    uint32_t optimizer = json == NULL ? NN__JSON_NONE : nn__json_member(json, 0, "optimizer");
    const char *kind =
        json == NULL ? NULL : nn__json_string(json, nn__json_member(json, optimizer, "kind"));
    nn_status status = NN_OK;
    if (kind != NULL && strcmp(kind, model->optimizer->object.kind->name) == 0) {
        status = read_slots(model, file, slots);
        if (status == NN_OK)
            status = position_from_json(model, json, nn__safetensors_path(file));
        if (status == NN_OK)
            memcpy(model->updater.slots, slots, bytes);
    }
    nn__json_free(json);
    return status;
}

static nn_status load_weights(nn_model *model, const nn__safetensors *file)
{
    size_t bytes = (size_t)model->updater.slot_count * model->parameter_values * sizeof(nn_real);
    nn_real *values = nn__alloc_array(model->value_count, sizeof *values, "the weights");
    nn_real *slots = nn__alloc(bytes, "the optimizer's slots");
    nn_status status = values != NULL && slots != NULL ? NN_OK : NN_ENOMEM;
    if (status == NN_OK)
        status = read_weights(model, file, values);
    if (status == NN_OK && model->compiled)
        status = load_optimizer(model, file, slots, bytes);
    if (status == NN_OK)
        nn_model_restore(model, values);
    nn__free(values);
    nn__free(slots);
    return status;
}

nn_status nn_model_load_weights(nn_model *model, const char *path)
{
    nn__safetensors *file;
    NN_TRY(nn__model_check(model));
    if (path == NULL)
        return nn_fail(NN_EINVAL, "load: the path is NULL");
    NN_TRY(nn_model_build(model));
    NN_TRY(nn__safetensors_open(path, NULL, &file));
    nn_status status = load_weights(model, file);
    nn__safetensors_close(file);
    return status;
}
