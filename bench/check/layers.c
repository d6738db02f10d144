/* Single layers at batch 4: their instructions grow with the batch, and callgrind is slow. */
#include <stdio.h>

#include "../lone.h"
#include "check.h"

enum { BATCH = 4 };

static void check_layer(const char *name, nn_layer *layer, const int x[3], int first, int last)
{
    lone l;
    lone_open(&l, layer, x, BATCH, 1);
    for (int direction = first; direction <= last; direction++) {
        char text[64];
        snprintf(text, sizeof text, "%s %s", name, direction_names[direction]);
        check_item(text, (struct job){lone_run, &l.directions[direction]});
    }
    lone_close(&l);
}

static void check_whole(const char *name, nn_layer *layer, const int x[3])
{
    lone l;
    char text[64];
    lone_open(&l, layer, x, BATCH, 1);
    snprintf(text, sizeof text, "%s forward", name);
    check_item(text, (struct job){lone_run, &l.directions[FORWARD]});
    snprintf(text, sizeof text, "%s backward", name);
    check_item(text, (struct job){lone_run, &l.directions[BACKWARD]});
    lone_close(&l);
}

static void check_convolutions(void)
{
    static const char *const ways[] = {"auto", "gemm", "direct", "winograd"};
    for (int way = NN_CONV_GEMM; way <= NN_CONV_WINOGRAD; way++) {
        char name[64];
        snprintf(name, sizeof name, "conv 16x16x32->64 %s", ways[way]);
        check_layer(name, nn_conv2d(64, {3, 3}, .padding = NN_SAME, .algorithm = way),
                    (const int[]){16, 16, 32}, FORWARD, DX);
    }
    for (int way = NN_CONV_GEMM; way <= NN_CONV_WINOGRAD; way++) {
        char name[64];
        snprintf(name, sizeof name, "conv 32x32x3->10 %s", ways[way]);
        check_layer(name, nn_conv2d(10, {3, 3}, .padding = NN_SAME, .algorithm = way),
                    (const int[]){32, 32, 3}, FORWARD, DW);
    }
    check_layer("conv 16x16x32->32 stride 2", nn_conv2d(32, {3, 3}, {2, 2}, .padding = NN_SAME),
                (const int[]){16, 16, 32}, FORWARD, DX);
    check_layer("conv 16x16x32->32 groups 4",
                nn_conv2d(32, {3, 3}, .groups = 4, .padding = NN_SAME), (const int[]){16, 16, 32},
                FORWARD, DX);
}

void check_layers(void)
{
    static const int picture[] = {16, 16, 32};
    check_convolutions();
    check_whole("depthwise conv 16x16x32", nn_depthwise_conv2d({3, 3}, .padding = NN_SAME),
                picture);
    check_whole("batch norm 16x16x32", nn_batch_norm(), picture);
    check_whole("layer norm 16x16x32", nn_layer_norm(), picture);
    check_whole("max pool 16x16x32", nn_max_pool2d({2, 2}), picture);
    check_whole("average pool 16x16x32", nn_average_pool2d({2, 2}), picture);
    check_whole("dropout 16x16x32", nn_dropout(0.5), picture);
    check_whole("gelu 16x16x32", nn_activation(NN_GELU), picture);
    check_whole("up sampling 16x16x32", nn_up_sampling2d({2, 2}), picture);
}
