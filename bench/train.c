/*
 * Training by nn_fit over pictures kept as bytes: shuffling, loading, forward, loss, metrics,
 * backward and update, all that a program's training does. One thread against all takes turns.
 */
#include <stdio.h>

#include "child.h"
#include "limit.h"
#include "models.h"
#include "report.h"

/* Rounds are LONGER here: each begins a fit and shuffles all pictures. */
enum { BATCH = 32, PICTURES = 4096, LONGER = 4 };

typedef struct trainer {
    nn_model *model;
    const nn_dataset *data;
} trainer;

static void trainer_run(void *arg, int count)
{
    const trainer *t = arg;
    bench_check(nn_fit(t->model, t->data, .batch_size = BATCH, .epochs = 1 << 30,
                       .callbacks = nn_callbacks(limit_new(count))));
}

static void train_report(struct bench *bench, const struct network *network, int threads,
                         const trainer *t, const struct timing *timing, double speedup)
{
    char name[64];
    snprintf(name, sizeof name, "train %s", network->name);
    measured m = {.name = name,
                  .batch = BATCH,
                  .threads = threads,
                  .flops = BATCH * network_flops(t->model, 1),
                  .speedup = speedup,
                  .timing = *timing};
    report_measured(bench, &m);
}

static void train_network(struct bench *bench, const struct network *network,
                          const nn_dataset *data)
{
    const int threads[] = {1, bench->threads}, count = bench->threads > 1 ? 2 : 1;
    trainer trainers[2];
    struct job jobs[2];
    struct timing timings[2];
    for (int i = 0; i < count; i++) {
        trainers[i] = (trainer){network_new(network, threads[i]), data};
        jobs[i] = (struct job){trainer_run, &trainers[i]};
    }
    timing_measure(jobs, timings, count, LONGER * bench->seconds);
    for (int i = 0; i < count; i++) {
        double speedup = i > 0 ? timing_ratio(&timings[0], &timings[1]).median : 0;
        train_report(bench, network, threads[i], &trainers[i], &timings[i], speedup);
    }
    for (int i = 0; i < count; i++)
        nn_model_free(trainers[i].model);
}

void bench_train(struct bench *bench)
{
    child_start(bench); /* first: this process is still small, so that forking takes no time */
    nn_dataset *data = nn_drawings(.rows = PICTURES, .one_hot = 1);
    if (data == NULL)
        bench_fail("%s", nn_error_message());
    train_network(bench, &network_conv1, data);
    train_network(bench, &network_conv2, data);
    train_network(bench, &network_deep, data);
    nn_dataset_free(data);
    child_memory(bench);
}
