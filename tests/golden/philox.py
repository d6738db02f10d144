"""libnn's random numbers in Python, from the words of lib/base/random.h.

Philox4x32-10: a key (the seed) and a counter of four words (element / 4, low and high; position;
purpose in the top 8 bits with a number in the low 24) give four words; element e takes word e mod 4.
"""
import numpy as np

# Purposes of libnn, and one that only golden files use.
WEIGHTS, MASKS, SHUFFLE, SPLIT, GOLDEN = 1, 2, 3, 4, 128

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(seed, block, position, stream):
    """The four words of each counter block[n]: [n][4]."""
    c = [block & LOW, block >> HALF, np.full_like(block, position), np.full_like(block, stream)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [p1 >> HALF ^ c[1] ^ np.uint64(k[0]), p1 & LOW,
             p0 >> HALF ^ c[3] ^ np.uint64(k[1]), p0 & LOW]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, axis=1)


def words(seed, position, purpose, number, count, first=0):
    """Elements first..first+count-1 of a stream, as 64-bit integers below 2^32."""
    blocks = np.arange(first // 4, (first + count + 3) // 4, dtype=np.uint64)
    all_words = philox(seed, blocks, position, purpose << 24 | number).ravel()
    return all_words[first % 4:first % 4 + count]


def glorot_uniform(seed, number, shape):
    """First values of weight `number` of a model, in double: U(-l, l), l = sqrt(6 / (in + out))."""
    fan_in, fan_out = (np.prod(shape[:-2]) * n for n in shape[-2:])
    unit = (words(seed, 0, WEIGHTS, number, np.prod(shape)) >> np.uint64(8)) / 2.0**24
    return (np.sqrt(6 / (fan_in + fan_out)) * (2 * unit - 1)).reshape(shape)


def mask(seed, step, node, rate, shape):
    """Which elements of a batch the dropout layer `node` keeps in step 0, 1, ...: 1 or 0."""
    kept = words(seed, step, MASKS, node, np.prod(shape)) >= rate * 2.0**32
    return kept.reshape(shape)


def shuffle(seed, position, rows, purpose=SHUFFLE, number=0):
    """The order of an epoch's rows, or of a class before a split: Fisher-Yates from the end, each place
    from two words."""
    drawn = iter(words(seed, position, purpose, number, 4 * rows).tolist())
    order = list(range(rows))
    for left in range(rows, 1, -1):
        value = limit = (2**64 - 1) // left * left  # beyond it the rest would not be even
        while value >= limit:
            value = next(drawn) << 32 | next(drawn)
        order[left - 1], order[value % left] = order[value % left], order[left - 1]
    return np.array(order)


def uniform(seed, number, count):
    """Numbers of the golden files themselves: multiples of 2^-23 in [-1, 1)."""
    return (words(seed, 0, GOLDEN, number, count) >> np.uint64(8)) / 2.0**23 - 1
