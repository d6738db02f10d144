"""PyTorch's side of the race; see peer.py. Words of a setting:

nchw, nhwc          the layout in memory (channels_last)
eager, compile      torch.compile with its C++ backend; autotune: with max_autotune
compile's ways      freeze: constants folded and weights packed; wrapper: C++ around the kernels
aoti                compiled ahead of time, run without the interpreter
jit, mkldnn         torch.jit.freeze and optimize_for_inference; a model in oneDNN's own layouts
folded              batch norm behind the pooling, or gone into the dense layer behind it
foreach, fused      how the optimizer walks the weights; step: its step compiled
onednn=0            without oneDNN
"""
import os

import torch
from torch import nn
from torch.nn import functional

import peer


def batch_norm(kind, channels):
    return kind(channels, eps=1e-3, momentum=0.01)


def stage(inputs, filters):
    return [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU(),
            batch_norm(nn.BatchNorm2d, filters), nn.MaxPool2d(2), nn.Dropout(0.25)]


def network(name):
    """The layers of examples/cifar10_NAME.c, without the softmax."""
    if name == "conv2":
        return nn.Sequential(nn.Conv2d(3, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Flatten(), nn.Dropout(0.5), nn.Linear(2560, 100), nn.ReLU(),
                             nn.Linear(100, 10))
    return nn.Sequential(*stage(3, 32), *stage(32, 64), *stage(64, 128), nn.Flatten(),
                         nn.Linear(2048, 256), nn.ReLU(), batch_norm(nn.BatchNorm1d, 256),
                         nn.Dropout(0.5), nn.Linear(256, 10))


def pictures(rows, words):
    x = torch.rand(rows, 3, 32, 32) * 2 - 1
    return x.to(memory_format=layout(words))


def layout(words):
    return torch.channels_last if "nhwc" in words else torch.contiguous_format


def compiled(function, words):
    # many settings in one process: none may be given up for being a recompilation too many
    torch._dynamo.config.recompile_limit = torch._dynamo.config.accumulated_recompile_limit = 1000
    options = {"max_autotune": "autotune" in words, "freezing": "freeze" in words,
               "cpp_wrapper": "wrapper" in words}
    return torch.compile(function, dynamic=False, options=options)


# ---- Training ------------------------------------------------------------------------------------

def optimizer(name, model, words):
    if name == "conv2":
        return torch.optim.NAdam(model.parameters(), lr=1e-3, eps=1e-7, momentum_decay=0.004,
                                 foreach="foreach" in words)
    return torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused="fused" in words,
                            foreach="foreach" in words)


def trainer(name, batch, rows, words):
    model = network(name).to(memory_format=layout(words)).train()
    update = optimizer(name, model, words)
    x = pictures(rows, words).split(batch)
    y = (torch.arange(rows) % 10).split(batch)

    def loss(x, y):
        return functional.cross_entropy(model(x), y)

    if "compile" in words:
        loss = compiled(loss, words)
    advance = compiled(update.step, ()) if "step" in words else update.step
    batches, clear = forever(list(zip(x, y))), update.zero_grad

    def step():
        clear()
        loss(*next(batches)).backward()
        advance()
        return batch
    return step


def forever(items):
    while True:
        yield from items


# ---- Inference -----------------------------------------------------------------------------------

def settle(model):
    """Some averages, so that folding has something to fold."""
    for layer in model:
        if hasattr(layer, "running_var"):
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.uniform_(-0.5, 0.5)
    return model.eval()


class Affine(nn.Module):
    def __init__(self, scale, shift):
        super().__init__()
        self.register_buffer("scale", scale.view(1, -1, 1, 1).clone())
        self.register_buffer("shift", shift.view(1, -1, 1, 1).clone())

    def forward(self, x):
        return torch.addcmul(self.shift, x, self.scale)


def factors(norm):
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def fold_into(dense, scale, shift, spread):
    """The dense layer that is given what came before the batch norm."""
    folded = nn.Linear(dense.in_features, dense.out_features)
    folded.weight.data = dense.weight * scale.repeat_interleave(spread)
    folded.bias.data = dense.bias + dense.weight @ shift.repeat_interleave(spread)
    return folded


def fold(model):
    """The same function, with less work: max pooling and a batch norm of positive factors may be
    exchanged, and a batch norm in front of a dense layer is part of it."""
    layers, held, spread = [], None, 1
    for layer in model:
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            held = factors(layer)
            assert (held[0] > 0).all()
        elif isinstance(layer, nn.Conv2d) and held is not None:
            layers += [Affine(*held), layer]
            held = None
        elif isinstance(layer, nn.Linear) and held is not None:
            layers.append(fold_into(layer, *held, spread))
            held, spread = None, 1
        elif not isinstance(layer, nn.Dropout):
            layers.append(layer)
            spread = 16 if isinstance(layer, nn.Flatten) and held is not None else spread
    return nn.Sequential(*layers).eval()


def jit(model, x):
    return torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))


def in_blocks(model):
    from torch.utils import mkldnn
    inner = mkldnn.to_mkldnn(model)
    return lambda x: inner(x.to_mkldnn()).to_dense()


def ahead_of_time(model, x, words):
    import tempfile
    from torch import _inductor
    with tempfile.TemporaryDirectory() as folder:
        path = _inductor.aoti_compile_and_package(
            torch.export.export(model, (x,)), package_path=os.path.join(folder, "net.pt2"),
            inductor_configs={"freezing": "freeze" in words, "max_autotune": "autotune" in words})
        return _inductor.aoti_load_package(path)


def probabilities(model, x, words):
    model = nn.Sequential(*model, nn.Softmax(1)).eval().to(memory_format=layout(words))
    if "compile" in words:
        return compiled(model, words)
    if "aoti" in words:
        return ahead_of_time(model, x, words)
    if "jit" in words:
        return jit(model, x)
    return in_blocks(model) if "mkldnn" in words else model


def predictor(name, batch, rows, words):
    # no_grad at making: freezing and exporting refuse tensors of inference_mode
    with torch.no_grad():
        x = pictures(rows, words).split(batch)
        plain = settle(network(name))
        model = fold(plain) if "folded" in words else plain
        run = probabilities(model, x[0], words)
        expected = functional.softmax(plain(x[0].contiguous()), 1)
        assert torch.allclose(run(x[0]), expected, atol=1e-4), "other values than the plain network"
    batches = forever(x)

    def step():
        with torch.inference_mode():
            run(next(batches))
        return batch
    return step


# ---- Questions -----------------------------------------------------------------------------------

def choose(words):
    torch.set_num_threads(int(peer.option(words, "threads", "1")))
    torch.backends.mkldnn.enabled = peer.option(words, "onednn") != "0"


def prepare(words):
    torch.set_flush_denormal(True)


def about():
    return f"PyTorch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()})"


peer.main(about, prepare, choose, trainer, predictor)
