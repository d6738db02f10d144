"""The side of Keras 3 on TensorFlow in the race; see peer.py. Words of a setting:

train_on_batch      Keras's own step; step: a tf.function of ours around GradientTape and the
                    optimizer; loop=N: N such steps in one call
call, predict       the model in a tf.function; predict_on_batch
frozen, folded      weights as constants of the graph; folded: batch norm behind the pooling, or
                    gone into the dense layer behind it
tflite              the frozen or folded graph in TensorFlow Lite (XNNPACK)
xla                 jit_compile
eager, function     at the start: a step without or with tf.function
For the process: intra=N and inter=N, the thread pools; onednn=0, without oneDNN.
"""
import os
import sys

import peer

os.environ["TF_ENABLE_ONEDNN_OPTS"] = peer.option(sys.argv, "onednn", "1")
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402


def network(name):
    """The layers of examples/cifar10_NAME.c, without the softmax."""
    def convolution(filters):
        return layers.Conv2D(filters, (3, 3), activation="relu", padding="same")
    if name == "deep":
        parts = [part for filters in (32, 64, 128) for part in
                 [convolution(filters), layers.BatchNormalization(), layers.MaxPooling2D((2, 2)),
                  layers.Dropout(0.25)]]
        parts += [layers.Flatten(), layers.Dense(256, activation="relu"),
                  layers.BatchNormalization(), layers.Dropout(0.5)]
    else:
        parts = [convolution(10), layers.MaxPooling2D((2, 2)), layers.Flatten(),
                 layers.Dropout(0.5), layers.Dense(100, activation="relu")]
    return keras.Sequential([keras.Input((32, 32, 3)), *parts, layers.Dense(10)])


def pictures(rows):
    return np.random.default_rng(1).uniform(-1, 1, (rows, 32, 32, 3)).astype(np.float32)


def forever(items):
    while True:
        yield from items


# ---- Training ------------------------------------------------------------------------------------

def own_step(model, optimizer):
    weights = model.trainable_variables
    optimizer.build(weights)

    def step(x, y):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, model(x, training=True))
            loss = tf.reduce_mean(losses)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss
    return step


def looped(step, x, y, batch, count, xla):
    """count steps a call, on rows from a given one on."""
    @tf.function(jit_compile=xla)
    def steps(first):
        loss = 0.0
        for i in tf.range(count):
            row = first + i * batch
            part = tf.slice(x, [row, 0, 0, 0], [batch, 32, 32, 3])
            loss = step(part, tf.slice(y, [row], [batch]))
        return loss
    firsts = forever([tf.constant(first) for first in range(0, len(y), batch * count)])

    def run():
        steps(next(firsts)).numpy()
        return batch * count
    return run


