/* Asking layers for shapes, weights and memory. */
#include <stdio.h>
#include <string.h>

#include "model/model.h"

const char *const nn_padding_names[] = {"valid", "same", NULL};
const char *const nn_activation_names[] = {"linear", "relu", "softmax", "sigmoid", "tanh", NULL};

int nn_window_output(int n, int kernel, int stride, int dilation, int padding, int *before)
{
    int64_t extent = (int64_t)(kernel - 1) * dilation + 1;
    *before = 0;
    if (padding != NN_SAME)
        return n < extent ? 0 : (int)((n - extent) / stride) + 1;
    int out = (n - 1) / stride + 1;
    int64_t total = (int64_t)(out - 1) * stride + extent - n;
    *before = total > 0 ? (int)(total / 2) : 0;
    return out;
}

nn_status nn_infer_fail(nn_infer *infer, nn_status status, const char *format, ...)
{
    char text[NN__MESSAGE];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return nn_fail(status, "%s: %s", infer->name, text);
}

/* "conv2d/kernel"; NULL without memory. */
static char *weight_name(const char *node, const char *weight)
{
    size_t bytes = strlen(node) + strlen(weight) + 2;
    char *name = nn__alloc(bytes, "the name of a weight");
    if (name != NULL)
        snprintf(name, bytes, "%s/%s", node, weight);
    return name;
}

static nn_status model_room_for_weight(nn_model *model)
{
    if (model->weight_count < model->weight_capacity)
        return NN_OK;
    int capacity = model->weight_capacity == 0 ? 16 : 2 * model->weight_capacity;
    nn__weight *weights = nn__grow(model->weights, (size_t)model->weight_count * sizeof *weights,
                                   (size_t)capacity * sizeof *weights, "the list of weights");
    if (weights == NULL)
        return NN_ENOMEM;
    model->weights = weights;
    model->weight_capacity = capacity;
    return NN_OK;
}

nn_status nn_infer_weight(nn_infer *infer, const char *name, const int *dims, int rank,
                          nn_initializer initializer, int trainable)
{
    const struct nn__infer_engine *engine = infer->engine;
    if (!engine->collect)
        return NN_OK;
    nn_model *model = engine->model;
    nn__weight weight = {.node = engine->node, .trainable = trainable, .initializer = initializer};
    NN_TRY(nn__shape_make(&weight.shape, dims, rank, infer->name));
    weight.count = nn__shape_count(&weight.shape);
    NN_TRY(model_room_for_weight(model));
    weight.name = weight_name(infer->name, name);
    if (weight.name == NULL)
        return NN_ENOMEM;
    model->weights[model->weight_count++] = weight;
    model->nodes[engine->node].weight_count++;
    return NN_OK;
}

int nn__model_most_inputs(const nn_model *model)
{
    int most = 1;
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].input_count > most)
            most = model->nodes[i].input_count;
    return most;
}

nn_status nn__model_infer(nn_model *model, int node, int training, int batch, int collect,
                          nn_shape *shapes, nn_infer *about)
{
    const nn__node *n = &model->nodes[node];
    struct nn__infer_engine engine = {model, node, collect};
    memset(shapes, 0, sizeof *shapes);
    for (int i = 0; i < n->input_count; i++)
        shapes[i] = model->nodes[n->inputs[i]].output;
    *about = (nn_infer){.struct_size = sizeof *about,
                        .name = n->name,
                        .options = n->layer->object.options,
                        .training = training,
                        .batch = batch,
                        .input_count = n->input_count,
                        .inputs = shapes,
                        .engine = &engine};
    nn_status status = nn__layer_kind(n->layer)->infer(about);
    about->engine = NULL;
    about->inputs = NULL;
    return status;
}
