/* Which layers are trained, and how far backward goes because of it. */
#include <string.h>

#include "model/model.h"

int nn__node_trains(const nn_model *model, int node)
{
    const nn__node *n = &model->nodes[node];
    for (int i = n->first_weight; !n->frozen && i < n->first_weight + n->weight_count; i++)
        if (model->weights[i].trainable)
            return 1;
    return 0;
}

/* Inputs are earlier nodes, so one walk suffices. */
void nn__model_activate(nn_model *model)
{
    for (int i = 0; i < model->node_count; i++) {
        nn__node *node = &model->nodes[i];
        node->active = nn__node_trains(model, i);
        for (int k = 0; k < node->input_count; k++)
            node->active = node->active || model->nodes[node->inputs[k]].active;
    }
}

int nn__model_node(const nn_model *model, const char *name, const char *what)
{
    for (int i = 0; name != NULL && i < model->node_count; i++)
        if (strcmp(model->nodes[i].name, name) == 0)
            return i;
    nn_fail(NN_ENOTFOUND, "%s: the model has no layer '%s'", what, name == NULL ? "" : name);
    return -1;
}

void nn__model_mark_before(const nn_model *model, int node, unsigned char *marks)
{
    memset(marks, 0, (size_t)model->node_count);
    marks[node] = 1;
    for (int i = node; i >= 0; i--)
        for (int k = 0; marks[i] && k < model->nodes[i].input_count; k++)
            marks[model->nodes[i].inputs[k]] = 1;
}

/* Sets the marked nodes, or all where marks is NULL. */
static void set_frozen(nn_model *model, const unsigned char *marks, int frozen)
{
    for (int i = 0; i < model->node_count; i++)
        if (marks == NULL || marks[i])
            model->nodes[i].frozen = frozen;
    nn__model_activate(model);
    model->trainable_changes++;
}

nn_status nn_model_set_trainable(nn_model *model, const char *layer, int trainable)
{
    NN_TRY(nn_model_build(model));
    if (trainable != 0 && trainable != 1)
        return nn_fail(NN_EINVAL, "trainable is %d, it must be 0 or 1", trainable);
    if (layer == NULL) {
        set_frozen(model, NULL, !trainable);
        return NN_OK;
    }
    int node = nn__model_node(model, layer, "set_trainable");
    if (node < 0)
        return NN_ENOTFOUND;
    if (model->nodes[node].frozen == trainable) {
        model->nodes[node].frozen = !trainable;
        nn__model_activate(model);
        model->trainable_changes++;
    }
    return NN_OK;
}

nn_status nn_model_freeze_until(nn_model *model, const char *layer)
{
    NN_TRY(nn_model_build(model));
    int node = nn__model_node(model, layer, "freeze_until");
    if (node < 0)
        return NN_ENOTFOUND;
    unsigned char *marks = nn__alloc((size_t)model->node_count, "a list of layers");
    if (marks == NULL)
        return NN_ENOMEM;
    nn__model_mark_before(model, node, marks);
    set_frozen(model, marks, 1);
    nn__free(marks);
    return NN_OK;
}

int nn_model_trainable(nn_model *model, const char *layer)
{
    int node = nn_model_build(model) == NN_OK ? nn__model_node(model, layer, "trainable") : -1;
    return node >= 0 && !model->nodes[node].frozen;
}

size_t nn_model_layer_count(nn_model *model)
{
    return nn_model_build(model) == NN_OK ? (size_t)model->node_count : 0;
}

const char *nn_model_layer_name(nn_model *model, size_t index)
{
    return index < nn_model_layer_count(model) ? model->nodes[index].name : NULL;
}
