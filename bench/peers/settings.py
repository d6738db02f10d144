"""Which settings each side tries, for which work. A setting is words for the process and words for
`take`; torch_side.py and keras_side.py say what they mean."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    process: tuple
    take: tuple

    def __str__(self):
        return " ".join(self.process + self.take)


def torch_training(network):
    walk = "foreach" if network == "conv2" else "fused"  # there is no fused Nadam
    return [f"nchw eager {walk}", f"nhwc eager {walk}", f"nchw eager {walk} onednn=0",
            "nchw eager each", f"nchw eager {walk} step", f"nhwc eager {walk} step",
            f"nchw compile {walk}", f"nhwc compile {walk}", f"nchw compile {walk} step",
            f"nhwc compile {walk} step", f"nhwc compile autotune {walk} step"]


def torch_inference(network):
    ways = ["nchw eager", "nhwc eager", "nchw eager onednn=0", "nchw jit", "nhwc jit", "nchw mkldnn",
            "nchw compile", "nhwc compile", "nchw compile freeze", "nhwc compile freeze",
            "nchw compile wrapper", "nhwc compile autotune freeze", "nchw aoti", "nchw aoti freeze",
            "nhwc aoti freeze"]
    if network == "deep":  # conv2 has no batch norm
        ways = ways[:3] + [f"{way} folded" for way in ways if way != "nchw eager onednn=0"]
    return ways


KERAS_TRAINING = ["train_on_batch", "train_on_batch xla", "step", "step xla", "loop=32"]


def keras_inference(network):
    ways = ["call", "call xla", "predict", "frozen", "frozen xla"]
    return ways + (["folded", "folded xla"] if network == "deep" else [])


def keras_processes(threads):
    pools = [(threads, 1), (threads, threads)] if threads > 1 else [(1, 1)]
    return ([(f"intra={intra}", f"inter={inter}") for intra, inter in pools] +
            [(f"intra={threads}", "inter=1", "onednn=0")])


def settings(side, network, task, threads):
    """All settings that a side tries for this work; none where it cannot do it."""
    count = f"threads={threads}"
    if side == "tflite":
        ways = {"conv2": ["frozen"], "deep": ["frozen", "folded"]}[network]
        return [Setting((), (count, "tflite", way)) for way in ways if task == "infer"]
    if side == "torch":
        ways = torch_training(network) if task == "train" else torch_inference(network)
        return [Setting((), (count, *way.split())) for way in ways]
    if side == "keras":
        ways = KERAS_TRAINING if task == "train" else keras_inference(network)
        return [Setting(process, (count, *way.split()))
                for process in keras_processes(threads) for way in ways]
    return [Setting((), (count,))]


def starting(side, threads):
    """The settings that may reach the first finished step soonest: nothing is compiled."""
    count = f"threads={threads}"
    ways = {"torch": ["nchw eager each", "nchw eager foreach"], "keras": ["eager", "function"]}
    return [(count, *way.split()) for way in ways.get(side, [""])]
