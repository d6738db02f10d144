"""The examples' networks conv1, conv2 and deep in Keras, on the same pictures, for comparison.

    python bench/keras/cifar10.py conv1 --data data/cifar-10-batches-bin --seed 1

Needs keras with a backend (tensorflow-cpu) in a virtual environment; nothing else of libnn does.
Training and validation are the rows that the examples take with the same seed; first weights,
order of rows and dropout masks are Keras's own.
"""
import argparse
import pathlib
import random
import sys

import keras
import numpy as np
from keras import callbacks, layers

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tests" / "golden"))
import philox  # noqa: E402


def read(data, *files):
    """x[n][32][32][3] in 0..1, classes[n]."""
    records = np.concatenate([np.fromfile(f"{data}/{f}.bin", np.uint8).reshape(-1, 3073)
                              for f in files])
    x = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return (x / 255.0).astype("float32"), records[:, 0]


def split(classes, fraction, seed):
    """Row numbers of training and validation, as nn_dataset_split cuts them."""
    validation = np.zeros(len(classes), bool)
    for c in range(10):
        rows = np.flatnonzero(classes == c)
        order = philox.shuffle(seed, 0, len(rows), philox.SPLIT, c)
        validation[rows[order[:round(len(rows) * fraction)]]] = True
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def convolution(filters):
    return layers.Conv2D(filters, (3, 3), activation="relu", padding="same")


def network(name):
    """The layers of examples/cifar10_NAME.c."""
    dense = layers.Dense
    if name == "deep":
        parts = [part for filters in (32, 64, 128) for part in
                 [convolution(filters), layers.BatchNormalization(), layers.MaxPooling2D((2, 2)),
                  layers.Dropout(0.25)]]
        parts += [layers.Flatten(), dense(256, activation="relu"), layers.BatchNormalization(),
                  layers.Dropout(0.5)]
    else:
        parts = [convolution(10), layers.MaxPooling2D((2, 2)), layers.Flatten()]
        parts += [layers.Dropout(0.5)] if name == "conv2" else []
        parts += [dense(100, activation="relu")]
    return keras.Sequential([keras.Input((32, 32, 3)), *parts, dense(10, activation="softmax")])


def watchers(name):
    """What deep has besides its optimizer."""
    if name != "deep":
        return []
    return [callbacks.EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True),
            callbacks.ReduceLROnPlateau(monitor="val_loss", patience=3, factor=0.5, min_lr=1e-6)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("network", choices=["conv1", "conv2", "deep"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--optimizer", choices=["adam", "nadam"])
    options = parser.parse_args()
    name = options.network

    # Not keras.utils.set_random_seed: with TensorFlow's seed set, fit takes the rows in the same
    # order in every epoch, and ends somewhere else. First weights and dropout are seeded by this.
    random.seed(options.seed)
    x, classes = read(options.data, *(f"data_batch_{i}" for i in range(1, 6)))
    y = keras.utils.to_categorical(classes, 10)
    train, validation = split(classes, 0.2, options.seed)
    held_back = x[validation], y[validation]

    model = network(name)
    # XLA is what Keras takes by itself; on a processor, it is four times slower here.
    model.compile(optimizer=options.optimizer or ("nadam" if name == "conv2" else "adam"),
                  loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False,
                  steps_per_execution=50)
    model.fit(x[train], y[train], batch_size=32, verbose=2, callbacks=watchers(name),
              epochs=options.epochs or (50 if name == "deep" else 20), validation_data=held_back,
              validation_batch_size=500)
    print(f"Validation Accuracy: {model.evaluate(*held_back, verbose=0)[1]:.4f}")
    x, classes = read(options.data, "test_batch")
    score = model.evaluate(x, keras.utils.to_categorical(classes, 10), verbose=0)[1]
    print(f"Test Accuracy: {score:.4f}", flush=True)


main()
