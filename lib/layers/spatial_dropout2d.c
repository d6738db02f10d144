/*
 * SpatialDropout2D: drops whole channels of x[h][w][c]. y = x factor[row][channel] in training, the
 * factor 0 or 1 / (1 - rate), as Dropout would give it to the elements of a sample [c]; y = x in
 * inference and with rate 0.
 *
 * Kept for backward: factor[row][channel], then the kernel's mask, a byte each. A task is a sample.
 */
#include "base/random.h"
#include "kernels/kernels.h"
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_spatial_dropout2d_options, name);

static const nn_option spatial_dropout2d_fields[] = {
    NN__OPTION(nn_spatial_dropout2d_options, DOUBLE, rate, .rules = NN_REQUIRED, .minimum = 0,
               .maximum = 1),
    NN__OPTION(nn_spatial_dropout2d_options, STRING, name),
};

static nn_status spatial_dropout2d_infer(nn_infer *infer)
{
    const nn_spatial_dropout2d_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    char text[NN__SHAPE_TEXT];
    if (x->rank != 3)
        return nn_infer_fail(infer, NN_ESHAPE, "the input %s is not a picture",
                             nn__shape_text(x, text, sizeof text));
    infer->output = *x;
    if (!infer->training || o->rate == 0) {
        infer->flags = NN_IDENTITY;
        return NN_OK;
    }
    infer->flags = NN_Y_OVER_X | NN_DX_OVER_DY;
    infer->kept = nn__mul(nn__mul((size_t)infer->batch, (size_t)x->dims[2]), sizeof(nn_real) + 1);
    return NN_OK;
}

/* to = from, each channel by the sample's factor. */
static void spatial_dropout2d_scale(const nn_pass *pass, nn_real *to, const nn_real *from, int row)
{
    const size_t c = (size_t)pass->y_shape->dims[2], count = nn__shape_count(pass->y_shape);
    const size_t first = (size_t)row * count;
    const nn_real *factor = (const nn_real *)pass->kept + (size_t)row * c;
    nn__kernels->column_scale(to + first, from + first, factor, count / c, c);
}

static void spatial_dropout2d_forward_task(const nn_pass *pass, void *arg, int row, int worker)
{
    const nn_spatial_dropout2d_options *o = pass->options;
    const size_t c = (size_t)pass->y_shape->dims[2], at = (size_t)row * c;
    nn_real *factor = (nn_real *)pass->kept + at;
    unsigned char *mask = (unsigned char *)((nn_real *)pass->kept + (size_t)pass->rows * c) + at;
    (void)arg;
    (void)worker;
    for (size_t j = 0; j < c; j++)
        factor[j] = 1;
    nn__kernels->dropout(factor, mask, factor, o->rate, pass->seed, (uint32_t)pass->step,
                         nn__stream(NN__FOR_MASKS, pass->node), pass->first_row * c + at, c);
    spatial_dropout2d_scale(pass, pass->y, pass->x[0], row);
}

/* A pass in inference mode on a context planned for training copies. */
static void spatial_dropout2d_forward(const nn_pass *pass)
{
    if (pass->training)
        nn_parallel(pass, pass->rows, spatial_dropout2d_forward_task, NULL);
    else
        nn__merge_copy(pass->y, pass->x[0], nn__pass_count(pass, pass->y_shape));
}

static void spatial_dropout2d_backward_task(const nn_pass *pass, void *arg, int row, int worker)
{
    (void)arg;
    (void)worker;
    spatial_dropout2d_scale(pass, pass->dx[0], pass->dy, row);
}

static void spatial_dropout2d_backward(const nn_pass *pass)
{
    if (pass->dx[0] == NULL)
        return;
    if (pass->training)
        nn_parallel(pass, pass->rows, spatial_dropout2d_backward_task, NULL);
    else
        nn__merge_copy(pass->dx[0], pass->dy, nn__pass_count(pass, pass->y_shape));
}

const nn_layer_kind nn__spatial_dropout2d_layer = {
    .kind = NN__KIND(nn_layer_kind, "spatial_dropout2d", "SpatialDropout2D",
                     nn_spatial_dropout2d_options, spatial_dropout2d_fields),
    .infer = spatial_dropout2d_infer,
    .forward = spatial_dropout2d_forward,
    .backward = spatial_dropout2d_backward,
};

nn_layer *nn_spatial_dropout2d_new(const nn_spatial_dropout2d_options *options)
{
    return nn_layer_new(&nn__spatial_dropout2d_layer, options);
}
