"""Losses: of each row, of a batch with and without weights, and their gradients."""
import keras
import numpy as np
import tensorflow as tf
from keras import activations, losses
from keras.src.trainers.data_adapters import data_adapter_utils

import convert

ACTIVATIONS = {None: None, "softmax": activations.softmax, "sigmoid": activations.sigmoid}

# What targets and predictions look like.
ANY, POSITIVE, PROBABILITY, ONE_HOT, CLASSES, SIGNS, BITS, CERTAIN, FAR = range(9)

# Loss, arguments, targets, predictions, activation behind which the loss stands.
CASES = [
    (losses.MeanSquaredError, {}, ANY, ANY, None),
    (losses.MeanAbsoluteError, {}, ANY, ANY, None),
    (losses.MeanAbsolutePercentageError, {}, ANY, ANY, None),
    (losses.MeanSquaredLogarithmicError, {}, POSITIVE, POSITIVE, None),
    (losses.Huber, {}, ANY, ANY, None),
    (losses.Huber, dict(delta=0.375), ANY, ANY, None),
    (losses.LogCosh, {}, ANY, ANY, None),
    (losses.Poisson, {}, POSITIVE, POSITIVE, None),
    (losses.KLDivergence, {}, PROBABILITY, PROBABILITY, None),
    (losses.CosineSimilarity, {}, ANY, ANY, None),
    (losses.Hinge, {}, SIGNS, ANY, None),
    (losses.Hinge, {}, BITS, ANY, None),
    (losses.SquaredHinge, {}, SIGNS, ANY, None),
    (losses.SquaredHinge, {}, BITS, ANY, None),
    (losses.CategoricalHinge, {}, ONE_HOT, ANY, None),
    (losses.BinaryCrossentropy, {}, BITS, PROBABILITY, None),
    (losses.BinaryCrossentropy, {}, BITS, ANY, "sigmoid"),
    (losses.BinaryCrossentropy, dict(from_logits=True), BITS, ANY, None),
    (losses.BinaryCrossentropy, dict(label_smoothing=0.2), BITS, ANY, "sigmoid"),
    (losses.BinaryCrossentropy, dict(label_smoothing=0.1), BITS, PROBABILITY, None),
    (losses.CategoricalCrossentropy, {}, ONE_HOT, PROBABILITY, None),
    (losses.CategoricalCrossentropy, {}, ONE_HOT, ANY, "softmax"),
    (losses.CategoricalCrossentropy, {}, PROBABILITY, ANY, "softmax"),
    (losses.CategoricalCrossentropy, dict(from_logits=True), ONE_HOT, ANY, None),
    (losses.CategoricalCrossentropy, dict(label_smoothing=0.1), ONE_HOT, ANY, "softmax"),
    (losses.CategoricalCrossentropy, dict(label_smoothing=0.3), ONE_HOT, PROBABILITY, None),
    (losses.SparseCategoricalCrossentropy, {}, CLASSES, PROBABILITY, None),
    (losses.SparseCategoricalCrossentropy, {}, CLASSES, ANY, "softmax"),
    (losses.SparseCategoricalCrossentropy, dict(from_logits=True), CLASSES, ANY, None),
    (losses.SparseCategoricalCrossentropy, dict(ignore_class=1), CLASSES, PROBABILITY, None),
    (
        losses.SparseCategoricalCrossentropy,
        dict(ignore_class=2, from_logits=True),
        CLASSES,
        ANY,
        None,
    ),
]
# Predictions at 0, at 1 and within what Keras clips; logits far out.
CORNERS = [
    (losses.BinaryCrossentropy, {}, BITS, FAR, "sigmoid"),
    (losses.CategoricalCrossentropy, {}, ONE_HOT, CERTAIN, None),
    (losses.CategoricalCrossentropy, {}, ONE_HOT, FAR, "softmax"),
    (losses.SparseCategoricalCrossentropy, {}, CLASSES, CERTAIN, None),
    (losses.SparseCategoricalCrossentropy, dict(ignore_class=0), CLASSES, CERTAIN, None),
    (losses.SparseCategoricalCrossentropy, {}, CLASSES, FAR, "softmax"),
    (losses.KLDivergence, {}, CERTAIN, PROBABILITY, None),
    (losses.KLDivergence, {}, PROBABILITY, CERTAIN, None),
    (losses.Poisson, {}, POSITIVE, CERTAIN, None),
    (losses.MeanAbsolutePercentageError, {}, CERTAIN, ANY, None),
    (losses.MeanSquaredLogarithmicError, {}, CERTAIN, CERTAIN, None),
    (losses.LogCosh, {}, FAR, ANY, None),
]
# 1 - 1e-7, where Keras clips, is another number in float32: the loss ends at 15.94, not at 16.12.
CLIPPED = [
    (losses.BinaryCrossentropy, {}, BITS, CERTAIN, None),
    (losses.BinaryCrossentropy, dict(label_smoothing=0.1), BITS, CERTAIN, None),
]
SHAPES = [((5,), 4), ((1, 3, 4), 3)]


