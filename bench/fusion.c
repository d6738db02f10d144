/*
 * What fusions give: conv2 and deep with them against .no_fusion, one step per layer, in turns:
 * training steps, and inference of one picture and of a batch, by two contexts of one model.
 */
#include <stdio.h>

#include "base/base.h"
#include "predictor.h"
#include "report.h"
#include "stepper.h"

enum { BATCH = 32 };

/* A context with one step per layer; the caller frees it. */
static nn_context *separate_context(nn_model *model, int batch, int training)
{
    nn_context *context =
        nn_context(model, .batch_size = batch, .training = training, .no_fusion = 1);
    if (context == NULL)
        bench_fail("%s", nn_error_message());
    return context;
}

/* jobs: fused, separate. */
static void fusion_measure(struct bench *bench, const struct network *network, nn_model *model,
                           int training, int batch, const struct job jobs[2])
{
    struct timing timings[2];
    char name[64];
    snprintf(name, sizeof name, "fusion %s %s", network->name, training ? "train" : "infer");
    timing_measure(jobs, timings, 2, bench->seconds);
    report_measured(bench, &(measured){.name = name,
                                       .batch = batch,
                                       .threads = bench->threads,
                                       .flops = batch * network_flops(model, training),
                                       .timing = timings[0],
                                       .against = "separate steps",
                                       .another = timings[1]});
}

static void fusion_infer(struct bench *bench, const struct network *network, nn_model *model,
                         int batch)
{
    predictor fused = predictor_new(network_context(model, batch, 0), batch);
    predictor separate = predictor_new(separate_context(model, batch, 0), batch);
    const struct job jobs[] = {{predictor_run, &fused}, {predictor_run, &separate}};
    fusion_measure(bench, network, model, 0, batch, jobs);
    predictor_free(&fused);
    predictor_free(&separate);
}

static void fusion_network(struct bench *bench, const struct network *network)
{
    stepper fused = stepper_new(network, bench->threads, BATCH), separate = fused;
    separate.context = separate_context(fused.model, BATCH, 1);
    const struct job jobs[] = {{stepper_run, &fused}, {stepper_run, &separate}};
    fusion_measure(bench, network, fused.model, 1, BATCH, jobs);
    nn_context_free(separate.context);
    fusion_infer(bench, network, fused.model, 1);
    fusion_infer(bench, network, fused.model, BATCH);
    stepper_free(&fused);
}

void bench_fusion(struct bench *bench)
{
    fusion_network(bench, &network_conv2);
    fusion_network(bench, &network_deep);
}
