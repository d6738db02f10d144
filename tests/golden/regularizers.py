"""Penalties: their value, and their part in the gradients."""
from keras import layers, regularizers

import layer_case

L1, L2 = regularizers.L1(0.03), regularizers.L2(0.02)
BOTH = regularizers.L1L2(l1=0.01, l2=0.04)

CASES = [
    (layers.Dense, (5,), dict(units=4, kernel_regularizer=L1)),
    (layers.Dense, (5,), dict(units=4, kernel_regularizer=L2, bias_regularizer=L1)),
    (layers.Conv2D, (5, 4, 2), dict(filters=3, kernel_size=3, kernel_regularizer=BOTH)),
    (layers.Conv2D, (5, 4, 2), dict(filters=3, kernel_size=2, bias_regularizer=L2)),
    (layers.Conv2DTranspose, (3, 2, 2), dict(filters=3, kernel_size=2, kernel_regularizer=L2)),
    (layers.DepthwiseConv2D, (5, 4, 2), dict(kernel_size=3, depthwise_regularizer=BOTH)),
    (
        layers.SeparableConv2D,
        (5, 4, 2),
        dict(filters=3, kernel_size=2, depthwise_regularizer=L1, pointwise_regularizer=L2),
    ),
    (layers.BatchNormalization, (4,), dict(gamma_regularizer=L2, beta_regularizer=L1)),
    (layers.LayerNormalization, (4,), dict(gamma_regularizer=L1, beta_regularizer=L2)),
    (layers.PReLU, (4,), dict(alpha_regularizer=L2)),
]


def add_cases(file):
    for i, (layer, shape, arguments) in enumerate(CASES):
        model = layer_case.build(layer(name="layer", **arguments), [shape])
        layer_case.add(file, f"{layer.__name__}/{i}", model, rows=3)
    layer = layers.Embedding(6, 3, embeddings_regularizer=BOTH, name="layer")
    model = layer_case.build(layer, [(4,)], integers=True)
    x = file.random("Embedding").integers(0, 6, (2, 4))
    layer_case.add(file, "Embedding", model, rows=2, x=[x])
