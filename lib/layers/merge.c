#include "layers/merge.h"

#include <string.h>

nn_status nn__merge_infer(nn_infer *infer)
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

void nn__merge_copy(nn_real *to, const nn_real *from, size_t count)
{
    if (to != from)
        memcpy(to, from, count * sizeof *to);
}

/* ---- Linear ---- */

static void linear_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__linear *linear = arg;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    nn_real *y = pass->y + first;
    (void)worker;
    nn__merge_copy(y, pass->x[0] + first, length);
    for (int k = 1; k < pass->input_count; k++)
        if (k == 1 && linear->second != 1)
            nn__kernels->add_scaled(y, pass->x[k] + first, linear->second, length);
        else
            nn__kernels->add(y, pass->x[k] + first, length);
    if (linear->factor != 1)
        nn__kernels->scale_offset(y, y, linear->factor, 0, length);
}

void nn__linear_forward(const nn_pass *pass, nn__linear linear)
{
    nn__pointwise(pass, linear_forward_task, &linear);
}

static void linear_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__linear *linear = arg;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)worker;
    for (int k = pass->input_count - 1; k >= 0; k--) {
        nn_real factor = k == 1 ? linear->second * linear->factor : linear->factor;
        if (pass->dx[k] == NULL)
            continue;
        if (factor == 1)
            nn__merge_copy(pass->dx[k] + first, pass->dy + first, length);
        else
            nn__kernels->scale_offset(pass->dx[k] + first, pass->dy + first, factor, 0, length);
    }
}

void nn__linear_backward(const nn_pass *pass, nn__linear linear)
{
    nn__pointwise(pass, linear_backward_task, &linear);
}

/* ---- Extreme ---- */

enum { INPUTS_MOST = 255 };

nn_status nn__extreme_infer(nn_infer *infer)
{
    NN_TRY(nn__merge_infer(infer));
    if (infer->input_count > INPUTS_MOST)
        return nn_infer_fail(infer, NN_ENOTSUP, "%d inputs, at most %d are possible",
                             infer->input_count, INPUTS_MOST);
    if (infer->training)
        infer->kept = nn__mul((size_t)infer->batch, nn__shape_count(&infer->output));
    return NN_OK;
}

static void extreme_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const int *least = arg;
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    unsigned char *where = pass->kept == NULL ? NULL : (unsigned char *)pass->kept + first;
    (void)worker;
    if (where != NULL)
        memset(where, 0, length);
    nn__merge_copy(pass->y + first, pass->x[0] + first, length);
    for (int k = 1; k < pass->input_count; k++)
        nn__kernels->extreme(pass->y + first, where, pass->x[k] + first, k, *least, length);
}

void nn__extreme_forward(const nn_pass *pass, int least)
{
    nn__pointwise(pass, extreme_forward_task, &least);
}

static void extreme_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    const unsigned char *where = (const unsigned char *)pass->kept + first;
    (void)arg;
    (void)worker;
    for (int k = pass->input_count - 1; k >= 0; k--)
        if (pass->dx[k] != NULL)
            nn__kernels->extreme_gradient(pass->dx[k] + first, pass->dy + first, where, k, length);
}

void nn__extreme_backward(const nn_pass *pass)
{
    nn__pointwise(pass, extreme_backward_task, NULL);
}
