/* Inference: pictures in memory as floats through a context, to probabilities. */
#include <stdio.h>

#include "base/base.h"
#include "models.h"
#include "report.h"

typedef struct predictor {
    nn_context *context;
    nn_real *x, *y;
    int batch;
} predictor;

static void predictor_run(void *arg, int count)
{
    const predictor *p = arg;
    for (int i = 0; i < count; i++)
        bench_check(nn_context_predict(p->context, p->x, p->batch, p->y));
}

static void infer_batch(struct bench *bench, const struct network *network, nn_model *model,
                        int batch)
{
    const size_t pixels = (size_t)batch * PICTURE;
    predictor p = {network_context(model, batch, 0), bench_alloc(pixels),
                   bench_alloc((size_t)batch * CLASSES), batch};
    char name[64];
    snprintf(name, sizeof name, "infer %s", network->name);
    measured m = {.name = name,
                  .batch = batch,
                  .threads = bench->threads,
                  .flops = batch * network_flops(model, 0)};
    bench_fill(p.x, pixels);
    timing_measure(&(struct job){predictor_run, &p}, &m.timing, 1, bench->seconds);
    report_measured(bench, &m);
    nn_context_free(p.context);
    nn__free(p.x);
    nn__free(p.y);
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
