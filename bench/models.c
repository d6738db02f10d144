#include "models.h"

#include "model/model.h"

static nn_model *conv1_layers(void)
{
    return nn_sequential(nn_input(32, 32, 3),
                         nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
                         nn_max_pool2d({2, 2}), nn_flatten(), nn_dense(100, .activation = NN_RELU),
                         nn_dense(CLASSES, .activation = NN_SOFTMAX));
}

static nn_model *conv2_layers(void)
{
    return nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(10, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_max_pool2d({2, 2}), nn_flatten(), nn_dropout(0.5), nn_dense(100, .activation = NN_RELU),
        nn_dense(CLASSES, .activation = NN_SOFTMAX));
}

static nn_model *deep_layers(void)
{
    return nn_sequential(
        nn_input(32, 32, 3), nn_conv2d(32, {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_batch_norm(), nn_max_pool2d({2, 2}), nn_dropout(0.25),
        nn_conv2d(64, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_dropout(0.25),
        nn_conv2d(128, {3, 3}, .padding = NN_SAME, .activation = NN_RELU), nn_batch_norm(),
        nn_max_pool2d({2, 2}), nn_dropout(0.25), nn_flatten(), nn_dense(256, .activation = NN_RELU),
        nn_batch_norm(), nn_dropout(0.5), nn_dense(CLASSES, .activation = NN_SOFTMAX));
}

static nn_model *linear_layers(void)
{
    return nn_sequential(nn_input(32, 32, 3), nn_flatten(),
                         nn_dense(CLASSES, .activation = NN_SOFTMAX));
}

static nn_optimizer *adam(void)
{
    return nn_adam(.learning_rate = 1e-3);
}

static nn_optimizer *nadam(void)
{
    return nn_nadam(.learning_rate = 1e-3);
}

const struct network network_linear = {"linear", linear_layers, adam};
const struct network network_conv1 = {"conv1", conv1_layers, adam};
const struct network network_conv2 = {"conv2", conv2_layers, nadam};
const struct network network_deep = {"deep", deep_layers, adam};

nn_model *network_new(const struct network *network, int threads)
{
    nn_model *model = network->layers();
    if (model == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_model_set_threads(model, threads));
    bench_check(nn_compile(model, .optimizer = network->optimizer(),
                           .loss = nn_categorical_crossentropy(),
                           .metrics = nn_metrics(nn_accuracy())));
    return model;
}

nn_context *network_context(nn_model *model, int batch, int training)
{
    nn_context *context = nn_context(model, .batch_size = batch, .training = training);
    if (context == NULL)
        bench_fail("%s", nn_error_message());
    return context;
}

double node_flops(const nn_model *model, int node)
{
    const nn__node *n = &model->nodes[node];
    double flops = 0;
    for (int i = 0; i < n->weight_count; i++) {
        const nn__weight *weight = &model->weights[n->first_weight + i];
        if (weight->shape.rank < 2)
            continue;
        int filters = n->output.dims[n->output.rank - 1];
        flops += 2.0 * (double)weight->count * (double)nn__shape_count(&n->output) / filters;
    }
    return flops;
}

double network_flops(nn_model *model, int training)
{
    double total = 0;
    for (int node = 0; node < model->node_count; node++) {
        int passes = !training ? 1 : total == 0 ? 2 : 3;
        total += passes * node_flops(model, node);
    }
    return total;
}
