/* Cropping2D: the inside of a picture; dx is dy with zeros around it. */
#include "layers/frame.h"

NN__NO_TAIL_PADDING(nn_cropping2d_options, name);

static const nn_option cropping2d_fields[] = {
    NN__OPTION(nn_cropping2d_options, PAIR, rows, .minimum = 0, .maximum = 1 << 28),
    NN__OPTION(nn_cropping2d_options, PAIR, columns, .minimum = 0, .maximum = 1 << 28),
    NN__OPTION(nn_cropping2d_options, STRING, name),
};

static nn_status cropping2d_infer(nn_infer *infer)
{
    const nn_cropping2d_options *o = infer->options;
    NN_TRY(nn__infer_picture(infer));
    const nn_shape *x = &infer->inputs[0];
    infer->output = *x;
    infer->output.dims[0] -= o->rows[0] + o->rows[1];
    infer->output.dims[1] -= o->columns[0] + o->columns[1];
    if (infer->output.dims[0] < 1 || infer->output.dims[1] < 1)
        return nn_infer_fail(
            infer, NN_ESHAPE, "%d+%d rows and %d+%d columns off leave nothing of the input %dx%d",
            o->rows[0], o->rows[1], o->columns[0], o->columns[1], x->dims[0], x->dims[1]);
    return NN_OK;
}

static void cropping2d_forward(const nn_pass *pass)
{
    const nn_cropping2d_options *o = pass->options;
    nn__frame frame = {.top = o->rows[0], .left = o->columns[0]};
    nn__frame_forward(pass, &frame);
}

static void cropping2d_backward(const nn_pass *pass)
{
    const nn_cropping2d_options *o = pass->options;
    nn__frame frame = {.top = o->rows[0], .left = o->columns[0]};
    nn__frame_backward(pass, &frame);
}

const nn_layer_kind nn__cropping2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "cropping2d", "Cropping2D", nn_cropping2d_options,
                     cropping2d_fields),
    .infer = cropping2d_infer,
    .forward = cropping2d_forward,
    .backward = cropping2d_backward,
};

nn_layer *nn_cropping2d_new(const nn_cropping2d_options *options)
{
    return nn_layer_new(&nn__cropping2d_layer, options);
}
