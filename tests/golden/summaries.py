"""Summaries, to the byte: the networks of examples/, and what is hard to lay out.

Those of examples/ stand in files of their own, for the eye: summary_NAME.txt.
"""

import contextlib
import io
import json
import os

import keras
import numpy as np
from keras import layers

import convert

# ---- Models ----


def conv(name, dropout):
    drop = [layers.Dropout(0.5)] if dropout else []
    head = [layers.Dense(100, activation="relu"), layers.Dense(10, activation="softmax")]
    picture = layers.Conv2D(10, (3, 3), activation="relu", padding="same")
    start = [keras.Input((32, 32, 3)), picture, layers.MaxPooling2D((2, 2)), layers.Flatten()]
    return keras.Sequential(start + drop + head, name=name)


def deep():
    chain = [keras.Input((32, 32, 3))]
    for filters in (32, 64, 128):
        chain += [
            layers.Conv2D(filters, (3, 3), activation="relu", padding="same"),
            layers.BatchNormalization(),
            layers.MaxPooling2D((2, 2)),
            layers.Dropout(0.25),
        ]
    chain += [layers.Flatten(), layers.Dense(256, activation="relu"), layers.BatchNormalization()]
    return keras.Sequential(
        chain + [layers.Dropout(0.5), layers.Dense(10, activation="softmax")], name="deep"
    )


def small():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(3)]
    )


def dense():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3)])


def odd_names():
    """Names that do not fit, that are broken at blanks, or look like markup."""
    names = [
        "a_name_of_more_than_forty_characters_without_a_blank",
        "two words and then_a_very_long_one",
        "größe",
        "[bold]not markup[",
        "x",
        "a_name_that_is_as_long_as_the_col",
    ]
    chain = [layers.Dense(units, name=name) for units, name in zip((3, 700, 20, 1, 1, 2), names)]
    return keras.Sequential([keras.Input((2, 3))] + chain, name='with a "name" [red]')


def wide():
    """Numbers with several commas, large sizes."""
    return keras.Sequential(
        [keras.Input((1000,)), layers.Dense(2047), layers.Dense(1025, use_bias=False)]
    )


def many_axes():
    return keras.Sequential(
        [
            keras.Input((12, 10, 6)),
            layers.Reshape((2, 3, 4, 5, 6)),
            layers.Activation("relu"),
            layers.Flatten(),
            layers.Dense(1),
            layers.Activation("sigmoid"),
        ]
    )


def frozen():
    model = small()
    model.layers[0].trainable = False
    model.layers[1].trainable = False
    return model


def residual():
    x = keras.Input((8, 8, 3), name="picture")
    a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    s = layers.Conv2D(4, 1)(a)
    b = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(a))
    y = layers.Activation("relu")(layers.Add()([b, s, a]))
    return keras.Model(
        x, layers.Dense(5, activation="softmax")(layers.Flatten()(y)), name="residual"
    )


def several():
    a, b = keras.Input((5,), name="left"), keras.Input((3,), name="right")
    h = layers.Dense(4, activation="relu")(a)
    both = layers.Concatenate()([layers.Dense(4)(b), h])
    value = layers.Dense(1, name="value_of_a_long_name_that_will_not_fit")(layers.Dense(7)(both))
    return keras.Model([a, b], [layers.Dense(3, name="label")(h), value], name="several")


def random_graph(rng):
    """Layers of one width, each reading one or more of those before it; all lead to the output."""
    nodes = [keras.Input((6,))]
    unread = set(range(1))
    for i in range(1, int(rng.integers(6, 11))):
        count = int(rng.integers(1, 4))
        reads = [int(k) for k in rng.choice(i, size=min(count, i), replace=False)]
        tensors = [nodes[k] for k in reads]
        if len(tensors) == 1:
            kind = rng.choice(["dense", "norm", "relu"])
            layer = {
                "dense": lambda: layers.Dense(6),
                "norm": layers.BatchNormalization,
                "relu": lambda: layers.Activation("relu"),
            }[kind]()
            nodes.append(layer(tensors[0]))
        else:
            nodes.append(rng.choice([layers.Add, layers.Maximum, layers.Average])()(tensors))
        unread = (unread - set(reads)) | {i}
    ends = [nodes[k] for k in sorted(unread)]
    y = layers.Concatenate()(ends) if len(ends) > 1 else ends[0]
    return keras.Model(nodes[0], layers.Dense(2)(y), name="random")


# ---- Summaries ----


def brief(kind):
    """The same object without options that say what is so anyway."""
    options = kind["options"].items()
    said = {key: value for key, value in options if value not in (None, False, "linear")}
    return kind | {"options": said}


