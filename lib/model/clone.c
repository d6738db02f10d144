/* Models made of other models: the same layers, by themselves. */
#include <string.h>

#include "model/model.h"

/* The copy carries the name of its original, also where that was counted: a part of a model keeps
 * conv2d_1 when conv2d is left out. */
static nn_layer *clone_layer(const nn__node *node)
{
    nn_layer *layer = nn__object_copy(sizeof *layer, &node->layer->object);
    const nn_option *option = NULL;
    char **place = layer == NULL ? NULL : nn__option_field(&layer->object, "name", &option);
    if (place == NULL || option->type != NN_OPTION_STRING)
        return layer;
    char *name = nn__copy_string(node->name, "a layer's name");
    if (name == NULL) {
        nn_layer_free(layer);
        return NULL;
    }
    nn__free(*place);
    *place = name;
    return layer;
}

/* Appends the marked nodes; index[i] becomes the number of node i in the clone. */
static nn_status clone_nodes(nn_model *clone, const nn_model *model, const unsigned char *marks,
                             int *index)
{
    for (int i = 0; i < model->node_count; i++) {
        const nn__node *node = &model->nodes[i];
        if (!marks[i])
            continue;
        int *inputs = nn__alloc_array((size_t)node->input_count, sizeof *inputs, "a node");
        if (inputs == NULL)
            return NN_ENOMEM;
        for (int k = 0; k < node->input_count; k++)
            inputs[k] = index[node->inputs[k]];
        nn_layer *layer = clone_layer(node);
        index[i] = layer == NULL ? -1 : nn__model_append(clone, layer, inputs, node->input_count);
        nn__free(inputs);
        if (index[i] < 0)
            return NN_ENOMEM;
        clone->nodes[index[i]].frozen = node->frozen;
    }
    return NN_OK;
}

/* Weights follow their nodes in both models, so one walk finds the pairs. How they are trained goes
 * along always, their values where they are wanted. */
static void copy_weights(nn_model *clone, const nn_model *model, const unsigned char *marks,
                         int values)
{
    nn__weight *to = clone->weights;
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        if (!marks[weight->node])
            continue;
        to->rate_factor = weight->rate_factor;
        to->no_decay = weight->no_decay;
        if (values)
            memcpy(clone->values + to->offset, model->values + weight->offset,
                   weight->count * sizeof(nn_real));
        to++;
    }
}

/* The node `until` as the one output, or with -1 the model's own outputs. */
static nn_status clone_outputs(nn_model *clone, const nn_model *model, const int *index, int until)
{
    if (until >= 0)
        return nn_model_output(clone, (nn_node){clone, index[until], 0});
    for (int k = 0; k < model->head_count; k++)
        NN_TRY(nn_model_output(clone, (nn_node){clone, index[model->heads[k].node], 0}));
    return NN_OK;
}

static nn_status clone_into(nn_model *clone, const nn_model *model, const unsigned char *marks,
                            int until)
{
    int *index = nn__alloc_array((size_t)model->node_count, sizeof *index, "a model");
    if (index == NULL)
        return NN_ENOMEM;
    nn_status status = nn_model_set_name(clone, model->name);
    if (status == NN_OK)
        status = clone_nodes(clone, model, marks, index);
    if (status == NN_OK)
        status = clone_outputs(clone, model, index, until);
    nn__free(index);
    clone->threads = model->threads;
    return status == NN_OK ? nn_model_build(clone) : status;
}

/* The marked part of the model, up to the node `until` or with -1 to its outputs; weights of that
 * seed. */
static nn_model *clone_part(const nn_model *model, const unsigned char *marks, int until,
                            uint64_t seed)
{
    nn_model *clone = nn_model_new();
    if (clone == NULL)
        return NULL;
    clone->seed = seed;
    if (clone_into(clone, model, marks, until) != NN_OK) {
        nn_model_free(clone);
        return NULL;
    }
    return clone;
}

static nn_model *clone_whole(nn_model *model, uint64_t seed, int copies)
{
    unsigned char *marks = nn__alloc((size_t)model->node_count, "a model");
    if (marks == NULL)
        return NULL;
    memset(marks, 1, (size_t)model->node_count);
    nn_model *clone = clone_part(model, marks, -1, seed);
    if (clone != NULL)
        copy_weights(clone, model, marks, copies);
    nn__free(marks);
    return clone;
}

nn_model *nn_model_clone(nn_model *model, uint64_t seed)
{
    return nn_model_build(model) == NN_OK ? clone_whole(model, seed, 0) : NULL;
}

nn_model *nn_model_copy(nn_model *model)
{
    return nn_model_build(model) == NN_OK ? clone_whole(model, model->seed, 1) : NULL;
}

nn_model *nn_model_until(nn_model *model, const char *layer)
{
    if (nn_model_build(model) != NN_OK)
        return NULL;
    int node = nn__model_node(model, layer, "until");
    if (node < 0)
        return NULL;
    if (model->nodes[node].input_count == 0) {
        nn_fail(NN_EINVAL, "until: '%s' is an input, a model of nothing else cannot run", layer);
        return NULL;
    }
    unsigned char *marks = nn__alloc((size_t)model->node_count, "a model");
    if (marks == NULL)
        return NULL;
    nn__model_mark_before(model, node, marks);
    nn_model *part = clone_part(model, marks, node, model->seed);
    if (part != NULL)
        copy_weights(part, model, marks, 1);
    nn__free(marks);
    return part;
}
