/*
 * The automatic choice of a convolution's algorithm against every forced one, in turns: how much
 * longer than the fastest way does it take? Three shapes of the networks and many that are not.
 * Whichever way computes a direction, "auto" is measured by itself, so where it is the fastest
 * one the loss is noise.
 */
#include <stdio.h>
#include <string.h>

#include "layers/conv2d.h"
#include "lone.h"
#include "report.h"

enum { WAYS = NN_CONV_WINOGRAD + 1 }; /* auto, too */

static const char *const way_names[WAYS] = {"auto", "gemm", "direct", "winograd"};

typedef struct choice {
    int batch;
    int x[3]; /* h, w, c */
    int filters;
    int kernel[2];
    int padding, stride, dilation, groups;
} choice;

static const choice choices[] = {
    /* Those of the networks. */
    {32, {32, 32, 3}, 10, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 3}, 32, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 32}, 32, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {16, 16, 32}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {8, 8, 64}, 128, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {56, 56, 64}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    /* Few channels. */
    {32, {28, 28, 1}, 8, {3, 3}, NN_VALID, 1, 1, 1},
    {32, {28, 28, 1}, 32, {5, 5}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 2}, 2, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 3}, 64, {7, 7}, NN_SAME, 2, 1, 1},
    {4, {112, 112, 3}, 32, {3, 3}, NN_SAME, 2, 1, 1},
    {1, {64, 64, 4}, 16, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {16, 16, 4}, 128, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 3}, 16, {1, 1}, NN_VALID, 1, 1, 1},
    {32, {32, 32, 3}, 16, {3, 3}, NN_SAME, 1, 2, 1},
    {32, {8, 8, 3}, 256, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 6}, 16, {5, 5}, NN_VALID, 1, 1, 1},
    {32, {32, 32, 8}, 8, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 8}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 64}, 8, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 12}, 24, {3, 3}, NN_SAME, 1, 1, 1},
    /* 3x3. */
    {32, {32, 32, 16}, 16, {3, 3}, NN_VALID, 1, 1, 1},
    {4, {112, 112, 16}, 16, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {13, 17, 24}, 40, {3, 3}, NN_VALID, 1, 1, 1},
    {32, {9, 9, 48}, 48, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {6, 6, 64}, 64, {3, 3}, NN_VALID, 1, 1, 1},
    {32, {5, 5, 32}, 32, {3, 3}, NN_VALID, 1, 1, 1},
    {32, {4, 4, 128}, 128, {3, 3}, NN_SAME, 1, 1, 1},
    {4, {7, 7, 256}, 256, {3, 3}, NN_SAME, 1, 1, 1},
    {1, {4, 4, 256}, 256, {3, 3}, NN_SAME, 1, 1, 1},
    {1, {7, 7, 64}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    {1, {14, 14, 64}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    {1, {32, 32, 64}, 64, {3, 3}, NN_SAME, 1, 1, 1},
    {1, {112, 112, 32}, 32, {3, 3}, NN_SAME, 1, 1, 1},
    {32, {32, 32, 32}, 32, {3, 3}, NN_SAME, 2, 1, 1},
    {32, {32, 32, 32}, 32, {3, 3}, NN_SAME, 1, 2, 1},
    {32, {16, 16, 64}, 64, {3, 3}, NN_SAME, 1, 1, 4},
    /* Other windows. */
    {32, {15, 15, 16}, 16, {5, 5}, NN_SAME, 1, 1, 1},
    {32, {14, 14, 128}, 128, {1, 1}, NN_VALID, 1, 1, 1},
    {4, {112, 112, 32}, 64, {1, 1}, NN_VALID, 1, 1, 1},
    {32, {1, 64, 32}, 32, {1, 3}, NN_SAME, 1, 1, 1},
    {32, {64, 1, 16}, 32, {7, 1}, NN_SAME, 1, 1, 1},
};

static nn_conv2d_options choice_options(const choice *c, int algorithm)
{
    return (nn_conv2d_options){.struct_size = sizeof(nn_conv2d_options),
                               .filters = c->filters,
                               .kernel = {c->kernel[0], c->kernel[1]},
                               .strides = {c->stride, c->stride},
                               .dilation = {c->dilation, c->dilation},
                               .groups = c->groups,
                               .padding = c->padding,
                               .algorithm = algorithm};
}

static int choice_can(const choice *c, int algorithm)
{
    if (algorithm == NN_CONV_DIRECT)
        return c->groups == 1 && c->dilation == 1;
    return algorithm != NN_CONV_WINOGRAD || (c->kernel[0] == 3 && c->kernel[1] == 3 &&
                                             c->groups == 1 && c->dilation == 1 && c->stride == 1);
}

/* "16x16x64->64 3x3 stride 2 groups 4 valid" */
static void choice_name(char *name, size_t size, const choice *c, const char *direction)
{
    char more[64] = "";
    if (c->stride > 1)
        snprintf(more, sizeof more, " stride %d", c->stride);
    if (c->dilation > 1)
        snprintf(more, sizeof more, " dilation %d", c->dilation);
    if (c->groups > 1)
        snprintf(more, sizeof more, " groups %d", c->groups);
    snprintf(name, size, "choice %dx%dx%d->%d %dx%d%s %s %s", c->x[0], c->x[1], c->x[2], c->filters,
             c->kernel[0], c->kernel[1], more, c->padding == NN_SAME ? "same" : "valid", direction);
}

static void choice_report(struct bench *bench, const choice *c, int direction, const int *ways,
                          const struct timing *timings, int count)
{
    const nn_conv2d_options options = choice_options(c, NN_CONV_AUTO);
    const nn_shape x = {3, {c->x[0], c->x[1], c->x[2]}};
    char name[128], text[160] = "times the fastest way; ms:";
    int best = 1;
    for (int i = 0; i < count; i++) {
        const double ms = spread_of(timings[i].seconds).median * 1e3;
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, " %s %.3g", way_names[ways[i]], ms);
        if (i > 0 && ms < spread_of(timings[best].seconds).median * 1e3)
            best = i;
    }
    const size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, "; chosen %s",
             way_names[nn__conv2d_way(&options, &x, c->batch, direction)]);
    const struct spread loss = timing_ratio(&timings[0], &timings[best]);
    choice_name(name, sizeof name, c, direction_names[direction]);
    report_value(bench, name, &loss, "", text);
}

