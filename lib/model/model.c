/* Construction: layers become nodes. Failures are remembered by the model. */
#include "model/model.h"

#include <string.h>

nn_status nn__model_check(const nn_model *model)
{
    if (model == NULL)
        return nn_fail(NN_EINVAL, "the model is NULL");
    if (model->status != NN_OK)
        return nn_fail(model->status, "%s", model->message);
    return NN_OK;
}

nn_status nn__model_keep(nn_model *model, nn_status status)
{
    if (status != NN_OK && model->status == NN_OK) {
        model->status = status;
        strncpy(model->message, nn_error_message(), sizeof model->message - 1);
    }
    return status;
}

nn_model *nn_model_new(void)
{
    nn_model *model = nn__alloc(sizeof *model, "a model");
    if (model == NULL)
        return NULL;
    model->last = -1;
    model->name = nn__copy_string("sequential", "a model");
    if (model->name == NULL) {
        nn__free(model);
        return NULL;
    }
    return model;
}

void nn__head_clear(nn__head *head)
{
    for (size_t i = 0; head->metrics != NULL && i < head->metric_count; i++)
        nn_metric_free(head->metrics[i]);
    nn__free(head->metrics);
    nn_loss_free(head->loss);
    *head = (nn__head){.node = head->node, .weight = 1};
}

void nn_model_free(nn_model *model)
{
    if (model == NULL)
        return;
    if (model->training != NULL)
        model->release_training(model->training);
    for (int i = 0; i < model->node_count; i++) {
        nn_layer_free(model->nodes[i].layer);
        nn__free(model->nodes[i].name);
        nn__free(model->nodes[i].inputs);
    }
    for (int i = 0; i < model->weight_count; i++)
        nn__free(model->weights[i].name);
    for (int k = 0; k < model->head_count; k++)
        nn__head_clear(&model->heads[k]);
    nn_optimizer_free(model->optimizer);
    nn__free(model->heads);
    nn__free(model->nodes);
    nn__free(model->weights);
    nn__free(model->values);
    nn__updater_free(&model->updater);
    nn__free(model->name);
    nn__free(model);
}

static nn_status model_room_for_node(nn_model *model)
{
    if (model->node_count < model->node_capacity)
        return NN_OK;
    int capacity = model->node_capacity == 0 ? 32 : 2 * model->node_capacity;
    nn__node *nodes = nn__grow(model->nodes, (size_t)model->node_count * sizeof *nodes,
                               (size_t)capacity * sizeof *nodes, "the list of nodes");
    if (nodes == NULL)
        return NN_ENOMEM;
    model->nodes = nodes;
    model->node_capacity = capacity;
    return NN_OK;
}

/* What must hold before the layer is taken; it is the caller's to free where this fails. */
static nn_status model_may_append(const nn_model *model, const nn_layer *layer)
{
    NN_TRY(nn__model_check(model));
    if (layer == NULL)
        return nn_fail(NN_ENOMEM, "no memory for layer %d", model->node_count);
    if (layer->object.owned)
        return nn_fail(NN_EINVAL, "layer %d (%s) already belongs to a model", model->node_count,
                       layer->object.kind->name);
    if (model->built)
        return nn_fail(NN_ESTATE, "a layer (%s) is added after the build",
                       layer->object.kind->name);
    return NN_OK;
}

static void layer_drop(nn_layer *layer)
{
    if (layer != NULL && !layer->object.owned)
        nn_layer_free(layer);
}

int nn__model_append(nn_model *model, nn_layer *layer, const int *inputs, int count)
{
    int *copy = NULL;
    nn_status status = nn__model_keep(model, model_may_append(model, layer));
    if (status == NN_OK)
        status = nn__model_keep(model, model_room_for_node(model));
    if (status == NN_OK) {
        copy = nn__alloc_array((size_t)count, sizeof *copy, "a node");
        if (copy == NULL)
            status = nn__model_keep(model, NN_ENOMEM);
    }
    if (status != NN_OK) {
        layer_drop(layer);
        return -1;
    }
    if (count > 0)
        memcpy(copy, inputs, (size_t)count * sizeof *copy);
    layer->object.owned = 1;
    model->input_count += count == 0;
    model->nodes[model->node_count] =
        (nn__node){.layer = layer, .inputs = copy, .input_count = count};
    return model->node_count++;
}

/* One more output. */
static nn_status model_add_head(nn_model *model, int node)
{
    size_t count = (size_t)model->head_count;
    nn__head *heads = nn__grow(model->heads, count * sizeof *heads, (count + 1) * sizeof *heads,
                               "the list of outputs");
    if (heads == NULL)
        return nn__model_keep(model, NN_ENOMEM);
    model->heads = heads;
    model->heads[model->head_count++] = (nn__head){.node = node, .weight = 1};
    return NN_OK;
}

/* The end of a chain is its output. */
static nn_status model_end_chain(nn_model *model, int node)
{
    model->last = node;
    model->heads_declared = 0;
    if (model->head_count == 0)
        return model_add_head(model, node);
    model->heads[0].node = node;
    model->head_count = 1;
    return NN_OK;
}

nn_status nn_model_add(nn_model *model, nn_layer *layer)
{
    if (model == NULL) {
        layer_drop(layer);
        return nn_fail(NN_EINVAL, "the model is NULL");
    }
    int node = nn__model_append(model, layer, &model->last, model->last >= 0 ? 1 : 0);
    return node >= 0 ? model_end_chain(model, node) : nn__model_check(model);
}

