/*
 * The graph as JSON:
 *   {"name":"sequential","seed":1,"output":6,
 *    "nodes":[{"inputs":[],"layer":{"kind":"input","options":{...}}}, ...],
 *    "weights":[{"name":"conv2d/bias","no_decay":true,"rate_factor":1}, ...]}
 * With several outputs, "outputs":[5,6] stands in the place of "output".
 * A node that is frozen has "trainable":false besides.
 * Weights are listed where they differ from no_decay false and rate_factor 1.
 */
#include "model/architecture.h"

#include <stdio.h>

static void outputs_to_json(nn__json_writer *w, const nn_model *model)
{
    nn__json_key(w, model->head_count == 1 ? "output" : "outputs");
    if (model->head_count > 1)
        nn__json_begin_array(w);
    for (int k = 0; k < model->head_count; k++)
        nn__json_put_integer(w, model->heads[k].node);
    if (model->head_count > 1)
        nn__json_end_array(w);
}

nn_status nn__architecture_text(nn_model *model, char **text)
{
    nn__json_writer w = {0};
    NN_TRY(nn_model_build(model));
    nn__json_begin_object(&w);
    nn__json_key(&w, "name");
    nn__json_put_string(&w, model->name);
    nn__json_key(&w, "seed");
    nn__json_put_unsigned(&w, model->seed);
    outputs_to_json(&w, model);
    nn__json_key(&w, "nodes");
    nn__json_begin_array(&w);
    for (int i = 0; i < model->node_count; i++) {
        const nn__node *node = &model->nodes[i];
        nn__json_begin_object(&w);
        nn__json_key(&w, "inputs");
        nn__json_begin_array(&w);
        for (int k = 0; k < node->input_count; k++)
            nn__json_put_integer(&w, node->inputs[k]);
        nn__json_end_array(&w);
        nn__json_key(&w, "layer");
        nn__object_to_json(&w, &node->layer->object);
        if (node->frozen) {
            nn__json_key(&w, "trainable");
            nn__json_put_bool(&w, 0);
        }
        nn__json_end_object(&w);
    }
    nn__json_end_array(&w);
    nn__attributes_to_json(&w, model);
    nn__json_end_object(&w);
    return nn__json_finish(&w, text, NULL);
}

/* ---- Reading ---- */

static nn_layer *layer_from_json(const nn__json *json, uint32_t node, nn_kind_list own,
                                 const char *where)
{
    uint32_t object = nn__json_member(json, node, "layer");
    const nn_kind *kind = nn__kind_from_json(json, object, own, nn__layer_kinds, where);
    if (kind == NULL)
        return NULL;
    nn_layer *layer = nn_layer_new((const nn_layer_kind *)(const void *)kind, NULL);
    if (layer != NULL &&
        nn__object_from_json(&layer->object, json, nn__json_member(json, object, "options"),
                             where) != NN_OK) {
        nn_layer_free(layer);
        return NULL;
    }
    return layer;
}

/* Inputs must be earlier nodes, so a graph cannot have cycles. */
static nn_status inputs_from_json(const nn__json *json, uint32_t node, int *inputs, int index,
                                  const char *where)
{
    uint32_t list = nn__json_member(json, node, "inputs");
    for (size_t k = 0; k < nn__json_count(json, list); k++) {
        int64_t input;
        if (!nn__json_integer(json, nn__json_item(json, list, k), &input) || input < 0 ||
            input >= index)
            return nn_fail(NN_EFORMAT, "%s: input %zu is no earlier node", where, k);
        inputs[k] = (int)input;
    }
    return NN_OK;
}

/* Only frozen layers say so. */
static int frozen_in_json(const nn__json *json, uint32_t node)
{
    int trainable = 1;
    nn__json_bool(json, nn__json_member(json, node, "trainable"), &trainable);
    return !trainable;
}

