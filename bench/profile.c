/*
 * Where a step of training goes: the library's own profile of conv2 and deep, on one thread and on
 * all, and what measuring costs: fits with and without it take turns.
 */
#include <stdio.h>

#include "limit.h"
#include "models.h"
#include "report.h"

enum { BATCH = 32, PICTURES = 4096, LONGER = 4 };

typedef struct profiled {
    nn_model *model;
    const nn_dataset *data;
    int profile; /* an nn_profiling */
} profiled;

static void profiled_run(void *arg, int count)
{
    const profiled *p = arg;
    bench_check(nn_fit(p->model, p->data, .batch_size = BATCH, .epochs = 1 << 30,
                       .profile = p->profile, .callbacks = nn_callbacks(limit_new(count))));
}

static void profile_network(struct bench *bench, const struct network *network,
                            const nn_dataset *data, int threads)
{
    nn_model *model = network_new(network, threads);
    profiled off = {model, data, NN_PROFILE_OFF}, on = {model, data, NN_PROFILE_KEEP};
    const struct job jobs[] = {{profiled_run, &off}, {profiled_run, &on}};
    struct timing timings[2];
    char name[64];
    timing_measure(jobs, timings, 2, LONGER * bench->seconds);
    const struct spread cost = timing_ratio(&timings[1], &timings[0]);
    snprintf(name, sizeof name, "profile %s", network->name);
    report_profile(bench, name, BATCH, nn_model_profile(model, NN_PROFILED_TRAINING), &cost);
    nn_model_free(model);
}

void bench_profile(struct bench *bench)
{
    static const struct network *const networks[] = {&network_conv2, &network_deep};
    nn_dataset *data = nn_drawings(.rows = PICTURES, .one_hot = 1);
    if (data == NULL)
        bench_fail("%s", nn_error_message());
    for (int i = 0; i < 2; i++) {
        profile_network(bench, networks[i], data, 1);
        if (bench->threads > 1)
            profile_network(bench, networks[i], data, bench->threads);
    }
    nn_dataset_free(data);
}
