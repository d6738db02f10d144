#include "layers/rectifier.h"

#include "layers/pointwise.h"

static int keeps_x(const nn__rectifier *r)
{
    return r->slope > 0 && r->threshold > 0;
}

unsigned nn__rectifier_flags(const nn__rectifier *r)
{
    return NN_Y_OVER_X | NN_DX_OVER_DY | (keeps_x(r) ? NN_KEEPS_X : NN_KEEPS_Y);
}

static void rectifier_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    (void)worker;
    nn__kernels->rectify(pass->y + first, pass->x[0] + first, arg, length);
}

void nn__rectifier_forward(const nn_pass *pass, nn__rectifier r)
{
    nn__pointwise(pass, rectifier_forward_task, &r);
}

static void rectifier_backward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    size_t first, length = nn__piece(nn__pass_count(pass, pass->y_shape), index, &first);
    const nn_real *by = keeps_x(arg) ? pass->x[0] : pass->y;
    (void)worker;
    nn__kernels->rectify_gradient(pass->dx[0] + first, pass->dy + first, by + first, arg, length);
}

void nn__rectifier_backward(const nn_pass *pass, nn__rectifier r)
{
    if (pass->dx[0] != NULL)
        nn__pointwise(pass, rectifier_backward_task, &r);
}
