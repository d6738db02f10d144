/* Weights by name, counted, and as one block. */
#include <string.h>

#include "model/model.h"

void nn__model_changed(nn_model *model)
{
    atomic_fetch_add_explicit(&model->changes, 1, memory_order_relaxed);
}

size_t nn_model_weight_count(nn_model *model)
{
    return nn_model_build(model) == NN_OK ? (size_t)model->weight_count : 0;
}

const char *nn_model_weight_name(nn_model *model, size_t index)
{
    return index < nn_model_weight_count(model) ? model->weights[index].name : NULL;
}

const nn__weight *nn__model_weight(const nn_model *model, const char *name)
{
    for (int i = 0; name != NULL && i < model->weight_count; i++)
        if (strcmp(model->weights[i].name, name) == 0)
            return &model->weights[i];
    nn_fail(NN_ENOTFOUND, "the model has no weight '%s'", name == NULL ? "" : name);
    return NULL;
}

const nn_shape *nn_model_weight_shape(nn_model *model, const char *name)
{
    if (nn_model_build(model) != NN_OK)
        return NULL;
    const nn__weight *weight = nn__model_weight(model, name);
    return weight == NULL ? NULL : &weight->shape;
}

/* The weight of that name if it has `count` numbers. */
static nn_status find(nn_model *model, const char *name, const void *values, size_t count,
                      const nn__weight **weight)
{
    NN_TRY(nn_model_build(model));
    *weight = nn__model_weight(model, name);
    if (*weight == NULL)
        return NN_ENOTFOUND;
    if (values == NULL)
        return nn_fail(NN_EINVAL, "%s: values is NULL", name);
    if ((*weight)->count != count)
        return nn_fail(NN_ESHAPE, "%s: %zu numbers are given, it has %zu", name, count,
                       (*weight)->count);
    return NN_OK;
}

nn_status nn_model_get_weight(nn_model *model, const char *name, nn_real *values, size_t count)
{
    const nn__weight *weight;
    NN_TRY(find(model, name, values, count, &weight));
    memcpy(values, model->values + weight->offset, count * sizeof *values);
    return NN_OK;
}

nn_status nn_model_set_weight(nn_model *model, const char *name, const nn_real *values,
                              size_t count)
{
    const nn__weight *weight;
    NN_TRY(find(model, name, values, count, &weight));
    memcpy(model->values + weight->offset, values, count * sizeof *values);
    nn__model_changed(model);
    return NN_OK;
}

static size_t count_parameters(nn_model *model, int only_trainable)
{
    size_t count = 0;
    if (nn_model_build(model) != NN_OK)
        return 0;
    for (int i = 0; i < model->weight_count; i++)
        if (!only_trainable ||
            (model->weights[i].trainable && !model->nodes[model->weights[i].node].frozen))
            count += model->weights[i].count;
    return count;
}

size_t nn_model_parameters(nn_model *model)
{
    return count_parameters(model, 0);
}

size_t nn_model_trainable_parameters(nn_model *model)
{
    return count_parameters(model, 1);
}

size_t nn_model_snapshot_count(const nn_model *model)
{
    return model->built ? model->value_count : 0;
}

void nn_model_snapshot(const nn_model *model, nn_real *values)
{
    memcpy(values, model->values, model->value_count * sizeof *values);
}

void nn_model_restore(nn_model *model, const nn_real *values)
{
    memcpy(model->values, values, model->value_count * sizeof *values);
    nn__model_changed(model);
}
