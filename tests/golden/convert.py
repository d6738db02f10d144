"""Keras objects as libnn writes them into its files: {"kind": ..., "options": {...}}.

The one place that knows both sides' names. What libnn cannot express is an error here, so that no
case compares two different things.
"""
import keras
import numpy as np
from keras.optimizers.schedules import LearningRateSchedule as Schedule

# Arguments of Keras that say nothing about numbers here, or that a case gives otherwise.
SILENT = {"name", "trainable", "dtype", "data_format", "seed", "reduction", "built", "cropping"}
SILENT |= {"synchronized", "kernel_initializer", "bias_initializer", "beta_initializer"}
SILENT |= {"gamma_initializer", "moving_mean_initializer", "moving_variance_initializer"}
SILENT |= {"depthwise_initializer", "pointwise_initializer", "alpha_initializer"}
SILENT |= {"embeddings_initializer", "input_length", "loss_scale_factor", "jit_compile"}
SILENT |= {"renorm_momentum"}


def gelu_tanh(x):
    return keras.activations.gelu(x, approximate=True)


# libnn's names of the activations, and Keras's functions.
ACTIVATIONS = {
    "linear": keras.activations.linear,
    "relu": keras.activations.relu,
    "softmax": keras.activations.softmax,
    "sigmoid": keras.activations.sigmoid,
    "tanh": keras.activations.tanh,
    "leaky_relu": keras.activations.leaky_relu,
    "relu6": keras.activations.relu6,
    "elu": keras.activations.elu,
    "selu": keras.activations.selu,
    "softplus": keras.activations.softplus,
    "softsign": keras.activations.softsign,
    "exponential": keras.activations.exponential,
    "hard_sigmoid": keras.activations.hard_sigmoid,
    "log_sigmoid": keras.activations.log_sigmoid,
    "silu": keras.activations.silu,
    "hard_silu": keras.activations.hard_silu,
    "gelu": keras.activations.gelu,
    "gelu_tanh": gelu_tanh,
    "mish": keras.activations.mish,
}


def activation(function):
    for name, known in ACTIVATIONS.items():
        if function is known:
            return name
    raise ValueError(f"libnn has no activation {function}")


def regularizer(config):
    if config is None:
        return None
    known = {"L1": ("l1",), "L2": ("l2",), "L1L2": ("l1", "l2")}[config["class_name"]]
    return {k: config["config"][k] if k in known else 0 for k in ("l1", "l2")}


def pair(value):
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


def axes(value):
    return [value] if isinstance(value, int) else list(value)


def negated(value):
    return not value


def same(value):
    return value


def kept(*names):
    """Arguments that have the same name and the same values in libnn."""
    return {name: (name, same) for name in names}


def or_zero(value):
    return 0 if value is None else value


def representable(item):
    """Rounds the numbers of a Keras object to float32, in place, and returns it. Keras rounds some
    of them itself, also where it computes in float64 (the power of a beta, not the beta; the limit
    of a ReLU, not its slope), so that only such numbers mean the same everywhere."""
    for key, value in list(vars(item).items()):
        if isinstance(value, float):
            setattr(item, key, float(np.float32(value)))
        elif isinstance(value, list) and value and all(isinstance(n, float) for n in value):
            setattr(item, key, [float(np.float32(number)) for number in value])
        elif isinstance(value, keras.Regularizer):
            representable(value)
        elif isinstance(value, Schedule):
            in_double(representable(value))
    return item


def in_double(schedule):
    """A schedule computes in the type of its first rate, which is float32 where it is a number of
    Python's."""
    if hasattr(schedule, "initial_learning_rate"):
        schedule.initial_learning_rate = np.float64(schedule.initial_learning_rate)
    return schedule


def configuration(item):
    """The arguments of a Keras object, numbers as they are now."""
    config = {**item.get_config(), **getattr(item, "_fn_kwargs", {})}
    now = {key: getattr(item, key, None) for key in config}
    return {k: now[k] if isinstance(now[k], float) else v for k, v in config.items()}


def rounded(arguments):
    """The same for arguments."""
    return {k: float(np.float32(v)) if isinstance(v, float) else v for k, v in arguments.items()}


WINDOW = {"strides": ("strides", pair), "padding": ("padding", same)}
CONVOLUTION = WINDOW | {
    "kernel_size": ("kernel", pair),
    "dilation_rate": ("dilation", pair),
    "use_bias": ("no_bias", negated),
    "bias_regularizer": ("bias_regularizer", regularizer),
}
FILTERS = {"filters": ("filters", same), "kernel_regularizer": ("kernel_regularizer", regularizer)}
POOLING = WINDOW | {"pool_size": ("pool", pair)}
AFFINE = {
    "epsilon": ("epsilon", same),
    "center": ("no_center", negated),
    "scale": ("no_scale", negated),
    "beta_regularizer": ("beta_regularizer", regularizer),
    "gamma_regularizer": ("gamma_regularizer", regularizer),
}

