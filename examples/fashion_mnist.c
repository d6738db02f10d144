/*
 * conv2 and deep (cifar10_conv2.c, cifar10_deep.c) on Fashion-MNIST, the data set of the course
 * that the seed text comes from: 28x28 grey pictures of ten kinds of clothes in four IDX files,
 * 60,000 to train and 10,000 to test. Only the shapes differ: 28x28x1 in front, 14x14x10 or 3x3x128
 * before the dense layers.
 *
 *   fashion_mnist --model deep --data data/fashion-mnist
 */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_NN_FILES
#include <nn_files.h>
#endif

enum { SIDE = 28 };

/* ---- The networks --------------------------------------------------------------------------- */

static nn_model *conv2(void)
{
    return nn_sequential(
        nn_input(SIDE, SIDE, 1),                                          // x[28][28][1]
        nn_conv2d(10, {3, 3}, .activation = NN_RELU, .padding = NN_SAME), // 28x28x10
        nn_max_pool2d({2, 2}),                                            // 14x14x10
        nn_flatten(),                                                     // 1960
        nn_dropout(0.5),                                                  // 1960
        nn_dense(100, .activation = NN_RELU),                             // 100
        nn_dense(10, .activation = NN_SOFTMAX));                          // 10
}

static nn_model *deep(void)
{
    return nn_sequential(
        nn_input(SIDE, SIDE, 1),                                           // x[28][28][1]
        nn_conv2d(32, {3, 3}, .activation = NN_RELU, .padding = NN_SAME),  // 28x28x32
        nn_batch_norm(),                                                   // 28x28x32
        nn_max_pool2d({2, 2}),                                             // 14x14x32
        nn_dropout(0.25),                                                  // 14x14x32
        nn_conv2d(64, {3, 3}, .activation = NN_RELU, .padding = NN_SAME),  // 14x14x64
        nn_batch_norm(),                                                   // 14x14x64
        nn_max_pool2d({2, 2}),                                             // 7x7x64
        nn_dropout(0.25),                                                  // 7x7x64
        nn_conv2d(128, {3, 3}, .activation = NN_RELU, .padding = NN_SAME), // 7x7x128
        nn_batch_norm(),                                                   // 7x7x128
        nn_max_pool2d({2, 2}),                                             // 3x3x128
        nn_dropout(0.25),                                                  // 3x3x128
        nn_flatten(),                                                      // 1152
        nn_dense(256, .activation = NN_RELU),                              // 256
        nn_batch_norm(),                                                   // 256
        nn_dropout(0.5),                                                   // 256
        nn_dense(10, .activation = NN_SOFTMAX));                           // 10
}

/* ---- The data ------------------------------------------------------------------------------- */

/* folder/name, or folder/name.gz where only that is there; the caller's. */
static char *idx_path(const char *folder, const char *name)
{
    char *path = text_of("%s/%s.gz", folder, name);
    char *ending = path + strlen(path) - strlen(".gz");
    int packed = access(path, F_OK) == 0;
    *ending = '\0';
    if (packed && access(path, F_OK) != 0)
        *ending = '.';
    return path;
}

static nn_dataset *idx_open(const char *images, const char *labels, size_t limit)
{
    const nn_idx_options options = {.struct_size = sizeof options,
                                    .x = images,
                                    .y = labels,
                                    .channels = 1,
                                    .one_hot = 1,
                                    .limit = limit,
                                    .class_names = nn_names("T-shirt/top", "Trouser", "Pullover",
                                                            "Dress", "Coat", "Sandal", "Shirt",
                                                            "Sneaker", "Bag", "Ankle boot")};
#ifdef HAVE_NN_FILES
    nn_dataset *data = nn_files_idx_new(&options);
#else /* plain files only; it says so of the others */
    nn_dataset *data = nn_idx_new(&options);
#endif
    const nn_shape *shape = data != NULL ? nn_dataset_shape(data) : NULL;
    if (shape == NULL || (shape->rank == 3 && shape->dims[0] == SIDE && shape->dims[1] == SIDE))
        return data;
    if (shape->rank == 3)
        nn_fail(NN_ESHAPE, "%s: pictures of %dx%d, not %dx%d", images, shape->dims[0],
                shape->dims[1], SIDE, SIDE);
    else
        nn_fail(NN_ESHAPE, "%s: no pictures of %dx%d", images, SIDE, SIDE);
    nn_dataset_free(data);
    return NULL;
}

