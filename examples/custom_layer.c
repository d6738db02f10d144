/*
 * A layer of one's own with weights of its own, outside the library: StarReLU (Yu et al.,
 * "MetaFormer Baselines for Vision", 2022), y = scale relu(x)^2 + bias, where scale and bias are
 * learned, one pair of them or one for each channel. The program checks the layer's gradients,
 * trains a model with it, saves the model, loads it, and compares the predictions.
 *
 *   cc -std=c11 custom_layer.c -o custom_layer $(pkg-config --cflags --libs nn)
 *   ./custom_layer [FILE]    the model is saved to FILE, star_relu.safetensors unless given
 *
 * docs/guide/07-own-layers.md explains every part.
 */
#include <nn.h>
#include <stdio.h>
#include <string.h>

/* Options are a struct, and a table that says how they are checked, saved and loaded. */
typedef struct star_relu_options {
    size_t struct_size;
    int per_channel; /* 1: a scale and a bias for each channel */
    int reserved;
    const char *name; /* NULL: star_relu, star_relu_1, ...      */
} star_relu_options;

static const nn_option star_relu_fields[] = {
    {.name = "per_channel",
     .type = NN_OPTION_FLAG,
     .offset = offsetof(star_relu_options, per_channel)},
    {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(star_relu_options, name)},
};

/* How many scales and biases there are: the channels are the last dimension. */
static int pairs(const star_relu_options *o, const nn_shape *x)
{
    return o->per_channel ? x->dims[x->rank - 1] : 1;
}

/* The last call that may fail: it settles the shape of y, the weights and all memory. */
static nn_status star_relu_infer(nn_infer *infer)
{
    const int n = pairs(infer->options, &infer->inputs[0]);
    const nn_initializer scale = NN_CONSTANT(0.8944), bias = NN_CONSTANT(-0.4472);
    infer->output = infer->inputs[0];
    infer->flags = NN_KEEPS_X | NN_Y_OVER_X | NN_DX_OVER_DY; /* backward reads x, not y */
    if (infer->backward)
        infer->partials = (size_t)infer->batch * 2 * (size_t)n * sizeof(nn_real);
    nn_status status = nn_infer_weight(infer, "scale", &n, 1, scale, 1);
    return status == NN_OK ? nn_infer_weight(infer, "bias", &n, 1, bias, 1) : status;
}

/* How many numbers a row has, all channels of all its places: a multiple of the pairs. */
static size_t row_count(const nn_pass *pass)
{
    size_t count = 1;
    for (int i = 0; i < pass->y_shape->rank; i++)
        count *= (size_t)pass->y_shape->dims[i];
    return count;
}

static void forward_row(const nn_pass *pass, void *arg, int row, int worker)
{
    const nn_real *scale = pass->weights[0], *bias = pass->weights[1];
    const size_t n = (size_t)pairs(pass->options, pass->y_shape), count = row_count(pass);
    const size_t first = (size_t)row * count;
    (void)arg, (void)worker;
    for (size_t i = first; i < first + count; i += n)
        for (size_t k = 0; k < n; k++) {
            const nn_real x = pass->x[0][i + k] > 0 ? pass->x[0][i + k] : 0;
            pass->y[i + k] = scale[k] * x * x + bias[k];
        }
}

static void star_relu_forward(const nn_pass *pass)
{
    nn_parallel(pass, pass->rows, forward_row, NULL);
}

/* dx = dy 2 scale relu(x), and the row's part of dscale = sum of dy relu(x)^2, dbias = sum of dy. */
static void backward_row(const nn_pass *pass, void *arg, int row, int worker)
{
    const nn_real *scale = pass->weights[0];
    const size_t n = (size_t)pairs(pass->options, pass->y_shape), count = row_count(pass);
    const size_t first = (size_t)row * count;
    nn_real *dscale = (nn_real *)pass->partials + (size_t)row * 2 * n, *dbias = dscale + n;
    (void)arg, (void)worker;
    memset(dscale, 0, 2 * n * sizeof *dscale);
    for (size_t i = first; i < first + count; i += n)
        for (size_t k = 0; k < n; k++) {
            const nn_real x = pass->x[0][i + k] > 0 ? pass->x[0][i + k] : 0, dy = pass->dy[i + k];
            dscale[k] += dy * x * x;
            dbias[k] += dy;
            if (pass->dx[0] != NULL) /* NULL: nothing before this layer is trained */
                pass->dx[0][i + k] = dy * 2 * scale[k] * x;
        }
}

