#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "limit.h"
#include "models.h"
#include "report.h"

enum { BATCH = 32, STEPS = 100 };

/* ---- The parent ---- */

static void child_exec(const struct bench *bench, const char *what, int output)
{
    char threads[16], seconds[32];
    snprintf(threads, sizeof threads, "%d", bench->threads);
    snprintf(seconds, sizeof seconds, "%f", bench->seconds);
    if (dup2(output, STDOUT_FILENO) >= 0)
        execl("/proc/self/exe", "nn_bench", "--child", what, "--threads", threads, "--seconds",
              seconds, (char *)NULL);
    _exit(1);
}

/* Reads count numbers from the file and closes it; how many there were. */
static int read_numbers(int file, double *numbers, int count)
{
    FILE *in = fdopen(file, "r");
    int found = 0;
    if (in == NULL) {
        close(file);
        return 0;
    }
    while (found < count && fscanf(in, "%lf", &numbers[found]) == 1)
        found++;
    fclose(in);
    return found;
}

int child_numbers(const struct bench *bench, const char *what, double *numbers, int count)
{
    int ends[2], status = 1;
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0)
        child_exec(bench, what, ends[1]);
    close(ends[1]);
    int found = read_numbers(ends[0], numbers, count);
    return child >= 0 && waitpid(child, &status, 0) == child && status == 0 && found == count;
}

void child_start(struct bench *bench)
{
    double milliseconds[ROUNDS], end;
    for (int i = 0; i < ROUNDS; i++) {
        const double start = nn__seconds();
        if (!child_numbers(bench, "start", &end, 1)) {
            printf("start deep: not measured, this system cannot run the program anew\n");
            return;
        }
        milliseconds[i] = (end - start) * 1e3;
    }
    struct spread value = spread_of(milliseconds);
    report_value(bench, "start deep", &value, "ms",
                 "from process start to the first finished step");
}

void child_memory(struct bench *bench)
{
    double bytes;
    if (getenv("CIFAR10_DIR") == NULL)
        return;
    if (!child_numbers(bench, "memory", &bytes, 1)) {
        printf("memory conv2: not measured, see above\n");
        return;
    }
    struct spread value = {bytes * 1e-6, bytes * 1e-6, bytes * 1e-6};
    report_value(bench, "memory conv2", &value, "MB",
                 "at the most, training on all of CIFAR-10 (60,000 pictures, batch 32)");
}

/* ---- The child ---- */

static double start_main(int threads)
{
    nn_dataset *data = nn_drawings(.rows = BATCH, .one_hot = 1);
    if (data == NULL)
        bench_fail("%s", nn_error_message());
    nn_model *model = network_new(&network_deep, threads);
    bench_check(nn_fit(model, data, .batch_size = BATCH));
    double end = nn__seconds();
    nn_model_free(model);
    nn_dataset_free(data);
    return end;
}

/* What cifar10_conv2 holds and does in an epoch, the test pictures included, with fewer steps. */
static double memory_main(int threads)
{
    const char *folder = getenv("CIFAR10_DIR");
    nn_dataset *all = nn_cifar10(.directory = folder, .one_hot = 1), *training, *validation;
    nn_dataset *test = nn_cifar10(.directory = folder, .part = NN_TEST, .one_hot = 1);
    if (all == NULL || test == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_dataset_split(all, 0.2, 0, &training, &validation));
    nn_model *model = network_new(&network_conv2, threads);
    bench_check(nn_fit(model, training, .batch_size = BATCH, .validation_data = validation,
                       .callbacks = nn_callbacks(limit_new(STEPS))));
    double peak = bench_peak_memory();
    nn_model_free(model);
    nn_dataset_free(training);
    nn_dataset_free(validation);
    nn_dataset_free(all);
    nn_dataset_free(test);
    return peak;
}

void child_main(const struct bench *bench, const char *what)
{
    if (strcmp(what, "start") == 0)
        printf("%.9f\n", start_main(bench->threads));
    else if (strcmp(what, "memory") == 0)
        printf("%.9f\n", memory_main(bench->threads));
    else if (strcmp(what, "tasks-conv2") == 0)
        scaling_main(bench, &network_conv2);
    else if (strcmp(what, "tasks-deep") == 0)
        scaling_main(bench, &network_deep);
    else
        bench_fail("--child '%s': must be start, memory, tasks-conv2 or tasks-deep", what);
    exit(0);
}
