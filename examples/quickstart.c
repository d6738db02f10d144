/* Trains a small network on generated pictures of ten kinds of things, and tests it. */
#include <nn.h>
#include <stdio.h>

int main(void)
{
    nn_dataset *train = nn_drawings(.part = NN_TRAIN, .one_hot = 1);
    nn_dataset *test = nn_drawings(.part = NN_TEST, .one_hot = 1);

    nn_model *model =
        nn_sequential(nn_input(32, 32, 3), // x[32][32][3]
                      nn_conv2d(10, {3, 3}, .activation = NN_RELU, .padding = NN_SAME), // 32x32x10
                      nn_max_pool2d({2, 2}),                                            // 16x16x10
                      nn_flatten(),                                                     // 2560
                      nn_dropout(0.5),                                                  // 2560
                      nn_dense(100, .activation = NN_RELU),                             // 100
                      nn_dense(10, .activation = NN_SOFTMAX));                          // 10

    nn_compile(model, .optimizer = nn_nadam(), .loss = nn_categorical_crossentropy(),
               .metrics = nn_metrics(nn_accuracy()));
    nn_status status = /* NULLs and errors from above surface here, with their message */
        nn_fit(model, train, .epochs = 5, .validation_data = test, .verbose = NN_PROGRESS_BAR);

    const nn_logs *result;
    if (status == NN_OK)
        status = nn_evaluate(model, test, .result = &result);
    if (status == NN_OK)
        printf("Test Accuracy: %.4f\n", nn_logs_value(result, "accuracy"));
    else
        fprintf(stderr, "%s\n", nn_error_message());

    nn_model_free(model);
    nn_dataset_free(train);
    nn_dataset_free(test);
    return status == NN_OK ? 0 : 1;
}
