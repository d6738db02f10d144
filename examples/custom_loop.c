/*
 * A training loop of one's own: what nn_fit does, written out with the functions it stands on, and
 * three things that are one's own: the loss (the Brier score), the learning rate of each step (up
 * for one epoch, then down to 0), and a look at each gradient before it is used.
 *
 *   cc -std=c11 custom_loop.c -o custom_loop $(pkg-config --cflags --libs nn)
 *   ./custom_loop
 */
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4000, EPOCHS = 6, BATCH = 32, STEPS = (ROWS + BATCH - 1) / BATCH };
enum { PIXELS = 32 * 32 * 3, CLASSES = 10, KERNEL = 3 * 3 * 3 * 16 };

static nn_real x[BATCH][PIXELS], p[BATCH][CLASSES]; /* a batch, and what the model answers */
static int32_t labels[BATCH];

/* The loss of a row is the sum over k of (p[k] - y[k])^2; y[k] is 1 for the row's class, else 0. */
static void brier_run(const nn_loss_pass *pass)
{
    for (int row = 0; row < pass->rows; row++) {
        pass->losses[row] = 0;
        for (int k = 0; k < pass->width; k++) {
            const int i = row * pass->width + k, y = k == pass->classes[row];
            const double off = (double)pass->prediction[i] - y;
            pass->losses[row] += off * off;
            if (pass->gradient != NULL) /* NULL: only the loss is wanted */
                pass->gradient[i] = (nn_real)(pass->scale * 2 * off);
        }
    }
}

static const nn_loss_kind brier = {
    .kind = {.struct_size = sizeof(nn_loss_kind),
             .name = "brier",
             .class_name = "Brier",
             .options_size = sizeof(size_t)}, /* no options but struct_size */
    .takes_classes = 1,
    .run = brier_run,
};

static double learning_rate(int step)
{
    const double highest = 3e-3;
    return step < STEPS ? highest * (step + 1) / STEPS
                        : highest * (EPOCHS * STEPS - step) / (EPOCHS * STEPS - STEPS);
}

static void shuffle(size_t *order)
{
    for (size_t i = ROWS - 1; i > 0; i--) {
        const size_t k = (size_t)rand() % (i + 1), moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
}

static nn_status read_batch(const nn_dataset *data, const size_t *order, int rows)
{
    nn_status status = NN_OK;
    for (int i = 0; i < rows && status == NN_OK; i++) {
        int label = 0;
        status = nn_dataset_row(data, order[i], x[i], &label);
        labels[i] = label;
    }
    return status;
}

/* How many rows of p have their largest number at the row's class. */
static int count_right(int rows)
{
    int right = 0;
    for (int i = 0; i < rows; i++) {
        int best = 0;
        for (int k = 1; k < CLASSES; k++)
            best = p[i][k] > p[i][best] ? k : best;
        right += best == labels[i];
    }
    return right;
}

/* Forward, backward, update. *largest is the largest number seen in a gradient, without its sign. */
static nn_status train_step(nn_context *context, int rows, double *loss, double *largest)
{
    static nn_real gradient[KERNEL];
    nn_tensor *targets = nn_tensor_borrow_const(NN_I32, labels, NN_SHAPE(rows));
    nn_status status = nn_context_forward(context, x[0], rows, p[0]);
    if (status == NN_OK)
        status = nn_context_backward(context, targets, loss);
    if (status == NN_OK)
        status = nn_context_gradient(context, "conv2d/kernel", gradient, KERNEL);
    for (int i = 0; i < KERNEL && status == NN_OK; i++) {
        const double size = (double)(gradient[i] < 0 ? -gradient[i] : gradient[i]);
        *largest = size > *largest ? size : *largest;
    }
    if (status == NN_OK)
        status = nn_context_update(context);
    nn_tensor_free(targets);
    return status;
}

static nn_status train_epoch(nn_model *model, nn_context *context, const nn_dataset *data,
                             size_t *order, int epoch)
{
    double sum = 0, loss = 0, largest = 0;
    int right = 0;
    nn_status status = NN_OK;
    shuffle(order);
    for (int s = 0; s < STEPS && status == NN_OK; s++) {
        const int first = s * BATCH, rows = ROWS - first < BATCH ? ROWS - first : BATCH;
        status = nn_model_set_learning_rate(model, learning_rate(epoch * STEPS + s));
        if (status == NN_OK)
            status = read_batch(data, order + first, rows);
        if (status == NN_OK)
            status = train_step(context, rows, &loss, &largest);
        sum += loss * rows; /* loss is the mean of the batch */
        right += count_right(rows);
    }
    if (status == NN_OK)
        printf("Epoch %d/%d - accuracy: %.4f - loss: %.4f - largest gradient of conv2d: %.4f\n",
               epoch + 1, EPOCHS, (double)right / ROWS, sum / ROWS, largest);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        const int help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: custom_loop\n", help ? stdout : stderr);
        return !help;
    }
    static size_t order[ROWS];
    nn_dataset *train = nn_drawings(.rows = ROWS), *test = nn_drawings(1000, .part = NN_TEST);
    nn_model *model =
        nn_sequential(nn_input(32, 32, 3), nn_conv2d(16, {3, 3}, .activation = NN_RELU),
                      nn_max_pool2d({2, 2}), nn_conv2d(32, {3, 3}, {2, 2}, .activation = NN_RELU),
                      nn_flatten(), nn_dropout(0.3), nn_dense(CLASSES, .activation = NN_SOFTMAX));
    nn_compile(model, .optimizer = nn_adam(), .loss = nn_loss_new(&brier, NULL),
               .metrics = nn_metrics(nn_accuracy()));

    /* What a run needs besides the model: the memory for numbers between layers and for gradients. */
    nn_context *context = nn_context(model, .batch_size = BATCH, .training = 1);
    nn_status status = context != NULL && train != NULL && test != NULL ? NN_OK : NN_ENOMEM;
    for (size_t i = 0; i < ROWS; i++)
        order[i] = i;
    for (int epoch = 0; epoch < EPOCHS && status == NN_OK; epoch++)
        status = train_epoch(model, context, train, order, epoch);
    const nn_logs *result;
    if (status == NN_OK)
        status = nn_evaluate(model, test, .result = &result);
    if (status == NN_OK)
        printf("Test Accuracy: %.4f\n", nn_logs_value(result, "accuracy"));
    else
        fprintf(stderr, "custom_loop: %s\n", nn_error_message());

    nn_context_free(context);
    nn_model_free(model);
    nn_dataset_free(train);
    nn_dataset_free(test);
    return status == NN_OK ? 0 : 1;
}
