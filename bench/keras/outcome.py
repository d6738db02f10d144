"""The same networks trained by Keras and by libnn, and what comes out, as a table.

    python bench/keras/outcome.py --data data/cifar-10-batches-bin

Runs what is missing, one after the other, and prints the table of what is there; each run's output
is a file in build/outcome, so that the whole can be interrupted and resumed. Needs what cifar10.py
needs, and the examples (make examples).
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
KERAS = ROOT / "bench" / "keras" / "cifar10.py"


def command(side, network, optimizer, seed, options):
    """What trains the network once and prints both accuracies."""
    start = ([sys.executable, KERAS, network] if side == "keras" else
             [ROOT / "build" / "examples" / f"cifar10_{network}", "--threads", options.threads,
              "--verbose", 2, "--out", options.runs / f"libnn-{network}-{optimizer}-{seed}"])
    epochs = options.deep_epochs if network == "deep" else options.epochs
    return [str(word) for word in [*start, "--data", options.data, "--seed", seed, "--optimizer",
                                   optimizer, "--epochs", epochs]]


def run(file, words):
    """Writes the command and what it prints into file, which appears when the run has ended."""
    print(file.stem, file=sys.stderr, flush=True)
    part = file.with_suffix(".part")
    with part.open("w") as out:
        out.write(" ".join(words) + "\n")
        out.flush()
        if subprocess.run(words, stdout=out, stderr=subprocess.STDOUT, check=False).returncode != 0:
            sys.exit(f"outcome.py: {words[0]} failed, see {part}")
    part.rename(file)


def accuracies(file):
    """Validation and test accuracy of a run."""
    return [float(re.search(rf"^{of} Accuracy: ([\d.]+)", file.read_text(), re.M)[1])
            for of in ("Validation", "Test")]


def spread(values):
    """Mean and standard error."""
    error = statistics.stdev(values) / len(values) ** .5 if len(values) > 1 else float("nan")
    return statistics.mean(values), error


def cell(values):
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{deviation} ({len(values)})"


def compare(title, left, right):
    """A row for each accuracy: both sides, their distance, and what twice its error allows."""
    for i, of in enumerate(("validation", "test")):
        sides = [[one[i] for one in side] for side in (left, right)]
        if min(map(len, sides)) == 0:
            continue
        (a, error_a), (b, error_b) = map(spread, sides)
        allowed = 2 * (error_a ** 2 + error_b ** 2) ** .5
        print(f"| {title} | {of} | {cell(sides[0])} | {cell(sides[1])} | {abs(a - b):.4f} "
              f"| {allowed:.4f} |")


def table(found):
    print("| network | accuracy | Keras | libnn | distance | twice its error |\n|---|---|---|---|---|---|")
    for network, optimizer in (("conv1", "adam"), ("conv2", "nadam"), ("conv2", "adam"),
                               ("deep", "adam")):
        sides = [found.get((side, network, optimizer), []) for side in ("keras", "libnn")]
        compare(f"{network}, {optimizer}", *sides)
    print("\n| conv2 | accuracy | nadam | adam | distance | twice its error |\n|---|---|---|---|---|---|")
    for side in ("keras", "libnn"):
        compare(side, *(found.get((side, "conv2", optimizer), []) for optimizer in ("nadam", "adam")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of CIFAR-10")
    parser.add_argument("--runs", type=pathlib.Path, default=ROOT / "build" / "outcome")
    parser.add_argument("--only", default="", help="runs whose names match, as keras-conv1")
    parser.add_argument("--seeds", type=int, default=5, help="of conv1 and conv2")
    parser.add_argument("--deep-seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="of conv1 and conv2")
    parser.add_argument("--deep-epochs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1, help="of libnn")
    parser.add_argument("--table", action="store_true", help="run nothing")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)

    found = {}
    for seed in range(1, max(options.seeds, options.deep_seeds) + 1):
        for network, optimizer in (("conv1", "adam"), ("conv2", "nadam"), ("deep", "adam"),
                                   ("conv2", "adam")):
            for side in ("libnn", "keras"):
                file = options.runs / f"{side}-{network}-{optimizer}-{seed}.log"
                if seed > (options.deep_seeds if network == "deep" else options.seeds):
                    continue
                if not file.exists() and not options.table and re.match(options.only, file.stem):
                    run(file, command(side, network, optimizer, seed, options))
                if file.exists():
                    found.setdefault((side, network, optimizer), []).append(accuracies(file))
    table(found)


main()
