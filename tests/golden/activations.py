"""Every activation: a layer of its own, inside Dense and Conv2D, and at its corners."""
import numpy as np
from keras import layers

import convert
import layer_case

# Arguments of the layers that have some.
RECTIFIERS = [
    (layers.ReLU, dict(max_value=0.9, negative_slope=0.25, threshold=0.3)),
    (layers.ReLU, dict(max_value=1.5)),
    (layers.ReLU, dict(negative_slope=0.125, threshold=0.5)),
    (layers.LeakyReLU, {}),
    (layers.LeakyReLU, dict(negative_slope=0.05)),
    (layers.ELU, {}),
    (layers.ELU, dict(alpha=0.6)),
    (layers.PReLU, {}),
    (layers.PReLU, dict(shared_axes=[1, 2])),
    (layers.PReLU, dict(shared_axes=[3])),
    (layers.Softmax, {}),
    (layers.Identity, {}),
]
# Where slopes change, and far out.
CORNERS = [0.0, 1.0, -1.0, 3.0, -3.0, 6.0, -6.0, 0.5, -0.5, 2.5, -2.5, 9.0]
FAR = [12.0, -12.0, 20.0, -20.0, 35.0, -35.0, 60.0, -60.0]


def add_cases(file):
    for name, function in convert.ACTIVATIONS.items():
        alone = layer_case.build(layers.Activation(function, name="layer"), [(5, 3)])
        x = file.random(name).uniform(-5, 5, (4, 5, 3))
        layer_case.add(file, f"Activation/{name}", alone, rows=4, x=[x])
        dense = layers.Dense(6, activation=function, name="layer")
        layer_case.add(file, f"Dense/{name}", layer_case.build(dense, [(4,)]), rows=3)
        conv = layers.Conv2D(2, 3, padding="same", activation=function, name="layer")
        layer_case.add(file, f"Conv2D/{name}", layer_case.build(conv, [(4, 3, 2)]), rows=2)
        if name == "softmax":
            continue
        for what, values in (("corners", CORNERS), ("far", FAR)):
            line = layer_case.build(layers.Activation(function, name="layer"), [(len(values),)])
            ones = np.ones((1, len(values)))
            layer_case.add(
                file, f"Activation/{name}/{what}", line, rows=1, x=[[values]], dy=ones, still=True
            )
    for i, (layer, arguments) in enumerate(RECTIFIERS):
        model = layer_case.build(layer(name="layer", **arguments), [(3, 4, 2)])
        layer_case.add(file, f"{layer.__name__}/{i}", model, rows=2)
