/*
 * The seed text's network (README.md) after the revision: three convolutions with batch normalization, pooling and
 * dropout, then two dense layers; Adam at 1e-3, at most 50 epochs. It stops when the validation
 * loss has not improved for 10 epochs and keeps the best epoch's weights; after 3 epochs without
 * an improvement the learning rate is halved. The seed text gives no accuracy for it.
 */
#include "common.h"

int main(int argc, char **argv)
{
    example run = {.name = "cifar10_deep",
                   .about = "Trains deep: three convolutions with batch normalization and dropout",
                   .set = &cifar10_set,
                   .optimizer = "adam",
                   .learning_rate = 1e-3,
                   .epochs = 50,
                   .out = "build/out/cifar10_deep"};
    example_begin(&run, argc, argv);

    nn_model *model =
        nn_sequential(nn_input(32, 32, 3), // x[32][32][3]
                      nn_conv2d(32, {3, 3}, .activation = NN_RELU, .padding = NN_SAME),  // 32x32x32
                      nn_batch_norm(),                                                   // 32x32x32
                      nn_max_pool2d({2, 2}),                                             // 16x16x32
                      nn_dropout(0.25),                                                  // 16x16x32
                      nn_conv2d(64, {3, 3}, .activation = NN_RELU, .padding = NN_SAME),  // 16x16x64
                      nn_batch_norm(),                                                   // 16x16x64
                      nn_max_pool2d({2, 2}),                                             // 8x8x64
                      nn_dropout(0.25),                                                  // 8x8x64
                      nn_conv2d(128, {3, 3}, .activation = NN_RELU, .padding = NN_SAME), // 8x8x128
                      nn_batch_norm(),                                                   // 8x8x128
                      nn_max_pool2d({2, 2}),                                             // 4x4x128
                      nn_dropout(0.25),                                                  // 4x4x128
                      nn_flatten(),                                                      // 2048
                      nn_dense(256, .activation = NN_RELU),                              // 256
                      nn_batch_norm(),                                                   // 256
                      nn_dropout(0.5),                                                   // 256
                      nn_dense(10, .activation = NN_SOFTMAX));                           // 10
    nn_model_set_name(model, "deep");
    nn_model_set_seed(model, (uint64_t)run.seed);
    nn_model_set_threads(model, run.threads);

    nn_compile(model, .optimizer = example_optimizer(&run), .loss = nn_categorical_crossentropy(),
               .metrics = nn_metrics(nn_accuracy()));
    example_ready(&run, model);

    nn_status status = nn_fit(
        model, run.train, .epochs = run.epochs, .batch_size = run.batch_size,
        .validation_data = run.validation, .verbose = run.verbose,
        .callbacks = nn_callbacks(
            nn_early_stopping(.monitor = "val_loss", .patience = 10, .restore_best_weights = 1),
            nn_reduce_lr_on_plateau(.monitor = "val_loss", .patience = 3, .factor = 0.5,
                                    .min_lr = 1e-6),
            nn_csv_logger(.path = run.csv)));
    return example_finish(&run, model, status);
}
