/*
 * Every layer where it works: training steps of conv2 and deep at batch 32 in which each layer's
 * forward and backward are timed by themselves, with memory and caches as the step leaves them.
 * Each step's kind is replaced by one that looks at the clock before and after the real one.
 */
#include <stdio.h>
#include <string.h>

#include "model/context.h"
#include "models.h"
#include "report.h"

enum { BATCH = 32, STEPS_MOST = 64 };

/* The step that is being watched. */
static struct watch {
    nn_context *context;
    nn__run *run;
    const nn_layer_kind *kinds[STEPS_MOST]; /* the real ones                                */
    double seconds[STEPS_MOST][2];          /* forward and backward, since the round began  */
    struct timing timings[STEPS_MOST][2];
    nn_real *x;
    nn_tensor *y;
} watch;

static void watch_forward(const nn_pass *pass)
{
    size_t s = (size_t)(pass - watch.run->passes);
    double start = nn__seconds();
    watch.kinds[s]->forward(pass);
    watch.seconds[s][0] += nn__seconds() - start;
}

static void watch_backward(const nn_pass *pass)
{
    size_t s = (size_t)(pass - watch.run->passes);
    double start = nn__seconds();
    watch.kinds[s]->backward(pass);
    watch.seconds[s][1] += nn__seconds() - start;
}

static const nn_layer_kind watching = {.forward = watch_forward, .backward = watch_backward};

static void watch_steps(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++) {
        bench_check(nn_context_forward(watch.context, watch.x, BATCH, NULL));
        bench_check(nn_context_backward(watch.context, watch.y, NULL));
        bench_check(nn_context_update(watch.context));
    }
}

static void watch_begin(nn_context *context)
{
    nn__run *run = &context->runs[NN__TRAIN];
    if (run->program.step_count > STEPS_MOST)
        bench_fail("%d steps, %d can be watched", run->program.step_count, STEPS_MOST);
    watch.context = context;
    watch.run = run;
    for (int s = 0; s < run->program.step_count; s++) {
        watch.kinds[s] = run->program.steps[s].kind;
        run->program.steps[s].kind = &watching;
    }
    watch.x = bench_alloc((size_t)BATCH * PICTURE);
    watch.y = nn_tensor_new(NN_F32, NN_SHAPE(BATCH, CLASSES));
    if (watch.y == NULL)
        bench_fail("%s", nn_error_message());
    bench_fill(watch.x, (size_t)BATCH * PICTURE);
    for (int i = 0; i < BATCH; i++)
        ((nn_real *)nn_tensor_data(watch.y))[i * CLASSES + i % CLASSES] = 1;
}

static void watch_end(void)
{
    nn__free(watch.x);
    nn_tensor_free(watch.y);
    nn_context_free(watch.context);
}

static void watch_rounds(double seconds)
{
    const int count = watch.run->program.step_count;
    const struct job steps = {watch_steps, NULL};
    const int repeats = timing_repeats(&steps, seconds);
    for (int round = 0; round < ROUNDS; round++) {
        memset(watch.seconds, 0, sizeof watch.seconds);
        watch_steps(NULL, repeats);
        for (int s = 0; s < count; s++)
            for (int way = 0; way < 2; way++)
                watch.timings[s][way].seconds[round] = watch.seconds[s][way] / repeats;
    }
}

/* "layers deep batch_normalization (batch_norm_pool) forward": in brackets the step that runs
 * where it is not the layer's own; a fusion's does the work of the layers behind it, too. */
static void layers_name(char *name, size_t size, const char *network, int s, int backward)
{
    const nn__node *node = &watch.context->model->nodes[watch.run->program.steps[s].node];
    const nn_layer_kind *kind = watch.kinds[s];
    const int own = kind == nn__layer_kind(node->layer);
    snprintf(name, size, "layers %s %s%s%s%s %s", network, node->name, own ? "" : " (",
             own ? "" : kind->kind.name, own ? "" : ")", backward ? "backward" : "forward");
}

static void layers_report(struct bench *bench, const char *network, int s, int backward)
{
    const nn_model *model = watch.context->model;
    const nn__step *step = &watch.run->program.steps[s];
    const nn_pass *pass = &watch.run->passes[s];
    if (backward && pass->dy == NULL)
        return;
    const double kernels = !backward ? 1 : pass->dx[0] == NULL ? 1 : 2;
    char name[128];
    layers_name(name, sizeof name, network, s, backward);
    measured m = {.name = name,
                  .batch = BATCH,
                  .threads = bench->threads,
                  .flops =
                      step->is_activation ? 0 : kernels * BATCH * node_flops(model, step->node),
                  .timing = watch.timings[s][backward]};
    report_measured(bench, &m);
}

static void layers_of(struct bench *bench, const struct network *network)
{
    nn_model *model = network_new(network, bench->threads);
    watch_begin(network_context(model, BATCH, 1));
    watch_rounds(bench->seconds);
    for (int s = 0; s < watch.run->program.step_count; s++)
        for (int backward = 0; backward < 2; backward++)
            layers_report(bench, network->name, s, backward);
    watch_end();
    nn_model_free(model);
}

void bench_layers(struct bench *bench)
{
    layers_of(bench, &network_conv2);
    layers_of(bench, &network_deep);
}
