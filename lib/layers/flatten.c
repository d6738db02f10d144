/* Flatten: x[h][w][c] as y[h w c]. Rows are row-major already, so nothing is run. */
#include <limits.h>

#include "layers/layer.h"

NN__NO_TAIL_PADDING(nn_flatten_options, name);

static const nn_option flatten_fields[] = {
    NN__OPTION(nn_flatten_options, STRING, name),
};

static nn_status flatten_infer(nn_infer *infer)
{
    size_t count = nn__shape_count(&infer->inputs[0]);
    char text[NN__SHAPE_TEXT];
    if (count > INT_MAX)
        return nn_infer_fail(infer, NN_ESHAPE, "input %s has more than %d elements",
                             nn__shape_text(&infer->inputs[0], text, sizeof text), INT_MAX);
    infer->output = (nn_shape){.rank = 1, .dims = {(int)count}};
    infer->flags = NN_IDENTITY;
    return NN_OK;
}

const nn_layer_kind nn__flatten_layer = {
    .kind = NN__KIND(nn_layer_kind, "flatten", "Flatten", nn_flatten_options, flatten_fields),
    .infer = flatten_infer,
};

nn_layer *nn_flatten_new(const nn_flatten_options *options)
{
    return nn_layer_new(&nn__flatten_layer, options);
}
