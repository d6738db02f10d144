"""What a run prints on standard output."""
import os
import statistics

HEAD = ("work", "threads", "core of OpenBLAS", "library", "images/s", "least..most",
        "libnn is faster by", "peak memory, MB", "first step, ms")


class Row:
    """What was measured of one side at one work."""

    def __init__(self, work, threads, core, side):
        self.work, self.threads, self.core, self.side = work, threads, core, side
        self.rates, self.peak, self.starts = [], None, []

    def ratio(self, ours):
        """How many times faster libnn is: the median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(ours.rates, self.rates))

    def record(self):
        return {"work": str(self.work), "threads": self.threads, "core": self.core,
                "side": self.side.name, "images_per_second": self.rates, "peak_bytes": self.peak,
                "first_step_seconds": self.starts}


def ours_of(rows, row):
    """libnn's row of the same race."""
    return next((r for r in rows if r.side.name == "libnn" and
                 (r.work, r.threads, r.core) == (row.work, row.threads, row.core)), None)


def milliseconds(starts):
    return f"{1e3 * statistics.median(starts):,.0f}" if starts else ""


def cells(rows, row):
    ours = ours_of(rows, row)
    ratio = "1" if row is ours else f"{row.ratio(ours):.2f}" if ours else ""
    return (str(row.work), str(row.threads), row.core, row.side.name,
            f"{statistics.median(row.rates):,.0f}",
            f"{min(row.rates):,.0f}..{max(row.rates):,.0f}", ratio,
            f"{row.peak / 1e6:,.0f}" if row.peak else "", milliseconds(row.starts))


def print_table(rows):
    print("| " + " | ".join(HEAD) + " |")
    print("|" + "---|" * len(HEAD))
    for row in rows:
        print("| " + " | ".join(cells(rows, row)) + " |")


def least(rows, value):
    """The row with the least value, of those that have one."""
    having = [row for row in rows if value(row)]
    return min(having, key=value, default=None)


def print_summary(rows):
    """libnn against the best of the others, for each race."""
    print("\nlibnn against the best of the others:\n")
    for ours in (row for row in rows if row.side.name == "libnn"):
        others = [row for row in rows if row is not ours and ours_of(rows, row) is ours]
        if not others:
            continue
        fastest = least(others, lambda row: row.ratio(ours))
        text = f"{fastest.ratio(ours):.2f} times as fast as {fastest.side.name}"
        python = [row for row in others if row.side.name != "dlib"]
        small = least(python, lambda row: row.peak)
        if small and ours.peak:
            text += f"; 1/{small.peak / ours.peak:.1f} of the memory of {small.side.name}"
        soon = least(python, lambda row: statistics.median(row.starts) if row.starts else None)
        if soon and ours.starts:
            times = statistics.median(soon.starts) / statistics.median(ours.starts)
            text += f"; first step {times:.1f} times sooner than {soon.side.name}"
        print(f"- {ours.work}, threads {ours.threads}, {ours.core}: {text}")


def words(name, key):
    """A setting without the number of threads where that is the race's."""
    own = "threads=" + key.rsplit(" ", 1)[1]
    return " ".join(word for word in name.split() if word != own) or own


def print_settings(found):
    if not found:
        return
    print("\nSettings, the one taken first, then all that were tried, with images/s:\n")
    for key, entry in found.items():
        tried = sorted(entry["tried"], key=lambda t: -(t[1] or 0))
        taken = words(entry["setting"], key) if entry["setting"] else "none works"
        print(f"- {key}: **{taken}** of " + ", ".join(
            f"{words(name, key)} {rate:,.0f}" if rate else f"{words(name, key)} (no: {why})"
            for name, rate, why in tried))


def print_header(ours, others, rounds, seconds, cores):
    about = dict(line.split(" ", 1) for line in ours.about[1:])
    versions = "; ".join(dict.fromkeys([ours.about[0]] + [side.about[0] for side in others]))
    print(f"{about['cpu']}, {os.cpu_count()} processors, kernels {about['kernels']}, "
          f"{about['blas'].rsplit(' core ', 1)[0]} (cores raced: {', '.join(cores)}); {versions}. "
          f"{rounds} rounds of {seconds:g} s each, in turns; batch norm, dropout and softmax "
          "included, data in memory as floats.\n")
