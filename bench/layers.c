/*
 * Every layer where it works: training steps of conv2 and deep at batch 32 in which each layer's
 * forward and backward are timed by themselves, with memory and caches as the step leaves them.
 * Each step's kind is replaced by one that looks at the clock before and after the real one.
 */
#include <stdio.h>
#include <string.h>

#include "model/context.h"
#include "report.h"
#include "stepper.h"

enum { BATCH = 32, STEPS_MOST = 64 };

/* The step that is being watched. */
static struct watch {
    stepper stepper;
    nn__run *run;
    const nn_layer_kind *kinds[STEPS_MOST]; /* the real ones                                */
    double seconds[STEPS_MOST][2];          /* forward and backward, since the round began  */
    struct timing timings[STEPS_MOST][2];
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

static void watch_begin(const struct network *network, int threads)
{
    watch.stepper = stepper_new(network, threads, BATCH);
    nn__run *run = &watch.stepper.context->runs[NN__TRAIN];
    if (run->program.step_count > STEPS_MOST)
        bench_fail("%d steps, %d can be watched", run->program.step_count, STEPS_MOST);
    watch.run = run;
    for (int s = 0; s < run->program.step_count; s++) {
        watch.kinds[s] = run->program.steps[s].kind;
        run->program.steps[s].kind = &watching;
    }
}

static void watch_rounds(double seconds)
{
    const int count = watch.run->program.step_count;
    const struct job steps = {stepper_run, &watch.stepper};
    const int repeats = timing_repeats(&steps, seconds);
    for (int round = 0; round < ROUNDS; round++) {
        memset(watch.seconds, 0, sizeof watch.seconds);
        stepper_run(&watch.stepper, repeats);
        for (int s = 0; s < count; s++)
            for (int way = 0; way < 2; way++)
                watch.timings[s][way].seconds[round] = watch.seconds[s][way] / repeats;
    }
}

/* "layers deep batch_normalization (batch_norm_pool) forward": in brackets the step that runs
 * where it is not the layer's own; a fusion's does the work of the layers behind it, too. */
static void layers_name(char *name, size_t size, const char *network, int s, int backward)
{
    const nn__node *node = &watch.stepper.model->nodes[watch.run->program.steps[s].node];
    const nn_layer_kind *kind = watch.kinds[s];
    const int own = kind == nn__layer_kind(node->layer);
    snprintf(name, size, "layers %s %s%s%s%s %s", network, node->name, own ? "" : " (",
             own ? "" : kind->kind.name, own ? "" : ")", backward ? "backward" : "forward");
}

static void layers_report(struct bench *bench, const char *network, int s, int backward)
{
    const nn_model *model = watch.stepper.model;
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
    watch_begin(network, bench->threads);
    watch_rounds(bench->seconds);
    for (int s = 0; s < watch.run->program.step_count; s++)
        for (int backward = 0; backward < 2; backward++)
            layers_report(bench, network->name, s, backward);
    stepper_free(&watch.stepper);
}

void bench_layers(struct bench *bench)
{
    layers_of(bench, &network_conv2);
    layers_of(bench, &network_deep);
}
