/*
 * The programs people write, with every macro of the headers: compiled as C99, C11 and C17 with all
 * warnings as errors, linked with libnn.so and run. Prints nothing and returns 0 when all went well.
 */
#include <nn.h>
#include <stdio.h>

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if ((call) != NN_OK) {                                                                     \
            fprintf(stderr, "%d: %s\n", __LINE__, nn_error_message());                             \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

/* The chain of the README, with keyword and positional arguments. */
static int train_and_evaluate(const nn_dataset *train, const nn_dataset *validation)
{
    const nn_logs *result;
    nn_model *model = nn_sequential(
        nn_input(32, 32, 3), nn_rescaling(2.0, .offset = -1),
        nn_conv2d(.filters = 10, .kernel = {3, 3}, .padding = NN_SAME, .activation = NN_RELU),
        nn_max_pool2d(.pool = {2, 2}),
        nn_conv2d(4, {3, 3}, {2, 2}, NN_SAME, .kernel_initializer = NN_HE_NORMAL,
                  .bias_initializer = NN_ZEROS),
        nn_batch_norm(.momentum = 0.9, .epsilon = NN_ZERO, .gamma_initializer = NN_ONES),
        nn_activation(NN_RELU), nn_max_pool2d(), nn_flatten(), nn_dropout(.rate = 0.5),
        nn_dense(.units = 20, .activation = NN_TANH, .kernel_initializer = NN_GLOROT_NORMAL),
        nn_dense(10, .name = "scores"), nn_softmax());
    nn_early_stopping_options absent = {.struct_size = sizeof(absent)};
    nn_callback *unused = nn_early_stopping_new(&absent);
    nn_callback_free(unused);

    CHECK(nn_compile(model, .optimizer = nn_nadam(), .loss = nn_categorical_crossentropy(),
                     .metrics = nn_metrics(nn_accuracy())));
    CHECK(nn_fit(model, train));
    CHECK(nn_fit(model, train, .epochs = 2, .batch_size = 20, .validation_data = validation,
                 .verbose = NN_SILENT,
                 .callbacks = nn_callbacks(
                     nn_early_stopping(.monitor = "val_loss", .patience = 10,
                                       .restore_best_weights = 1, .baseline = NN_SOME(3)),
                     nn_reduce_lr_on_plateau(.monitor = "val_loss", .patience = 3, .factor = 0.5,
                                             .min_lr = 1e-6))));
    CHECK(nn_evaluate(model, validation, .result = &result));
    if (!(nn_logs_value(result, "loss") > 0) || nn_history_epochs(nn_model_history(model)) != 2)
        return 1;
    nn_tensor *outputs = NULL;
    CHECK(nn_predict(model, validation, .result = &outputs));
    nn_tensor_free(outputs);
    nn_model_free(model);
    return 0;
}

/* A graph with a shortcut, the caller's arrays, a context. */
static int predict_with_a_graph(void)
{
    float pixels[2 * 4 * 4 * 3] = {0}, y[2 * 5];
    nn_model *model = nn_model_new();
    nn_node x = nn_model_input(model, 4, 4, 3);
    nn_node a = nn_apply(nn_conv2d(.filters = 3, .kernel = {3, 3}, .padding = NN_SAME), x);
    CHECK(nn_model_output(model,
                          nn_apply(nn_dense(5), nn_apply(nn_flatten(), nn_merge(nn_add(), a, x)))));
    nn_context *context = nn_context(model, .batch_size = 2, .threads = 1);
    if (context == NULL)
        return 1;
    CHECK(nn_context_predict(context, pixels, 2, y));
    nn_context_free(context);

    CHECK(nn_compile(model, .optimizer = nn_sgd(.learning_rate = 0.1, .momentum = 0.9),
                     .loss = nn_mean_squared_error()));
    CHECK(nn_compile(model, .optimizer = nn_adam(1e-3),
                     .loss = nn_sparse_categorical_crossentropy(.from_logits = 1)));
    nn_tensor *pictures = nn_tensor_borrow_const(NN_F32, pixels, NN_SHAPE(2, 4, 4, 3));
    unsigned char labels[2] = {1, 4};
    nn_tensor *classes = nn_tensor_borrow(NN_U8, labels, NN_SHAPE(2));
    nn_dataset *data = nn_arrays(pictures, classes, .classes = 5);
    CHECK(nn_fit(model, data, .epochs = 1));
    nn_dataset_free(data);
    nn_tensor_free(classes);
    nn_tensor_free(pictures);
    nn_model_free(model);
    return 0;
}

int main(void)
{
    nn_dataset *data = nn_drawings(.rows = 100, .one_hot = 1), *train, *validation;
    if (data == NULL)
        return 1;
    CHECK(nn_dataset_split(data, 0.2, 1, &train, &validation));
    int status = train_and_evaluate(train, validation);
    nn_dataset_free(train);
    nn_dataset_free(validation);
    nn_dataset_free(data);
    nn_callback_free(nn_csv_logger(.path = "unused.csv"));
    nn_dataset *none = nn_cifar10(.directory = "no/such/folder", .part = NN_TEST);
    return status || none != NULL || predict_with_a_graph();
}
