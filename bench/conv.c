/*
 * Convolutions, 3x3, same padding, batch 32, bias, no activation: forward, dX, dW. The layer stands
 * behind a batch norm, so that its dX is wanted, in a model that has made one training step; then
 * its passes are run by themselves: dW without dX, and dX with the layer frozen. Pictures of three
 * channels are a network's input, whose dX nobody wants.
 */
#include <stdio.h>

#include "model/context.h"
#include "models.h"
#include "report.h"

enum { BATCH = 32 };

typedef struct conv {
    int side, c, f;
} conv;

static const conv convs[] = {{32, 3, 10}, {32, 3, 32}, {16, 32, 64}, {8, 64, 128}, {56, 64, 64}};

/* One direction of one layer, ready to be run again and again. */
typedef struct direction {
    void (*run)(const nn_pass *pass);
    nn_pass pass;
} direction;

static void direction_run(void *arg, int count)
{
    const direction *d = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        d->run(&d->pass);
    nn__run_leave(saved);
}

static nn_model *conv_model(const conv *c, int threads)
{
    nn_model *model = nn_sequential(nn_input(c->side, c->side, c->c), nn_batch_norm(),
                                    nn_conv2d(c->f, {3, 3}, .padding = NN_SAME));
    if (model == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_model_set_threads(model, threads));
    bench_check(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()));
    return model;
}

/* The last step's passes as one training step leaves them: forward's, and backward's. */
static void conv_passes(nn_context *context, const conv *c, direction *forward, direction *backward)
{
    nn__run *run = &context->runs[NN__TRAIN];
    const int last = run->program.step_count - 1;
    const nn_layer_kind *kind = run->program.steps[last].kind;
    const size_t area = (size_t)c->side * (size_t)c->side;
    nn_tensor *y = nn_tensor_new(NN_F32, NN_SHAPE(BATCH, c->side, c->side, c->f));
    nn_real *x = bench_alloc(BATCH * area * (size_t)c->c);
    if (y == NULL)
        bench_fail("%s", nn_error_message());
    bench_fill(x, BATCH * area * (size_t)c->c);
    bench_check(nn_context_forward(context, x, BATCH, NULL));
    *forward = (direction){kind->forward, run->passes[last]};
    bench_check(nn_context_backward(context, y, NULL));
    *backward = (direction){kind->backward, run->passes[last]};
    nn_tensor_free(y);
    nn__free(x);
}

static void conv_report(struct bench *bench, const conv *c, const char *pass,
                        const struct timing *timing)
{
    char name[64];
    snprintf(name, sizeof name, "conv %dx%dx%d->%d %s", c->side, c->side, c->c, c->f, pass);
    measured m = {.name = name,
                  .batch = BATCH,
                  .threads = bench->threads,
                  .flops = 2.0 * BATCH * c->side * c->side * 9 * c->c * c->f,
                  .unit = GFLOP_PER_SECOND,
                  .timing = *timing};
    report_measured(bench, &m);
}

static void conv_measure(struct bench *bench, const conv *c)
{
    static const char *const names[] = {"forward", "dW", "dX"};
    nn_real *const nothing[] = {NULL};
    const int count = c->c > 3 ? 3 : 2;
    nn_model *model = conv_model(c, bench->threads);
    nn_context *context = network_context(model, BATCH, 1);
    direction directions[3];
    struct job jobs[3];
    struct timing timings[3];
    conv_passes(context, c, &directions[0], &directions[1]);
    directions[2] = directions[1];
    directions[1].pass.dx = nothing;
    directions[2].pass.trainable = 0;
    for (int i = 0; i < count; i++)
        jobs[i] = (struct job){direction_run, &directions[i]};
    timing_measure(jobs, timings, count, bench->seconds);
    for (int i = 0; i < count; i++)
        conv_report(bench, c, names[i], &timings[i]);
    nn_context_free(context);
    nn_model_free(model);
}

void bench_conv(struct bench *bench)
{
    for (size_t i = 0; i < NN__COUNT(convs); i++)
        conv_measure(bench, &convs[i]);
}
