"""Numbers of libnn's random streams, drawn in Python: whether philox.py draws what libnn draws."""
import philox


def add_cases(file):
    rng = file.random("streams")
    for number in range(4):
        # Seeds and numbers of more than 32 bits and of several blocks, too.
        seed, position, place = int(rng.integers(2**62)), int(rng.integers(2**20)), 17 + number
        shape = tuple(int(n) for n in rng.integers(2, 7, size=2 + number % 3))
        rate = float(rng.integers(1, 8)) / 8
        wanted = {
            "weights": philox.glorot_uniform(seed, place, shape),
            "mask": philox.mask(seed, position, place, rate, (5, 41)),
            "order": philox.shuffle(seed, position, 300 + number),
        }
        case = {"subject": "streams", "seed": seed, "weight": place, "node": place}
        case |= {"step": position, "epoch": position, "rate": rate}
        file.add(f"streams {number}", case, {}, wanted, {"weights": 2})
