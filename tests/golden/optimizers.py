"""Optimizers: the weights after each of ten steps, and at the end of the training."""
import keras
import numpy as np
from keras import optimizers
from keras.optimizers import schedules

import convert

STEPS = 10
SHAPES = {"kernel": (3, 3), "bias": (3,), "other": (4,)}

KINDS = [
    (optimizers.SGD, {}),
    (optimizers.SGD, dict(momentum=0.9)),
    (optimizers.SGD, dict(momentum=0.8, nesterov=True)),
    (optimizers.RMSprop, {}),
    (optimizers.RMSprop, dict(rho=0.8, momentum=0.7, epsilon=1e-3)),
    (optimizers.RMSprop, dict(centered=True)),
    (optimizers.RMSprop, dict(centered=True, momentum=0.5, rho=0.95)),
    (optimizers.Adam, {}),
    (optimizers.Adam, dict(beta_1=0.8, beta_2=0.95, epsilon=1e-2)),
    (optimizers.Adam, dict(amsgrad=True, beta_2=0.7)),
    (optimizers.AdamW, {}),
    (optimizers.AdamW, dict(weight_decay=0.1, amsgrad=True)),
    (optimizers.Adamax, {}),
    (optimizers.Adamax, dict(beta_1=0.7, beta_2=0.9, epsilon=1e-3)),
    (optimizers.Nadam, {}),
    (optimizers.Nadam, dict(beta_1=0.8, beta_2=0.9, epsilon=1e-4)),
    (optimizers.Adagrad, {}),
    (optimizers.Adagrad, dict(initial_accumulator_value=0.5, epsilon=1e-2)),
    (optimizers.Lion, {}),
    (optimizers.Lion, dict(beta_1=0.8, beta_2=0.6)),
]
# What all of them have; None: nothing is left out of the decay.
AROUND = [
    (dict(clipnorm=0.5), ()),
    (dict(clipvalue=0.3), ()),
    (dict(global_clipnorm=0.7), ()),
    (dict(weight_decay=0.05), ()),
    (dict(weight_decay=0.05), ("bias",)),
    (dict(use_ema=True, ema_momentum=0.8), ()),
    (dict(use_ema=True, ema_momentum=0.6, ema_overwrite_frequency=3), ()),
    (dict(gradient_accumulation_steps=3), ()),
    (dict(gradient_accumulation_steps=2, use_ema=True, clipnorm=0.4, weight_decay=0.02), ()),
]
# Rates by schedule: its place in the table.
SCHEDULES = [
    lambda: schedules.CosineDecay(0.5, 8, alpha=0.125),
    lambda: schedules.ExponentialDecay(0.25, 3, 0.5, staircase=True),
    lambda: schedules.PiecewiseConstantDecay([2, 5], [0.5, 0.25, 0.125]),
]


def runner(make, excluded):
    """run(given): Keras's optimizer on gradients that are given, not computed."""

    def run(given):
        weights = [keras.Variable(given["weight/" + name], name=name) for name in SHAPES]
        optimizer = convert.representable(make())
        if excluded:
            optimizer.exclude_from_weight_decay(var_names=list(excluded))
        optimizer.build(weights)
        after = {"after/" + name: [] for name in SHAPES}
        for step in range(STEPS):
            slopes = [keras.ops.convert_to_tensor(given["gradient/" + n][step]) for n in SHAPES]
            optimizer.apply(slopes, weights)
            for name, weight in zip(SHAPES, weights):
                after["after/" + name].append(np.array(weight))
        optimizer.finalize_variable_values(weights)
        result = {name: np.array(values) for name, values in after.items()}
        for name, weight in zip(SHAPES, weights):
            result["final/" + name] = np.array(weight)
        return result

    return run


def add(file, name, make, excluded=()):
    rng = file.random(name)
    given = {}
    for weight, shape in SHAPES.items():
        given["weight/" + weight] = rng.uniform(-1, 1, shape)
        given["gradient/" + weight] = rng.uniform(-1, 1, (STEPS, *shape))
    case = {
        "subject": "optimizer",
        "optimizer": convert.optimizer(convert.representable(make())),
        "steps": STEPS,
        "weights": list(SHAPES),
        "no_decay": list(excluded),
    }
    single = case["optimizer"]["kind"] == "nadam"  # its 0.96 is float32 in Keras
    file.add_run(name, case, runner(make, excluded), given, single=single)


def add_cases(file):
    for i, (kind, arguments) in enumerate(KINDS):
        add(file, f"{kind.__name__}/{i}", lambda: kind(learning_rate=0.1, **arguments))
    for i, (arguments, excluded) in enumerate(AROUND):
        for kind, own in ((optimizers.SGD, dict(momentum=0.9)), (optimizers.Nadam, {})):

            def make():
                return kind(learning_rate=0.1, **own, **arguments)

            add(file, f"{kind.__name__}/around/{i}", make, excluded)
    for i, schedule in enumerate(SCHEDULES):
        for kind in (optimizers.SGD, optimizers.Adam):
            name = f"{kind.__name__}/schedule/{i}"
            add(file, name, lambda: kind(learning_rate=schedule()))
    accumulated = dict(gradient_accumulation_steps=2)
    add(
        file,
        "Adam/schedule/accumulated",
        lambda: optimizers.Adam(learning_rate=SCHEDULES[0](), **accumulated),
    )