/* One direction by all ways: of dX the direct one is GEMM's. */
static void choice_direction(struct bench *bench, const choice *c, lone *lones, int direction)
{
    struct job jobs[WAYS];
    struct timing timings[WAYS];
    int ways[WAYS], count = 0;
    for (int way = 0; way < WAYS; way++) {
        if (!choice_can(c, way) || (way == NN_CONV_DIRECT && direction == DX))
            continue;
        jobs[count] = (struct job){lone_run, &lones[way].directions[direction]};
        ways[count++] = way;
    }
    timing_measure(jobs, timings, count, bench->seconds);
    choice_report(bench, c, direction, ways, timings, count);
}

static void choice_measure(struct bench *bench, const choice *c)
{
    lone lones[WAYS];
    for (int way = 0; way < WAYS; way++) {
        const nn_conv2d_options options = choice_options(c, way);
        if (choice_can(c, way))
            lone_open(&lones[way], nn_conv2d_new(&options), c->x, c->batch, bench->threads);
    }
    for (int direction = FORWARD; direction <= DX; direction++)
        choice_direction(bench, c, lones, direction);
    for (int way = 0; way < WAYS; way++)
        if (choice_can(c, way))
            lone_close(&lones[way]);
}

void bench_choice(struct bench *bench)
{
    for (size_t i = 0; i < NN__COUNT(choices); i++)
        choice_measure(bench, &choices[i]);
}
