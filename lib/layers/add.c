/*
 * Add: y = x0 + x1 + ..., added in this order; every dx = dy.
 * With two inputs y may lie over the first, also where both are the same array. With more, a later
 * input that is the first again would be read after it was overwritten.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_add_options, name);

static const nn_option add_fields[] = {
    NN__OPTION(nn_add_options, STRING, name),
};

static nn_status add_infer(nn_infer *infer)
{
    char first[NN__SHAPE_TEXT], other[NN__SHAPE_TEXT];
    for (int k = 1; k < infer->input_count; k++)
        if (!nn__shape_equal(&infer->inputs[0], &infer->inputs[k]))
            return nn_infer_fail(infer, NN_ESHAPE, "input %d is %s, input 0 is %s", k,
                                 nn__shape_text(&infer->inputs[k], other, sizeof other),
                                 nn__shape_text(&infer->inputs[0], first, sizeof first));
    infer->output = infer->inputs[0];
    infer->flags = NN_DX_OVER_DY | (infer->input_count == 2 ? NN_Y_OVER_X : 0);
    return NN_OK;
}

static void add_copy(nn_real *to, const nn_real *from, size_t count)
{
    if (to != from)
        memcpy(to, from, count * sizeof *to);
}

static void add_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    add_copy(pass->y + first, pass->x[0] + first, length);
    for (int k = 1; k < pass->input_count; k++)
        nn__kernels->add(pass->y + first, pass->x[k] + first, length);
}

static void add_forward(const nn_pass *pass)
{
    nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), add_forward_task, NULL);
}

static void add_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    for (int k = 0; k < pass->input_count; k++)
        if (pass->dx[k] != NULL)
            add_copy(pass->dx[k] + first, pass->dy + first, length);
}

static void add_backward(const nn_pass *pass)
{
    nn_parallel(pass, nn__pieces(nn__pass_count(pass, pass->y_shape)), add_backward_task, NULL);
}

const nn_layer_kind nn__add_layer = {
    .kind = NN__KIND(nn_layer_kind, "add", "Add", nn_add_options, add_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = add_infer,
    .forward = add_forward,
    .backward = add_backward,
};

nn_layer *nn_add_new(const nn_add_options *options)
{
    return nn_layer_new(&nn__add_layer, options);
}