def architecture(model, rng):
    """The model as libnn reads it; layers in any order that their inputs allow."""
    waiting = list(model.layers)
    places, nodes = {}, []

    def parents(layer):
        return [t._keras_history.operation for t in layer._inbound_nodes[0].input_tensors]

    ends = [tensor._keras_history.operation for tensor in model.outputs]
    inputs = [tensor._keras_history.operation for tensor in model.inputs]
    waiting = [layer for layer in waiting if layer not in inputs]
    order = list(inputs)
    while waiting:
        ready = [layer for layer in waiting if all(p in order for p in parents(layer))]
        order.append(ready[int(rng.integers(len(ready)))])
        waiting.remove(order[-1])
    for layer in order:
        kind = convert.layer(layer)
        kind["options"]["name"] = layer.name
        node = {
            "inputs": [] if layer in inputs else [places[id(p)] for p in parents(layer)],
            "layer": brief(kind),
        }
        if not layer.trainable:
            node["trainable"] = False
        places[id(layer)] = len(nodes)
        nodes.append(node)
    outputs = [places[id(end)] for end in ends]
    graph = {"name": model.name, "seed": 0, "nodes": nodes}
    graph |= {"output": outputs[0]} if len(outputs) == 1 else {"outputs": outputs}
    return json.dumps(graph, separators=(",", ":"), ensure_ascii=False)


def summary(model, **options):
    stream = io.StringIO()
    old = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(options["line_length"] + 20)  # of the terminal, which cuts lines
    try:
        with contextlib.redirect_stdout(stream):
            model.summary(**options)
    finally:
        if old is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = old
    return stream.getvalue()


def add_summary(
    file, name, model, optimizer=None, line_length=88, show_trainable=False, apart=False
):
    """With an optimizer: after one step of training, when its variables are counted, too."""
    case = {
        "subject": "summary",
        "architecture": architecture(model, file.random(name)),
        "line_length": line_length,
        "show_trainable": show_trainable,
    }
    if optimizer is not None:
        kind, options, arguments = optimizer
        case["optimizer"] = {"kind": kind, "options": options}
        model.compile(getattr(keras.optimizers, arguments[0])(**arguments[1]), "mse")
        shapes = [(1, *model.input_shape[1:]), (1, *model.output_shape[1:])]
        model.train_on_batch(np.zeros(shapes[0]), np.zeros(shapes[1]))
    text = summary(model, line_length=line_length, show_trainable=show_trainable)
    if apart:
        case["file"] = f"summary_{name}.txt"
        (file.path.parent / case["file"]).write_text(text, encoding="utf-8")
    else:
        case["text"] = text
    file.add("summary/" + name, case, {}, {}, {})


# An optimizer for each, as in the examples: libnn's kind and options, Keras's class and arguments.
NADAM = ("nadam", {}, ("Nadam", {}))
ADAM = ("adam", {}, ("Adam", {}))
OPTIMIZERS = {
    "sgd": ("sgd", {}, ("SGD", {})),
    "momentum": ("sgd", {"momentum": 0.5}, ("SGD", {"momentum": 0.5})),
    "rmsprop": ("rmsprop", {}, ("RMSprop", {})),
    "centered": (
        "rmsprop",
        {"centered": True, "momentum": 0.1},
        ("RMSprop", {"centered": True, "momentum": 0.1}),
    ),
    "amsgrad": ("adam", {"amsgrad": True}, ("Adam", {"amsgrad": True})),
    "adamw": ("adamw", {}, ("AdamW", {})),
    "adamax": ("adamax", {}, ("Adamax", {})),
    "adagrad": ("adagrad", {}, ("Adagrad", {})),
    "lion": ("lion", {}, ("Lion", {})),
    "nadam": NADAM,
    "averaged": ("sgd", {"use_ema": True}, ("SGD", {"use_ema": True})),
    "accumulated": (
        "adam",
        {"gradient_accumulation_steps": 3},
        ("Adam", {"gradient_accumulation_steps": 3}),
    ),
}


def add_summaries(file):
    keras.backend.clear_session()
    for name, make, optimizer in (
        ("conv1", lambda: conv("conv1", False), ADAM),
        ("conv2", lambda: conv("conv2", True), NADAM),
        ("deep", deep, ADAM),
    ):
        for trained in (None, optimizer):
            keras.backend.clear_session()
            add_summary(file, name + ("_trained" if trained else ""), make(), trained, apart=True)
    for name, optimizer in OPTIMIZERS.items():
        add_summary(file, name, dense(), optimizer)
    add_summary(file, "frozen_trained", frozen(), ADAM)
    for name, make in (
        ("names", odd_names),
        ("wide", wide),
        ("axes", many_axes),
        ("residual", residual),
        ("several", several),
        ("frozen", frozen),
    ):
        add_summary(file, name, make(), show_trainable=name == "frozen")
    rng = file.random("summaries")
    add_summary(file, "residual_trainable", residual(), line_length=100, show_trainable=True)
    for i in range(2):
        keras.backend.clear_session()
        length = int(rng.integers(88, 180))
        add_summary(
            file, f"random_{i}", random_graph(rng), line_length=length, show_trainable=bool(i % 2)
        )
        chain = (odd_names, frozen)[i]()
        add_summary(
            file,
            f"length_{i}",
            chain,
            line_length=int(rng.integers(88, 180)),
            show_trainable=bool(i % 2),
        )


def add_cases(file):
    kept = keras.backend.floatx()
    keras.backend.set_floatx("float32")
    try:
        add_summaries(file)
    finally:
        keras.backend.set_floatx(kept)
