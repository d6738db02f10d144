/* Reshape: the same numbers in row-major order under another shape. Nothing is run. */
#include <limits.h>

#include "layers/layer.h"

NN__NO_TAIL_PADDING(nn_reshape_options, name);

static const nn_option reshape_fields[] = {
    NN__OPTION(nn_reshape_options, SHAPE, target_shape),
    NN__OPTION(nn_reshape_options, STRING, name),
};

/* The product of the dimensions that are given; *open is the place of a -1, or -1. */
static nn_status reshape_given(nn_infer *infer, const nn_shape *target, size_t *given, int *open)
{
    *given = 1;
    *open = -1;
    if (target->rank < 1 || target->rank >= NN_MAX_RANK)
        return nn_infer_fail(infer, NN_EINVAL, "target_shape has %d dimensions, it must have 1..%d",
                             target->rank, NN_MAX_RANK - 1);
    for (int i = 0; i < target->rank; i++) {
        if (target->dims[i] == -1 && *open < 0)
            *open = i;
        else if (target->dims[i] < 1)
            return nn_infer_fail(infer, NN_EINVAL,
                                 "target_shape: dimension %d is %d; one may be -1, the others must "
                                 "be at least 1",
                                 i, target->dims[i]);
        else
            *given = nn__mul(*given, (size_t)target->dims[i]);
    }
    return NN_OK;
}

static nn_status reshape_infer(nn_infer *infer)
{
    const nn_reshape_options *o = infer->options;
    const size_t count = nn__shape_count(&infer->inputs[0]);
    char have[NN__SHAPE_TEXT], want[NN__SHAPE_TEXT];
    size_t given;
    int open;
    NN_TRY(reshape_given(infer, &o->target_shape, &given, &open));
    infer->output = o->target_shape;
    if (open >= 0 && count % given == 0 && count / given <= INT_MAX)
        infer->output.dims[open] = (int)(count / given);
    else if (open >= 0 || count != given)
        return nn_infer_fail(infer, NN_ESHAPE, "the input %s does not fit into %s",
                             nn__shape_text(&infer->inputs[0], have, sizeof have),
                             nn__shape_text(&o->target_shape, want, sizeof want));
    infer->flags = NN_IDENTITY;
    return NN_OK;
}

const nn_layer_kind nn__reshape_layer = {
    .kind = NN__KIND(nn_layer_kind, "reshape", "Reshape", nn_reshape_options, reshape_fields),
    .infer = reshape_infer,
};

nn_layer *nn_reshape_new(const nn_reshape_options *options)
{
    return nn_layer_new(&nn__reshape_layer, options);
}
