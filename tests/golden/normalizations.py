"""Batch, layer and data normalization."""
import keras
import numpy as np
from keras import layers

import convert
import layer_case

# Shape, rows, steps one after the other, arguments.
BATCH = [
    ((5, 4, 3), 2, 4, {}),
    ((6,), 5, 3, dict(momentum=0.75, epsilon=0.01)),
    ((1, 7, 2), 3, 2, dict(center=False)),
    ((3, 2, 17), 2, 2, dict(scale=False)),
    ((4, 3), 4, 1, dict(center=False, scale=False, momentum=0.5)),
    ((2, 2, 5), 1, 3, {}),
]
LAYER = [
    ((7,), 3, {}),
    ((3, 4, 5), 2, dict(epsilon=0.1)),
    ((3, 4, 5), 2, dict(axis=[2, 3])),
    ((2, 3, 4), 3, dict(axis=[1, 2, 3], center=False)),
    ((6, 19), 2, dict(scale=False)),
    ((4,), 1, dict(center=False, scale=False)),
]
NORMALIZATION = [
    ((4,), 9, {}),
    ((3, 2, 4), 5, dict(axis=-1)),
    ((3, 2, 4), 5, dict(axis=(1, 3))),
    ((3, 5), 4, dict(axis=None)),
    ((3, 5), 4, dict(axis=1)),
    ((6,), 7, dict(invert=True)),
]


def batch_normalization(file):
    for i, (shape, rows, steps, arguments) in enumerate(BATCH):
        for frozen in (False, True):
            layer = layers.BatchNormalization(name="layer", trainable=not frozen, **arguments)
            model = layer_case.build(layer, [shape])
            name = f"BatchNormalization/{i}" + ("/frozen" if frozen else "")
            layer_case.add(file, name, model, rows, steps)
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    layer_case.add(file, "BatchNormalization/pooled", keras.Model(inputs, x), rows=3, steps=3)


def adapted(file, name, shape, rows, arguments):
    """Subject "adapt": what adapt makes of data, and what the layer does then."""
    layer = layers.Normalization(name="layer", **arguments)
    model = layer_case.build(layer, [shape])

    def run(given):
        layer.adapt(given["data"])
        result = {"mean": np.array(layer.adapt_mean), "variance": np.array(layer.adapt_variance)}
        result["inference/y"] = model(given["x/0"], training=False).numpy()
        return result

    rng = file.random(name)
    given = {"data": rng.normal(1, 2, (rows, *shape)), "x/0": rng.uniform(-2, 2, (3, *shape))}
    case = {"subject": "adapt", "rows": 3, "layer": "layer", "model": convert.model(model)}
    file.add_run(name, case, run, given)


def add_cases(file):
    batch_normalization(file)
    for i, (shape, rows, arguments) in enumerate(LAYER):
        layer = layers.LayerNormalization(name="layer", **arguments)
        layer_case.add(file, f"LayerNormalization/{i}", layer_case.build(layer, [shape]), rows)
    for i, (shape, rows, arguments) in enumerate(NORMALIZATION):
        adapted(file, f"Normalization/{i}", shape, rows, arguments)
    for invert in (False, True):
        layer = layers.Normalization(
            axis=None, mean=0.5, variance=4.0, invert=invert, name="layer"
        )
        name = "Normalization/given" + ("/inverted" if invert else "")
        layer_case.add(file, name, layer_case.build(layer, [(3, 4)]), rows=2)
