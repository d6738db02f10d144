"""Layers with kernels, and those that move, pad or scale pictures, at odd sizes.

Each row: shape of a sample, rows of the batch, arguments of Keras's layer.
"""
import numpy as np
from keras import layers

import layer_case

SAME = dict(padding="same")

CONV2D = [
    ((7, 6, 3), 3, dict(filters=4, kernel_size=(3, 2))),
    ((7, 6, 3), 2, dict(filters=4, kernel_size=3, use_bias=False, **SAME)),
    ((8, 9, 2), 1, dict(filters=5, kernel_size=(4, 2), strides=(2, 3), **SAME)),
    ((9, 8, 2), 2, dict(filters=3, kernel_size=3, dilation_rate=(2, 3), **SAME)),
    ((9, 11, 1), 2, dict(filters=2, kernel_size=(2, 3), dilation_rate=(3, 2))),
    ((1, 13, 3), 2, dict(filters=4, kernel_size=(1, 4), strides=(1, 2), **SAME)),
    ((1, 9, 2), 1, dict(filters=3, kernel_size=(3, 3), **SAME)),
    ((11, 1, 2), 3, dict(filters=3, kernel_size=(5, 1), strides=(3, 1))),
    ((6, 5, 6), 2, dict(filters=4, kernel_size=(3, 3), groups=2, **SAME)),
    ((5, 7, 6), 1, dict(filters=9, kernel_size=(2, 2), groups=3, strides=2)),
    ((4, 4, 5), 3, dict(filters=7, kernel_size=1)),
    ((4, 5, 3), 1, dict(filters=2, kernel_size=(4, 5))),
    ((6, 6, 2), 2, dict(filters=3, kernel_size=6, **SAME)),
    ((10, 10, 3), 2, dict(filters=8, kernel_size=3, activation="relu", **SAME)),
    ((8, 8, 16), 1, dict(filters=16, kernel_size=3, activation="tanh")),
    ((12, 9, 4), 1, dict(filters=16, kernel_size=3, **SAME)),
]
CONV2D_TRANSPOSE = [
    ((4, 5, 3), 2, dict(filters=2, kernel_size=3, strides=2, **SAME)),
    ((4, 5, 3), 2, dict(filters=2, kernel_size=(3, 2), strides=(2, 3))),
    ((3, 4, 2), 1, dict(filters=4, kernel_size=(2, 5), strides=3, use_bias=False, **SAME)),
    ((3, 3, 2), 2, dict(filters=3, kernel_size=4, strides=2, output_padding=1, **SAME)),
    ((4, 3, 2), 1, dict(filters=3, kernel_size=(5, 4), strides=3, output_padding=(2, 0))),
    ((1, 6, 4), 3, dict(filters=2, kernel_size=(1, 3), activation="sigmoid")),
]
DEPTHWISE_CONV2D = [
    ((7, 6, 3), 2, dict(kernel_size=3, **SAME)),
    ((7, 8, 2), 1, dict(kernel_size=(2, 4), depth_multiplier=3)),
    ((9, 8, 3), 2, dict(kernel_size=3, strides=2, depth_multiplier=2, **SAME)),
    ((9, 9, 2), 1, dict(kernel_size=(3, 2), dilation_rate=(2, 2), use_bias=False, **SAME)),
    ((1, 12, 4), 3, dict(kernel_size=(1, 5), activation="elu")),
    ((8, 7, 9), 2, dict(kernel_size=(5, 3), activation="relu", **SAME)),
]
SEPARABLE_CONV2D = [
    ((7, 6, 3), 2, dict(filters=4, kernel_size=3, **SAME)),
    ((8, 7, 2), 1, dict(filters=5, kernel_size=(2, 3), strides=2, depth_multiplier=3)),
    ((9, 8, 3), 2, dict(filters=2, kernel_size=3, dilation_rate=2, use_bias=False, **SAME)),
    ((1, 10, 2), 3, dict(filters=3, kernel_size=(1, 4), activation="softplus", **SAME)),
]
DENSE = [
    ((7,), 3, dict(units=5)),
    ((1,), 1, dict(units=1, use_bias=False)),
    ((33,), 2, dict(units=17, activation="softmax")),
    ((4, 6), 3, dict(units=5, activation="gelu")),
    ((2, 3, 5), 2, dict(units=4, activation="leaky_relu")),
]
EMBEDDING = [
    ((6,), 3, dict(input_dim=5, output_dim=4)),
    ((2, 3), 2, dict(input_dim=11, output_dim=1)),
]
UP_SAMPLING2D = [
    ((3, 4, 2), 2, dict(size=(2, 3))),
    ((1, 5, 3), 1, dict(size=(3, 1))),
    ((3, 4, 2), 2, dict(size=2, interpolation="bilinear")),
    ((2, 5, 1), 1, dict(size=(4, 2), interpolation="bilinear")),
]
ZERO_PADDING2D = [((3, 4, 2), 2, dict(padding=((1, 2), (0, 3)))), ((1, 5, 3), 1, dict(padding=2))]
CROPPING2D = [
    ((6, 7, 2), 2, dict(cropping=((1, 2), (0, 3)))),
    ((3, 9, 1), 1, dict(cropping=(1, 4))),
]
PERMUTE = [((2, 3, 4), 2, dict(dims=(3, 1, 2))), ((5, 3), 3, dict(dims=(2, 1)))]
RESHAPE = [((2, 3, 4), 2, dict(target_shape=(4, -1))), ((12,), 1, dict(target_shape=(2, 1, 6)))]
RESCALING = [((3, 4, 2), 2, dict(scale=1 / 255)), ((5,), 3, dict(scale=-0.75, offset=0.5))]
FLATTEN = [((2, 3, 4), 2, {}), ((5,), 1, {})]