static nn_status node_from_json(nn_model *model, const nn__json *json, uint32_t node, int index,
                                nn_kind_list own, const char *path)
{
    size_t bytes = 0;
    char *where =
        nn__alloc(bytes = (size_t)snprintf(NULL, 0, "%s: node %d", path, index) + 1, "a message");
    if (where == NULL)
        return NN_ENOMEM;
    snprintf(where, bytes, "%s: node %d", path, index);
    size_t count = nn__json_count(json, nn__json_member(json, node, "inputs"));
    int *inputs = nn__alloc_array(count, sizeof *inputs, "a node");
    nn_status status =
        inputs == NULL ? NN_ENOMEM : inputs_from_json(json, node, inputs, index, where);
    if (status == NN_OK) {
        nn_layer *layer = layer_from_json(json, node, own, where);
        if (layer == NULL)
            status = nn__last_status();
        else if (nn__model_append(model, layer, inputs, (int)count) < 0)
            status = nn__model_check(model);
        else
            model->nodes[model->node_count - 1].frozen = frozen_in_json(json, node);
    }
    nn__free(inputs);
    nn__free(where);
    return status;
}

static nn_status output_from_json(nn_model *model, const nn__json *json, uint32_t node,
                                  const char *path)
{
    int64_t output;
    if (!nn__json_integer(json, node, &output))
        return nn_fail(NN_EFORMAT, "%s: an output of the model is no number", path);
    if (output < 0 || output >= model->node_count)
        return nn_fail(NN_EFORMAT, "%s: output %lld is none of its %d nodes", path,
                       (long long)output, model->node_count);
    nn_status status = nn_model_output(model, (nn_node){model, (int)output, 0});
    return status == NN_EINVAL
               ? nn_fail(NN_EFORMAT, "%s: two outputs are node %lld", path, (long long)output)
               : status;
}

static nn_status outputs_from_json(nn_model *model, const nn__json *json, const char *path)
{
    uint32_t list = nn__json_member(json, 0, "outputs");
    if (list == NN__JSON_NONE)
        return output_from_json(model, json, nn__json_member(json, 0, "output"), path);
    for (size_t k = 0; k < nn__json_count(json, list); k++)
        NN_TRY(output_from_json(model, json, nn__json_item(json, list, k), path));
    return NN_OK;
}

static nn_status graph_from_json(nn_model *model, const nn__json *json, nn_kind_list own,
                                 const char *path)
{
    uint32_t nodes = nn__json_member(json, 0, "nodes");
    const char *name = nn__json_string(json, nn__json_member(json, 0, "name"));
    uint64_t seed;
    if (name == NULL || nn__json_type_of(json, nodes) != NN__JSON_ARRAY ||
        !nn__json_unsigned(json, nn__json_member(json, 0, "seed"), &seed) ||
        (nn__json_member(json, 0, "output") == NN__JSON_NONE &&
         nn__json_type_of(json, nn__json_member(json, 0, "outputs")) != NN__JSON_ARRAY))
        return nn_fail(NN_EFORMAT, "%s: name, seed, output or nodes is missing in the model", path);
    NN_TRY(nn_model_set_name(model, name));
    NN_TRY(nn_model_set_seed(model, seed));
    uint32_t node = nodes + 1; /* children follow each other; walking by index would be quadratic */
    for (size_t i = 0; i < nn__json_count(json, nodes); i++, node = json->nodes[node].end)
        NN_TRY(node_from_json(model, json, node, (int)i, own, path));
    NN_TRY(outputs_from_json(model, json, path));
    nn_status status = nn_model_build(model);
    if (status == NN_OK)
        return nn__attributes_from_json(model, json, path);
    if (status == NN_ENOMEM)
        return status;
    char message[NN__MESSAGE]; /* the layer's complaint, with the file before it */
    snprintf(message, sizeof message, "%s", nn_error_message());
    return nn_fail(NN_EFORMAT, "%s: %s", path, message);
}

nn_status nn__architecture_model(const char *text, const char *path, nn_kind_list own,
                                 nn_model **model)
{
    nn__json *json;
    size_t size = 0;
    while (text[size] != '\0')
        size++;
    NN_TRY(nn__json_parse(text, size, NULL, path, &json));
    nn_model *made = nn_model_new();
    nn_status status = made == NULL ? NN_ENOMEM : graph_from_json(made, json, own, path);
    nn__json_free(json);
    if (status != NN_OK) {
        nn_model_free(made);
        return status;
    }
    *model = made;
    return NN_OK;
}
