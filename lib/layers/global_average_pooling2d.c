/*
 * GlobalAveragePooling2D: y[c] = the mean of x[h][w][c]; dx = dy / (h w). A task is one picture. The
 * sum is made of sums of PIECE pixels, so that it stays exact in large pictures.
 */
#include <string.h>

#include "layers/tiles.h"

NN__NO_TAIL_PADDING(nn_global_average_pool2d_options, name);

enum { PIECE = 256 };

static const nn_option global_average_pooling2d_fields[] = {
    NN__OPTION(nn_global_average_pool2d_options, FLAG, keepdims),
    NN__OPTION(nn_global_average_pool2d_options, STRING, name),
};

static nn_status global_average_pooling2d_infer(nn_infer *infer)
{
    const nn_global_average_pool2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    const int c = infer->inputs[0].dims[2];
    infer->output = o->keepdims ? (nn_shape){3, {1, 1, c}} : (nn_shape){1, {c}};
    return NN_OK;
}

static size_t pixels_of(const nn_shape *x)
{
    return (size_t)x->dims[0] * (size_t)x->dims[1];
}

static void global_average_pooling2d_forward_picture(const nn_pass *pass, void *arg, int index,
                                                     int worker)
{
    const size_t n = pixels_of(pass->x_shape), c = (size_t)pass->x_shape->dims[2];
    const nn_real *x = pass->x[0] + (size_t)index * n * c;
    nn_real *y = pass->y + (size_t)index * c;
    (void)arg;
    (void)worker;
    memset(y, 0, c * sizeof *y);
    for (size_t first = 0; first < n; first += PIECE)
        nn__kernels->add_column_sums(y, x + first * c, nn__least(n - first, PIECE), c);
    for (size_t j = 0; j < c; j++)
        y[j] /= (nn_real)n;
}

static void global_average_pooling2d_forward(const nn_pass *pass)
{
    nn_parallel(pass, pass->rows, global_average_pooling2d_forward_picture, NULL);
}

static void global_average_pooling2d_backward_picture(const nn_pass *pass, void *arg, int index,
                                                      int worker)
{
    const size_t n = pixels_of(pass->x_shape), c = (size_t)pass->x_shape->dims[2];
    nn_real *dy = pass->dy + (size_t)index * c;
    (void)arg, (void)worker;
    for (size_t j = 0; j < c; j++)
        dy[j] /= (nn_real)n;
    nn__kernels->fill_rows(pass->dx[0] + (size_t)index * n * c, dy, n, c);
}

static void global_average_pooling2d_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        nn_parallel(pass, pass->rows, global_average_pooling2d_backward_picture, NULL);
}

const nn_layer_kind nn__global_average_pooling2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "global_average_pooling2d", "GlobalAveragePooling2D",
                     nn_global_average_pool2d_options, global_average_pooling2d_fields),
    .infer = global_average_pooling2d_infer,
    .forward = global_average_pooling2d_forward,
    .backward = global_average_pooling2d_backward,
};

nn_layer *nn_global_average_pool2d_new(const nn_global_average_pool2d_options *options)
{
    return nn_layer_new(&nn__global_average_pooling2d_layer, options);
}