static nn_dataset *fashion_read(const char *folder, int part, size_t limit)
{
    const char *const names[][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                    {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};
    char *images = idx_path(folder, names[part == NN_TEST][0]);
    char *labels = idx_path(folder, names[part == NN_TEST][1]);
    nn_dataset *data = idx_open(images, labels, limit);
    free(images);
    free(labels);
    return data;
}

/* The middle 28x28 of a drawing of 32x32x3, in grey: the luma of its colours (ITU-R BT.601). */
static nn_status grey_middle(void *user, size_t row, const nn_real *x, nn_real *mapped)
{
    enum { DRAWN = 32, EDGE = (DRAWN - SIDE) / 2 };
    (void)user, (void)row;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            const nn_real *rgb = x + ((i + EDGE) * DRAWN + j + EDGE) * 3;
            mapped[i * SIDE + j] =
                (nn_real)0.299 * rgb[0] + (nn_real)0.587 * rgb[1] + (nn_real)0.114 * rgb[2];
        }
    return NN_OK;
}

/* What the generated parts are views of, freed after them. */
static nn_dataset *drawings[2];

static nn_dataset *fashion_generate(int part, size_t rows)
{
    const nn_shape shape = {3, {SIDE, SIDE, 1}};
    nn_dataset *drawn = nn_drawings(.rows = rows, .part = part, .one_hot = 1);
    drawings[part == NN_TEST] = drawn;
    return drawn != NULL ? nn_dataset_map(drawn, &shape, grey_middle, NULL) : NULL;
}

static const data_set fashion_mnist_set = {.name = "Fashion-MNIST",
#ifdef HAVE_NN_FILES
                                           .files = "Fashion-MNIST's IDX files, plain or .gz",
#else
                                           .files = "Fashion-MNIST's IDX files, unpacked",
#endif
                                           .variable = "$FASHION_MNIST_DIR",
                                           .usual = "data/fashion-mnist",
                                           .generated = "generated drawings, 28x28 in grey",
                                           .read = fashion_read,
                                           .generate = fashion_generate};

/* ---- A run ---------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
    example run = {
        .name = "fashion_mnist",
        .about = "Trains conv2 (Nadam, 20 epochs) or deep (Adam, at most 50 epochs) at 28x28x1",
        .set = &fashion_mnist_set,
        .models = "conv2 or deep",
        .model = "conv2",
        .out = "build/out/fashion_mnist"};
    example_begin(&run, argc, argv);
    int is_deep = strcmp(run.model, "deep") == 0;
    if (run.optimizer == NULL)
        run.optimizer = is_deep ? "adam" : "nadam";
    if (run.epochs == 0)
        run.epochs = is_deep ? 50 : 20;

    nn_model *model = is_deep ? deep() : conv2();
    nn_model_set_name(model, run.model);
    nn_model_set_seed(model, (uint64_t)run.seed);
    nn_model_set_threads(model, run.threads);

    nn_compile(model, .optimizer = example_optimizer(&run), .loss = nn_categorical_crossentropy(),
               .metrics = nn_metrics(nn_accuracy()));
    example_ready(&run, model);

    nn_callback *callbacks[3];
    size_t count = 0;
    if (is_deep) {
        callbacks[count++] =
            nn_early_stopping(.monitor = "val_loss", .patience = 10, .restore_best_weights = 1);
        callbacks[count++] = nn_reduce_lr_on_plateau(.monitor = "val_loss", .patience = 3,
                                                     .factor = 0.5, .min_lr = 1e-6);
    }
    callbacks[count++] = nn_csv_logger(.path = run.csv);
    nn_status status = nn_fit(model, run.train, .epochs = run.epochs, .batch_size = run.batch_size,
                              .validation_data = run.validation, .verbose = run.verbose,
                              .callbacks = {callbacks, count});
    int result = example_finish(&run, model, status);
    nn_dataset_free(drawings[0]);
    nn_dataset_free(drawings[1]);
    return result;
}
