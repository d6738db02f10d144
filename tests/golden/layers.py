"""Convolutions, dense layers and what moves or pads pictures, at odd sizes."""
from keras import layers

import layer_case

# Shape of a sample, rows, the layer's arguments.
CONV2D = [
    ((7, 6, 3), 3, dict(filters=4, kernel_size=(3, 2))),
    ((7, 6, 3), 2, dict(filters=4, kernel_size=(3, 3), padding="same", use_bias=False)),
    ((8, 9, 2), 1, dict(filters=5, kernel_size=(4, 2), strides=(2, 3), padding="same")),
    ((9, 8, 2), 2, dict(filters=3, kernel_size=(3, 3), dilation_rate=(2, 3), padding="same")),
]


def add_cases(file):
    for i, (shape, rows, arguments) in enumerate(CONV2D):
        model = layer_case.build(layers.Conv2D(name="layer", **arguments), [shape])
        layer_case.add(file, f"conv2d/{i}", model, rows)
