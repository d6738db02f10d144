/* Inference: pictures in memory as floats through a context, to probabilities. */
#include <stdio.h>

#include "base/base.h"
#include "predictor.h"
#include "report.h"

static void infer_batch(struct bench *bench, const struct network *network, nn_model *model,
                        int batch)
{
    predictor p = predictor_new(network_context(model, batch, 0), batch);
    char name[64];
    snprintf(name, sizeof name, "infer %s", network->name);
    measured m = {.name = name,
                  .batch = batch,
                  .threads = bench->threads,
                  .flops = batch * network_flops(model, 0)};
    timing_measure(&(struct job){predictor_run, &p}, &m.timing, 1, bench->seconds);
    report_measured(bench, &m);
    predictor_free(&p);
}

static void infer_network(struct bench *bench, const struct network *network)
{
    static const int batches[] = {1, 32, 256};
    nn_model *model = network_new(network, bench->threads);
    for (size_t i = 0; i < NN__COUNT(batches); i++)
        infer_batch(bench, network, model, batches[i]);
    nn_model_free(model);
}

void bench_infer(struct bench *bench)
{
    infer_network(bench, &network_conv2);
    infer_network(bench, &network_deep);
}
