/* Asking layers for shapes, weights and memory. */
#include <stdio.h>
#include <string.h>

#include "model/model.h"

nn_status nn_infer_fail(nn_infer *infer, nn_status status, const char *format, ...)
{
    char text[NN__MESSAGE];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return nn_fail(status, "%s: %s", infer->name, text);
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
    if (initializer.kind < NN_INIT_ZEROS || initializer.kind > NN_INIT_CONSTANT)
        return nn_infer_fail(infer, NN_EINVAL, "%s's initializer is %d, which there is not", name,
                             initializer.kind);
    nn_model *model = engine->model;
    nn__weight weight = {
        .node = engine->node, .trainable = trainable, .initializer = initializer, .rate_factor = 1};
    NN_TRY(nn__shape_make(&weight.shape, dims, rank, infer->name));
    weight.count = nn__shape_count(&weight.shape);
    NN_TRY(model_room_for_weight(model));
    weight.name = nn__join_strings(infer->name, "/", name, "the name of a weight");
    if (weight.name == NULL)
        return NN_ENOMEM;
    model->weights[model->weight_count++] = weight;
    model->nodes[engine->node].weight_count++;
    return NN_OK;
}

nn_status nn_infer_regularize(nn_infer *infer, nn_regularizer regularizer)
{
    const struct nn__infer_engine *engine = infer->engine;
    if (engine->collect)
        engine->model->weights[engine->model->weight_count - 1].regularizer = regularizer;
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

static nn_status infer_check_inputs(const nn__node *node)
{
    static const char *const takes[] = {"one input", "no input", "two inputs or more"};
    int rule = nn__layer_kind(node->layer)->inputs, count = node->input_count;
    int fits = rule == NN_NO_INPUT ? count == 0 : rule == NN_ONE_INPUT ? count == 1 : count >= 2;
    if (fits)
        return NN_OK;
    if (count == 0)
        return nn_fail(NN_ESTATE, "%s: the first layer must be made by nn_input", node->name);
    return nn_fail(NN_ESHAPE, "%s: it takes %s, %d are given", node->name, takes[rule], count);
}

/* What every answer must keep to, whoever wrote the layer. */
static nn_status infer_check_answer(const nn_infer *about)
{
    const nn_shape *y = &about->output;
    int valid = y->rank >= 1 && y->rank < NN_MAX_RANK;
    for (int i = 0; valid && i < y->rank; i++)
        valid = y->dims[i] >= 1;
    if (!valid)
        return nn_fail(NN_ESHAPE, "%s: its output has no shape", about->name);
    if ((about->flags & NN_IDENTITY) && about->input_count > 0 &&
        nn__shape_count(y) != nn__shape_count(&about->inputs[0]))
        return nn_fail(NN_ESHAPE, "%s: an identity changes the number of elements", about->name);
    return NN_OK;
}

nn_status nn__model_infer(nn_model *model, int node, int training, int batch, int collect,
                          nn_shape *shapes, nn_infer *about)
{
    const nn__node *n = &model->nodes[node];
    struct nn__infer_engine engine = {model, node, collect};
    NN_TRY(infer_check_inputs(n));
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
                        .engine = &engine,
                        .trainable = !n->frozen,
                        .backward = training && n->active};
    nn_status status = nn__layer_kind(n->layer)->infer(about);
    if (status == NN_OK)
        status = infer_check_answer(about);
    about->engine = NULL;
    about->inputs = NULL;
    return status;
}
