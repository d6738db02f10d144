/*
 * GlobalMaxPooling2D: y[c] = the largest x[h][w][c]. Where several are the largest, each gets an
 * equal part of dy, as TensorFlow's reduce_max does (MaxPooling2D gives it to the first). A task is
 * one picture.
 */
#include <string.h>

#include "layers/tiles.h"

NN__NO_TAIL_PADDING(nn_global_max_pool2d_options, name);

static const nn_option global_max_pooling2d_fields[] = {
    NN__OPTION(nn_global_max_pool2d_options, FLAG, keepdims),
    NN__OPTION(nn_global_max_pool2d_options, STRING, name),
};

static nn_status global_max_pooling2d_infer(nn_infer *infer)
{
    const nn_global_max_pool2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    const int c = infer->inputs[0].dims[2];
    infer->output = o->keepdims ? (nn_shape){3, {1, 1, c}} : (nn_shape){1, {c}};
    infer->flags = NN_KEEPS_X | NN_KEEPS_Y;
    infer->scratch = (size_t)c * sizeof(nn_real);
    return NN_OK;
}

/* As a window that is the whole picture. */
static void global_max_pooling2d_forward_picture(const nn_pass *pass, void *arg, int index,
                                                 int worker)
{
    static const int ones[2] = {1, 1};
    const nn_shape *x = pass->x_shape;
    const nn__window whole = nn__window_over(x, x->dims, ones, ones, NN_VALID);
    (void)arg, (void)worker;
    nn__kernels->max_pool(pass->y + (size_t)index * (size_t)x->dims[2], NULL,
                          pass->x[0] + (size_t)index * nn__shape_count(x), &whole, 0, 1);
}

static void global_max_pooling2d_forward(const nn_pass *pass)
{
    nn_parallel(pass, pass->rows, global_max_pooling2d_forward_picture, NULL);
}

/* ties[j]: how many x are the maximum. Where it is a NaN none is, and 0 / 0 is NaN. */
static void global_max_pooling2d_backward_picture(const nn_pass *pass, void *arg, int index,
                                                  int worker)
{
    const size_t count = nn__shape_count(pass->x_shape), c = (size_t)pass->x_shape->dims[2];
    const nn_real *x = pass->x[0] + (size_t)index * count, *y = pass->y + (size_t)index * c;
    const nn_real *dy = pass->dy + (size_t)index * c;
    nn_real *dx = pass->dx[0] + (size_t)index * count, *ties = nn_scratch(pass, worker);
    (void)arg;
    memset(ties, 0, c * sizeof *ties);
    for (size_t i = 0; i < count; i += c)
        for (size_t j = 0; j < c; j++)
            ties[j] += x[i + j] == y[j] ? (nn_real)1 : (nn_real)0;
    for (size_t i = 0; i < count; i += c)
        for (size_t j = 0; j < c; j++)
            dx[i + j] = (x[i + j] == y[j] ? (nn_real)1 : (nn_real)0) / ties[j] * dy[j];
}

static void global_max_pooling2d_backward(const nn_pass *pass)
{
    if (pass->dx[0] != NULL)
        nn_parallel(pass, pass->rows, global_max_pooling2d_backward_picture, NULL);
}

const nn_layer_kind nn__global_max_pooling2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "global_max_pooling2d", "GlobalMaxPooling2D",
                     nn_global_max_pool2d_options, global_max_pooling2d_fields),
    .infer = global_max_pooling2d_infer,
    .forward = global_max_pooling2d_forward,
    .backward = global_max_pooling2d_backward,
};

nn_layer *nn_global_max_pool2d_new(const nn_global_max_pool2d_options *options)
{
    return nn_layer_new(&nn__global_max_pooling2d_layer, options);
}
