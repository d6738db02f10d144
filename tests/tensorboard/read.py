"""Reads event files with TensorBoard's own reader and compares them with what fit.c printed.

Call: read.py FOLDER EXPECTED
"""

import os
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import plugin_event_accumulator

folder, expected = sys.argv[1:]
everything = {"scalars": 0, "histograms": 0, "tensors": 0}
readers = {}
for part in ("train", "validation"):
    path = os.path.join(folder, part)
    readers[part] = event_accumulator.EventAccumulator(path, everything)
    readers[part].Reload()
# What the dashboards read: old forms turned into tensors.
dashboard = plugin_event_accumulator.EventAccumulator(os.path.join(folder, "train"), {"tensors": 0})
dashboard.Reload()


def close(have, want):
    return abs(have - want) <= 1e-6 * max(1, abs(want))


def at(events, step):
    found = [event for event in events if event.step == step]
    assert len(found) == 1, (step, found)
    return found[0]


counts = {"scalar": 0, "histogram": 0}
for line in open(expected):
    kind, part, tag, step, *numbers = line.split()
    numbers = [float(number) for number in numbers]
    counts[kind] += 1
    if kind == "scalar":
        event = at(readers[part].Scalars(tag), int(step))
        assert close(event.value, numbers[0]), line
        assert event.wall_time > 1.6e9
    else:
        histogram = at(readers[part].Histograms(tag), int(step)).histogram_value
        low, high, count, total = numbers
        assert (histogram.min, histogram.max, histogram.num) == (low, high, count), line
        assert close(histogram.sum, total), line
        assert sum(histogram.bucket) == count, line
        assert close(histogram.bucket_limit[-1], high), line
        rows = at(dashboard.Tensors(tag), int(step)).tensor_proto
        shape = [dimension.size for dimension in rows.tensor_shape.dim]
        assert shape[1] == 3 and 1 <= shape[0] <= 30, shape

found = sum(len(r.Scalars(tag)) for r in readers.values() for tag in r.Tags()["scalars"])
assert found == counts["scalar"], (found, counts)
found = sum(len(r.Histograms(tag)) for r in readers.values() for tag in r.Tags()["histograms"])
assert found == counts["histogram"], (found, counts)
print("TensorBoard reads %(scalar)d scalars and %(histogram)d histograms" % counts)
