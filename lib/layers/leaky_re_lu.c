/* LeakyReLU: y = x > 0 ? x : negative_slope x; dx is told from y, which has the sign of x or is 0. */
#include <math.h>

#include "layers/rectifier.h"

NN__NO_TAIL_PADDING(nn_leaky_relu_options, name);

static const nn_option leaky_re_lu_fields[] = {
    NN__OPTION(nn_leaky_relu_options, DOUBLE, negative_slope, .fallback = 0.3, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_leaky_relu_options, STRING, name),
};

static nn__rectifier leaky_re_lu_rectifier(const nn_leaky_relu_options *o)
{
    return (nn__rectifier){(nn_real)o->negative_slope, 0, (nn_real)INFINITY};
}

static nn_status leaky_re_lu_infer(nn_infer *infer)
{
    nn__rectifier r = leaky_re_lu_rectifier(infer->options);
    infer->output = infer->inputs[0];
    infer->flags = nn__rectifier_flags(&r);
    return NN_OK;
}

static void leaky_re_lu_forward(const nn_pass *pass)
{
    nn__rectifier_forward(pass, leaky_re_lu_rectifier(pass->options));
}

static void leaky_re_lu_backward(const nn_pass *pass)
{
    nn__rectifier_backward(pass, leaky_re_lu_rectifier(pass->options));
}

const nn_layer_kind nn__leaky_re_lu_layer = {
    .kind = NN__KIND(nn_layer_kind, "leaky_re_lu", "LeakyReLU", nn_leaky_relu_options,
                     leaky_re_lu_fields),
    .infer = leaky_re_lu_infer,
    .forward = leaky_re_lu_forward,
    .backward = leaky_re_lu_backward,
};

nn_layer *nn_leaky_relu_new(const nn_leaky_relu_options *options)
{
    return nn_layer_new(&nn__leaky_re_lu_layer, options);
}
