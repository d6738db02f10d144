/* Whole steps of conv2 and deep, inference, and reading rows of a dataset. */
#include <stdio.h>

#include "../predictor.h"
#include "../stepper.h"
#include "base/base.h"
#include "check.h"
#include "train/training.h"

enum { TRAINED = 8, PREDICTED = 8, READ = 32 };

static void run_reading(void *arg, int count)
{
    int rows;
    for (int i = 0; i < count; i++)
        bench_check(nn__loader_read(arg, 0, &rows));
}

static void check_prediction(const struct network *network)
{
    char name[64];
    nn_model *model = network_new(network, 1);
    predictor p = predictor_new(network_context(model, PREDICTED, 0), PREDICTED);
    snprintf(name, sizeof name, "prediction of %s, batch %d", network->name, (int)PREDICTED);
    check_item(name, (struct job){predictor_run, &p});
    predictor_free(&p);
    nn_model_free(model);
}

static void check_training(const struct network *network)
{
    char name[64];
    stepper s = stepper_new(network, 1, TRAINED);
    snprintf(name, sizeof name, "training step of %s, batch %d", network->name, (int)TRAINED);
    check_item(name, (struct job){stepper_run, &s});
    stepper_free(&s);
}

static void check_reading(void)
{
    nn_dataset *data = nn_drawings(.rows = READ, .one_hot = 1);
    if (data == NULL)
        bench_fail("%s", nn_error_message());
    nn_model *model = network_new(&network_linear, 1);
    nn_context *context = network_context(model, READ, 1);
    nn__loader loader = {.context = context, .mode = NN__TRAIN, .data = data, .batch_size = READ};
    bench_check(nn__loader_open(&loader, 1));
    check_item("reading 32 pictures", (struct job){run_reading, &loader});
    nn__loader_end(&loader);
    nn_context_free(context);
    nn_model_free(model);
    nn_dataset_free(data);
}

void check_networks(void)
{
    check_prediction(&network_conv2);
    check_training(&network_conv2);
    check_prediction(&network_deep);
    check_training(&network_deep);
    check_reading();
}