# Keras's class: libnn's kind, and what the arguments are called there.
LAYERS = {
    "Conv2D": ("conv2d", CONVOLUTION | FILTERS | kept("groups")),
    "Conv2DTranspose": ("conv2d_transpose", CONVOLUTION | FILTERS),
    "DepthwiseConv2D": (
        "depthwise_conv2d",
        CONVOLUTION
        | {
            "depth_multiplier": ("depth_multiplier", same),
            "depthwise_regularizer": ("depthwise_regularizer", regularizer),
        },
    ),
    "SeparableConv2D": (
        "separable_conv2d",
        CONVOLUTION
        | {
            "filters": ("filters", same),
            "depth_multiplier": ("depth_multiplier", same),
            "depthwise_regularizer": ("depthwise_regularizer", regularizer),
            "pointwise_regularizer": ("pointwise_regularizer", regularizer),
        },
    ),
    "Dense": (
        "dense",
        {
            "units": ("units", same),
            "use_bias": ("no_bias", negated),
            "kernel_regularizer": ("kernel_regularizer", regularizer),
            "bias_regularizer": ("bias_regularizer", regularizer),
        },
    ),
    "MaxPooling2D": ("max_pooling2d", POOLING),
    "AveragePooling2D": ("average_pooling2d", POOLING),
    "GlobalAveragePooling2D": ("global_average_pooling2d", kept("keepdims")),
    "GlobalMaxPooling2D": ("global_max_pooling2d", kept("keepdims")),
    "UpSampling2D": (
        "up_sampling2d",
        {"size": ("size", pair), "interpolation": ("interpolation", same)},
    ),
    "ZeroPadding2D": ("zero_padding2d", {}),
    "Cropping2D": ("cropping2d", {}),
    "BatchNormalization": ("batch_normalization", AFFINE | kept("momentum")),
    "LayerNormalization": ("layer_normalization", AFFINE | {"axis": ("axis", axes)}),
    "Normalization": ("normalization", kept("invert")),
    "Dropout": ("dropout", kept("rate")),
    "SpatialDropout2D": ("spatial_dropout2d", kept("rate")),
    "GaussianNoise": ("gaussian_noise", kept("stddev")),
    "Flatten": ("flatten", {}),
    "Activation": ("activation", {}),
    "Identity": ("activation", {}),
    "Softmax": ("softmax", {}),
    "Rescaling": ("rescaling", kept("scale", "offset")),
    "ReLU": ("re_lu", kept("max_value", "negative_slope", "threshold")),
    "LeakyReLU": ("leaky_re_lu", kept("negative_slope")),
    "PReLU": (
        "p_re_lu",
        {
            "alpha_regularizer": ("alpha_regularizer", regularizer),
            "shared_axes": ("shared_axes", lambda value: axes(value or [])),
        },
    ),
    "ELU": ("elu", kept("alpha")),
    "Add": ("add", {}),
    "Subtract": ("subtract", {}),
    "Multiply": ("multiply", {}),
    "Average": ("average", {}),
    "Maximum": ("maximum", {}),
    "Minimum": ("minimum", {}),
    "Concatenate": ("concatenate", kept("axis")),
    "Reshape": ("reshape", {"target_shape": ("target_shape", list)}),
    "Permute": ("permute", {"dims": ("dims", list)}),
    "Embedding": (
        "embedding",
        {
            "input_dim": ("input_dim", same),
            "output_dim": ("output_dim", same),
            "embeddings_regularizer": ("embeddings_regularizer", regularizer),
        },
    ),
}


def says_nothing(value):
    return value is None or value is False or value in ((), [])


def _options(config, names, own, what):
    """The arguments in `names`, renamed, and those in `own`; any other one must say nothing."""
    options = dict(own)
    for key, value in config.items():
        if key in names:
            name, convert = names[key]
            options[name] = convert(value)
        elif key not in own and key not in SILENT and not says_nothing(value):
            raise ValueError(f"{what}: libnn has no {key}={value!r}")
    return options


def _borders(layer):
    config = layer.padding if isinstance(layer, keras.layers.ZeroPadding2D) else layer.cropping
    return {"rows": list(config[0]), "columns": list(config[1]), "padding": None}


