/* Multiply: y = x0 x1 ..., multiplied in this order; dx_k = dy times all other inputs. */
#include "layers/merge.h"

NN__NO_TAIL_PADDING(nn_multiply_options, name);

static const nn_option multiply_fields[] = {
    NN__OPTION(nn_multiply_options, STRING, name),
};

static nn_status multiply_infer(nn_infer *infer)
{
    NN_TRY(nn__merge_infer(infer));
    infer->flags |= NN_KEEPS_X;
    return NN_OK;
}

static void multiply_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    nn__merge_copy(pass->y + first, pass->x[0] + first, length);
    for (int k = 1; k < pass->input_count; k++)
        nn__kernels->multiply(pass->y + first, pass->x[k] + first, length);
}

static void multiply_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)arg;
    (void)worker;
    for (int k = pass->input_count - 1; k >= 0; k--) {
        if (pass->dx[k] == NULL)
            continue;
        nn__merge_copy(pass->dx[k] + first, pass->dy + first, length);
        for (int other = 0; other < pass->input_count; other++)
            if (other != k)
                nn__kernels->multiply(pass->dx[k] + first, pass->x[other] + first, length);
    }
}

static void multiply_forward(const nn_pass *pass)
{
    nn__pointwise(pass, multiply_forward_task, NULL);
}

static void multiply_backward(const nn_pass *pass)
{
    nn__pointwise(pass, multiply_backward_task, NULL);
}

const nn_layer_kind nn__multiply_layer = {
    .kind = NN__KIND(nn_layer_kind, "multiply", "Multiply", nn_multiply_options, multiply_fields),
    .inputs = NN_TWO_OR_MORE_INPUTS,
    .infer = multiply_infer,
    .forward = multiply_forward,
    .backward = multiply_backward,
};

nn_layer *nn_multiply_new(const nn_multiply_options *options)
{
    return nn_layer_new(&nn__multiply_layer, options);
}
