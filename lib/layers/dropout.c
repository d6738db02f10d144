/*
 * Dropout: y = keep ? x / (1 - rate) : 0 in training, y = x in inference and with rate 0.
 * Kept for backward: mask[element], a byte each. A task is a piece of the elements; its words are
 * those of the elements' numbers in the whole batch, so no cut changes the mask.
 */
#include <string.h>

#include "base/random.h"
#include "kernels/kernels.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_dropout_options, name);

static const nn_option dropout_fields[] = {
    NN__OPTION(nn_dropout_options, DOUBLE, rate, .rules = NN_REQUIRED, .minimum = 0, .maximum = 1),
    NN__OPTION(nn_dropout_options, STRING, name),
};

static nn_status dropout_infer(nn_infer *infer)
{
    const nn_dropout_options *o = infer->options;
    infer->output = infer->inputs[0];
    if (!infer->training || o->rate == 0) {
        infer->flags = NN_IDENTITY;
        return NN_OK;
    }
    infer->flags = NN_Y_OVER_X | NN_DX_OVER_DY;
    infer->kept = nn__mul((size_t)infer->batch, nn__shape_count(&infer->output));
    return NN_OK;
}

static void dropout_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_dropout_options *o = pass->options;
    size_t per_row = nn__shape_count(pass->y_shape), first;
    size_t length = nn__piece((size_t)pass->rows * per_row, index, &first);
    unsigned char *mask = pass->kept;
    (void)arg;
    (void)worker;
    nn__kernels->dropout(pass->y + first, mask + first, pass->x[0] + first, o->rate, pass->seed,
                         (uint32_t)pass->step, nn__stream(NN__FOR_MASKS, pass->node),
                         pass->first_row * per_row + first, length);
}

/* A pass in inference mode on a context planned for training copies, and keeps everything. */
static void dropout_copy(const nn_pass *pass)
{
    size_t count = nn__pass_count(pass, pass->y_shape);
    if (pass->y != pass->x[0])
        memcpy(pass->y, pass->x[0], count * sizeof *pass->y);
}

static void dropout_forward(const nn_pass *pass)
{
    if (!pass->training)
        dropout_copy(pass);
    else
        nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), dropout_forward_task,
                    NULL);
}

static void dropout_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_dropout_options *o = pass->options;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    const unsigned char *mask = pass->kept;
    (void)arg;
    (void)worker;
    nn__kernels->dropout_gradient(pass->dx[0] + first, pass->dy + first, mask + first, o->rate,
                                  length);
}

static void dropout_backward(const nn_pass *pass)
{
    size_t count = nn__pass_count(pass, pass->y_shape);
    if (pass->dx[0] == NULL)
        return;
    if (pass->training)
        nn_parallel(pass, nn__pieces(count), dropout_backward_task, NULL);
    else if (pass->dx[0] != pass->dy)
        memcpy(pass->dx[0], pass->dy, count * sizeof *pass->dy);
}

const nn_layer_kind nn__dropout_layer = {
    .kind = NN__KIND(nn_layer_kind, "dropout", "Dropout", nn_dropout_options, dropout_fields),
    .infer = dropout_infer,
    .forward = dropout_forward,
    .backward = dropout_backward,
};

nn_layer *nn_dropout_new(const nn_dropout_options *options)
{
    return nn_layer_new(&nn__dropout_layer, options);
}
