/*
 * libnn from C++17: the plain functions under the macros of C, with option structs, unique_ptr for
 * what must be freed, and an exception for what fails. Trains a small network on generated pictures,
 * tests it, classifies one picture, and saves the model if a file is named (ctypes_predict.py can
 * load it).
 *
 *   c++ -std=c++17 cxx_program.cpp -o cxx_program $(pkg-config --cflags --libs nn)
 *   ./cxx_program [FILE]
 */
#include <nn.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

/* ---- What any C++ program needs once. */

/* An options struct: zero is the default of each field, and the first says how large the struct is. */
template <class Options> static Options options()
{
    Options zeroed{};
    zeroed.struct_size = sizeof zeroed;
    return zeroed;
}

/* The pointers that free what they own. */
template <auto release> struct freed_by {
    template <class Object> void operator()(Object *object) const
    {
        release(object);
    }
};
using model_ptr = std::unique_ptr<nn_model, freed_by<nn_model_free>>;
using dataset_ptr = std::unique_ptr<nn_dataset, freed_by<nn_dataset_free>>;
using context_ptr = std::unique_ptr<nn_context, freed_by<nn_context_free>>;

static void check(nn_status status)
{
    if (status != NN_OK)
        throw std::runtime_error(nn_error_message());
}

/* An object that is new, or the reason why there is none. */
template <class Pointer> static Pointer owned(typename Pointer::pointer made)
{
    if (made == nullptr)
        throw std::runtime_error(nn_error_message());
    return Pointer(made);
}

/* ---- The program. */

static dataset_ptr drawings(nn_part part, std::size_t rows)
{
    auto o = options<nn_drawings_options>();
    o.part = part;
    o.rows = rows;
    o.one_hot = 1;
    return owned<dataset_ptr>(nn_drawings_new(&o));
}

static nn_layer *conv2d(int filters)
{
    auto o = options<nn_conv2d_options>();
    o.filters = filters;
    o.kernel[0] = o.kernel[1] = 3;
    o.activation = NN_RELU;
    return nn_conv2d_new(&o);
}

static nn_layer *dense(int units, nn_activation activation)
{
    auto o = options<nn_dense_options>();
    o.units = units;
    o.activation = activation;
    return nn_dense_new(&o);
}

static model_ptr make_model()
{
    const int picture[] = {32, 32, 3};
    const std::vector<nn_layer *> layers{nn_input_new(picture, 3),
                                         conv2d(8),
                                         nn_max_pool2d_new(nullptr), // all defaults
                                         conv2d(16),
                                         nn_max_pool2d_new(nullptr),
                                         nn_flatten_new(nullptr),
                                         dense(64, NN_RELU),
                                         dense(10, NN_SOFTMAX)};
    model_ptr model = owned<model_ptr>(nn_sequential_new(layers.data(), layers.size()));

    nn_metric *const metrics[] = {nn_accuracy_new(nullptr)};
    auto o = options<nn_compile_options>();
    o.model = model.get();
    o.optimizer = nn_adam_new(nullptr);
    o.loss = nn_categorical_crossentropy_new(nullptr);
    o.metrics = {metrics, 1};
    check(nn_model_compile(&o));
    return model;
}

static void train(nn_model *model, const nn_dataset *data, const nn_dataset *validation)
{
    auto stopping = options<nn_early_stopping_options>();
    stopping.patience = 2;
    stopping.restore_best_weights = 1;
    nn_callback *const callbacks[] = {nn_early_stopping_new(&stopping)};
    auto o = options<nn_fit_options>();
    o.model = model;
    o.data = data;
    o.validation_data = validation;
    o.epochs = 5;
    o.verbose = NN_ONE_LINE;
    o.callbacks = {callbacks, 1};
    check(nn_model_fit(&o));
}

static double test_accuracy(nn_model *model, const nn_dataset *data)
{
    const nn_logs *result = nullptr;
    auto o = options<nn_evaluate_options>();
    o.model = model;
    o.data = data;
    o.result = &result;
    check(nn_model_evaluate(&o));
    return nn_logs_value(result, "accuracy");
}

/* One picture through a context, the memory of one thread that predicts. */
static void classify(nn_model *model, const nn_dataset *data, std::size_t row)
{
    auto o = options<nn_context_options>();
    o.model = model;
    o.batch_size = 1;
    const context_ptr context = owned<context_ptr>(nn_context_new(&o));
    std::vector<float> x(32 * 32 * 3), shares(10);
    int label = 0;
    check(nn_dataset_row(data, row, x.data(), &label));
    check(nn_context_predict(context.get(), x.data(), 1, shares.data()));
    const auto best = std::max_element(shares.begin(), shares.end());
    std::printf("Picture %zu: %s, says the model (%.0f %%); it is %s\n", row,
                nn_dataset_class_name(data, static_cast<int>(best - shares.begin())),
                100.0 * static_cast<double>(*best), nn_dataset_class_name(data, label));
}

int main(int argc, char **argv)
try {
    const std::string file = argc > 1 ? argv[1] : "";
    if (argc > 2 || file[0] == '-') {
        std::fputs("usage: cxx_program [FILE]\n", file == "--help" ? stdout : stderr);
        return file == "--help" ? 0 : 1;
    }
    const dataset_ptr data = drawings(NN_TRAIN, 4000), test = drawings(NN_TEST, 1000);
    const model_ptr model = make_model();
    train(model.get(), data.get(), test.get());
    std::printf("Test Accuracy: %.4f\n", test_accuracy(model.get(), test.get()));
    classify(model.get(), test.get(), 7);
    if (!file.empty()) {
        check(nn_model_save(model.get(), file.c_str()));
        std::printf("Wrote %s\n", file.c_str());
    }
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "cxx_program: %s\n", error.what());
    return 1;
}