# Drawn anew in training; compared in inference.
DROPOUT = [((3, 4), 2, dict(rate=0.4))]
SPATIAL_DROPOUT2D = [((3, 4, 2), 2, dict(rate=0.3))]
GAUSSIAN_NOISE = [((3, 4), 2, dict(stddev=0.5))]

TABLES = [
    (layers.Conv2D, CONV2D),
    (layers.Conv2DTranspose, CONV2D_TRANSPOSE),
    (layers.DepthwiseConv2D, DEPTHWISE_CONV2D),
    (layers.SeparableConv2D, SEPARABLE_CONV2D),
    (layers.Dense, DENSE),
    (layers.UpSampling2D, UP_SAMPLING2D),
    (layers.ZeroPadding2D, ZERO_PADDING2D),
    (layers.Cropping2D, CROPPING2D),
    (layers.Permute, PERMUTE),
    (layers.Reshape, RESHAPE),
    (layers.Rescaling, RESCALING),
    (layers.Flatten, FLATTEN),
]
RANDOM = [
    (layers.Dropout, DROPOUT),
    (layers.SpatialDropout2D, SPATIAL_DROPOUT2D),
    (layers.GaussianNoise, GAUSSIAN_NOISE),
]


def embedding(file, name, shape, rows, arguments):
    """Rows of numbers; some stand twice, so that their gradients add up."""
    model = layer_case.build(layers.Embedding(name="layer", **arguments), [shape], integers=True)
    x = file.random(name).integers(0, arguments["input_dim"], (rows, *shape))
    layer_case.add(file, name, model, rows, x=[np.sort(x, axis=-1)])


def add_cases(file):
    for layer, table in TABLES + RANDOM:
        for i, (shape, rows, arguments) in enumerate(table):
            model = layer_case.build(layer(name="layer", **arguments), [shape])
            drawn = (layer, table) in RANDOM
            name = f"{layer.__name__}/{i}"
            layer_case.add(file, name, model, rows, training=not drawn, gradients=not drawn)
    for i, (shape, rows, arguments) in enumerate(EMBEDDING):
        embedding(file, f"Embedding/{i}", shape, rows, arguments)
