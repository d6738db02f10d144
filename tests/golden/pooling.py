"""Pooling: values and gradients, also where several numbers of a window are equal."""
import numpy as np
from keras import layers

import layer_case

WINDOWS = [
    ((6, 7, 2), 2, dict(pool_size=2)),
    ((6, 7, 2), 2, dict(pool_size=2, padding="same")),
    ((7, 8, 3), 1, dict(pool_size=(3, 2), strides=(2, 1))),
    ((7, 8, 3), 2, dict(pool_size=(2, 3), strides=3, padding="same")),
    ((5, 6, 17), 1, dict(pool_size=3, strides=1, padding="same")),
    ((1, 11, 2), 3, dict(pool_size=(1, 4), strides=(1, 2), padding="same")),
    ((4, 5, 2), 1, dict(pool_size=(4, 5))),
]
WHOLE = [((4, 5, 3), 2, {}), ((1, 7, 2), 1, dict(keepdims=True))]


def ties(file, name, layer, shape, rows):
    """Few different whole numbers: everything is exact, and windows have several largest ones."""
    model = layer_case.build(layer, [shape])
    rng = file.random(name)
    x = rng.integers(-1, 2, (rows, *shape)).astype(np.float64)
    dy = rng.integers(1, 9, (rows, *model.outputs[0].shape[1:]))
    layer_case.add(file, name, model, rows, x=[x], dy=dy, exact=True)


def add_cases(file):
    for layer in (layers.MaxPooling2D, layers.AveragePooling2D):
        for i, (shape, rows, arguments) in enumerate(WINDOWS):
            model = layer_case.build(layer(name="layer", **arguments), [shape])
            layer_case.add(file, f"{layer.__name__}/{i}", model, rows)
    for layer in (layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D):
        for i, (shape, rows, arguments) in enumerate(WHOLE):
            model = layer_case.build(layer(name="layer", **arguments), [shape])
            layer_case.add(file, f"{layer.__name__}/{i}", model, rows)
    for i, (shape, rows, arguments) in enumerate(WINDOWS):
        layer = layers.MaxPooling2D(name="layer", **arguments)
        ties(file, f"MaxPooling2D/ties/{i}", layer, shape, rows)
