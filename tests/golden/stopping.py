"""The two callbacks of deep over the epochs of a fit: the learning rate of each epoch, where the fit
stops and which weights it restores, given the validation losses.

One run is deep itself on the generated pictures. The others are a small model whose evaluate answers
with the numbers of a random walk, so that many courses are seen: falling, falling by less than
min_delta, standing still, wandering.
"""
import keras
import numpy as np
import philox
import trajectories
from keras import layers

EPOCHS, WALKS = 100, 12
STREAM = 2  # of the golden files: the walks
# Drift and size of the steps.
COURSES = [(-(2.0**-7), 2.0**-4), (-(2.0**-15), 2.0**-13), (0, 2.0**-15), (-(2.0**-9), 2.0**-8)]
# Of deep: small batches make epochs of 100 steps, in which its moving averages settle.
TRAINED, VALIDATED, BATCH = 800, 320, 8


class Scripted(keras.Sequential):
    """A model whose validation losses are given."""

    def evaluate(self, *args, **kwargs):
        return {"loss": next(self.script)}


def walk(seed, number):
    """EPOCHS losses: multiples of 2^-16, so that float32 holds them and equal ones occur."""
    drift, size = COURSES[number % len(COURSES)]
    steps = philox.uniform(seed, STREAM, WALKS * EPOCHS)[number * EPOCHS :][:EPOCHS]
    return np.round((2 + np.cumsum(drift + size * steps)) * 2.0**16) / 2.0**16


def fit(model, x, y, **options):
    early = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=10, restore_best_weights=True
    )
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss", patience=3, factor=0.5, min_lr=1e-6
    )
    model.fit(x, y, epochs=EPOCHS, verbose=0, callbacks=[early, plateau], **options)
    history = model.history.history
    return {
        "losses": np.array(history["val_loss"]),
        "rates": np.array(history["learning_rate"]),
        "best": np.array([early.best_epoch]),
        "stopped": np.array([early.stopped_epoch or -1]),
    }


def scripted(losses):
    model = Scripted([keras.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mean_absolute_error")
    model.script = iter(losses.tolist())
    zeros = np.zeros((1, 1), np.float32)
    return fit(model, zeros, zeros, validation_data=(zeros, zeros))


def deep(seed):
    model = trajectories.network("deep", layers.Dropout)
    x, y = trajectories.pictures(seed)
    validation = slice(TRAINED, TRAINED + VALIDATED)
    return fit(
        model,
        x[:TRAINED],
        y[:TRAINED],
        batch_size=BATCH,
        validation_data=(x[validation], y[validation]),
    )


def add_cases(file):
    with trajectories.precision("float32"):
        runs = {"deep": deep(file.seed)}
        for number in range(WALKS):
            runs[f"walk {number}"] = scripted(walk(file.seed, number))
    for name, run in runs.items():
        losses = run.pop("losses")
        file.add(name, {"subject": "stopping", "epochs": EPOCHS}, {"losses": losses}, run, {})
