/* ReLU: y = x <= threshold ? negative_slope (x - threshold) : min(x, max_value). */
#include <math.h>

#include "layers/rectifier.h"

NN__NO_TAIL_PADDING(nn_relu_options, name);

static const nn_option re_lu_fields[] = {
    NN__OPTION(nn_relu_options, MAYBE, max_value),
    NN__OPTION(nn_relu_options, DOUBLE, negative_slope, .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_relu_options, DOUBLE, threshold, .minimum = 0, .maximum = 1e30),
    NN__OPTION(nn_relu_options, STRING, name),
};

static nn__rectifier re_lu_rectifier(const nn_relu_options *o)
{
    return (nn__rectifier){(nn_real)o->negative_slope, (nn_real)o->threshold,
                           (nn_real)(o->max_value.present ? o->max_value.value : (double)INFINITY)};
}

static nn_status re_lu_infer(nn_infer *infer)
{
    const nn_relu_options *o = infer->options;
    nn__rectifier r = re_lu_rectifier(o);
    if (o->max_value.present && !(o->max_value.value >= 0))
        return nn_infer_fail(infer, NN_EINVAL, "max_value is %g, it must be at least 0",
                             o->max_value.value);
    infer->output = infer->inputs[0];
    infer->flags = nn__rectifier_flags(&r);
    return NN_OK;
}

static void re_lu_forward(const nn_pass *pass)
{
    nn__rectifier_forward(pass, re_lu_rectifier(pass->options));
}

static void re_lu_backward(const nn_pass *pass)
{
    nn__rectifier_backward(pass, re_lu_rectifier(pass->options));
}

const nn_layer_kind nn__re_lu_layer = {
    .kind = NN__KIND(nn_layer_kind, "re_lu", "ReLU", nn_relu_options, re_lu_fields),
    .infer = re_lu_infer,
    .forward = re_lu_forward,
    .backward = re_lu_backward,
};

nn_layer *nn_relu_new(const nn_relu_options *options)
{
    return nn_layer_new(&nn__re_lu_layer, options);
}
