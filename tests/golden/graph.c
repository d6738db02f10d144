/* The graph of a case as a model. */
#include "golden.h"

#include "layers/layer.h"

/* Node i, from its description, behind the nodes before it. */
static nn_node node_of(golden_case *c, uint32_t json, const nn_node *nodes)
{
    uint32_t list = nn__json_member(c->json, json, "inputs");
    size_t count = nn__json_count(c->json, list);
    nn_node *inputs = golden_alloc(c, count, sizeof *inputs);
    for (size_t k = 0; k < count; k++) {
        int64_t input = 0;
        nn__json_integer(c->json, nn__json_item(c->json, list, k), &input);
        inputs[k] = nodes[input];
    }
    nn_layer *layer = golden_object(c, nn__json_member(c->json, json, "layer"), sizeof(nn_layer),
                                    nn__layer_kinds);
    return nn_merge_new(layer, inputs, count);
}

/* The shape of an input's node; rank 0 where it is another layer. */
static nn_shape input_shape(const golden_case *c, uint32_t json)
{
    nn_shape shape = {0};
    uint32_t layer = nn__json_member(c->json, json, "layer");
    if (nn__json_count(c->json, nn__json_member(c->json, json, "inputs")) > 0)
        return shape;
    uint32_t dims = nn__json_member(c->json, nn__json_member(c->json, layer, "options"), "shape");
    shape.rank = (int)nn__json_count(c->json, dims);
    ck_assert_int_lt(shape.rank, NN_MAX_RANK);
    for (int i = 0; i < shape.rank; i++) {
        int64_t dim = 0;
        nn__json_integer(c->json, nn__json_item(c->json, dims, (size_t)i), &dim);
        shape.dims[i] = (int)dim;
    }
    return shape;
}

/* Frozen layers, once the model has names. */
static void freeze(golden_case *c, nn_model *model, uint32_t list, size_t extra)
{
    for (size_t i = 0; i < nn__json_count(c->json, list); i++) {
        int trainable = 1;
        uint32_t json = nn__json_item(c->json, list, i);
        nn__json_bool(c->json, nn__json_member(c->json, json, "trainable"), &trainable);
        if (!trainable)
            golden_check(c,
                         nn_model_set_trainable(model, nn_model_layer_name(model, i + extra), 0));
    }
}

nn_model *golden_model(golden_case *c, int sources, int rows)
{
    uint32_t graph = golden_member(c, "model"), list = nn__json_member(c->json, graph, "nodes");
    size_t count = nn__json_count(c->json, list);
    nn_model *model = nn_model_new();
    nn_node *nodes = golden_alloc(c, count, sizeof *nodes);
    nn_node one = {0};
    int64_t output = (int64_t)count - 1;
    if (sources)
        one = nn_model_input(model, 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t json = nn__json_item(c->json, list, i);
        nn_shape shape = input_shape(c, json);
        if (shape.rank > 0)
            nodes[i] = sources ? nn_apply(probe_source(rows, &shape), one)
                               : nn_model_input_new(model, shape.dims, shape.rank);
        else
            nodes[i] = node_of(c, json, nodes);
    }
    nn__json_integer(c->json, nn__json_member(c->json, graph, "output"), &output);
    golden_check(c, nn_model_output(model, nodes[output]));
    golden_check(c, nn_model_build(model));
    freeze(c, model, list, sources ? 1 : 0);
    return model;
}

int golden_is_source(const char *weight)
{
    return strncmp(weight, "source", 6) == 0;
}

void golden_set_weights(golden_case *c, nn_model *model)
{
    for (size_t i = 0; i < nn_model_weight_count(model); i++) {
        const char *name = nn_model_weight_name(model, i);
        if (golden_is_source(name))
            continue;
        const nn__tensor_info *tensor = golden_tensor(c, "weight/%s", name);
        golden_check(
            c, nn_model_set_weight(model, name, golden_reals(c, tensor), (size_t)tensor->count));
    }
}
