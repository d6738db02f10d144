"""The examples' networks conv1 and conv2 in Keras, on the same pictures, for comparison.

    python bench/keras/cifar10.py conv1 --data data/cifar-10-batches-bin --seed 1

Needs keras with a backend (tensorflow-cpu) in a virtual environment; nothing else of libnn does.
The 50,000 training pictures are split 80 / 20, stratified, as in the examples; the split's random
numbers are numpy's, so the rows differ from the examples' split and their shares do not.
"""
import argparse

import keras
import numpy as np
from keras import layers


def read(paths):
    """x[n][32][32][3] in 0..1, y[n][10] one-hot, classes[n]."""
    records = np.concatenate([np.fromfile(p, np.uint8).reshape(-1, 3073) for p in paths])
    x = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    classes = records[:, 0]
    return (x / 255.0).astype("float32"), keras.utils.to_categorical(classes, 10), classes


def split(classes, fraction, seed):
    """Row numbers of training and validation, each class cut by itself."""
    rng = np.random.default_rng(seed)
    train, validation = [], []
    for c in range(10):
        rows = rng.permutation(np.flatnonzero(classes == c))
        count = round(len(rows) * fraction)
        validation.append(rows[:count])
        train.append(rows[count:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(validation))


def network(name):
    model = keras.Sequential([keras.Input((32, 32, 3)),
                              layers.Conv2D(10, (3, 3), activation="relu", padding="same"),
                              layers.MaxPooling2D((2, 2)), layers.Flatten()])
    if name == "conv2":
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(100, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam" if name == "conv1" else "nadam",
                  loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("network", choices=["conv1", "conv2"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    keras.utils.set_random_seed(options.seed)
    x, y, classes = read([f"{options.data}/data_batch_{i}.bin" for i in range(1, 6)])
    train, validation = split(classes, 0.2, options.seed)
    history = network(options.network).fit(
        x[train], y[train], epochs=options.epochs, batch_size=32, verbose=2,
        validation_data=(x[validation], y[validation])).history["val_accuracy"]
    print(f"{options.network} seed {options.seed}: "
          f"Validation Accuracy: {history[-1]:.4f} (best epoch {max(history):.4f})")


main()
