/* What weights carry besides their values: decay or not, and a factor of the learning rate. */
#include <string.h>

#include "model/architecture.h"

nn_status nn_model_exclude_from_weight_decay(nn_model *model, const char *name)
{
    NN_TRY(nn_model_build(model));
    if (name == NULL || name[0] == '\0')
        return nn_fail(NN_EINVAL, "exclude_from_weight_decay: the name is empty");
    int found = 0;
    for (int i = 0; i < model->weight_count; i++) {
        if (strstr(model->weights[i].name, name) == NULL)
            continue;
        model->weights[i].no_decay = 1;
        found = 1;
    }
    return found ? NN_OK : nn_fail(NN_ENOTFOUND, "no weight has '%s' in its name", name);
}

/* Is it the weight itself, or one of the layer of that name? */
static int belongs_to(const char *weight, const char *name)
{
    size_t length = strlen(name);
    return strncmp(weight, name, length) == 0 && (weight[length] == '/' || weight[length] == '\0');
}

nn_status nn_model_set_rate_factor(nn_model *model, const char *name, double factor)
{
    NN_TRY(nn_model_build(model));
    if (name == NULL || !(factor >= 0) || factor > 1e30)
        return nn_fail(NN_EINVAL, "rate factor of '%s' is %g, it must be at least 0 and finite",
                       name == NULL ? "" : name, factor);
    int found = 0;
    for (int i = 0; i < model->weight_count; i++) {
        if (!belongs_to(model->weights[i].name, name))
            continue;
        model->weights[i].rate_factor = factor;
        found = 1;
    }
    return found ? NN_OK
                 : nn_fail(NN_ENOTFOUND, "no layer with weights and no weight is named '%s'", name);
}

/* ---- In files ---- */

void nn__attributes_to_json(nn__json_writer *writer, const nn_model *model)
{
    nn__json_key(writer, "weights");
    nn__json_begin_array(writer);
    for (int i = 0; i < model->weight_count; i++) {
        const nn__weight *weight = &model->weights[i];
        if (!weight->no_decay && weight->rate_factor == 1)
            continue;
        nn__json_begin_object(writer);
        nn__json_key(writer, "name");
        nn__json_put_string(writer, weight->name);
        nn__json_key(writer, "no_decay");
        nn__json_put_bool(writer, weight->no_decay);
        nn__json_key(writer, "rate_factor");
        nn__json_put_number(writer, weight->rate_factor);
        nn__json_end_object(writer);
    }
    nn__json_end_array(writer);
}

static nn_status weight_from_json(nn_model *model, const nn__json *json, uint32_t node,
                                  const char *path)
{
    const char *name = nn__json_string(json, nn__json_member(json, node, "name"));
    for (int i = 0; name != NULL && i < model->weight_count; i++) {
        nn__weight *weight = &model->weights[i];
        double factor;
        if (strcmp(weight->name, name) != 0)
            continue;
        if (!nn__json_bool(json, nn__json_member(json, node, "no_decay"), &weight->no_decay) ||
            !nn__json_number(json, nn__json_member(json, node, "rate_factor"), &factor) ||
            !(factor >= 0) || factor > 1e30)
            break;
        weight->rate_factor = factor;
        return NN_OK;
    }
    return nn_fail(NN_EFORMAT, "%s: the attributes of '%s' are unreadable", path,
                   name == NULL ? "a weight" : name);
}

nn_status nn__attributes_from_json(nn_model *model, const nn__json *json, const char *path)
{
    uint32_t list = nn__json_member(json, 0, "weights");
    for (size_t i = 0; i < nn__json_count(json, list); i++)
        NN_TRY(weight_from_json(model, json, nn__json_item(json, list, i), path));
    return NN_OK;
}