nn_model *nn_sequential_new(nn_layer *const *layers, size_t count)
{
    nn_model *model = nn_model_new();
    if (model == NULL) {
        nn__objects_drop(layers, count, nn__object_free);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (layers[i] == NULL) {
            nn__objects_drop(layers, count, nn__object_free);
            nn_model_free(model);
            nn_fail(NN_ENOMEM, "no memory for layer %zu", i);
            return NULL;
        }
    for (size_t i = 0; i < count; i++)
        nn_model_add(model, layers[i]);
    return model;
}

nn_node nn_model_input_new(nn_model *model, const int *dims, int rank)
{
    nn_layer *layer = nn_input_new(dims, rank);
    if (model == NULL) {
        nn_layer_free(layer);
        return (nn_node){NULL, -1, 0};
    }
    int node = nn__model_append(model, layer, NULL, 0);
    if (node < 0)
        return (nn_node){NULL, -1, 0};
    model->last = node;
    return (nn_node){model, node, 0};
}

nn_node nn_apply(nn_layer *layer, nn_node input)
{
    return nn_merge_new(layer, &input, 1);
}

/* The model of the nodes; NULL where one has none, with the failure kept by the first that has. */
static nn_model *nodes_model(const nn_node *inputs, size_t count)
{
    nn_model *model = NULL;
    for (size_t i = 0; i < count && model == NULL; i++)
        model = inputs[i].model;
    for (size_t i = 0; i < count && model != NULL; i++) {
        if (inputs[i].model == model)
            continue;
        if (inputs[i].model != NULL)
            nn__model_keep(model, nn_fail(NN_EINVAL, "input %zu belongs to another model", i));
        return NULL; /* without a model: that call's failure is already kept */
    }
    return model;
}

nn_node nn_merge_new(nn_layer *layer, const nn_node *inputs, size_t count)
{
    nn_node none = {NULL, -1, 0};
    nn_model *model = nodes_model(inputs, count);
    int *indices = NULL;
    if (model != NULL && nn__model_check(model) == NN_OK) {
        indices = nn__alloc_array(count, sizeof *indices, "a node");
        if (indices == NULL)
            nn__model_keep(model, NN_ENOMEM);
    }
    if (indices == NULL) {
        layer_drop(layer);
        return none;
    }
    for (size_t i = 0; i < count; i++)
        indices[i] = inputs[i].index;
    int node = nn__model_append(model, layer, indices, (int)count);
    nn__free(indices);
    if (node < 0)
        return none;
    model->last = node;
    return (nn_node){model, node, 0};
}

nn_status nn_model_output(nn_model *model, nn_node output)
{
    NN_TRY(nn__model_check(model));
    if (output.model != model || output.index < 0 || output.index >= model->node_count)
        return nn__model_keep(model, nn_fail(NN_EINVAL, "the output is no node of this model"));
    if (model->built)
        return nn_fail(NN_ESTATE, "the output is declared after the build");
    if (!model->heads_declared)
        model->head_count = 0;
    model->heads_declared = 1;
    for (int k = 0; k < model->head_count; k++)
        if (model->heads[k].node == output.index)
            return nn__model_keep(
                model, nn_fail(NN_EINVAL, "output %d is output %d already (%s)", model->head_count,
                               k, model->nodes[output.index].layer->object.kind->name));
    return model_add_head(model, output.index);
}

nn_status nn_model_set_outputs(nn_model *model, const nn_node *outputs, size_t count)
{
    NN_TRY(nn__model_check(model));
    if (model->built)
        return nn_fail(NN_ESTATE, "the outputs are declared after the build");
    model->head_count = 0;
    model->heads_declared = 1;
    for (size_t k = 0; k < count; k++)
        NN_TRY(nn_model_output(model, outputs[k]));
    return NN_OK;
}

/* ---- Settings ---- */

nn_status nn_model_set_seed(nn_model *model, uint64_t seed)
{
    NN_TRY(nn__model_check(model));
    if (model->built)
        return nn_fail(NN_ESTATE, "the seed is set after the build, which draws the weights");
    model->seed = seed;
    return NN_OK;
}

nn_status nn_model_set_threads(nn_model *model, int threads)
{
    NN_TRY(nn__model_check(model));
    if (threads < 0 || threads > NN__MAX_THREADS)
        return nn_fail(NN_EINVAL, "threads is %d, it must be 0..%d", threads, NN__MAX_THREADS);
    model->threads = threads;
    return NN_OK;
}

int nn__model_threads(const nn_model *model)
{
    return model->threads > 0 ? model->threads : nn_default_threads();
}

nn_status nn_model_set_name(nn_model *model, const char *name)
{
    NN_TRY(nn__model_check(model));
    if (name == NULL || name[0] == '\0')
        return nn_fail(NN_EINVAL, "the model's name is empty");
    char *copy = nn__copy_string(name, "the model's name");
    if (copy == NULL)
        return NN_ENOMEM;
    nn__free(model->name);
    model->name = copy;
    return NN_OK;
}

const char *nn_model_name(const nn_model *model)
{
    return model->name;
}

void nn_model_stop(nn_model *model)
{
    if (model != NULL)
        atomic_store(&model->stop, 1);
}
