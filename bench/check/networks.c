/* Whole steps of conv2 and deep, inference, and reading rows of a dataset. */
#include <stdio.h>

#include "../models.h"
#include "base/base.h"
#include "check.h"
#include "train/training.h"

enum { TRAINED = 8, PREDICTED = 8, READ = 32 };

typedef struct step {
    nn_context *context;
    nn_real *x, *y;
    nn_tensor *targets;
    nn__loader *loader;
} step;

static void run_training(void *arg, int count)
{
    const step *s = arg;
    for (int i = 0; i < count; i++) {
        bench_check(nn_context_forward(s->context, s->x, TRAINED, NULL));
        bench_check(nn_context_backward(s->context, s->targets, NULL));
        bench_check(nn_context_update(s->context));
    }
}

static void run_prediction(void *arg, int count)
{
    const step *s = arg;
    for (int i = 0; i < count; i++)
        bench_check(nn_context_predict(s->context, s->x, PREDICTED, s->y));
}

static void run_reading(void *arg, int count)
{
    const step *s = arg;
    int rows;
    for (int i = 0; i < count; i++)
        bench_check(nn__loader_read(s->loader, 0, &rows));
}

static void check_network(const struct network *network)
{
    char name[64];
    nn_model *model = network_new(network, 1);
    step s = {.x = bench_alloc((size_t)TRAINED * PICTURE),
              .y = bench_alloc((size_t)PREDICTED * CLASSES),
              .targets = nn_tensor_new(NN_F32, NN_SHAPE(TRAINED, CLASSES))};
    if (s.targets == NULL)
        bench_fail("%s", nn_error_message());
    bench_fill(s.x, (size_t)TRAINED * PICTURE);
    for (int i = 0; i < TRAINED; i++)
        ((nn_real *)nn_tensor_data(s.targets))[i * CLASSES + i % CLASSES] = 1;
    s.context = network_context(model, PREDICTED, 0);
    snprintf(name, sizeof name, "prediction of %s, batch %d", network->name, (int)PREDICTED);
    check_item(name, (struct job){run_prediction, &s});
    nn_context_free(s.context);
    s.context = network_context(model, TRAINED, 1);
    snprintf(name, sizeof name, "training step of %s, batch %d", network->name, (int)TRAINED);
    check_item(name, (struct job){run_training, &s});
    nn_context_free(s.context);
    nn_tensor_free(s.targets);
    nn__free(s.x);
    nn__free(s.y);
    nn_model_free(model);
}

static void check_reading(void)
{
    nn_dataset *data = nn_drawings(.rows = READ, .one_hot = 1);
    if (data == NULL)
        bench_fail("%s", nn_error_message());
    nn_model *model = network_new(&network_linear, 1);
    nn_context *context = network_context(model, READ, 1);
    nn__loader loader = {.context = context, .mode = NN__TRAIN, .data = data, .batch_size = READ};
    step s = {.loader = &loader};
    bench_check(nn__loader_open(&loader, 1));
    check_item("reading 32 pictures", (struct job){run_reading, &s});
    nn__loader_end(&loader);
    nn_context_free(context);
    nn_model_free(model);
    nn_dataset_free(data);
}

void check_networks(void)
{
    check_network(&network_conv2);
    check_network(&network_deep);
    check_reading();
}
