"""Layers of several inputs, and small graphs that use them."""
import keras
import numpy as np
from keras import layers

import layer_case

MERGES = [
    layers.Add,
    layers.Subtract,
    layers.Multiply,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
]
SHAPES = [(7,), (3, 4), (3, 2, 5)]
# Axis, shapes of the inputs.
CONCATENATE = [
    (-1, [(3, 2), (3, 4)]),
    (1, [(2, 3), (1, 3), (4, 3)]),
    (2, [(2, 3, 4), (2, 1, 4)]),
    (-1, [(2, 3, 4), (2, 3, 1), (2, 3, 3)]),
]


def residual():
    """Two branches of convolutions, one of them frozen, added and joined with the input."""
    inputs = keras.Input((6, 5, 3))
    left = layers.Conv2D(4, 3, padding="same", activation="relu", name="left")(inputs)
    right = layers.Conv2D(4, 1, activation="tanh", name="right", trainable=False)(inputs)
    total = layers.Add(name="total")([left, right])
    joined = layers.Concatenate(name="joined")([total, inputs])
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="mean")(joined))


def add_cases(file):
    for merge in MERGES:
        counts = (2,) if merge is layers.Subtract else (2, 3)
        for count in counts:
            for i, shape in enumerate(SHAPES):
                model = layer_case.build(merge(name="layer"), [shape] * count)
                layer_case.add(file, f"{merge.__name__}/{count}/{i}", model, rows=2)
    for merge in (layers.Maximum, layers.Minimum):
        name = f"{merge.__name__}/ties"
        rng = file.random(name)
        x = [rng.integers(0, 2, (3, 8)).astype(np.float64) for _ in range(2)]
        model = layer_case.build(merge(name="layer"), [(8,)] * 2)
        dy = 2.0 * rng.integers(1, 9, (3, 8))
        layer_case.add(file, name, model, rows=3, x=x, dy=dy, exact=True)
    for i, (axis, shapes) in enumerate(CONCATENATE):
        model = layer_case.build(layers.Concatenate(axis, name="layer"), shapes)
        layer_case.add(file, f"Concatenate/{i}", model, rows=2)
    layer_case.add(file, "graph/residual", residual(), rows=2)
