/*
 * Samples of every kind of layer, for the tests that run over all kinds: options, and the shapes
 * they are applied to. A kind without a sample fails those tests.
 */
#ifndef NN__TESTS_SAMPLES_H
#define NN__TESTS_SAMPLES_H

#include "layers/layer.h"
#include "probe.h"

typedef struct sample {
    const nn_layer_kind *kind;
    const void *options;
    int rows;
    nn_shape x;
    int more_inputs; /* besides the first                                 */
    int draws;       /* y depends on random numbers                       */
    int whole;       /* y of a row depends on the other rows, in training */
    int flat;        /* dx is 0: what is before it does not learn         */
} sample;

#define SAMPLE(type, ...)                                                                          \
    &(const type)                                                                                  \
    {                                                                                              \
        .struct_size = sizeof(type), __VA_ARGS__                                                   \
    }

static const sample samples[] = {
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 4, .kernel = {3, 3}, .padding = NN_SAME,
            .activation = NN_RELU),
     3, .x = {3, {5, 4, 3}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 3, .kernel = {3, 2}, .strides = {2, 3},
            .activation = NN_TANH),
     2, .x = {3, {7, 6, 2}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 4, .kernel = {2, 3}, .dilation = {2, 1}, .groups = 2,
            .activation = NN_SIGMOID, .padding = NN_SAME),
     2, .x = {3, {4, 5, 4}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 3, .kernel = {1, 1}, .no_bias = 1,
            .activation = NN_SOFTMAX),
     9, .x = {3, {3, 2, 5}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 18, .kernel = {3, 2}, .strides = {2, 1},
            .activation = NN_TANH, .algorithm = NN_CONV_DIRECT),
     3, .x = {3, {7, 6, 5}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 3, .kernel = {3, 3}, .padding = NN_SAME,
            .algorithm = NN_CONV_GEMM),
     2, .x = {3, {5, 4, 3}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 3, .kernel = {3, 3}, .padding = NN_SAME,
            .activation = NN_SIGMOID, .algorithm = NN_CONV_WINOGRAD),
     2, .x = {3, {5, 4, 3}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 5, .activation = NN_RELU), 4,
     .x = {1, {7}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 3, .no_bias = 1), 2, .x = {3, {2, 3, 4}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 4, .activation = NN_SOFTMAX), 3,
     .x = {1, {6}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 2, .activation = NN_TANH), 2,
     .x = {1, {300}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 2, .activation = NN_SIGMOID), 3,
     .x = {2, {100, 2}}},
    {&nn__max_pooling2d_layer, SAMPLE(nn_max_pool2d_options, .pool = {2, 2}), 3,
     .x = {3, {4, 6, 3}}},
    {&nn__max_pooling2d_layer,
     SAMPLE(nn_max_pool2d_options, .pool = {3, 2}, .strides = {1, 2}, .padding = NN_SAME), 2,
     .x = {3, {5, 5, 2}}},
    {&nn__average_pooling2d_layer, SAMPLE(nn_average_pool2d_options, .pool = {2, 3}), 3,
     .x = {3, {5, 6, 9}}},
    {&nn__average_pooling2d_layer,
     SAMPLE(nn_average_pool2d_options, .pool = {3, 2}, .strides = {2, 1}, .padding = NN_SAME), 2,
     .x = {3, {5, 4, 3}}},
    {&nn__global_average_pooling2d_layer, SAMPLE(nn_global_average_pool2d_options, .name = NULL), 2,
     .x = {3, {17, 16, 2}}},
    {&nn__global_average_pooling2d_layer, SAMPLE(nn_global_average_pool2d_options, .keepdims = 1),
     3, .x = {3, {3, 4, 5}}},
    {&nn__global_max_pooling2d_layer, SAMPLE(nn_global_max_pool2d_options, .keepdims = 0), 3,
     .x = {3, {4, 3, 5}}},
    {&nn__depthwise_conv2d_layer,
     SAMPLE(nn_depthwise_conv2d_options, .kernel = {3, 3}, .padding = NN_SAME,
            .activation = NN_RELU),
     3, .x = {3, {4, 5, 3}}},
    {&nn__depthwise_conv2d_layer,
     SAMPLE(nn_depthwise_conv2d_options, .kernel = {3, 2}, .strides = {2, 3}, .dilation = {1, 2},
            .depth_multiplier = 2, .activation = NN_TANH),
     2, .x = {3, {6, 7, 2}}},
    {&nn__separable_conv2d_layer,
     SAMPLE(nn_separable_conv2d_options, .filters = 4, .kernel = {3, 3}, .padding = NN_SAME,
            .activation = NN_RELU),
     3, .x = {3, {4, 5, 3}}},
    {&nn__separable_conv2d_layer,
     SAMPLE(nn_separable_conv2d_options, .filters = 3, .kernel = {2, 3}, .strides = {2, 1},
            .depth_multiplier = 2, .no_bias = 1, .activation = NN_SIGMOID),
     2, .x = {3, {5, 4, 2}}},
    {&nn__conv2d_transpose_layer,
     SAMPLE(nn_conv2d_transpose_options, .filters = 3, .kernel = {3, 3}, .strides = {2, 2},
            .padding = NN_SAME, .activation = NN_RELU),
     3, .x = {3, {3, 4, 2}}},
    {&nn__conv2d_transpose_layer,
     SAMPLE(nn_conv2d_transpose_options, .filters = 2, .kernel = {2, 3}, .strides = {3, 2},
            .output_padding = {1, 1}, .no_bias = 1, .activation = NN_SIGMOID),
     2, .x = {3, {3, 2, 3}}},
    {&nn__conv2d_transpose_layer,
     SAMPLE(nn_conv2d_transpose_options, .filters = 2, .kernel = {3, 2}, .dilation = {2, 1},
            .activation = NN_TANH),
     9, .x = {3, {2, 3, 2}}},
    {&nn__up_sampling2d_layer, SAMPLE(nn_up_sampling2d_options, .size = {2, 3}), 3,
     .x = {3, {3, 2, 4}}},
    {&nn__up_sampling2d_layer,
     SAMPLE(nn_up_sampling2d_options, .size = {3, 2}, .interpolation = NN_BILINEAR), 2,
     .x = {3, {3, 4, 3}}},
    {&nn__zero_padding2d_layer,
     SAMPLE(nn_zero_padding2d_options, .rows = {1, 2}, .columns = {3, 0}), 3, .x = {3, {3, 2, 4}}},
    {&nn__cropping2d_layer, SAMPLE(nn_cropping2d_options, .rows = {1, 0}, .columns = {1, 2}), 3,
     .x = {3, {3, 5, 4}}},
    {&nn__batch_normalization_layer, SAMPLE(nn_batch_norm_options, .momentum = 0.9), 5,
     .x = {1, {4}}, .whole = 1},
    {&nn__batch_normalization_layer, SAMPLE(nn_batch_norm_options, .no_scale = 1), 2,
     .x = {3, {3, 4, 2}}, .whole = 1},
    {&nn__batch_normalization_layer, SAMPLE(nn_batch_norm_options, .no_center = 1, .epsilon = 0.1),
     3, .x = {2, {4, 3}}, .whole = 1},
    {&nn__dropout_layer, SAMPLE(nn_dropout_options, .rate = 0.4), 3, .x = {2, {5, 4}}, .draws = 1},
    {&nn__dropout_layer, SAMPLE(nn_dropout_options, .rate = NN_ZERO), 2, .x = {1, {5}}},
    {&nn__flatten_layer, SAMPLE(nn_flatten_options, .name = "flat"), 2, .x = {3, {2, 3, 4}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_LINEAR), 2,
     .x = {1, {6}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_RELU), 2,
     .x = {2, {5, 4}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SOFTMAX), 2,
     .x = {2, {3, 4}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SIGMOID), 2,
     .x = {1, {9}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_TANH), 3, .x = {1, {4}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_LEAKY_RELU), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_RELU6), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_ELU), 3, .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SELU), 3, .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SOFTPLUS), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SOFTSIGN), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_EXPONENTIAL), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_HARD_SIGMOID), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_LOG_SIGMOID), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_SILU), 3, .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_HARD_SILU), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_GELU), 3, .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_GELU_TANH), 3,
     .x = {1, {5}}},
    {&nn__activation_layer, SAMPLE(nn_activation_options, .activation = NN_MISH), 3, .x = {1, {5}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 4, .activation = NN_GELU), 3,
     .x = {1, {6}}},
    {&nn__dense_layer, SAMPLE(nn_dense_options, .units = 4, .activation = NN_ELU), 3,
     .x = {1, {6}}},
    {&nn__conv2d_layer,
     SAMPLE(nn_conv2d_options, .filters = 4, .kernel = {3, 3}, .padding = NN_SAME,
            .activation = NN_SILU),
     3, .x = {3, {5, 4, 3}}},
    {&nn__softmax_layer, SAMPLE(nn_softmax_options, .name = NULL), 3, .x = {1, {5}}},
    {&nn__rescaling_layer, SAMPLE(nn_rescaling_options, .scale = -0.75, .offset = 0.5), 2,
     .x = {3, {2, 2, 3}}},
    {&nn__add_layer, SAMPLE(nn_add_options, .name = NULL), 2, .x = {3, {2, 3, 2}},
     .more_inputs = 1},
    {&nn__add_layer, SAMPLE(nn_add_options, .name = NULL), 3, .x = {1, {4}}, .more_inputs = 2},
    {&nn__re_lu_layer,
     SAMPLE(nn_relu_options, .max_value = {1, 0, 0.7}, .negative_slope = 0.25, .threshold = 0.3), 3,
     .x = {2, {3, 4}}},
    {&nn__re_lu_layer, SAMPLE(nn_relu_options, .max_value = {1, 0, 0.6}), 3, .x = {1, {7}}},
    {&nn__leaky_re_lu_layer, SAMPLE(nn_leaky_relu_options, .negative_slope = 0.1), 3,
     .x = {1, {7}}},
    {&nn__elu_layer, SAMPLE(nn_elu_options, .alpha = 0.5), 3, .x = {1, {7}}},
    {&nn__p_re_lu_layer,
     SAMPLE(nn_prelu_options, .alpha_initializer = NN_HE_UNIFORM, .shared_axes = NN_DIMS(1, -2)),
     11, .x = {3, {3, 2, 4}}},
    {&nn__p_re_lu_layer,
     SAMPLE(nn_prelu_options, .alpha_initializer = NN_HE_UNIFORM, .shared_axes = NN_DIMS(3)), 3,
     .x = {3, {3, 2, 4}}},
    {&nn__p_re_lu_layer, SAMPLE(nn_prelu_options, .alpha_initializer = NN_ONES), 2, .x = {1, {5}}},
    {&nn__subtract_layer, SAMPLE(nn_subtract_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 1},
    {&nn__multiply_layer, SAMPLE(nn_multiply_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 1},
    {&nn__multiply_layer, SAMPLE(nn_multiply_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 2},
    {&nn__average_layer, SAMPLE(nn_average_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 2},
    {&nn__maximum_layer, SAMPLE(nn_maximum_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 1},
    {&nn__maximum_layer, SAMPLE(nn_maximum_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 2},
    {&nn__minimum_layer, SAMPLE(nn_minimum_options, .name = NULL), 3, .x = {2, {3, 4}},
     .more_inputs = 2},
    {&nn__concatenate_layer, SAMPLE(nn_concatenate_options, .name = NULL), 3, .x = {3, {2, 3, 2}},
     .more_inputs = 2},
    {&nn__concatenate_layer, SAMPLE(nn_concatenate_options, .axis = 1), 2, .x = {2, {3, 4}},
     .more_inputs = 1},
    {&nn__concatenate_layer, SAMPLE(nn_concatenate_options, .axis = -2), 2, .x = {3, {2, 3, 4}},
     .more_inputs = 1},
    {&nn__reshape_layer, SAMPLE(nn_reshape_options, .target_shape = NN_DIMS(-1)), 2,
     .x = {2, {3, 4}}},
    {&nn__reshape_layer, SAMPLE(nn_reshape_options, .target_shape = NN_DIMS(4, -1)), 2,
     .x = {3, {2, 3, 4}}},
    {&nn__permute_layer, SAMPLE(nn_permute_options, .dims = NN_DIMS(3, 1, 2)), 2,
     .x = {3, {2, 3, 4}}},
    {&nn__permute_layer, SAMPLE(nn_permute_options, .dims = NN_DIMS(2, 1)), 3, .x = {2, {2, 3}}},
    {&nn__layer_normalization_layer,
     SAMPLE(nn_layer_norm_options, .gamma_initializer = NN_HE_UNIFORM), 3, .x = {2, {3, 19}}},
    {&nn__layer_normalization_layer,
     SAMPLE(nn_layer_norm_options, .axis = NN_DIMS(-1, 2), .epsilon = 0.1, .no_center = 1), 11,
     .x = {3, {2, 3, 4}}},
    {&nn__layer_normalization_layer, SAMPLE(nn_layer_norm_options, .no_scale = 1), 5,
     .x = {1, {6}}},
    {&nn__normalization_layer, SAMPLE(nn_normalization_options, .name = NULL), 3, .x = {2, {3, 4}}},
    {&nn__normalization_layer, SAMPLE(nn_normalization_options, .axis = NN_DIMS(1, 3)), 3,
     .x = {3, {3, 2, 4}}},
    {&nn__normalization_layer,
     SAMPLE(nn_normalization_options, .no_axis = 1, .mean = NN_SOME(0.5), .variance = NN_SOME(4)),
     3, .x = {1, {5}}},
    {&nn__normalization_layer, SAMPLE(nn_normalization_options, .no_axis = 1, .invert = 1), 3,
     .x = {1, {5}}},
    {&nn__gaussian_noise_layer, SAMPLE(nn_gaussian_noise_options, .stddev = 0.3), 3,
     .x = {2, {5, 3}}, .draws = 1},
    {&nn__gaussian_noise_layer, SAMPLE(nn_gaussian_noise_options, .stddev = NN_ZERO), 2,
     .x = {1, {5}}},
    {&nn__spatial_dropout2d_layer, SAMPLE(nn_spatial_dropout2d_options, .rate = 0.4), 3,
     .x = {3, {2, 3, 5}}, .draws = 1},
    {&nn__embedding_layer, SAMPLE(nn_embedding_options, .input_dim = 3, .output_dim = 4), 5,
     .x = {1, {6}}, .flat = 1},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

/* Kinds of the list that no sample shows. The input is in every model. */
static inline void samples_show_every_kind(void)
{
    for (const nn_kind *const *kind = nn__layer_kinds; *kind != NULL; kind++) {
        int found = strcmp((*kind)->name, "input") == 0;
        for (int i = 0; i < SAMPLES; i++)
            found = found || &samples[i].kind->kind == *kind;
        ck_assert_msg(found, "tests/samples.h has no sample of the layer %s", (*kind)->name);
    }
}

static inline nn_layer *sample_layer(const sample *s)
{
    return nn_layer_new(s->kind, s->options);
}

/* input -> as many sources as the layer has inputs -> the layer. */
static inline nn_model *sample_probe(const sample *s)
{
    nn_node inputs[4];
    nn_model *model = nn_model_new();
    nn_node x = nn_model_input(model, 1);
    for (int i = 0; i <= s->more_inputs; i++)
        inputs[i] = nn_apply(probe_source(s->rows, &s->x), x);
    nn_model_output(model, nn_merge_new(sample_layer(s), inputs, (size_t)(s->more_inputs + 1)));
    return model;
}

/* The layer behind an input of its own shape; a second input is the first one rescaled. */
static inline nn_model *sample_model(const sample *s)
{
    nn_node inputs[4];
    nn_model *model = nn_model_new();
    inputs[0] = nn_model_input_new(model, s->x.dims, s->x.rank);
    for (int i = 1; i <= s->more_inputs; i++)
        inputs[i] = nn_apply(nn_rescaling(.scale = 1 + i), inputs[0]);
    nn_model_output(model, nn_merge_new(sample_layer(s), inputs, (size_t)(s->more_inputs + 1)));
    return model;
}

#endif
