"""Texts to the byte: progress lines, and what callbacks print and write."""

import contextlib
import io
import os
import tempfile

import keras
import numpy as np
from keras import layers, ops
from keras.src.utils import progbar

# ---- Progress ----


class Clock:
    """In the place of the module time."""

    now = 0.0

    def time(self):
        return self.now


@contextlib.contextmanager
def fake_clock():
    clock, kept = Clock(), progbar.time
    progbar.time = clock
    try:
        yield clock
    finally:
        progbar.time = kept


def single(value):
    """As float32, which Keras's numbers are."""
    return float(np.float32(value))


def metric_value(rng):
    kind = int(rng.integers(8))
    if kind == 0:
        return single(rng.choice([0.0, 1e-3, -1e-3, 1.0, 0.5, 1e-7, 5e-4, 123456.789]))
    if kind == 1:
        return single(rng.choice([np.nan, np.inf, -np.inf]))
    return single(rng.choice([-1, 1, 1, 1, 1]) * 10.0 ** rng.uniform(-6, 4))


def json_number(value):
    return value if np.isfinite(value) else {"nan": "nan", "inf": "inf", "-inf": "-inf"}[str(value)]


def sequence(rng, verbose, steps, epochs, scale, names):
    """Epochs under ProgbarLogger; what each call printed."""
    events = []
    stream = io.StringIO()

    def note(kind, number, logs):
        pairs = [[key, json_number(value)] for key, value in (logs or {}).items()]
        printed = stream.getvalue()[sum(len(event[-1]) for event in events) :]
        events.append([kind, clock.now, number, pairs, printed])

    bar = keras.callbacks.ProgbarLogger()
    bar.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
    with fake_clock() as clock, contextlib.redirect_stdout(stream):
        clock.now = single(rng.uniform(1, 1000))
        bar.on_train_begin()
        for epoch in range(epochs):
            bar.on_epoch_begin(epoch)
            note("begin", epoch, None)
            clock.now += 10 * scale * rng.uniform(0, 1)
            shown = rng.choice(steps, min(steps, 6 if verbose == 1 else 2), replace=False)
            if int(rng.integers(3)):
                shown = {0, *shown}  # nearly always there is a first step
            before = 0
            for step in sorted(int(s) for s in shown):
                clock.now += scale * (step - before) * rng.uniform(0.5, 1.5)
                before = step
                logs = {name: metric_value(rng) for name in names}
                bar.on_train_batch_end(step, logs)
                note("update", step + 1, logs)
            clock.now += scale * (steps - before) * rng.uniform(0.5, 1.5)
            logs = {name: metric_value(rng) for name in names}
            if int(rng.integers(2)):
                logs |= {"val_" + name: metric_value(rng) for name in names}
            if int(rng.integers(2)):
                logs["learning_rate"] = single(rng.choice([1e-3, 5e-4, 0.01, 1e-6]))
            if int(rng.integers(2)):
                logs["added"] = metric_value(rng)
            bar.on_epoch_end(epoch, logs)
            note("end", steps, logs)
    return {
        "subject": "progress",
        "verbose": verbose,
        "steps": steps,
        "epochs": epochs,
        "events": events,
    }


# Batches in an epoch and about how long one takes, in seconds.
SEQUENCES = [
    (1, 0.1),
    (1, 2e-4),
    (7, 0.02),
    (16, 1.2),
    (100, 80.0),
    (313, 3e-5),
    (1563, 5e-3),
    (1563, 3.0),
    (12345, 40.0),
    (10, 0.0),
    (1000, 0.061),
]


def add_progress(file):
    names = [
        ["loss"],
        ["accuracy", "loss"],
        [],
        ["acc_of_a_long_name", "größe", "loss", "mean_absolute_error"],
    ]
    for i, (steps, scale) in enumerate(SEQUENCES):
        for verbose in (1, 2):
            name = f"progress/{i}/{verbose}"
            rng = file.random(name)
            case = sequence(
                rng, verbose, steps, int(rng.integers(1, 3)), scale, names[i % len(names)]
            )
            file.add(name, case, {}, {}, {})


