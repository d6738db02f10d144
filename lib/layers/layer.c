#include "layers/layer.h"

const nn_kind *const nn__layer_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_layer.kind,
#include "layers/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_layer *nn_layer_new(const nn_layer_kind *kind, const void *options)
{
    return nn__object_new(sizeof(nn_layer), &kind->kind, options);
}

void nn_layer_free(nn_layer *layer)
{
    nn__object_free(layer);
}

const char *const nn_padding_names[] = {"valid", "same", NULL};

const char *const nn_activation_names[] = {
#define NN__ACTIVATION(number, name, slope) [NN_##number] = #name,
#include "layers/activations.def"
#undef NN__ACTIVATION
    NULL,
};

enum { X = 1, Y = 0 };

static const unsigned char slope_from_x[] = {
#define NN__ACTIVATION(number, name, slope) [NN_##number] = slope,
#include "layers/activations.def"
#undef NN__ACTIVATION
};

int nn__activation_keeps_x(int activation)
{
    return slope_from_x[activation];
}

int nn_window_output(int n, int kernel, int stride, int dilation, int padding, int *before)
{
    int64_t extent = (int64_t)(kernel - 1) * dilation + 1;
    *before = 0;
    if (padding != NN_SAME)
        return n < extent ? 0 : (int)((n - extent) / stride) + 1;
    int out = (n - 1) / stride + 1;
    int64_t total = (int64_t)(out - 1) * stride + extent - n;
    *before = total > 0 ? (int)(total / 2) : 0;
    return out;
}
