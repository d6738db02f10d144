"""Fit's bookkeeping: what every hook of a fit sees, its history, its text, the weights it leaves.

The scenarios are those of fit_scenarios.py, and some that the seed draws. Rows are never shuffled:
that is the one thing in which both sides must differ.
"""

import contextlib
import io
import os
import tempfile

import keras
import numpy as np
from keras import layers, ops

import convert
from fit_scenarios import DEFAULTS, RANDOM, SCENARIOS, draw
from summaries import brief
from texts import fake_clock

INPUTS, HIDDEN, CLASSES = 3, 4, 3

# Hooks of a fit: Keras's methods without "on_".
HOOKS = "train_begin train_end epoch_begin epoch_end train_batch_begin train_batch_end".split()
HOOKS += "test_begin test_end test_batch_begin test_batch_end".split()

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "nadam": "Nadam", "rmsprop": "RMSprop"}
LOSSES = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}
METRICS = {"accuracy": "accuracy", "mean_absolute_error": "mean_absolute_error"}
CALLBACKS = {
    "early_stopping": "EarlyStopping",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "csv_logger": "CSVLogger",
    "terminate_on_nan": "TerminateOnNaN",
}


class Recorder(keras.callbacks.Callback):
    """Notes every hook; each note is a tick of the clock. Then does what the actions say."""

    def __init__(self, number, trace, actions, clock, tick):
        super().__init__()
        self.number, self.trace, self.actions = number, trace, actions
        self.clock, self.tick, self.epoch = clock, tick, None

    def note(self, hook, index, logs):
        if hook == "epoch_begin":
            self.epoch = index
        self.clock.now += self.tick
        self.trace.append((self.number, hook, index, dict(logs or {})))
        for action in self.actions:
            if (action["recorder"], action["hook"]) != (self.number, hook):
                continue
            if action["epoch"] not in (None, self.epoch) or action["batch"] not in (None, index):
                continue
            if "stop" in action:
                self.model.stop_training = True
            if "log" in action:
                logs[action["log"][0]] = action["log"][1]


def add_hook(hook):
    if hook.startswith("epoch") or "batch" in hook:
        setattr(Recorder, "on_" + hook, lambda self, index, logs=None: self.note(hook, index, logs))
    else:
        setattr(Recorder, "on_" + hook, lambda self, logs=None: self.note(hook, -1, logs))


for name in HOOKS:
    add_hook(name)


def json_number(value):
    value = float(f"{value:.9g}")
    return value if np.isfinite(value) else {"nan": "nan", "inf": "inf", "-inf": "-inf"}[str(value)]


def make_model(scenario):
    penalty = scenario.get("penalty", 0)
    regularizer = keras.regularizers.L2(penalty) if penalty else None
    x = keras.Input((INPUTS,))
    y = layers.Dense(HIDDEN, activation="tanh", kernel_regularizer=regularizer)(x)
    if scenario.get("norm"):
        y = layers.BatchNormalization()(y)
    values = scenario["loss"] == "mean_squared_error"
    return keras.Model(x, layers.Dense(CLASSES, activation="linear" if values else "softmax")(y))


def short_numbers(rng, low, high, shape):
    """Multiples of 1/64, which are short in every notation."""
    return rng.integers(int(low * 64), int(high * 64) + 1, shape) / 64


def make_data(rng, rows, loss):
    x = short_numbers(rng, -1, 1, (rows, INPUTS))
    classes = np.argmax(x[:, :CLASSES] + short_numbers(rng, -0.5, 0.5, (rows, CLASSES)), axis=1)
    if loss == "mean_squared_error":
        return x, short_numbers(rng, -1, 1, (rows, CLASSES))
    return x, classes if loss.startswith("sparse") else np.eye(CLASSES)[classes]


def make_callbacks(scenario, path, trace, clock):
    made = []
    for kind, options in scenario["callbacks"]:
        if kind == "recorder":
            made.append(Recorder(options, trace, scenario["actions"], clock, scenario["tick"]))
        elif kind == "learning_rate_scheduler":
            made.append(
                keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5, **options)
            )
        else:
            given = dict(options) | ({"filename": path} if kind == "csv_logger" else {})
            made.append(getattr(keras.callbacks, CALLBACKS[kind])(**given))
    return made


ARGUMENTS = "batch_size epochs initial_epoch validation_freq validation_batch_size verbose".split()


