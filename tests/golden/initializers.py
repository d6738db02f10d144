"""Initializers: large weights drawn by Keras, whose distribution libnn's must share."""
import numpy as np
from keras import initializers, layers
from keras.src.initializers.random_initializers import compute_fans

import convert
import layer_case

SAMPLE = 64  # numbers kept of a weight, spread evenly over the sorted ones

# How a scaled initializer is made: variance times fan, the fan, uniform.
SCALED = {
    "GlorotUniform": (1, "mean", True),
    "GlorotNormal": (1, "mean", False),
    "HeUniform": (2, "in", True),
    "HeNormal": (2, "in", False),
    "LecunUniform": (1, "in", True),
    "LecunNormal": (1, "in", False),
}
CUT_DEVIATION = 0.87962566103423978  # of a normal distribution cut at two deviations

KINDS = [
    lambda: initializers.Zeros(),
    lambda: initializers.Ones(),
    lambda: initializers.Constant(0.25),
    lambda: initializers.GlorotUniform(),
    lambda: initializers.GlorotNormal(),
    lambda: initializers.HeUniform(),
    lambda: initializers.HeNormal(),
    lambda: initializers.LecunUniform(),
    lambda: initializers.LecunNormal(),
    lambda: initializers.RandomNormal(),
    lambda: initializers.RandomNormal(stddev=0.5),
    lambda: initializers.TruncatedNormal(),
    lambda: initializers.TruncatedNormal(stddev=2.0),
    lambda: initializers.RandomUniform(),
    lambda: initializers.RandomUniform(minval=-0.75, maxval=0.75),
]
ORTHOGONAL = [
    lambda: initializers.Orthogonal(),
    lambda: initializers.Orthogonal(gain=1.5),
]


def behind(layer, shape):
    return layer_case.build(layer, [shape])


# Models whose weight "layer/kernel" is drawn. The fans of each are counted otherwise.
MODELS = [
    ("dense", lambda i: behind(layers.Dense(120, kernel_initializer=i, name="layer"), (90,))),
    (
        "conv2d",
        lambda i: behind(layers.Conv2D(48, (3, 5), kernel_initializer=i, name="layer"), (9, 9, 16)),
    ),
    (
        "conv2d_groups",
        lambda i: behind(
            layers.Conv2D(64, 3, groups=4, kernel_initializer=i, name="layer"), (9, 9, 64)
        ),
    ),
    (
        "depthwise_conv2d",
        lambda i: behind(
            layers.DepthwiseConv2D(5, depth_multiplier=4, depthwise_initializer=i, name="layer"),
            (9, 9, 96),
        ),
    ),
    (
        "conv2d_transpose",
        lambda i: behind(
            layers.Conv2DTranspose(24, 3, kernel_initializer=i, name="layer"), (9, 9, 40)
        ),
    ),
]


def limit(initializer, shape):
    """The largest size that a number can have; None where there is none."""
    name = type(initializer).__name__
    if name in SCALED:
        scale, which, uniform = SCALED[name]
        fan_in, fan_out = compute_fans(shape)
        variance = scale / max(1, fan_in if which == "in" else (fan_in + fan_out) / 2)
        return np.sqrt(3 * variance) if uniform else 2 * np.sqrt(variance) / CUT_DEVIATION
    if name == "TruncatedNormal":
        return 2 * initializer.stddev
    if name == "RandomUniform":
        return initializer.maxval
    return None


def check(name, values, most):
    """Keras itself keeps to its formula: numbers reach close to the limit, and not beyond."""
    if most is not None:
        largest = np.max(np.abs(values))
        assert most * (1 - 92 / values.size) <= largest <= most * (1 + 1e-6), (name, largest, most)


def describe(model, initializer):
    graph = convert.model(model)
    options = graph["nodes"][-1]["layer"]["options"]
    depthwise = graph["nodes"][-1]["layer"]["kind"] == "depthwise_conv2d"
    key = "depthwise_initializer" if depthwise else "kernel_initializer"
    options[key] = convert.initializer(initializer)
    return graph


def add(file, name, build, initializer, orthogonal):
    model = build(initializer)
    weight = np.array(model.get_layer("layer").kernel, np.float64)
    case = {"subject": "initializer", "model": describe(model, initializer)}
    case["weight"] = "layer/kernel"
    if orthogonal:
        case["gain"] = initializer.gain
        side = weight.reshape(-1, weight.shape[-1]) / initializer.gain
        gram = side.T @ side if side.shape[0] >= side.shape[1] else side @ side.T
        assert np.max(np.abs(gram - np.eye(len(gram)))) < 1e-5, name
    most = limit(initializer, weight.shape)
    check(name, weight, most)
    values = np.sort(weight.ravel())
    apart = values - values.mean()
    case |= {"limit": most, "constant": bool(np.ptp(values) == 0), "count": values.size}
    case |= {"mean": values.mean(), "variance": (apart**2).mean(), "fourth": (apart**4).mean()}
    places = np.linspace(0, values.size - 1, min(SAMPLE, values.size)).round().astype(int)
    file.add(name, case, {"sample": values[places].astype(np.float32)}, {}, {})


def add_cases(file):
    for name, build in MODELS:
        for i, make in enumerate(KINDS if name != "conv2d_groups" else KINDS[3:9]):
            initializer = make()
            add(file, f"{name}/{type(initializer).__name__}/{i}", build, initializer, False)
        for i, make in enumerate(ORTHOGONAL if name != "conv2d_groups" else []):
            add(file, f"{name}/Orthogonal/{i}", build, make(), True)
