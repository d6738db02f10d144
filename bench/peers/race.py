"""libnn, PyTorch, Keras, TensorFlow Lite and dlib train and run conv2 and deep in turns.

    make bench-peers PEERS="--only conv2 --tasks train --rounds 5"

First every side tries its settings and keeps the best one of each work; then, round by round, all
take turns at it. One table says who was how fast. Libraries that are not installed are left out;
`make peers` installs them.
On two free cores the whole takes about an hour and a half; the options leave parts of it out.
"""
import argparse
import json
import pathlib
import signal
import statistics
import sys
import time
from dataclasses import dataclass

sys.dont_write_bytecode = True
from settings import Setting, settings, starting  # noqa: E402
from sides import HERE, Process, Refusal, Run, Side, first_step  # noqa: E402
from table import Row, print_header, print_settings, print_summary, print_table  # noqa: E402

PEERS = ["torch", "keras", "tflite", "dlib"]
PAUSE = 0.2  # OpenBLAS's threads spin for a while before they sleep


@dataclass(frozen=True)
class Work:
    network: str
    task: str
    batch: int

    def __str__(self):
        return f"{self.network} {self.task} batch {self.batch}"


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


# ---- Options -------------------------------------------------------------------------------------

def fail(text):
    print(f"race.py: {text}", file=sys.stderr)
    sys.exit(1)


def listed(allowed):
    """A reader of lists: a,b of the allowed words."""
    def read(text):
        words = text.split(",")
        for word in words:
            if word not in allowed:
                raise argparse.ArgumentTypeError(f"'{word}': must be of {', '.join(allowed)}")
        return words
    return read


def number(kind, low, high):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"'{text}': must be a number from {low} to {high}")
        return value
    return read


def counts(text):
    return sorted({number(int, 1, 64)(word) for word in text.split(",")})


