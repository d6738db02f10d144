// C++17 sees the plain functions: options are zeroed structs with their size set.
#include <nn.h>
#include <cstdio>
#include <vector>

template <class Options> static Options options()
{
    Options zeroed{};
    zeroed.struct_size = sizeof(zeroed);
    return zeroed;
}

int main()
{
    const int picture[] = {32, 32, 3};
    auto conv = options<nn_conv2d_options>();
    conv.filters = 4;
    conv.kernel[0] = conv.kernel[1] = 3;
    conv.activation = NN_RELU;
    auto dense = options<nn_dense_options>();
    dense.units = 10;
    const std::vector<nn_layer *> layers{nn_input_new(picture, 3), nn_conv2d_new(&conv),
                                         nn_max_pool2d_new(nullptr), nn_flatten_new(nullptr),
                                         nn_dense_new(&dense)};
    nn_model *model = nn_sequential_new(layers.data(), layers.size());

    auto rule = options<nn_sparse_crossentropy_options>();
    rule.from_logits = 1;
    nn_metric *const metrics[] = {nn_accuracy_new(nullptr)};
    auto compile = options<nn_compile_options>();
    compile.model = model;
    compile.optimizer = nn_adam_new(nullptr);
    compile.loss = nn_sparse_categorical_crossentropy_new(&rule);
    compile.metrics.items = metrics;
    compile.metrics.count = 1;

    auto drawings = options<nn_drawings_options>();
    drawings.rows = 64;
    nn_dataset *data = nn_drawings_new(&drawings);
    auto fit = options<nn_fit_options>();
    fit.data = data;
    fit.model = model;
    auto evaluate = options<nn_evaluate_options>();
    const nn_logs *result = nullptr;
    evaluate.model = model;
    evaluate.data = data;
    evaluate.result = &result;
    const bool good = nn_model_compile(&compile) == NN_OK && nn_model_fit(&fit) == NN_OK &&
                      nn_model_evaluate(&evaluate) == NN_OK && nn_logs_has(result, "accuracy");
    if (!good)
        std::fprintf(stderr, "%s\n", nn_error_message());
    nn_dataset_free(data);
    nn_model_free(model);
    return good ? 0 : 1;
}
