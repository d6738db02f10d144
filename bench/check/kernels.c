/* Kernels that no layer shows by itself, and each optimizer's step of 131,328 parameters. */
#include <stdio.h>

#include "../bench.h"
#include "base/base.h"
#include "check.h"
#include "layers/tiles.h"
#include "model/context.h"

enum { BATCH = 32, CLASSES = 10, SIDE = 32, CHANNELS = 16, PRODUCT = 288 };

/* What all kernels here read and write: enough for the largest. */
static struct arrays {
    nn_real *a, *b, *c;
    double losses[BATCH];
    int32_t classes[BATCH];
    nn__window window; /* 3x3 over a picture */
} arrays;

static void run_crossentropy(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++)
        nn__kernels->crossentropy_logits(arrays.a, 0, arrays.losses, arrays.b, NULL, arrays.classes,
                                         0, 1.0 / BATCH, BATCH, CLASSES);
}

static void run_im2col(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++)
        nn__kernels->im2col(arrays.b, arrays.a, &arrays.window, 0, CHANNELS, 0, SIDE * SIDE);
}

static void run_col2im(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++)
        nn__kernels->col2im(arrays.b, arrays.a, &arrays.window, 0, CHANNELS, 0, SIDE * SIDE);
}

static void run_product(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++)
        nn__gemm(0, 0, PRODUCT, PRODUCT, PRODUCT, 1, arrays.a, PRODUCT, arrays.b, PRODUCT, 0,
                 arrays.c, PRODUCT);
}

static void run_small_product(void *arg, int count)
{
    (void)arg;
    for (int i = 0; i < count; i++) {
        nn__gemm(0, 0, BATCH, 100, 256, 1, arrays.a, 256, arrays.b, 100, 0, arrays.c, 100);
        nn__gemm(1, 0, 256, 100, BATCH, 1, arrays.a, 256, arrays.b, 100, 0, arrays.c, 100);
        nn__gemm(0, 1, BATCH, 256, 100, 1, arrays.a, 100, arrays.b, 100, 0, arrays.c, 256);
    }
}

static void run_step(void *arg, int count)
{
    for (int i = 0; i < count; i++)
        nn__context_step(arg);
}

static void check_optimizer(const char *name, nn_optimizer *optimizer)
{
    char text[64];
    nn_model *model = nn_sequential(nn_input(512), nn_dense(256));
    if (model == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_model_set_threads(model, 1));
    bench_check(nn_compile(model, .optimizer = optimizer, .loss = nn_mean_squared_error()));
    nn_context *context = nn_context(model, .batch_size = 1, .training = 1);
    if (context == NULL)
        bench_fail("%s", nn_error_message());
    snprintf(text, sizeof text, "step of %s", name);
    check_item(text, (struct job){run_step, context});
    nn_context_free(context);
    nn_model_free(model);
}

void check_kernels(void)
{
    const size_t most = (size_t)SIDE * SIDE * CHANNELS * 9;
    arrays.a = bench_alloc(most);
    arrays.b = bench_alloc(most);
    arrays.c = bench_alloc(most);
    bench_fill(arrays.a, most);
    bench_fill(arrays.b, most);
    arrays.window = nn__window_over(&(nn_shape){3, {SIDE, SIDE, CHANNELS}}, (int[]){3, 3},
                                    (int[]){1, 1}, (int[]){1, 1}, NN_SAME);
    check_item("softmax and cross-entropy of 32 rows", (struct job){run_crossentropy, NULL});
    check_item("im2col 32x32x16", (struct job){run_im2col, NULL});
    check_item("col2im 32x32x16", (struct job){run_col2im, NULL});
    check_item("built-in product 288x288x288", (struct job){run_product, NULL});
    check_item("small products, 32x100x256", (struct job){run_small_product, NULL});
    nn__free(arrays.a);
    nn__free(arrays.b);
    nn__free(arrays.c);
    check_optimizer("sgd", nn_sgd());
    check_optimizer("momentum", nn_sgd(.momentum = 0.9));
    check_optimizer("adam", nn_adam());
    check_optimizer("adamw", nn_adamw());
    check_optimizer("nadam", nn_nadam());
    check_optimizer("rmsprop", nn_rmsprop());
    check_optimizer("adamax", nn_adamax());
    check_optimizer("adagrad", nn_adagrad());
    check_optimizer("lion", nn_lion());
}
