/* The build: names, checks, shapes, and the block of weights with its first values. */
#include <stdio.h>
#include <string.h>

#include "initializers/initializer.h"
#include "model/model.h"

enum { ALIGNED_REALS = 64 / sizeof(nn_real) };

static int name_is_taken(const nn_model *model, const char *name)
{
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].name != NULL && strcmp(model->nodes[i].name, name) == 0)
            return 1;
    return 0;
}

/* Nodes whose layers carry a name of the caller's get it first, so that counted names avoid it. */
static nn_status build_given_names(nn_model *model)
{
    for (int i = 0; i < model->node_count; i++) {
        const char *name = nn__option_string(&model->nodes[i].layer->object, "name");
        if (name == NULL)
            continue;
        if (name[0] == '\0' || strchr(name, '/') != NULL)
            return nn_fail(NN_EINVAL, "layer %d: name '%s' is empty or holds a '/'", i, name);
        if (name_is_taken(model, name))
            return nn_fail(NN_EINVAL, "layer %d: another layer is named '%s'", i, name);
        model->nodes[i].name = nn__copy_string(name, "a layer's name");
        if (model->nodes[i].name == NULL)
            return NN_ENOMEM;
    }
    return NN_OK;
}

/* The others are counted by kind: conv2d, conv2d_1, conv2d_2. Inputs are named as in Keras. */
static nn_status build_counted_names(nn_model *model)
{
    for (int i = 0; i < model->node_count; i++) {
        nn__node *node = &model->nodes[i];
        if (node->name != NULL)
            continue;
        const nn_layer_kind *kind = nn__layer_kind(node->layer);
        const char *root = kind->inputs == NN_NO_INPUT ? "input_layer" : kind->kind.name;
        size_t bytes = strlen(root) + 16;
        char *name = nn__alloc(bytes, "a layer's name");
        if (name == NULL)
            return NN_ENOMEM;
        snprintf(name, bytes, "%s", root);
        for (int k = 1; name_is_taken(model, name); k++)
            snprintf(name, bytes, "%s_%d", root, k);
        node->name = name;
    }
    return NN_OK;
}

static nn_status build_node(nn_model *model, int index, nn_shape *shapes)
{
    nn__node *node = &model->nodes[index];
    NN_TRY(nn__object_check(&node->layer->object, node->name));
    nn_infer about;
    node->first_weight = model->weight_count;
    NN_TRY(nn__model_infer(model, index, 0, 1, 1, shapes, &about));
    node->output = about.output;
    return NN_OK;
}

/* Is the node read by another, or an output? */
static int node_is_used(const nn_model *model, int node)
{
    for (int i = node + 1; i < model->node_count; i++)
        for (int k = 0; k < model->nodes[i].input_count; k++)
            if (model->nodes[i].inputs[k] == node)
                return 1;
    for (int k = 0; k < model->head_count; k++)
        if (model->heads[k].node == node)
            return 1;
    return 0;
}

/* Inputs that are used, and an output. Runs when nodes have their names. */
static nn_status build_check_graph(const nn_model *model)
{
    if (model->node_count == 0 || model->head_count == 0)
        return nn_fail(NN_ESTATE, "the model has no %s",
                       model->node_count == 0 ? "layers" : "output");
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].input_count == 0 && !node_is_used(model, i))
            return nn_fail(NN_EINVAL, "%s: no layer reads this input", model->nodes[i].name);
    return NN_OK;
}

size_t nn__weight_end(const nn__weight *weight)
{
    return nn__add(weight->offset,
                   (weight->count + ALIGNED_REALS - 1) / ALIGNED_REALS * ALIGNED_REALS);
}

static size_t place_weights(nn_model *model, int trainable, size_t offset)
{
    for (int i = 0; i < model->weight_count; i++) {
        nn__weight *weight = &model->weights[i];
        if (weight->trainable != trainable)
            continue;
        weight->offset = offset;
        offset = nn__weight_end(weight);
    }
    return offset;
}

static nn_status build_values(nn_model *model)
{
    model->parameter_values = place_weights(model, 1, 0);
    model->value_count = place_weights(model, 0, model->parameter_values);
    model->values = nn__alloc_array(model->value_count, sizeof(nn_real), "the weights");
    if (model->values == NULL)
        return NN_ENOMEM;
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        nn__initialize(model->values + weight->offset, &weight->shape, weight->initializer,
                       model->seed, (uint32_t)i);
    }
    nn__model_changed(model);
    return NN_OK;
}

static nn_status build_all(nn_model *model)
{
    NN_TRY(build_given_names(model));
    NN_TRY(build_counted_names(model));
    NN_TRY(build_check_graph(model));
    nn_shape *shapes =
        nn__alloc_array((size_t)nn__model_most_inputs(model), sizeof *shapes, "shapes of inputs");
    if (shapes == NULL)
        return NN_ENOMEM;
    nn_status status = NN_OK;
    for (int i = 0; i < model->node_count && status == NN_OK; i++)
        status = build_node(model, i, shapes);
    nn__free(shapes);
    NN_TRY(status);
    nn__model_activate(model);
    return build_values(model);
}

nn_status nn_model_build(nn_model *model)
{
    NN_TRY(nn__model_check(model));
    if (model->built)
        return NN_OK;
    unsigned saved = nn__float_mode_enter(); /* the first weights are the same in any mode */
    nn_status status = build_all(model);
    nn__float_mode_leave(saved);
    NN_TRY(nn__model_keep(model, status));
    model->built = 1;
    return NN_OK;
}

/* ---- Inputs and outputs ---- */

const nn__node *nn__model_input(const nn_model *model, int index)
{
    const nn__node *node = model->nodes;
    while (node->input_count != 0 || index-- > 0)
        node++;
    return node;
}

const nn__node *nn__model_output(const nn_model *model, int index)
{
    return &model->nodes[model->heads[index].node];
}

size_t nn_model_input_count(nn_model *model)
{
    return nn_model_build(model) == NN_OK ? (size_t)model->input_count : 0;
}

size_t nn_model_output_count(nn_model *model)
{
    return nn_model_build(model) == NN_OK ? (size_t)model->head_count : 0;
}

static const nn__node *input_at(nn_model *model, size_t index)
{
    return index < nn_model_input_count(model) ? nn__model_input(model, (int)index) : NULL;
}

static const nn__node *output_at(nn_model *model, size_t index)
{
    return index < nn_model_output_count(model) ? nn__model_output(model, (int)index) : NULL;
}

const nn_shape *nn_model_input_shape_at(nn_model *model, size_t index)
{
    const nn__node *node = input_at(model, index);
    return node == NULL ? NULL : &node->output;
}

const nn_shape *nn_model_output_shape_at(nn_model *model, size_t index)
{
    const nn__node *node = output_at(model, index);
    return node == NULL ? NULL : &node->output;
}

const char *nn_model_input_name(nn_model *model, size_t index)
{
    const nn__node *node = input_at(model, index);
    return node == NULL ? NULL : node->name;
}

const char *nn_model_output_name(nn_model *model, size_t index)
{
    const nn__node *node = output_at(model, index);
    return node == NULL ? NULL : node->name;
}

const nn_shape *nn_model_input_shape(nn_model *model)
{
    return nn_model_input_shape_at(model, 0);
}

const nn_shape *nn_model_output_shape(nn_model *model)
{
    return nn_model_output_shape_at(model, 0);
}
