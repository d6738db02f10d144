/*
 * AveragePooling2D: y[i][j][c] = the mean of the window's x[i sh + p - top][j sw + q - left][c] that
 * lie inside the picture; dx = the sum over the windows that contain it of dy / their count. A task
 * is one picture.
 */
#include "layers/tiles.h"

NN__NO_TAIL_PADDING(nn_average_pool2d_options, name);

enum { LARGEST = 32767 }; /* of a window's side, as for MaxPooling2D */

static const nn_option average_pooling2d_fields[] = {
    NN__OPTION(nn_average_pool2d_options, PAIR, pool, .fallback = 2, .minimum = 1,
               .maximum = LARGEST),
    NN__OPTION(nn_average_pool2d_options, PAIR, strides, .minimum = 0, .maximum = LARGEST),
    NN__OPTION(nn_average_pool2d_options, CHOICE, padding, .choices = nn_padding_names),
    NN__OPTION(nn_average_pool2d_options, STRING, name),
};

static nn__window average_pooling2d_window(const nn_average_pool2d_options *o, const nn_shape *x)
{
    static const int ones[2] = {1, 1};
    int own = o->strides[0] != 0 || o->strides[1] != 0;
    return nn__window_over(x, o->pool, own ? o->strides : o->pool, ones, o->padding);
}

static nn_status average_pooling2d_infer(nn_infer *infer)
{
    const nn_average_pool2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    if ((o->strides[0] < 1) != (o->strides[1] < 1))
        return nn_infer_fail(infer, NN_EINVAL, "strides are %dx%d, they must be at least 1",
                             o->strides[0], o->strides[1]);
    nn__window s = average_pooling2d_window(o, &infer->inputs[0]);
    if (s.oh < 1 || s.ow < 1)
        return nn_infer_fail(infer, NN_ESHAPE, "pool %dx%d exceeds the input %dx%d", s.kh, s.kw,
                             s.h, s.w);
    infer->output = (nn_shape){.rank = 3, .dims = {s.oh, s.ow, s.c}};
    return NN_OK;
}

static void average_pooling2d_forward_picture(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__window *s = arg;
    size_t row = (size_t)index;
    (void)worker;
    nn__kernels->average_pool(pass->y + row * nn__shape_count(pass->y_shape),
                              pass->x[0] + row * nn__shape_count(pass->x_shape), s, 0, s->oh);
}

static void average_pooling2d_forward(const nn_pass *pass)
{
    nn__window s = average_pooling2d_window(pass->options, pass->x_shape);
    nn_parallel(pass, pass->rows, average_pooling2d_forward_picture, &s);
}

static void average_pooling2d_backward_picture(const nn_pass *pass, void *arg, int index,
                                               int worker)
{
    size_t row = (size_t)index;
    (void)worker;
    nn__kernels->average_pool_gradient(pass->dx[0] + row * nn__shape_count(pass->x_shape),
                                       pass->dy + row * nn__shape_count(pass->y_shape), arg);
}

static void average_pooling2d_backward(const nn_pass *pass)
{
    nn__window s = average_pooling2d_window(pass->options, pass->x_shape);
    if (pass->dx[0] != NULL)
        nn_parallel(pass, pass->rows, average_pooling2d_backward_picture, &s);
}

const nn_layer_kind nn__average_pooling2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "average_pooling2d", "AveragePooling2D",
                     nn_average_pool2d_options, average_pooling2d_fields),
    .infer = average_pooling2d_infer,
    .forward = average_pooling2d_forward,
    .backward = average_pooling2d_backward,
};

nn_layer *nn_average_pool2d_new(const nn_average_pool2d_options *options)
{
    return nn_layer_new(&nn__average_pooling2d_layer, options);
}
