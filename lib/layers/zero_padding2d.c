/* ZeroPadding2D: rows and columns of zeros around a picture; dx is the inside of dy. */
#include "layers/frame.h"

NN__NO_TAIL_PADDING(nn_zero_padding2d_options, name);

static const nn_option zero_padding2d_fields[] = {
    NN__OPTION(nn_zero_padding2d_options, PAIR, rows, .minimum = 0, .maximum = 1 << 20),
    NN__OPTION(nn_zero_padding2d_options, PAIR, columns, .minimum = 0, .maximum = 1 << 20),
    NN__OPTION(nn_zero_padding2d_options, STRING, name),
};

/* The options as they are meant: nothing given is one on each side. */
static nn_zero_padding2d_options zero_padding2d_sides(const void *options)
{
    nn_zero_padding2d_options o = *(const nn_zero_padding2d_options *)options;
    if (o.rows[0] == 0 && o.rows[1] == 0 && o.columns[0] == 0 && o.columns[1] == 0)
        o.rows[0] = o.rows[1] = o.columns[0] = o.columns[1] = 1;
    return o;
}

static nn_status zero_padding2d_infer(nn_infer *infer)
{
    const nn_zero_padding2d_options o = zero_padding2d_sides(infer->options);
    NN_TRY(nn__infer_picture(infer));
    infer->output = infer->inputs[0];
    double h = (double)infer->output.dims[0] + o.rows[0] + o.rows[1];
    double w = (double)infer->output.dims[1] + o.columns[0] + o.columns[1];
    if (h * w > (double)(1 << 28))
        return nn_infer_fail(infer, NN_ENOTSUP, "a picture of %.0fx%.0fx%d is too large", h, w,
                             infer->output.dims[2]);
    infer->output.dims[0] = (int)h;
    infer->output.dims[1] = (int)w;
    return NN_OK;
}

static void zero_padding2d_forward(const nn_pass *pass)
{
    const nn_zero_padding2d_options o = zero_padding2d_sides(pass->options);
    nn__frame frame = {.top = o.rows[0], .left = o.columns[0], .pads = 1};
    nn__frame_forward(pass, &frame);
}

static void zero_padding2d_backward(const nn_pass *pass)
{
    const nn_zero_padding2d_options o = zero_padding2d_sides(pass->options);
    nn__frame frame = {.top = o.rows[0], .left = o.columns[0], .pads = 1};
    nn__frame_backward(pass, &frame);
}

const nn_layer_kind nn__zero_padding2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "zero_padding2d", "ZeroPadding2D", nn_zero_padding2d_options,
                     zero_padding2d_fields),
    .infer = zero_padding2d_infer,
    .forward = zero_padding2d_forward,
    .backward = zero_padding2d_backward,
};

nn_layer *nn_zero_padding2d_new(const nn_zero_padding2d_options *options)
{
    return nn_layer_new(&nn__zero_padding2d_layer, options);
}
