"""Whole trajectories: conv1, conv2 and deep over many steps, in float32 and in float64.

Everything that is random comes from libnn's streams (philox.py): first weights, the order of rows,
dropout's masks, the pictures. So libnn draws the same for itself, and a case holds results only:
the loss of each step, and every weight's projections on a few random vectors now and then.

The run in float64 is what both sides are measured by. libnn's double build must follow it closely;
libnn in float must be as near to it as Keras in float32 is (tests/golden/trajectory.c).
"""
import contextlib
from unittest import mock

import convert
import keras
import numpy as np
import philox
import tensorflow as tf
from keras import layers

BATCH, ROWS, CLASSES = 32, 1264, 10  # 40 batches an epoch, the last one of 16 rows
EVERY, VECTORS = 20, 4  # projections: after so many steps, on so many vectors
# Streams of the golden files: the classes' patterns, noise, and the vectors of weight w.
PATTERNS, NOISE, PROJECTIONS = 0, 1, 256

# Steps of each run. As many runs as it takes that an event of one (trajectory.c) does not decide; in
# deep they come early and to all, so that only the first steps need more runs.
NETWORKS = {"conv1": [200] * 2, "conv2": [200] * 6, "deep": [200] + [10] * 5}


class Dropout(layers.Dropout):
    """Keras's, but it keeps what `mask` says."""

    def build(self, shape):
        self.mask = tf.Variable(tf.ones((BATCH, *shape[1:]), tf.bool), trainable=False)
        super().build(shape)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        return tf.where(self.mask[: tf.shape(inputs)[0]], inputs / (1 - self.rate), 0)


def pictures(seed):
    """x[ROWS][32][32][3] and classes: noise over a coarse pattern that belongs to the class."""
    cells = philox.uniform(seed, PATTERNS, CLASSES * 8 * 8 * 3).reshape(CLASSES, 8, 8, 3)
    noise = philox.uniform(seed, NOISE, ROWS * 32 * 32 * 3).reshape(ROWS, 32, 32, 3)
    classes = np.arange(ROWS) % CLASSES
    x = noise / 2 + cells[classes].repeat(4, axis=1).repeat(4, axis=2) / 8
    return x.astype(np.float32), np.eye(CLASSES, dtype=np.float32)[classes]


def convolution(filters):
    return layers.Conv2D(filters, (3, 3), padding="same", activation="relu")


def block(filters, dropout):
    norm, pool = layers.BatchNormalization(), layers.MaxPooling2D((2, 2))
    return [convolution(filters), norm, pool, dropout(0.25)]


def chain(name, dropout):
    last = layers.Dense(CLASSES, activation="softmax")
    if name == "deep":
        parts = [part for filters in (32, 64, 128) for part in block(filters, dropout)]
        dense = [layers.Dense(256, activation="relu"), layers.BatchNormalization(), dropout(0.5)]
        return [*parts, layers.Flatten(), *dense, last]
    parts = [convolution(10), layers.MaxPooling2D((2, 2)), layers.Flatten()]
    dropped = [dropout(0.5)] if name == "conv2" else []
    return [*parts, *dropped, layers.Dense(100, activation="relu"), last]


def network(name, dropout=Dropout):
    keras.backend.clear_session()
    x = y = keras.Input((32, 32, 3))
    for layer in chain(name, dropout):
        y = layer(y)
    model = keras.Model(x, y)
    rate = {"learning_rate": 1e-3}
    optimizer = keras.optimizers.Nadam(**rate) if name == "conv2" else keras.optimizers.Adam(**rate)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy")
    return model


def weights_of(model):
    return [w for layer in model.layers for w in layer.weights]


def projections(seed, model):
    """[weights][VECTORS]"""
    result = []
    for number, weight in enumerate(weights_of(model)):
        value = weight.numpy().astype(np.float64).ravel()
        vectors = philox.uniform(seed, PROJECTIONS + number, VECTORS * value.size)
        result.append(vectors.reshape(VECTORS, -1) @ value)
    return np.array(result)


@contextlib.contextmanager
def precision(dtype):
    """Keras in this type. Its optimizers make float32 of 0.9 and 0.999 on the way to float64
    (tf.cast of a Python number); here they stay what they are."""
    before, cast = keras.config.floatx(), keras.src.ops.cast

    def exact(x, dtype):
        wide = isinstance(x, float) and dtype == "float64"
        return tf.constant(x, dtype) if wide else cast(x, dtype)

    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    with mock.patch.object(keras.src.ops, "cast", exact):
        yield
    keras.config.set_floatx(before)
    keras.config.set_dtype_policy(before)


def begin(model, seed):
    """First weights as libnn draws them, in float32."""
    for number, weight in enumerate(weights_of(model)):
        if weight.name == "kernel":
            weight.assign(philox.glorot_uniform(seed, number, weight.shape).astype(np.float32))


def drop(model, seed, step):
    """The masks of this step."""
    for node, layer in enumerate(model.layers):
        if isinstance(layer, Dropout):
            layer.mask.assign(philox.mask(seed, step, node, layer.rate, layer.mask.shape))


def batches(seed, steps):
    """Row numbers of each step: epochs shuffled one after the other."""
    epochs = -(-steps // -(-ROWS // BATCH))
    orders = [philox.shuffle(seed, epoch, ROWS) for epoch in range(epochs)]
    cut = [order[first : first + BATCH] for order in orders for first in range(0, ROWS, BATCH)]
    return cut[:steps]


def trajectory(name, seed, steps, dtype):
    """loss[steps], projections[checks][weights][VECTORS]"""
    every = min(EVERY, steps)
    with precision(dtype):
        model = network(name)
        begin(model, seed)
        x, y = (array.astype(dtype) for array in pictures(seed))
        losses, checks = [], []
        for step, rows in enumerate(batches(seed, steps)):
            drop(model, seed, step)
            losses.append(model.train_on_batch(x[rows], y[rows]))
            if (step + 1) % every == 0:
                checks.append(projections(seed, model))
    return np.array(losses, np.float64), np.array(checks)


def case(name):
    model = network(name)
    optimizer = {"kind": "nadam" if name == "conv2" else "adam", "options": {"learning_rate": 1e-3}}
    return {"subject": "trajectory", "model": convert.model(model), "optimizer": optimizer,
            "rows": ROWS, "batch": BATCH, "classes": CLASSES}


def add_cases(file):
    for name, runs in NETWORKS.items():
        seeds = [100 * file.seed + run for run in range(len(runs))]
        description, wanted = {**case(name), "seeds": seeds}, {}
        for side, dtype in ("keras", "float32"), ("exact", "float64"):
            for run, steps in enumerate(runs):
                losses, checks = trajectory(name, seeds[run], steps, dtype)
                wanted[f"{side}/{run}/loss"] = losses
                wanted[f"{side}/{run}/projections"] = checks
        file.add(name, description, {}, wanted, {})
