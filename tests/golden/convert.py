"""Keras objects as libnn writes them into its files: {"kind": ..., "options": {...}}.

The one place that knows both sides' names. What libnn cannot express is an error here, so that no
case compares two different things.
"""
import keras

# Arguments of Keras that say nothing about numbers here, or that a case gives otherwise.
SILENT = {"name", "trainable", "dtype", "data_format", "seed", "reduction", "built", "cropping"}
SILENT |= {"synchronized", "kernel_initializer", "bias_initializer", "beta_initializer"}
SILENT |= {"gamma_initializer", "moving_mean_initializer", "moving_variance_initializer"}
SILENT |= {"depthwise_initializer", "pointwise_initializer", "alpha_initializer"}
SILENT |= {"embeddings_initializer", "input_length", "loss_scale_factor", "jit_compile"}


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


def or_zero(value):
    return 0 if value is None else value


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
    "Conv2D": ("conv2d", CONVOLUTION | FILTERS | {"groups": ("groups", same)}),
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
    "GlobalAveragePooling2D": ("global_average_pooling2d", {"keepdims": ("keepdims", same)}),
    "GlobalMaxPooling2D": ("global_max_pooling2d", {"keepdims": ("keepdims", same)}),
    "UpSampling2D": (
        "up_sampling2d",
        {"size": ("size", pair), "interpolation": ("interpolation", same)},
    ),
    "ZeroPadding2D": ("zero_padding2d", {}),
    "Cropping2D": ("cropping2d", {}),
    "BatchNormalization": ("batch_normalization", AFFINE | {"momentum": ("momentum", same)}),
    "LayerNormalization": ("layer_normalization", AFFINE | {"axis": ("axis", axes)}),
    "Normalization": ("normalization", {"invert": ("invert", same)}),
    "Dropout": ("dropout", {"rate": ("rate", same)}),
    "SpatialDropout2D": ("spatial_dropout2d", {"rate": ("rate", same)}),
    "GaussianNoise": ("gaussian_noise", {"stddev": ("stddev", same)}),
    "Flatten": ("flatten", {}),
    "Activation": ("activation", {}),
    "Identity": ("activation", {}),
    "Softmax": ("softmax", {}),
    "Rescaling": ("rescaling", {"scale": ("scale", same), "offset": ("offset", same)}),
    "ReLU": (
        "re_lu",
        {
            "max_value": ("max_value", same),
            "negative_slope": ("negative_slope", same),
            "threshold": ("threshold", same),
        },
    ),
    "LeakyReLU": ("leaky_re_lu", {"negative_slope": ("negative_slope", same)}),
    "PReLU": (
        "p_re_lu",
        {
            "alpha_regularizer": ("alpha_regularizer", regularizer),
            "shared_axes": ("shared_axes", lambda value: axes(value or [])),
        },
    ),
    "ELU": ("elu", {"alpha": ("alpha", same)}),
    "Add": ("add", {}),
    "Subtract": ("subtract", {}),
    "Multiply": ("multiply", {}),
    "Average": ("average", {}),
    "Maximum": ("maximum", {}),
    "Minimum": ("minimum", {}),
    "Concatenate": ("concatenate", {"axis": ("axis", same)}),
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


def _options(config, names, own, what):
    """The arguments in `names`, renamed, and those in `own`; any other one must say nothing."""
    options = dict(own)
    for key, value in config.items():
        if key in names:
            name, convert = names[key]
            options[name] = convert(value)
        elif key not in own and key not in SILENT and value not in (None, False, 1.0, (), []):
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
        own |= {"axis": axes([] if given["axis"] is None else given["axis"])}
        own |= {"no_axis": given["axis"] is None}
        own |= {"mean": given["mean"], "variance": given["variance"]}
    return own


def layer(layer):
    name = type(layer).__name__
    if name == "InputLayer":
        return {"kind": "input", "options": {"shape": list(layer.batch_shape[1:])}}
    kind, names = LAYERS[name]
    options = _options(layer.get_config(), names, _own_options(layer), name)
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