def _own_options(layer):
    """What a configuration does not say in plain values."""
    own = {"name": layer.name}
    if isinstance(layer, (keras.layers.ZeroPadding2D, keras.layers.Cropping2D)):
        own |= _borders(layer)
    if isinstance(getattr(layer, "activation", None), object) and hasattr(layer, "activation"):
        own["activation"] = activation(layer.activation)
    if isinstance(layer, keras.layers.Identity):
        own["activation"] = "linear"
    if isinstance(layer, (keras.layers.Softmax, keras.layers.BatchNormalization)):
        assert layer.axis in (-1, 3), f"{layer.name}: libnn has the last axis only"
        own["axis"] = None
    if isinstance(layer, keras.layers.Conv2DTranspose):
        given = layer.get_config()["output_padding"]
        padding = [0, 0] if given is None else [p or -1 for p in pair(given)]
        own["output_padding"] = padding
    if isinstance(layer, keras.layers.Normalization):
        given = layer.get_config()
        own |= {"axis": axes(given["axis"] or []), "no_axis": not given["axis"]}
        own |= {"mean": given["mean"], "variance": given["variance"]}
    return own


def layer(layer):
    name = type(layer).__name__
    if name == "InputLayer":
        return {"kind": "input", "options": {"shape": list(layer.batch_shape[1:])}}
    kind, names = LAYERS[name]
    options = _options(configuration(layer), names, _own_options(layer), name)
    if kind in ("zero_padding2d", "cropping2d"):
        del options["padding"]
    if kind in ("softmax", "batch_normalization"):
        del options["axis"]
    if kind == "activation":
        options = {"activation": options["activation"], "name": options["name"]}
    return {"kind": kind, "options": options}


def model(model):
    """A functional model as the graph of lib/model/architecture.c."""
    numbers, nodes = {}, []
    layers = list(model.layers)
    inputs = [tensor._keras_history.operation for tensor in model.inputs]
    for item in inputs + [item for item in layers if item not in inputs]:
        parents = item._inbound_nodes[0].input_tensors if item not in inputs else []
        node = {
            "inputs": [numbers[id(t._keras_history.operation)] for t in parents],
            "layer": layer(item),
        }
        if not item.trainable:
            node["trainable"] = False
        numbers[id(item)] = len(nodes)
        nodes.append(node)
    outputs = [numbers[id(t._keras_history.operation)] for t in model.outputs]
    return {"nodes": nodes, "output": outputs[0]}


def weight_name(layer, weight):
    """libnn's name of a layer's weight, e.g. "conv2d/kernel"."""
    return f"{layer.name}/{weight.name}"


# ---- Losses, metrics, optimizers, schedules, initializers ----

CROSSENTROPY = kept("from_logits", "label_smoothing")
LOSSES = {
    "CategoricalCrossentropy": ("categorical_crossentropy", CROSSENTROPY),
    "BinaryCrossentropy": ("binary_crossentropy", CROSSENTROPY),
    "SparseCategoricalCrossentropy": (
        "sparse_categorical_crossentropy",
        kept("from_logits", "ignore_class"),
    ),
    "MeanSquaredError": ("mean_squared_error", {}),
    "MeanAbsoluteError": ("mean_absolute_error", {}),
    "MeanAbsolutePercentageError": ("mean_absolute_percentage_error", {}),
    "MeanSquaredLogarithmicError": ("mean_squared_logarithmic_error", {}),
    "Huber": ("huber", kept("delta")),
    "LogCosh": ("log_cosh", {}),
    "Poisson": ("poisson", {}),
    "KLDivergence": ("kl_divergence", {}),
    "CosineSimilarity": ("cosine_similarity", {}),
    "Hinge": ("hinge", {}),
    "SquaredHinge": ("squared_hinge", {}),
    "CategoricalHinge": ("categorical_hinge", {}),
}
HITS = {"thresholds": ("threshold", same), "top_k": ("top_k", or_zero)} | kept("class_id")
SCORE = kept("average", "threshold", "beta")
METRICS = {
    "Accuracy": ("accuracy", {}),
    "CategoricalAccuracy": ("accuracy", {}),
    "SparseCategoricalAccuracy": ("accuracy", {}),
    "BinaryAccuracy": ("binary_accuracy", kept("threshold")),
    "TopKCategoricalAccuracy": ("top_k_categorical_accuracy", kept("k")),
    "SparseTopKCategoricalAccuracy": ("top_k_categorical_accuracy", kept("k")),
    "Precision": ("precision", HITS),
    "Recall": ("recall", HITS),
    "F1Score": ("f1_score", {key: SCORE[key] for key in ("average", "threshold")}),
    "FBetaScore": ("fbeta_score", SCORE),
    "AUC": (
        "auc",
        kept("num_thresholds", "curve", "summation_method", "from_logits"),
    ),
    "MeanAbsoluteError": ("mean_absolute_error", {}),
    "MeanSquaredError": ("mean_squared_error", {}),
    "RootMeanSquaredError": ("root_mean_squared_error", {}),
}