/* Rows are added in their order, so the bits are the same for any number of threads. */
static void star_relu_backward(const nn_pass *pass)
{
    const size_t n = (size_t)pairs(pass->options, pass->y_shape);
    const nn_real *parts = pass->partials;
    nn_parallel(pass, pass->rows, backward_row, NULL);
    for (size_t w = 0; w < 2 && pass->trainable; w++) /* a frozen layer has no gradients */
        for (size_t k = 0; k < n; k++) {
            pass->gradients[w][k] = 0;
            for (size_t row = 0; row < (size_t)pass->rows; row++)
                pass->gradients[w][k] += parts[(2 * row + w) * n + k];
        }
}

static const nn_layer_kind star_relu_kind = {
    .kind = {.struct_size = sizeof(nn_layer_kind),
             .name = "star_relu",
             .class_name = "StarReLU",
             .options_size = sizeof(star_relu_options),
             .options = star_relu_fields,
             .option_count = sizeof star_relu_fields / sizeof star_relu_fields[0]},
    .infer = star_relu_infer,
    .forward = star_relu_forward,
    .backward = star_relu_backward,
};

#define star_relu(...) nn_layer_new(&star_relu_kind, NN_OPTIONS(star_relu_options, __VA_ARGS__))

/* Loads the model and compares its predictions with those of the one that was saved, bit by bit. */
static nn_status compare(nn_model *model, const char *path, const nn_dataset *data)
{
    nn_model *loaded = NULL;
    nn_tensor *before = NULL, *after = NULL;
    nn_status status = nn_load(path, &loaded, .layers = nn_kinds(&star_relu_kind.kind));
    if (status == NN_OK)
        status = nn_predict(model, data, .result = &before);
    if (status == NN_OK)
        status = nn_predict(loaded, data, .result = &after);
    if (status == NN_OK && memcmp(nn_tensor_read(before), nn_tensor_read(after),
                                  nn_tensor_count(before) * sizeof(nn_real)) != 0)
        status = nn_fail(NN_EMISMATCH, "%s: the loaded model predicts something else", path);
    if (status == NN_OK)
        printf("%s: saved and loaded, the same %d predictions\n", path, nn_tensor_dim(before, 0));
    nn_tensor_free(before);
    nn_tensor_free(after);
    nn_model_free(loaded);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        const int help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: custom_layer [FILE]\n", help ? stdout : stderr);
        return !help;
    }
    const char *path = argc > 1 ? argv[1] : "star_relu.safetensors";
    nn_dataset *train = nn_drawings(.rows = 4000, .one_hot = 1);
    nn_dataset *test = nn_drawings(.rows = 1000, .part = NN_TEST, .one_hot = 1);
    nn_model *model =
        nn_sequential(nn_input(32, 32, 3), nn_conv2d(8, {3, 3}, {2, 2}, NN_SAME),
                      star_relu(.per_channel = 1), nn_conv2d(16, {3, 3}, {2, 2}, NN_SAME),
                      star_relu(), nn_flatten(), nn_dense(10, .activation = NN_SOFTMAX));
    nn_compile(model, .optimizer = nn_adam(3e-3), .loss = nn_categorical_crossentropy(),
               .metrics = nn_metrics(nn_accuracy()));

    const nn_shape small = {3, {2, 3, 4}};
    nn_status status = nn_check_gradients(star_relu(), &small, .rows = 5);
    if (status == NN_OK)
        status = nn_check_gradients(star_relu(.per_channel = 1), &small, .rows = 5);
    if (status == NN_OK)
        printf("The gradients are right.\n");
    if (status == NN_OK)
        status = nn_model_summary(model, stdout);
    if (status == NN_OK)
        status = nn_fit(model, train, .epochs = 5, .validation_data = test, .verbose = NN_ONE_LINE);
    if (status == NN_OK)
        status = nn_model_save(model, path);
    if (status == NN_OK)
        status = compare(model, path, test);
    if (status != NN_OK)
        fprintf(stderr, "custom_layer: %s\n", nn_error_message());

    nn_model_free(model);
    nn_dataset_free(train);
    nn_dataset_free(test);
    return status == NN_OK ? 0 : 1;
}
