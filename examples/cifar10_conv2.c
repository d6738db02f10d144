/*
 * The seed text's second network (README.md) as it was before the revision: one convolution, dropout, two dense
 * layers; Nadam, 20 epochs. The seed text gives a validation accuracy of 0.6301 on CIFAR-10.
 * docs/keras.md has the same program in Keras beside this one.
 */
#include "common.h"

int main(int argc, char **argv)
{
    example run = {.name = "cifar10_conv2",
                   .about = "Trains conv2: one convolution, dropout, two dense layers",
                   .set = &cifar10_set,
                   .optimizer = "nadam",
                   .epochs = 20,
                   .out = "build/out/cifar10_conv2"};
    example_begin(&run, argc, argv);

    nn_model *model =
        nn_sequential(nn_input(32, 32, 3), // x[32][32][3]
                      nn_conv2d(10, {3, 3}, .activation = NN_RELU, .padding = NN_SAME), // 32x32x10
                      nn_max_pool2d({2, 2}),                                            // 16x16x10
                      nn_flatten(),                                                     // 2560
                      nn_dropout(0.5),                                                  // 2560
                      nn_dense(100, .activation = NN_RELU),                             // 100
                      nn_dense(10, .activation = NN_SOFTMAX));                          // 10
    nn_model_set_name(model, "conv2");
    nn_model_set_seed(model, (uint64_t)run.seed);
    nn_model_set_threads(model, run.threads);

    nn_compile(model, .optimizer = example_optimizer(&run), .loss = nn_categorical_crossentropy(),
               .metrics = nn_metrics(nn_accuracy()));
    example_ready(&run, model);

    nn_status status = nn_fit(model, run.train, .epochs = run.epochs, .batch_size = run.batch_size,
                              .validation_data = run.validation, .verbose = run.verbose,
                              .callbacks = nn_callbacks(nn_csv_logger(.path = run.csv)));
    return example_finish(&run, model, status);
}
