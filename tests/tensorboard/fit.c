/*
 * A fit that writes event files, and on stdout what a reader must find in them, a line each:
 *
 *   scalar FOLDER TAG STEP VALUE
 *   histogram FOLDER TAG STEP MIN MAX COUNT SUM
 *
 * Call: fit FOLDER. See run.sh.
 */
#include <nn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int batches, steps_at_test;

static int batch_end(nn_model *model, int batch, nn_logs *logs, void *data)
{
    (void)model, (void)batch, (void)data;
    if (++batches % 2 == 0)
        for (size_t i = 0; i < nn_logs_count(logs); i++)
            printf("scalar train batch_%s %d %.9g\n", nn_logs_name(logs, i), batches,
                   nn_logs_at(logs, i));
    return 0;
}

static int test_end(nn_model *model, int index, nn_logs *logs, void *data)
{
    (void)index, (void)data;
    steps_at_test = (int)nn_model_steps(model);
    for (size_t i = 0; i < nn_logs_count(logs); i++)
        printf("scalar validation evaluation_%s_vs_iterations %d %.9g\n", nn_logs_name(logs, i),
               steps_at_test, nn_logs_at(logs, i));
    return 0;
}

static void print_weight(nn_model *model, const char *name, int epoch)
{
    float values[64];
    size_t count = 0;
    while (count < 64 && nn_model_get_weight(model, name, values, count) != NN_OK)
        count++;
    double min = values[0], max = values[0], sum = 0;
    for (size_t i = 0; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
        sum += values[i];
    }
    printf("histogram train %s/histogram %d %.17g %.17g %zu %.17g\n", name, epoch, min, max, count,
           sum);
}

static int epoch_end(nn_model *model, int epoch, nn_logs *logs, void *data)
{
    static const char *const weights[] = {"dense/kernel", "dense/bias", "dense_1/kernel",
                                          "dense_1/bias"};
    (void)data;
    printf("scalar train epoch_learning_rate %d %.9g\n", epoch, nn_model_learning_rate(model));
    for (size_t i = 0; i < nn_logs_count(logs); i++) {
        const char *name = nn_logs_name(logs, i);
        int validation = strncmp(name, "val_", 4) == 0;
        printf("scalar %s epoch_%s %d %.9g\n", validation ? "validation" : "train",
               name + 4 * validation, epoch, nn_logs_at(logs, i));
    }
    for (size_t i = 0; i < 4 && epoch % 2 == 0; i++)
        print_weight(model, weights[i], epoch);
    return 0;
}

int main(int argc, char **argv)
{
    float x[40 * 4];
    int32_t y[40];
    if (argc != 2)
        return 2;
    for (int i = 0; i < 40; i++) {
        y[i] = i % 3;
        for (int j = 0; j < 4; j++)
            x[4 * i + j] = (float)((i * 7 + j * 5) % 11 - 5) / 5 + (float)y[i];
    }
    nn_tensor *tx = nn_tensor_borrow_const(NN_F32, x, NN_SHAPE(40, 4));
    nn_tensor *ty = nn_tensor_borrow_const(NN_I32, y, NN_SHAPE(40));
    nn_dataset *data = nn_arrays(.x = tx, .y = ty, .classes = 3);
    nn_model *model = nn_sequential(nn_input(4), nn_dense(8, NN_TANH), nn_dense(3, NN_SOFTMAX));
    nn_compile(model, .optimizer = nn_adam(.learning_rate = 0.01),
               .loss = nn_sparse_categorical_crossentropy(), .metrics = nn_metrics(nn_accuracy()));
    nn_status status =
        nn_fit(model, data, .epochs = 5, .batch_size = 16, .validation_data = data,
               .callbacks =
                   nn_callbacks(nn_lambda(.on_epoch_end = epoch_end,
                                          .on_train_batch_end = batch_end, .on_test_end = test_end),
                                nn_tensorboard(argv[1], .histogram_freq = 2, .update_freq = 2)));
    if (status != NN_OK)
        fprintf(stderr, "%s\n", nn_error_message());
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(tx);
    nn_tensor_free(ty);
    return status == NN_OK ? 0 : 1;
}
