/* Input: the shape of one sample. Runs nothing; y is what the model is given. */
#include "layers/layer.h"

typedef struct input_options {
    size_t struct_size;
    nn_shape shape;
    int reserved;
    const char *name; /* set where a model is made of another one */
} input_options;
NN__NO_TAIL_PADDING(input_options, name);

static const nn_option input_fields[] = {
    NN__OPTION(input_options, SHAPE, shape),
    NN__OPTION(input_options, STRING, name),
};

static nn_status input_infer(nn_infer *infer)
{
    const input_options *o = infer->options;
    if (o->shape.rank < 1 || o->shape.rank >= NN_MAX_RANK)
        return nn_infer_fail(infer, NN_EINVAL, "%d dimensions, they must be 1..%d", o->shape.rank,
                             NN_MAX_RANK - 1);
    for (int i = 0; i < o->shape.rank; i++)
        if (o->shape.dims[i] < 1)
            return nn_infer_fail(infer, NN_EINVAL, "dimension %d is %d, it must be at least 1", i,
                                 o->shape.dims[i]);
    infer->output = o->shape;
    infer->flags = NN_IDENTITY;
    return NN_OK;
}

const nn_layer_kind nn__input_layer = {
    .kind = NN__KIND(nn_layer_kind, "input", "InputLayer", input_options, input_fields),
    .inputs = NN_NO_INPUT,
    .infer = input_infer,
};

/* A rank that does not fit is kept as it is: infer tells about it. */
nn_layer *nn_input_new(const int *dims, int rank)
{
    input_options options = {.struct_size = sizeof options};
    options.shape.rank = rank;
    for (int i = 0; dims != NULL && i < rank && i < NN_MAX_RANK; i++)
        options.shape.dims[i] = dims[i];
    return nn_layer_new(&nn__input_layer, &options);
}
