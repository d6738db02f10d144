/*
 * How hard the generated set is: a linear model, conv2 and deep, trained on the 10,000 drawings of
 * the default set and tested on its 2,000 others, once per seed of the networks.
 */
#include <stdio.h>

#include "models.h"

enum { SEEDS = 3 };

static double accuracy_of(const struct network *network, int epochs, uint64_t seed,
                          const nn_dataset *train, const nn_dataset *test, int threads)
{
    const nn_logs *result;
    nn_model *model = network->layers();
    if (model == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_model_set_seed(model, seed));
    bench_check(nn_model_set_threads(model, threads));
    bench_check(nn_compile(model, .optimizer = network->optimizer(),
                           .loss = nn_categorical_crossentropy(),
                           .metrics = nn_metrics(nn_accuracy())));
    bench_check(nn_fit(model, train, .epochs = epochs));
    bench_check(nn_evaluate(model, test, .result = &result));
    double accuracy = nn_logs_value(result, "accuracy");
    nn_model_free(model);
    return accuracy;
}

static void run(const struct bench *bench, const struct network *network, int epochs,
                const nn_dataset *train, const nn_dataset *test)
{
    printf("drawings %-6s %2d epochs: test accuracy", network->name, epochs);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        printf(" %.4f", accuracy_of(network, epochs, seed, train, test, bench->threads));
        fflush(stdout);
    }
    printf("  (seeds 1..%d)\n", (int)SEEDS);
}

void bench_drawings(struct bench *bench)
{
    nn_dataset *train = nn_drawings(.part = NN_TRAIN, .one_hot = 1);
    nn_dataset *test = nn_drawings(.part = NN_TEST, .one_hot = 1);
    if (train == NULL || test == NULL)
        bench_fail("%s", nn_error_message());
    run(bench, &network_linear, 20, train, test);
    run(bench, &network_conv2, 10, train, test);
    run(bench, &network_conv2, 20, train, test);
    run(bench, &network_deep, 5, train, test);
    nn_dataset_free(train);
    nn_dataset_free(test);
}
