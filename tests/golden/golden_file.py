"""Golden files: cases with their tensors, written as safetensors.

A file holds any number of cases. Metadata: "keras", "tensorflow", "seed", and "cases", a JSON array
of objects that say how each case is run (tests/golden/golden.h). The tensors of a case are called
"NAME/TENSOR". What a case is given is stored as float32, so that both builds of libnn read the very
same numbers; what Keras answered, in float64.
"""
import json
import struct
import zlib

import keras
import numpy as np

# Relative size of the changes by which sensitivities are measured: half a unit of float32.
STEP = 2.0**-24
PROBES = 5  # at random; in one more, neighbours move in opposite directions


def random(seed, name):
    """A generator of its own for each case: a new case changes no other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def as_float32(value):
    """The same numbers, rounded to float32."""
    return np.asarray(value, np.float32).astype(np.float64)


def longest_sum(tensors):
    """A length that no sum over these tensors exceeds: all axes but the last, or the last."""
    lengths = [8]
    for value in tensors.values():
        last = value.shape[-1] if value.ndim else 1
        lengths += [value.size // max(last, 1), last]
    return max(lengths)


def sensitivities(run, given, wanted, rng, unmoved):
    """For each result, by how much it changes when every given number changes by one relative unit,
    up or down: the largest change seen, in units."""

    def signs(probe, value):
        if probe < PROBES:
            return rng.choice([-1.0, 1.0], value.shape)
        return (1.0 - 2.0 * (np.arange(value.size) % 2)).reshape(value.shape)

    largest = {name: 0.0 for name in wanted}
    for probe in range(PROBES + 1):
        moved = {
            name: value * (1 + (name not in unmoved) * STEP * signs(probe, value))
            for name, value in given.items()
        }
        for name, value in run(moved).items():
            change = np.abs(np.asarray(value) - wanted[name])
            if change.size:
                largest[name] = max(largest[name], float(np.max(change)) / STEP)
    return largest


class GoldenFile:
    def __init__(self, path, seed, versions):
        self.path, self.metadata, self.tensors = path, {**versions, "seed": str(seed)}, {}
        self.seed, self.cases = seed, {}

    def random(self, name):
        return random(self.seed, name)

    def add(self, name, case, given, wanted, errors):
        """One case: its description, what it is given, Keras's answers, and how many units of
        roundoff each answer may be away; 0 where none is named."""
        assert name not in self.cases, f"{name}: two cases have this name"
        units = {k: float(f"{v:.3g}") for k, v in errors.items() if v}
        self.cases[name] = {"name": name, **case, "errors": units}
        for key, value in given.items():
            value = np.asarray(value)
            exact = value.astype(np.int64 if value.dtype.kind in "iu" else np.float32)
            assert np.array_equal(exact, value), f"{name}: {key} is not representable"
            self.tensors[f"{name}/{key}"] = exact
        for key, value in wanted.items():
            self.tensors[f"{name}/{key}"] = np.asarray(value, np.float64)

    def add_run(self, name, case, run, given, fixed=None, unmoved=(), **how):
        """One case whose answers are run(given): dictionaries of arrays in float64. `fixed` is
        given, too, and never moved by the probes (whole numbers), nor are those in `unmoved`.
        Further words, none of which is the rule:

        exact    no number may differ at all: all of them are whole, so that nothing is rounded
        still    nothing is moved, for inputs on a corner; results are of the size of the largest
        single   Keras rounds constants here to float32, also where it computes in float64: the
                 double build can be no closer than that
        sizes    {result: number}: what Keras adds and subtracts on its way is as large as this,
                 where that is larger than the result
        floatx   "float32": Keras computes in that, where the two differ by more than rounding; the
                 double build leaves the case out, and nothing is moved
        """
        given = {k: as_float32(v) for k, v in given.items()}
        if "floatx" in how:
            case["floatx"] = how["floatx"]
            unmoved = set(given)
        keras.backend.set_floatx(how.get("floatx", "float64"))
        wanted = {k: np.asarray(v, np.float64) for k, v in run(given).items()}
        if how.get("exact"):
            assert all(np.array_equal(v, np.round(v)) for v in {**given, **wanted}.values()), name
        errors = {} if how.get("exact") else self.errors(name, run, given, wanted, unmoved, how)
        keras.backend.set_floatx("float64")
        if how.get("single"):
            case["single"] = True
        self.add(name, case, {**given, **(fixed or {})}, wanted, errors)

    def errors(self, name, run, given, wanted, unmoved, how):
        """How many units each result may be away. A sum of n terms is rounded n times, each time by
        at most a unit of the partial sum: the errors walk at random and make sqrt(n) units of it
        (Higham and Mary, SIAM J. Sci. Comput. 41, 2019). A partial sum is as large as the root of
        the sum of squares, S, which the probes measure; or, where all terms have one sign, at most
        as the result. Hence 4 sqrt(n) (S + |y|) units, four standard deviations."""
        sizes = {k: float(np.max(np.abs(v), initial=0)) for k, v in wanted.items()}
        larger = how.get("sizes", {})
        sizes = {k: max(v, larger.get(k.split("/")[0], 0)) for k, v in sizes.items()}
        if how.get("still"):
            sizes = dict.fromkeys(sizes, max(sizes.values()))
            moves = dict.fromkeys(sizes, 0)
        else:
            rng = self.random(name + "/probes")
            moves = sensitivities(run, given, wanted, rng, unmoved)
        root = np.sqrt(longest_sum({**given, **wanted}))
        return {k: 4 * root * (moves[k] + sizes[k]) for k in wanted}

    def write(self):
        kinds = {"float32": "F32", "float64": "F64", "int64": "I64"}
        names = sorted(self.tensors, key=lambda n: (-self.tensors[n].itemsize, n))
        cases = json.dumps(list(self.cases.values()), separators=(",", ":"), ensure_ascii=False)
        header, at = {"__metadata__": {**self.metadata, "cases": cases}}, 0
        for name in names:
            value = self.tensors[name]
            header[name] = {
                "dtype": kinds[value.dtype.name],
                "shape": list(value.shape),
                "data_offsets": [at, at + value.nbytes],
            }
            at += value.nbytes
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        with open(self.path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for name in names:
                file.write(np.ascontiguousarray(self.tensors[name]).tobytes())
        return len(self.cases)