def trainer(name, batch, rows, words):
    model, xla = network(name), "xla" in words
    kind = keras.optimizers.Nadam if name == "conv2" else keras.optimizers.Adam
    optimizer = kind(learning_rate=1e-3)
    x, y = tf.constant(pictures(rows)), tf.constant(np.arange(rows, dtype=np.int32) % 10)
    loop = int(peer.option(words, "loop", "0"))
    if loop:
        return looped(own_step(model, optimizer), x, y, batch, loop, xla)
    if "train_on_batch" in words:
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                      jit_compile=xla)
        advance = model.train_on_batch
    else:
        step = own_step(model, optimizer)
        advance = step if "eager" in words else tf.function(step, jit_compile=xla)
    batches = forever(list(zip(tf.split(x, rows // batch), tf.split(y, rows // batch))))

    def run():
        float(advance(*next(batches)))
        return batch
    return run


# ---- Inference -----------------------------------------------------------------------------------

def settle(model):
    """Some averages, so that folding has something to fold."""
    random = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            channels = layer.gamma.shape
            layer.set_weights([random.uniform(0.5, 1.5, channels), random.uniform(-0.5, 0.5, channels),
                               random.uniform(-0.5, 0.5, channels),
                               random.uniform(0.5, 1.5, channels)])
    return model


def factors(norm):
    gamma, beta, mean, variance = (w.astype(np.float64) for w in norm.get_weights())
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale


def affine(scale, shift):
    scale, shift = scale.astype(np.float32), shift.astype(np.float32)
    return lambda x: x * scale + shift


def convolved(kernel, bias):
    return lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias))


def multiplied(weights, bias, relu):
    def run(x):
        z = tf.nn.bias_add(tf.matmul(x, weights), bias)
        return tf.nn.relu(z) if relu else tf.nn.softmax(z)
    return run


def folded_dense(layer, held):
    weights, bias = layer.get_weights()
    if held is None:
        return weights, bias
    scale, shift = (np.tile(f, len(weights) // len(f)) for f in held)
    return ((weights * scale[:, None]).astype(np.float32),
            (bias + shift @ weights).astype(np.float32))


def parts_of(model, fold):
    """The network as functions with constants. With fold the same function with less work: max
    pooling and a batch norm of positive factors may be exchanged, and a batch norm in front of a
    dense layer is part of it."""
    parts, held = [], None
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            held = factors(layer)
            assert (held[0] > 0).all()
            if not fold:
                parts.append(affine(*held))
                held = None
        elif isinstance(layer, layers.Conv2D):
            parts += [affine(*held)] if held is not None else []
            parts.append(convolved(*layer.get_weights()))
            held = None
        elif isinstance(layer, layers.MaxPooling2D):
            parts.append(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"))
        elif isinstance(layer, layers.Flatten):
            parts.append(lambda x: tf.reshape(x, [x.shape[0], -1]))
        elif isinstance(layer, layers.Dense):
            last = layer is model.layers[-1]
            parts.append(multiplied(*folded_dense(layer, held), not last))
            held = None
    return parts


def constant_graph(model, batch, words):
    parts = parts_of(model, "folded" in words)

    @tf.function(jit_compile="xla" in words,
                 input_signature=[tf.TensorSpec([batch, 32, 32, 3], tf.float32)])
    def run(x):
        for part in parts:
            x = part(x)
        return x
    return run


def lite(graph, threads):
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph.get_concrete_function()])
    inner = tf.lite.Interpreter(model_content=converter.convert(), num_threads=threads)
    inner.allocate_tensors()
    entry, ending = inner.get_input_details()[0]["index"], inner.get_output_details()[0]["index"]

    def run(x):
        inner.set_tensor(entry, x)
        inner.invoke()
        return inner.get_tensor(ending)
    return run


def probabilities(model, batch, words):
    if "frozen" in words or "folded" in words:
        graph = constant_graph(model, batch, words)
        if "tflite" in words:
            return lite(graph, int(peer.option(words, "threads", "1")))
        return graph.get_concrete_function() if "xla" not in words else graph
    whole = keras.Sequential([keras.Input((32, 32, 3)), model, layers.Softmax()])
    if "predict" in words:
        whole.compile(jit_compile="xla" in words)
        return whole.predict_on_batch
    return tf.function(lambda x: whole(x, training=False), jit_compile="xla" in words)


def predictor(name, batch, rows, words):
    model = settle(network(name))
    numbers = pictures(rows)
    run = probabilities(model, batch, words)
    expected = tf.nn.softmax(model(numbers[:batch], training=False)).numpy()
    x = np.split(numbers, rows // batch)
    if "tflite" not in words:
        x = [tf.constant(part) for part in x]
    values = np.reshape(run(x[0]), expected.shape)
    assert np.allclose(values, expected, atol=1e-4), "other values than the plain network"
    batches = forever(x)

    def step():
        run(next(batches))
        return batch
    return step


# ---- Questions -----------------------------------------------------------------------------------

def prepare(words):
    threads = peer.option(words, "threads", "1")
    tf.config.threading.set_intra_op_parallelism_threads(int(peer.option(words, "intra", threads)))
    tf.config.threading.set_inter_op_parallelism_threads(int(peer.option(words, "inter", "1")))


def choose(words):
    """Everything is the process's."""


def about():
    return f"Keras {keras.__version__}, TensorFlow {tf.__version__}"


peer.main(about, prepare, choose, trainer, predictor)