def numbers(rng, look, shape):
    if look == ANY:
        return rng.uniform(-2, 2, shape)
    if look == POSITIVE:
        return rng.uniform(0.1, 3, shape)
    if look == PROBABILITY:
        return rng.uniform(0.02, 0.98, shape)
    if look == ONE_HOT:
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    if look == CERTAIN:
        return rng.choice([0.0, 2.0**-30, 2.0**-10, 0.25, 0.5, 1.0], shape)
    if look == FAR:
        return rng.uniform(-60, 60, shape)
    if look == CLASSES:
        return rng.integers(0, shape[-1], shape[0])
    return rng.integers(0, 2, shape) * (2.0 if look == SIGNS else 1.0) - (look == SIGNS)


def runner(loss, arguments, activation, classes, weighted):
    """run(given): the losses of rows, the loss of the batch, its gradient by x."""

    def run(given):
        of_rows, of_batch = loss(reduction=None, **arguments), loss(**arguments)
        dtype = keras.backend.floatx()
        x = tf.constant(given["x/0"], dtype)
        y = tf.constant(given["targets"], dtype) if classes is None else tf.constant(classes)
        weights = given.get("sample_weight")
        if weights is not None:  # one for each row, whatever its axes
            weights = weights.reshape(-1, *[1] * max(len(x.shape) - 2, 0))
        if weighted == "class":
            table = dict(enumerate(given["class_weight"]))
            weights = data_adapter_utils.class_weight_to_sample_weights(y.numpy(), table)
        with tf.GradientTape() as tape:
            tape.watch(x)
            prediction = ACTIVATIONS[activation](x) if activation else x
            total = of_batch(y, prediction, sample_weight=weights)
        result = {"loss": np.reshape(total.numpy(), [1])}
        result["gradient"] = tape.gradient(total, x).numpy()
        if "ignore_class" not in arguments and weights is None:
            rows = of_rows(y, ACTIVATIONS[activation](x) if activation else x).numpy()
            result["losses"] = rows.reshape(len(rows), -1).mean(axis=1)
        return result

    return run


def add(file, name, row, shape, rows, weighted=None, **how):
    loss, arguments, targets, predictions, activation = row
    arguments = convert.rounded(arguments)
    rng = file.random(name)
    given = {"x/0": numbers(rng, predictions, (rows, *shape))}
    y, fixed = numbers(rng, targets, (rows, *shape)), {}
    if targets == CLASSES:
        fixed["targets"] = y
    else:
        given["targets"] = y
    if weighted == "sample":
        given["sample_weight"] = rng.uniform(0, 2, rows)
    if weighted == "class":
        given["class_weight"] = rng.uniform(0.5, 3, shape[-1])
    case = {
        "subject": "loss",
        "rows": rows,
        "loss": convert.loss(loss(**arguments)),
        "activation": activation,
    }
    run = runner(loss, arguments, activation, fixed.get("targets"), weighted)
    # Targets that are whole numbers stay whole: several losses ask which ones they are.
    # The log 2 of the one and the 1e-7 of the other are float32.
    how["single"] = loss in (losses.LogCosh, losses.MeanSquaredLogarithmicError)
    whole = targets in (ONE_HOT, SIGNS, BITS)
    file.add_run(name, case, run, given, fixed=fixed, unmoved={"targets"} if whole else (), **how)


def add_cases(file):
    for i, row in enumerate(CORNERS):
        add(file, f"{row[0].__name__}/corners/{i}", row, (4,), 6)
    for i, row in enumerate(CLIPPED):
        add(file, f"{row[0].__name__}/clipped/{i}", row, (4,), 6, floatx="float32")
    for i, row in enumerate(CASES):
        for shape, rows in SHAPES:
            if row[2] == CLASSES and len(shape) > 1:
                continue
            name = f"{row[0].__name__}/{i}/" + "x".join(map(str, shape))
            add(file, name, row, shape, rows)
        name = f"{row[0].__name__}/{i}/sample_weight"
        shape = (6,) if row[2] == CLASSES or i % 2 else (3, 2)
        add(file, name, row, shape, 5, weighted="sample")
        if row[2] in (CLASSES, ONE_HOT):
            name = f"{row[0].__name__}/{i}/class_weight"
            add(file, name, row, (3,), 7, weighted="class")
