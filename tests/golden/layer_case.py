"""How a model is run for a case: values, gradients by inputs and weights, states afterwards."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

import convert


def build(layer, shapes, integers=False):
    """A layer behind inputs of these shapes, without rows, as a model."""
    convert.representable(layer)
    dtype = "int64" if integers else None
    inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
    single = inputs[0] if len(inputs) == 1 else inputs
    return keras.Model(single, layer(single))


def weights_of(model):
    """All weights by libnn's names."""
    pairs = [(layer, weight) for layer in model.layers for weight in layer.weights]
    return {convert.weight_name(layer, weight): weight for layer, weight in pairs}


def first_weights(model, rng, positive=("variance", "count")):
    """Random weights; variances are positive."""
    values = {}
    for name, weight in weights_of(model).items():
        value = rng.uniform(-1, 1, weight.shape)
        if any(name.endswith(end) for end in positive):
            value = np.abs(value) + 0.1
        values["weight/" + name] = value
    return values


def rounds_constants(layer):
    """Does Keras round numbers of this layer to float32, whatever it computes with? So do
    tf.nn.leaky_relu, tf.nn.gelu and tf.image.resize."""
    function = convert.activation(layer.activation) if hasattr(layer, "activation") else None
    bilinear = getattr(layer, "interpolation", None) == "bilinear"
    return function in ("leaky_relu", "gelu", "gelu_tanh") or bilinear


def cancellation(model, given, steps):
    """Keras normalizes by x s + (b - m s), s = g / sqrt(v + e). Where numbers lie close together, x s
    and m s are much larger than their difference, and so are their roundings; likewise in the
    gradients, where s stands once more."""
    layer = model.layers[-1]
    if not isinstance(layer, (layers.BatchNormalization, layers.LayerNormalization)):
        return {}
    x = given["x/0"].reshape(steps, -1, *given["x/0"].shape[1:])
    inner = layer.axis if isinstance(layer, layers.LayerNormalization) else range(1, x.ndim - 2)
    axes = [1 + axis % (x.ndim - 1) for axis in (inner if np.iterable(inner) else [inner])]
    axes += [1] if isinstance(layer, layers.BatchNormalization) else []
    scale = 1 / np.sqrt(np.min(x.var(axis=tuple(axes))) + layer.epsilon)
    gamma = np.max(np.abs(given.get(f"weight/{layer.name}/gamma", 1.0)))
    large, dy = np.max(np.abs(x)) * scale, np.max(np.abs(given.get("dy", 0.0)))
    return {"y": large * gamma, "dx": large * scale * gamma * dy, "dweight": large * dy}


class Runner:
    """run(given) for a model: given holds x/0, x/1, ... of steps times rows, dy, weight/NAME."""

    def __init__(self, model, steps=1, training=True, gradients=True, fixed=None):
        self.model, self.steps, self.training, self.gradients = model, steps, training, gradients
        self.fixed = fixed or {}
        # Does nothing in the model behave otherwise in training?
        other = (layers.BatchNormalization, layers.Dropout, layers.SpatialDropout2D)
        other += (layers.GaussianNoise,)
        self.same = training and not any(isinstance(part, other) for part in model.layers)
        self.call = tf.function(self._step) if steps > 1 else self._step

    def _inputs(self, given, step):
        inputs = []
        for i, tensor in enumerate(self.model.inputs):
            value = given[f"x/{i}"]
            rows = len(value) // self.steps
            inputs.append(tf.constant(value[step * rows : (step + 1) * rows], tensor.dtype))
        return inputs

    def _step(self, inputs, dy):
        with tf.GradientTape() as tape:
            sources = [x for x in inputs if x.dtype.is_floating]
            tape.watch(sources)
            y = self.model(inputs if len(inputs) > 1 else inputs[0], training=self.training)
            penalty = tf.add_n(self.model.losses) if self.model.losses else tf.zeros([], y.dtype)
            total = tf.reduce_sum(y * dy) + penalty if dy is not None else penalty
        variables = [w.value for w in self.model.trainable_weights]
        slopes = tape.gradient(total, sources + variables) if dy is not None else []
        return y, penalty, [tf.convert_to_tensor(s) if s is not None else None for s in slopes]

    def __call__(self, given):
        given = {**given, **self.fixed}
        weights = weights_of(self.model)
        for name, weight in weights.items():
            weight.assign(given["weight/" + name])
        values, dy = [], tf.constant(given["dy"], "float64") if self.gradients else None
        for step in range(self.steps):
            inputs = self._inputs(given, step)
            y, penalty, slopes = self.call(inputs, dy)
            values.append(y.numpy())
        result = {"y": np.concatenate(values)} if self.training else {}
        if self.model.losses:
            result["penalty"] = np.reshape(penalty.numpy(), [1])
        self._gradients(result, inputs, slopes)
        with_inputs = inputs if len(inputs) > 1 else inputs[0]
        if not self.same:
            result["inference/y"] = self.model(with_inputs, training=False).numpy()
        if self.training:
            for name, weight in weights.items():
                if not weight.trainable and name.split("/")[-1].startswith("moving"):
                    result["after/" + name] = np.array(weight)
        return result

    def _gradients(self, result, inputs, slopes):
        if not self.gradients:
            return
        sources = [(i, x) for i, x in enumerate(inputs) if x.dtype.is_floating]
        for (i, x), slope in zip(sources, slopes):
            result[f"dx/{i}"] = np.zeros(x.shape) if slope is None else slope.numpy()
        names = {id(weight): name for name, weight in weights_of(self.model).items()}
        for weight, slope in zip(self.model.trainable_weights, slopes[len(sources) :]):
            result["dweight/" + names[id(weight)]] = np.reshape(slope.numpy(), weight.shape)


def add(file, name, model, rows=3, steps=1, training=True, gradients=True, x=None, weights=None,
        dy=None, **how):
    """Adds a case for a model. x: one array per input in place of random ones; weights: values by
    libnn's names in place of random ones."""
    rng = file.random(name)
    given, fixed = {}, {}
    for i, tensor in enumerate(model.inputs):
        shape = (rows * steps, *tensor.shape[1:])
        value = rng.uniform(-2, 2, shape) if x is None else np.asarray(x[i])
        (fixed if value.dtype.kind in "iu" else given)[f"x/{i}"] = value
    given |= first_weights(model, rng)
    for key, value in (weights or {}).items():
        given["weight/" + key] = np.asarray(value, np.float64)
    if gradients:
        shape = (rows, *model.outputs[0].shape[1:])
        given["dy"] = rng.uniform(-1, 1, shape) if dy is None else np.asarray(dy, np.float64)
    run = Runner(model, steps, training, gradients, fixed)
    case = {
        "subject": "layer",
        "rows": rows,
        "steps": steps,
        "training": training,
        "model": convert.model(model),
        "inference": "y" if run.same else "inference/y",
    }
    how.setdefault("sizes", cancellation(model, given, steps))
    how.setdefault("single", any(rounds_constants(layer) for layer in model.layers))
    file.add_run(name, case, run, given, fixed=fixed, **how)
