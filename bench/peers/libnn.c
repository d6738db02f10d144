/*
 * libnn's side of the race. peer.py says what is asked on standard input and answered on standard
 * output. Training is nn_fit over floats in memory with all that it does: shuffling, gathering,
 * loss, accuracy. Inference is nn_context_predict over batches in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models.h"
#include "base/base.h"
#include "kernels/kernels.h"
#include "nn/extend.h"

enum { TRAINING = 4096, INFERENCE = 1024, STARTING = 32 };

/* ---- A callback that ends a fit after so many seconds ---- */

typedef struct turn_options {
    size_t struct_size;
    double seconds; /* of measuring, behind a fifth of that to warm up; 0: one step */
    double *taken;  /* gets the seconds                                         */
    int *steps;     /* gets the steps within them                               */
} turn_options;

static nn_status turn_batch_end(nn_callback *callback, nn_event *event)
{
    const turn_options *turn = nn_callback_options(callback);
    double *begun = nn_callback_state(callback); /* of the warm-up, of the measuring */
    const double now = nn__seconds();
    if (begun[0] <= 0)
        begun[0] = now;
    else if (begun[1] <= 0 && now - begun[0] >= turn->seconds / 5)
        begun[1] = now;
    else if (begun[1] > 0)
        ++*turn->steps;
    if (begun[1] > 0)
        *turn->taken = now - begun[1];
    event->stop = turn->seconds <= 0 || (*turn->steps > 0 && *turn->taken >= turn->seconds);
    return NN_OK;
}

static const nn_callback_kind turn_kind = {
    .kind = {.struct_size = sizeof(nn_callback_kind),
             .name = "turn",
             .class_name = "Turn",
             .options_size = sizeof(turn_options)},
    .state_size = 2 * sizeof(double),
    .train_batch_end = turn_batch_end,
};

/* ---- What is raced ---- */

struct runner {
    int training, batch, rows;
    nn_real *x; /* x[rows][32][32][3] */
    nn_tensor *pictures, *classes;
    nn_dataset *data;
    nn_model *model;
    nn_context *context;
};

static void check_made(const void *object)
{
    if (object == NULL)
        bench_fail("%s", nn_error_message());
}

static void runner_free(struct runner *r)
{
    nn_context_free(r->context);
    nn_model_free(r->model);
    nn_dataset_free(r->data);
    nn_tensor_free(r->pictures);
    nn_tensor_free(r->classes);
    *r = (struct runner){0};
}

static void runner_make(struct runner *r, const char *network, int training, int batch, int rows,
                        int threads)
{
    *r = (struct runner){.training = training, .batch = batch, .rows = rows};
    const struct network *which =
        strcmp(network, network_conv2.name) == 0 ? &network_conv2 : &network_deep;
    r->model = network_new(which, threads);
    r->pictures = nn_tensor_new(NN_F32, NN_SHAPE(rows, 32, 32, 3));
    r->classes = nn_tensor_new(NN_I32, NN_SHAPE(rows));
    check_made(r->pictures);
    check_made(r->classes);
    r->x = nn_tensor_data(r->pictures);
    bench_fill(r->x, (size_t)rows * PICTURE);
    int *classes = nn_tensor_data(r->classes);
    for (int row = 0; row < rows; row++)
        classes[row] = row % CLASSES;
    if (!training) {
        r->context = network_context(r->model, batch, 0);
        return;
    }
    r->data = nn_arrays(.x = r->pictures, .y = r->classes, .classes = CLASSES, .one_hot = 1);
    check_made(r->data);
}

static int train_for(struct runner *r, double seconds, double *taken)
{
    int steps = 0;
    nn_callback *turn =
        nn_callback_new(&turn_kind, &(turn_options){sizeof(turn_options), seconds, taken, &steps});
    bench_check(nn_fit(r->model, r->data, .batch_size = r->batch, .epochs = 1 << 30,
                       .callbacks = nn_callbacks(turn)));
    return steps;
}

/* Batches after batches of the rows, until seconds are over. */
static int infer_for(struct runner *r, double seconds, double *taken)
{
    nn_real *y = bench_alloc((size_t)r->batch * CLASSES);
    const double start = nn__seconds();
    int steps = 0, row = 0;
    do {
        bench_check(nn_context_predict(r->context, r->x + (size_t)row * PICTURE, r->batch, y));
        row = row + 2 * r->batch <= r->rows ? row + r->batch : 0;
        steps++;
        *taken = nn__seconds() - start;
    } while (*taken < seconds);
    nn__free(y);
    return steps;
}

static void turn(struct runner *r, double seconds)
{
    double taken = 0;
    int steps;
    if (r->training) {
        steps = train_for(r, seconds, &taken);
    } else {
        infer_for(r, seconds / 5, &taken);
        steps = infer_for(r, seconds, &taken);
    }
    printf("ok %.0f %.9f\n", (double)steps * r->batch, taken);
}

/* ---- Questions and answers ---- */

static void about(void)
{
    char cpu[NN__CPU_NAME];
    printf("ok libnn %s\n", nn_version());
    printf("cpu %s\n", nn__cpu_name(cpu));
    printf("kernels %s\n", nn__level_name(nn__cpu_level()));
    printf("blas %s\n", nn__gemm_name());
}

static void start(const char *network, int threads)
{
    struct runner r;
    double taken;
    runner_make(&r, network, 1, STARTING, STARTING, threads);
    train_for(&r, 0, &taken);
    printf("ok %.9f\n", nn__seconds());
    runner_free(&r);
}

static void serve(void)
{
    char line[512], network[16], task[16];
    struct runner r = {0};
    int batch, threads;
    double seconds;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "take %15s %15s %d threads=%d", network, task, &batch, &threads) == 4) {
            int training = strcmp(task, "train") == 0;
            runner_free(&r);
            runner_make(&r, network, training, batch, training ? TRAINING : INFERENCE, threads);
            printf("ok\n");
        } else if (sscanf(line, "turn %lf", &seconds) == 1 && r.model != NULL) {
            turn(&r, seconds);
        } else if (strcmp(line, "peak\n") == 0) {
            printf("ok %.0f\n", bench_peak_memory() / 1024);
        } else {
            printf("no: not a question: %s", line);
        }
        fflush(stdout);
    }
    runner_free(&r);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "about") == 0)
        about();
    else if (argc == 4 && strcmp(argv[1], "start") == 0)
        start(argv[2], atoi(argv[3] + strlen("threads=")));
    else if (argc == 2 && strcmp(argv[1], "serve") == 0)
        serve();
    else
        bench_fail("bench/peers/race.py runs this program");
    return 0;
}
