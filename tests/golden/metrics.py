"""Metrics: their results after each of several batches, with and without weights of rows."""
import keras
import numpy as np
from keras import metrics

import convert
from losses import ANY, BITS, CLASSES, ONE_HOT, PROBABILITY, numbers

# Metric, arguments, targets, predictions, shape of a prediction.
CASES = [
    (metrics.CategoricalAccuracy, {}, ONE_HOT, PROBABILITY, (4,)),
    (metrics.CategoricalAccuracy, {}, ONE_HOT, PROBABILITY, (3, 4)),
    (metrics.SparseCategoricalAccuracy, {}, CLASSES, PROBABILITY, (4,)),
    (metrics.BinaryAccuracy, {}, BITS, PROBABILITY, (1,)),
    (metrics.BinaryAccuracy, dict(threshold=0.3), BITS, PROBABILITY, (5,)),
    (metrics.TopKCategoricalAccuracy, dict(k=2), ONE_HOT, PROBABILITY, (6,)),
    (metrics.SparseTopKCategoricalAccuracy, dict(k=3), CLASSES, PROBABILITY, (7,)),
    (metrics.TopKCategoricalAccuracy, {}, ONE_HOT, PROBABILITY, (9,)),
    (metrics.Precision, {}, BITS, PROBABILITY, (1,)),
    (metrics.Precision, dict(thresholds=0.4), BITS, PROBABILITY, (3,)),
    (metrics.Precision, dict(top_k=2), ONE_HOT, PROBABILITY, (5,)),
    (metrics.Precision, dict(class_id=1), ONE_HOT, PROBABILITY, (3,)),
    (metrics.Precision, dict(class_id=2, top_k=2), ONE_HOT, PROBABILITY, (4,)),
    (metrics.Recall, {}, BITS, PROBABILITY, (1,)),
    (metrics.Recall, dict(thresholds=0.7), BITS, PROBABILITY, (3,)),
    (metrics.Recall, dict(top_k=2), ONE_HOT, PROBABILITY, (5,)),
    (metrics.Recall, dict(class_id=0), ONE_HOT, PROBABILITY, (3,)),
    (metrics.F1Score, dict(average="macro"), ONE_HOT, PROBABILITY, (3,)),
    (metrics.F1Score, dict(average="micro", threshold=0.5), BITS, PROBABILITY, (4,)),
    (metrics.F1Score, dict(average="weighted"), ONE_HOT, PROBABILITY, (4,)),
    (metrics.FBetaScore, dict(average="macro", beta=2.0), ONE_HOT, PROBABILITY, (3,)),
    (metrics.FBetaScore, dict(average="weighted", threshold=0.4), BITS, PROBABILITY, (3,)),
    (metrics.FBetaScore, dict(average="micro", beta=0.5), ONE_HOT, PROBABILITY, (3,)),
    (metrics.AUC, {}, BITS, PROBABILITY, (1,)),
    (metrics.AUC, dict(num_thresholds=7, curve="PR"), BITS, PROBABILITY, (1,)),
    (metrics.AUC, dict(num_thresholds=12, summation_method="minoring"), BITS, PROBABILITY, (2,)),
    (metrics.AUC, dict(num_thresholds=12, summation_method="majoring"), BITS, PROBABILITY, (1,)),
    (metrics.AUC, dict(curve="PR", summation_method="majoring"), BITS, PROBABILITY, (1,)),
    (metrics.AUC, dict(from_logits=True, num_thresholds=50), BITS, ANY, (1,)),
    (metrics.MeanAbsoluteError, {}, ANY, ANY, (3,)),
    (metrics.MeanSquaredError, {}, ANY, ANY, (2, 3)),
    (metrics.RootMeanSquaredError, {}, ANY, ANY, (4,)),
]
# Predictions of few different values: several are the largest one, or equal to a threshold.
TIES = [
    (metrics.CategoricalAccuracy, {}, ONE_HOT, (4,)),
    (metrics.SparseCategoricalAccuracy, {}, CLASSES, (4,)),
    (metrics.BinaryAccuracy, {}, BITS, (3,)),
    (metrics.TopKCategoricalAccuracy, dict(k=2), ONE_HOT, (5,)),
    (metrics.SparseTopKCategoricalAccuracy, dict(k=3), CLASSES, (6,)),
    (metrics.Precision, {}, BITS, (2,)),
    (metrics.Precision, dict(top_k=2), ONE_HOT, (5,)),
    (metrics.Recall, dict(thresholds=0.25), BITS, (2,)),
    (metrics.F1Score, dict(average="macro"), ONE_HOT, (3,)),
    (metrics.F1Score, dict(average="micro", threshold=0.5), BITS, (3,)),
    (metrics.AUC, dict(num_thresholds=5), BITS, (1,)),
    (metrics.AUC, dict(num_thresholds=9, curve="PR"), BITS, (1,)),
]
BATCH, ROWS = 6, 15  # the last batch is short


# TensorFlow's in_top_k takes float32 only.
SINGLE = {metrics.TopKCategoricalAccuracy, metrics.SparseTopKCategoricalAccuracy}


def runner(metric, arguments, classes):
    def run(given):
        keras.backend.set_floatx("float32" if metric in SINGLE else "float64")
        judge, results = metric(**arguments), []
        y = given["targets"] if classes is None else classes
        x = given["x/0"].astype(keras.backend.floatx())
        for at in range(0, ROWS, BATCH):
            part = slice(at, at + BATCH)
            weights = given["sample_weight"][part] if "sample_weight" in given else None
            judge.update_state(y[part], x[part], sample_weight=weights)
            results.append(float(judge.result()))
        keras.backend.set_floatx("float64")
        return {"results": np.array(results)}

    return run


def add(file, name, row, weighted=False, ties=False):
    metric, arguments, targets, predictions, shape = row
    arguments = convert.rounded(arguments)
    rng = file.random(name)
    given, fixed = {"x/0": numbers(rng, predictions, (ROWS, *shape))}, {}
    (fixed if targets == CLASSES else given)["targets"] = numbers(rng, targets, (ROWS, *shape))
    if ties:
        given["x/0"] = rng.integers(0, 5, (ROWS, *shape)) / 4
    if weighted:
        given["sample_weight"] = rng.uniform(0, 2, ROWS)
    case = {
        "subject": "metric",
        "batch": BATCH,
        "shape": list(shape),
        "metric": convert.metric(metric(**arguments)),
    }
    run = runner(metric, arguments, fixed.get("targets"))
    unmoved = {"targets"} if targets != ANY else set()
    unmoved |= {"x/0"} if ties else set()
    single = metric in SINGLE
    file.add_run(name, case, run, given, fixed=fixed, unmoved=unmoved, single=single)


def add_cases(file):
    for i, (metric, arguments, targets, shape) in enumerate(TIES):
        row = (metric, arguments, targets, ANY, shape)
        add(file, f"{metric.__name__}/ties/{i}", row, ties=True)
    for i, row in enumerate(CASES):
        for weighted in (False, True):
            add(file, f"{row[0].__name__}/{i}" + ("/weighted" if weighted else ""), row, weighted)