def run(model, scenario, given):
    """All fits of the scenario. The trace, the last history, what was printed and written."""
    kind, options = scenario["optimizer"]
    loss = getattr(keras.losses, LOSSES[scenario["loss"]])()
    model.compile(
        getattr(keras.optimizers, OPTIMIZERS[kind])(**options),
        loss,
        metrics=[METRICS[name] for name in scenario["metrics"]] or None,
        weighted_metrics=[METRICS[name] for name in scenario["weighted_metrics"]] or None,
    )
    arguments = {key: scenario[key] for key in ARGUMENTS if scenario[key] is not None}
    if "validation/x" in given:
        names = [f"validation/{name}" for name in ("x", "y", "sample_weight")]
        arguments["validation_data"] = tuple(given[name] for name in names if name in given)
    if scenario.get("class_weight"):
        arguments["class_weight"] = dict(enumerate(scenario["class_weight"]))
    trace, printed = [], io.StringIO()
    to_printed = contextlib.redirect_stdout(printed)
    with tempfile.TemporaryDirectory() as folder, fake_clock() as clock, to_printed:
        path = os.path.join(folder, "log.csv")
        for _ in range(scenario["fits"]):
            clock.now = 100.0
            history = model.fit(
                given["x"],
                given["y"],
                shuffle=False,
                sample_weight=given.get("sample_weight"),
                callbacks=make_callbacks(scenario, path, trace, clock),
                **arguments,
            )
        written = open(path, newline="").read() if os.path.exists(path) else ""
    return trace, history, printed.getvalue(), written


# Members of a case that are those of the scenario; the last three where there are some.
SAME = "batch_size epochs initial_epoch validation_freq verbose fits tick actions about".split()
SOME = "validation_batch_size class_weight float_only".split()


def objects(kinds, **options):
    return [{"kind": kind, "options": options} for kind in kinds]


def given_data(rng, scenario):
    """Data by their names in the case: x, y, sample_weight, and the same behind validation/."""
    given = {}
    for prefix, option in (("", ""), ("validation/", "validation_")):
        rows = scenario[option + "rows"]
        if not rows:
            continue
        x, y = make_data(rng, rows, scenario["loss"])
        given |= {prefix + "x": x, prefix + "y": y * scenario.get("scale", 1)}
        if scenario.get(option + "sample_weight"):
            given[prefix + "sample_weight"] = short_numbers(rng, 0, 2, rows)
    return given


def weights_of(model):
    return {convert.weight_name(layer, w): w for layer in model.layers for w in layer.weights}


def set_weights(rng, model):
    """Random ones, but in batch normalization."""
    for name, weight in weights_of(model).items():
        if not name.startswith("batch"):
            weight.assign(short_numbers(rng, -0.5, 0.5, weight.shape))


def all_values(model):
    return np.concatenate([np.ravel(weight) for weight in weights_of(model).values()])


def graph_of(model):
    graph = convert.model(model)
    return graph | {"nodes": [node | {"layer": brief(node["layer"])} for node in graph["nodes"]]}


def describe(scenario, model):
    weighted = [
        objects([kind], name="weighted_" + kind)[0] for kind in scenario["weighted_metrics"]
    ]
    case = {
        "subject": "fit",
        "model": graph_of(model),
        "weights": list(weights_of(model)),
        "optimizer": dict(zip(("kind", "options"), scenario["optimizer"])),
        "loss": {"kind": scenario["loss"], "options": {}},
        "metrics": objects(scenario["metrics"]),
        "weighted_metrics": weighted,
        "callbacks": [{"kind": kind, "options": given} for kind, given in scenario["callbacks"]],
    }
    case |= {key: scenario[key] for key in SAME}
    return case | {key: scenario[key] for key in SOME if scenario.get(key)}


def add_scenario(file, name, scenario):
    rng = file.random(name)
    scenario = DEFAULTS | scenario
    keras.backend.clear_session()
    model = make_model(scenario)
    given = given_data(rng, scenario)
    set_weights(rng, model)
    given["before"] = all_values(model)
    case = describe(scenario, model)
    trace, history, printed, written = run(model, scenario, given)
    notes = [" ".join([str(who), hook, str(at), *logs]) for who, hook, at, logs in trace]
    case["trace"] = "".join(note + "; " for note in notes)
    case["history"] = [
        [key, list(map(json_number, values))] for key, values in history.history.items()
    ]
    case |= {"epoch": history.epoch, "text": printed, "csv": written}
    wanted = {"after": all_values(model)}
    wanted["trace"] = [value for *_, logs in trace for value in logs.values()]
    file.add(name, case, given, wanted, {})


def add_cases(file):
    kept = keras.backend.floatx()
    keras.backend.set_floatx("float32")
    try:
        for name, scenario in SCENARIOS.items():
            add_scenario(file, "fit/" + name, scenario)
        for i in range(RANDOM):
            add_scenario(file, f"fit/random_{i}", draw(file.random(f"fit/random_{i}/draw")))
    finally:
        keras.backend.set_floatx(kept)