# ---- Callbacks ----


def epoch_logs(rng, epoch):
    """What a fit logs, in Keras's order; numbers of all sizes, some of them short."""
    names = (
        ["accuracy", "loss", "val_accuracy", "val_loss"] if epoch % 3 != 1 else ["accuracy", "loss"]
    )
    values = [
        single(
            rng.choice(
                [rng.uniform(0, 2), round(rng.uniform(0, 2), 1), 10.0 ** rng.uniform(-9, 20)]
            )
        )
        for _ in names
    ]
    return dict(zip(names, values))


# Name, libnn's callbacks; options have the names of Keras's arguments.
CALLBACKS = {
    "stopping": [("early_stopping", {"monitor": "loss", "patience": 2, "verbose": 1})],
    "restoring": [
        (
            "early_stopping",
            {"monitor": "loss", "patience": 3, "verbose": 1, "restore_best_weights": True},
        )
    ],
    "never": [
        (
            "early_stopping",
            {"monitor": "loss", "patience": 50, "verbose": 1, "restore_best_weights": True},
        )
    ],
    "plateau": [
        ("reduce_lr_on_plateau", {"monitor": "loss", "patience": 1, "factor": 0.5, "verbose": 1})
    ],
    "odd_factor": [
        ("reduce_lr_on_plateau", {"monitor": "loss", "patience": 1, "factor": 0.3, "verbose": 1})
    ],
    "least": [
        ("reduce_lr_on_plateau", {"monitor": "loss", "patience": 1, "min_lr": 1e-6, "verbose": 1})
    ],
    "after_plateau": [
        ("reduce_lr_on_plateau", {"monitor": "loss", "patience": 1}),
        ("csv_logger", {}),
    ],
    "before_plateau": [
        ("csv_logger", {}),
        ("reduce_lr_on_plateau", {"monitor": "loss", "patience": 1}),
    ],
    "semicolons": [("csv_logger", {"separator": ";"})],
    "appending": [("csv_logger", {"append": True})],
}
CLASSES = {
    "early_stopping": "EarlyStopping",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "csv_logger": "CSVLogger",
}


def callback(kind, options, path):
    given = dict(options) | ({"filename": path} if kind == "csv_logger" else {})
    return getattr(keras.callbacks, CLASSES[kind])(**given)


def drive(rng, chain, first_epoch):
    """Epochs through callbacks, without a fit: what they print, the learning rate after each."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    epochs, printed = [], io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log.csv")
        made = [callback(kind, options, path) for kind, options in chain]
        runs = 2 if dict(chain).get("csv_logger", {}).get("append") else 1
        with contextlib.redirect_stdout(printed):
            for run in range(runs):
                for item in made:
                    item.set_model(model)
                    item.on_train_begin({})
                model.stop_training = False
                for epoch in range(first_epoch, first_epoch + 12):
                    given = epoch_logs(rng, epoch)
                    logs = dict(given)
                    for item in made:
                        item.on_epoch_end(epoch, logs)
                    rate = float(ops.convert_to_numpy(model.optimizer.learning_rate))
                    epochs.append(
                        {
                            "run": run,
                            "epoch": epoch,
                            "logs": list(map(list, given.items())),
                            "rate": rate,
                            "stop": bool(model.stop_training),
                        }
                    )
                    if model.stop_training:
                        break
                for item in made:
                    item.on_train_end({})
        written = open(path, newline="").read() if os.path.exists(path) else ""
    return {
        "subject": "callbacks",
        "callbacks": [{"kind": kind, "options": options} for kind, options in chain],
        "epochs": epochs,
        "text": printed.getvalue(),
        "csv": written,
    }


def add_callbacks(file):
    for name, chain in CALLBACKS.items():
        rng = file.random("callbacks/" + name)
        file.add("callbacks/" + name, drive(rng, chain, int(rng.integers(0, 3))), {}, {}, {})


def add_cases(file):
    kept = keras.backend.floatx()
    keras.backend.set_floatx("float32")
    try:
        add_progress(file)
        add_callbacks(file)
    finally:
        keras.backend.set_floatx(kept)