def read_options():
    parser = argparse.ArgumentParser(prog="race.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.error = fail
    add = parser.add_argument
    add("--only", type=listed(["conv2", "deep"]), default=["conv2", "deep"], metavar="NETWORKS")
    add("--tasks", type=listed(["train", "infer"]), default=["train", "infer"])
    add("--batches", type=counts_of_batches, default=[1, 32, 256], help="of inference [1,32,256]")
    add("--threads", type=counts, default=[1, 2], help="[1,2]")
    add("--peers", type=listed(PEERS), default=PEERS, help="[all]")
    add("--kernels", type=listed(["haswell", "own"]), help="OpenBLAS's AVX2 kernels, those that it "
        "picks itself [both where the processor has AVX-512, else haswell]")
    add("--rounds", type=number(int, 1, 1000), default=5, help="[5]")
    add("--seconds", type=number(float, 0.01, 600), default=2.0, help="of a turn [2]")
    add("--search-seconds", type=number(float, 0.01, 600), default=0.5,
        help="of each of two tries of a setting [0.5]")
    add("--reuse", action="store_true", help="settings that an earlier run has found")
    add("--out", default="build/peers", help="folder for settings, logs, race.json [build/peers]")
    add("--torch-python", default="build/torch/bin/python", help="an interpreter with PyTorch")
    add("--keras-python", default="build/keras/bin/python", help="one with Keras and TensorFlow")
    return parser.parse_args()


def counts_of_batches(text):
    return sorted({number(int, 1, 1024)(word) for word in text.split(",")})


def works(options):
    made = []
    for network in options.only:
        if "train" in options.tasks:
            made.append(Work(network, "train", 32))
        if "infer" in options.tasks:
            made += [Work(network, "infer", batch) for batch in options.batches]
    return made


# ---- Settings ------------------------------------------------------------------------------------

class Search:
    """The best setting of each side at each work, kept in a file."""

    def __init__(self, run, options):
        self.run, self.options = run, options
        self.path = run.folder / "settings.json"
        self.found = {}
        if options.reuse and self.path.exists():
            self.found = json.loads(self.path.read_text())

    def key(self, side, work, threads):
        return f"{side.name} ({side.about[0]}), {work}, threads {threads}"

    def best(self, side, work, threads):
        """The setting taken; None: none works."""
        entry = self.found.get(self.key(side, work, threads))
        if entry is None or entry["setting"] is None:
            return None
        words = entry["setting"].split()
        outer = sum(word.startswith(("intra=", "inter=")) for word in words)
        outer += outer and "onednn=0" in words[:outer + 1]
        return Setting(tuple(words[:outer]), tuple(words[outer:]))

    def search(self, side, all_works, threads):
        """With more threads a peer's best of one thread takes part, too; libnn has no choice."""
        missing = [w for w in all_works if self.key(side, w, threads) not in self.found and
                   settings(side.name, w.network, w.task, threads)]
        if not missing:
            return
        if threads > 1 and side.name != "libnn":
            self.search(side, missing, 1)
        plan = {}  # process words: [(work, setting)]
        for work in missing:
            tried = settings(side.name, work.network, work.task, threads)
            alone = self.best(side, work, 1) if threads > 1 and side.name != "libnn" else None
            tried += [alone] if alone else []
            if len(tried) == 1:  # nothing to choose
                self.keep(side, work, threads, [(str(tried[0]), 0, None)])
                continue
            for setting in tried:
                plan.setdefault(setting.process, {}).setdefault(work, []).append(setting)
        results = {work: [] for some in plan.values() for work in some}
        for process_words, some in plan.items():
            self.measure(side, threads, process_words, some, results)
        for work, tried in results.items():
            self.keep(side, work, threads, tried)

    def keep(self, side, work, threads, tried):
        name, _, why = max(tried, key=lambda t: t[1] or 0)
        self.found[self.key(side, work, threads)] = {"setting": None if why else name,
                                                     "tried": tried}
        self.path.write_text(json.dumps(self.found, indent=1))

    def measure(self, side, threads, words, some, results):
        process = None
        for work, tried in some.items():
            say(f"{side.name}: {len(tried)} settings at {work}, threads {threads}"
                + (f" ({' '.join(words)})" if words else ""))
            rates = {}
            for setting in tried:
                process = process if process in self.run.alive else Process(self.run, side, words)
                results_of(process, work, setting, rates, self.options.search_seconds)
            self.again(process, work, rates)
            results[work] += [(str(s), *rate) for s, rate in rates.items()]
        process.end()

    def again(self, process, work, rates):
        """A second try for those that were near the best, for the machine may have been busy."""
        best = max((rate for rate, _ in rates.values() if rate), default=0)
        for setting, (rate, _) in list(rates.items()):
            if rate and rate > best / 2 and process in self.run.alive:
                results_of(process, work, setting, rates, self.options.search_seconds)


def results_of(process, work, setting, rates, seconds):
    try:
        process.take(work, setting)
        rate, _ = rates.get(setting, (0, None))
        rates[setting] = max(rate, process.turn(seconds)), None
    except Refusal as reason:
        rates[setting] = None, str(reason)


# ---- The race ------------------------------------------------------------------------------------

class Race:
    def __init__(self, run, options, sides, search):
        self.run, self.options, self.sides, self.search = run, options, sides, search
        self.rows = []

    def heat(self, work, threads, core):
        """All sides at one work."""
        entries = []
        for side in self.sides:
            setting = self.search.best(side, work, threads)
            if setting is not None:  # None: it cannot do this work
                process = Process(self.run, side, setting.process)
                row = Row(work, threads, core, side)
                self.guarded(entries, (process, row), lambda p, _: p.take(work, setting))
        for first in range(self.options.rounds):
            first %= max(len(entries), 1)
            for entry in entries[first:] + entries[:first]:
                time.sleep(PAUSE)
                self.guarded(entries, entry, lambda p, row: row.rates.append(
                    p.turn(self.options.seconds)))
        for process, row in entries:
            row.peak = process.peak()
            process.end()
        self.rows += [row for _, row in entries]
        say(f"{work}, threads {threads}, {core}: " + ", ".join(
            f"{row.side.name} {statistics.median(row.rates):,.0f}" for _, row in entries))

    def guarded(self, entries, entry, act):
        """A side that refuses leaves this heat."""
        process, row = entry
        kept = [e for e in entries if e is not entry]
        try:
            act(process, row)
            kept = entries if entry in entries else entries + [entry]
        except Refusal as reason:
            say(f"{row.side.name} leaves {row.work}, threads {row.threads}: {reason}")
            process.end()
        entries[:] = kept

    def starts(self, network, threads, core):
        """Time from the start of a process to the first finished step: into the training rows."""
        rows = [row for row in self.rows if row.work == Work(network, "train", 32) and
                (row.threads, row.core) == (threads, core)]
        ways = {}
        for row in rows:
            try:
                ways[row] = self.quickest_start(row.side, network, threads)
            except Refusal as reason:
                say(f"{row.side.name}: {reason}")
        for _ in range(self.options.rounds):
            for row, words in ways.items():
                time.sleep(PAUSE)
                row.starts.append(first_step(self.run, row.side, network, words))
        say(f"first step of {network}, threads {threads}, {core}: " + ", ".join(
            f"{row.side.name} {1e3 * statistics.median(row.starts):,.0f} ms"
            + (f" ({' '.join(words[1:])})" if words[1:] else "") for row, words in ways.items()))

    def quickest_start(self, side, network, threads):
        """Each way once to have the files in memory, then once to choose."""
        times = {}
        for words in 2 * starting(side.name, threads):
            times[words] = first_step(self.run, side, network, words)
        return min(times, key=times.get)

    def go(self, kernels):
        for name, core in kernels.items():
            self.run.set_kernels(name)
            for threads in self.options.threads:
                for work in works(self.options):
                    self.heat(work, threads, core)
                if "train" in self.options.tasks:
                    for network in self.options.only:
                        self.starts(network, threads, core)


def all_sides(options):
    install = "`make peers` installs it"
    build = pathlib.Path(options.out)
    made = {"libnn": Side("libnn", [str(build / "nn_libnn")], "make builds it"),
            "torch": Side("torch", [options.torch_python, str(HERE / "torch_side.py")], install),
            "keras": Side("keras", [options.keras_python, str(HERE / "keras_side.py")], install),
            "tflite": Side("tflite", [options.keras_python, str(HERE / "keras_side.py")], install),
            "dlib": Side("dlib", [str(build / "nn_dlib")], "`make peers` installs libdlib-dev")}
    return [made["libnn"]] + [made[name] for name in options.peers]


def present(run, sides):
    """Those that can be raced; one line about each other one."""
    found, known = [], {}
    for side in sides:
        program = tuple(side.command)
        if program in known:
            reason, side.about = known[program]
        else:
            reason = side.look(run)
            known[program] = reason, side.about
        if reason is None:
            found.append(side)
        elif side.name == "libnn":
            fail(f"{side.name}: {reason}")
        else:
            print(f"{side.name}: {reason}")
    return found


def chosen_kernels(run, options, libnn):
    """{name: OpenBLAS's core}, in the order of racing."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    wide = "avx512f" in flags
    cores = {}
    for name in ("haswell", "own"):
        run.set_kernels(name)
        libnn.look(run)
        cores[name] = libnn.about[-1].rsplit(" ", 1)[-1]
    names = options.kernels or (["haswell", "own"] if wide else ["haswell"])
    if options.kernels is None and not wide:
        print(f"This processor has no AVX-512. OpenBLAS picks core {cores['own']} by itself, which "
              "has AVX2 as Haswell has: raced once, with Haswell (--kernels own for the other).\n")
    return {name: cores[name] for name in names}


def report(race, search):
    if race.rows:
        print_table(race.rows)
        print_summary(race.rows)
        raced_now = {search.key(row.side, row.work, row.threads) for row in race.rows}
        print_settings({key: entry for key, entry in search.found.items()
                        if key in raced_now and len(entry["tried"]) > 1})
    path = race.run.folder / "race.json"
    path.write_text(json.dumps([row.record() for row in race.rows], indent=1))


def raced(run, options):
    """Everything; returns the exit status."""
    sides = present(run, all_sides(options))
    kernels = chosen_kernels(run, options, sides[0])
    print_header(sides[0], sides[1:], options.rounds, options.seconds, list(kernels.values()))
    search = Search(run, options)
    race = Race(run, options, sides, search)
    status = 0
    try:
        run.set_kernels(next(iter(kernels)))
        for side in sides:
            for threads in options.threads:
                search.search(side, works(options), threads)
        race.go(kernels)
    except KeyboardInterrupt:
        run.stop()
        say("interrupted: what was raced until now")
        status = 130
    report(race, search)
    return status


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    options, began = read_options(), time.monotonic()
    sys.stdout.reconfigure(line_buffering=True)
    run = Run(options.out)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        status = raced(run, options)
    except KeyboardInterrupt:
        say("interrupted")
        status = 130
    finally:
        run.stop()
    say(f"{(time.monotonic() - began) / 60:.0f} minutes")
    return status


if __name__ == "__main__":
    sys.exit(main())