def _object(item, table, own=()):
    name = type(item).__name__
    kind, names = table[name]
    return {"kind": kind, "options": _options(configuration(item), names, dict(own), name)}


def loss(item):
    # The last axis is the only one; a configuration that says so says nothing.
    own = {"axis": None} if item.get_config().get("axis", -1) == -1 else {}
    result = _object(item, LOSSES, own)
    result["options"].pop("axis", None)
    return result


def metric(item):
    result = _object(item, METRICS)
    result["options"]["name"] = "metric"
    return result


AROUND = {
    "weight_decay": ("weight_decay", or_zero),
    "clipnorm": ("clip_norm", or_zero),
    "clipvalue": ("clip_value", or_zero),
    "global_clipnorm": ("global_clip_norm", or_zero),
    "use_ema": ("use_ema", same),
    "ema_momentum": ("ema_momentum", same),
    "ema_overwrite_frequency": ("ema_overwrite_frequency", or_zero),
    "gradient_accumulation_steps": ("gradient_accumulation_steps", or_zero),
}
MOMENTS = AROUND | kept("beta_1", "beta_2", "epsilon")
AMSGRAD = MOMENTS | kept("amsgrad")
OPTIMIZERS = {
    "SGD": ("sgd", AROUND | kept("momentum", "nesterov")),
    "RMSprop": (
        "rmsprop",
        AROUND | kept("rho", "momentum", "epsilon", "centered"),
    ),
    "Adam": ("adam", AMSGRAD),
    "AdamW": ("adamw", AMSGRAD),
    "Adamax": ("adamax", MOMENTS),
    "Nadam": ("nadam", MOMENTS),
    "Adagrad": (
        "adagrad",
        AROUND | kept("initial_accumulator_value", "epsilon"),
    ),
    "Lion": ("lion", AROUND | kept("beta_1", "beta_2")),
}


def optimizer(item):
    result = _object(item, OPTIMIZERS, {"learning_rate": None})
    rate = item._learning_rate
    if isinstance(rate, Schedule):
        result["options"] |= {"learning_rate": 0.0, "schedule": schedule(rate)}
    else:
        result["options"]["learning_rate"] = float(rate)
    return result


DECAY = kept("initial_learning_rate", "decay_steps", "decay_rate")
DECAY |= kept("staircase")
SCHEDULES = {
    "PiecewiseConstantDecay": (
        "piecewise_constant_decay",
        {"boundaries": ("boundaries", list), "values": ("values", list)},
    ),
    "ExponentialDecay": ("exponential_decay", DECAY),
    "InverseTimeDecay": ("inverse_time_decay", DECAY),
    "PolynomialDecay": (
        "polynomial_decay",
        kept("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"),
    ),
    "CosineDecay": (
        "cosine_decay",
        {
            "initial_learning_rate": ("initial_learning_rate", same),
            "decay_steps": ("decay_steps", same),
            "alpha": ("alpha", same),
            "warmup_target": ("warmup_target", or_zero),
            "warmup_steps": ("warmup_steps", same),
        },
    ),
    "CosineDecayRestarts": (
        "cosine_decay_restarts",
        kept("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"),
    ),
}


def schedule(item):
    return _object(in_double(representable(item)), SCHEDULES)


INITIALIZERS = {
    "Zeros": ("zeros", None),
    "Ones": ("ones", None),
    "Constant": ("constant", "value"),
    "GlorotUniform": ("glorot_uniform", None),
    "GlorotNormal": ("glorot_normal", None),
    "HeUniform": ("he_uniform", None),
    "HeNormal": ("he_normal", None),
    "LecunUniform": ("lecun_uniform", None),
    "LecunNormal": ("lecun_normal", None),
    "Orthogonal": ("orthogonal", "gain"),
    "RandomNormal": ("random_normal", "stddev"),
    "TruncatedNormal": ("truncated_normal", "stddev"),
    "RandomUniform": ("random_uniform", "maxval"),
}


def initializer(item):
    kind, argument = INITIALIZERS[type(item).__name__]
    config = item.get_config()
    assert config.get("mean", 0) == 0 and config.get("minval", -1) in (-1, -config.get("maxval", 1))
    return kind if argument is None else {"kind": kind, "value": config[argument]}
