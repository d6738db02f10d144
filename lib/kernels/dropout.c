/*
 * Dropout. Element e of a batch's stream takes word e mod 4 of counter e / 4 (base/random.h). The
 * words of COUNTERS neighbouring counters are made at once, one counter per lane, by the same ten
 * rounds as nn__philox.
 */
#include "base/random.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { VECTORS = 4, COUNTERS = VECTORS * NN__WORDS, WORDS = 4 * COUNTERS };

typedef struct stream_at {
    uint64_t seed;
    uint32_t position, stream;
} stream_at;

/* The first counters of a group: lane l holds counter block + l. */
static inline void philox_start(nn__words c[4], const stream_at *at, uint64_t block)
{
    const nn__words zero = {0}, counter = nn__iota() + (zero + block);
    c[0] = counter;
    c[1] = counter >> 32;
    c[2] = zero + at->position;
    c[3] = zero + at->stream;
}

/* One round; a lane holds a 32-bit word in 64 bits whose upper half does not matter. */
static inline void philox_round(nn__words c[4], nn__words k0, nn__words k1)
{
    const nn__words zero = {0}, m0 = zero + NN__PHILOX_M0, m1 = zero + NN__PHILOX_M1;
    const nn__words p0 = nn__mul_low(c[0], m0), p1 = nn__mul_low(c[2], m1);
    c[0] = (p1 >> 32) ^ c[1] ^ k0;
    c[2] = (p0 >> 32) ^ c[3] ^ k1;
    c[1] = p1;
    c[3] = p0;
}

/* Ten rounds of two vectors at a time: a round waits for the one before it, not for its neighbour. */
static inline void philox_rounds(nn__words c[2][4], uint64_t seed)
{
    const nn__words zero = {0};
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        philox_round(c[0], zero + k0, zero + k1);
        philox_round(c[1], zero + k0, zero + k1);
        k0 += NN__PHILOX_W0;
        k1 += NN__PHILOX_W1;
    }
}

/* words[4 l + j] = word j of counter block + l. */
static void philox_lanes(uint32_t words[WORDS], const stream_at *at, uint64_t block)
{
    nn__words c[VECTORS][4];
    for (int v = 0; v < VECTORS; v++)
        philox_start(c[v], at, block + (uint64_t)(v * NN__WORDS));
    for (int v = 0; v < VECTORS; v += 2)
        philox_rounds(c + v, at->seed);
    for (int v = 0; v < VECTORS; v++)
        for (int l = 0; l < NN__WORDS; l++, words += 4)
            for (int j = 0; j < 4; j++)
                words[j] = (uint32_t)c[v][j][l];
}

/* word >= rate 2^32 for a whole word is word >= the next whole number up; 2^32 keeps nothing. */
static uint64_t threshold_of(double rate)
{
    double exact = rate * 4294967296.0;
    uint64_t whole = (uint64_t)exact;
    return (double)whole < exact ? whole + 1 : whole;
}

static void drop(nn_real *restrict y, unsigned char *restrict mask, const nn_real *x,
                 const uint32_t *restrict words, uint32_t threshold, nn_real scale, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int keep = words[i] >= threshold;
        mask[i] = (unsigned char)keep;
        y[i] = keep ? x[i] * scale : 0;
    }
}

void KERNEL(dropout)(nn_real *y, unsigned char *mask, const nn_real *x, double rate, uint64_t seed,
                     uint32_t position, uint32_t stream, uint64_t first, size_t n)
{
    stream_at at = {seed, position, stream};
    uint64_t threshold = threshold_of(rate);
    if (threshold > UINT32_MAX) {
        for (size_t i = 0; i < n; i++) {
            mask[i] = 0;
            y[i] = 0;
        }
        return;
    }
    nn_real scale = (nn_real)(1 / (1 - rate));
    uint32_t words[WORDS];
    size_t skip = (size_t)(first % 4);
    for (size_t done = 0; done < n;) {
        philox_lanes(words, &at, (first + done) / 4);
        size_t count = WORDS - skip < n - done ? WORDS - skip : n - done;
        drop(y + done, mask + done, x + done, words + skip, (uint32_t)threshold, scale, count);
        done += count;
        skip = 0;
    }
}

void KERNEL(dropout_gradient)(nn_real *dx, const nn_real *dy, const unsigned char *mask,
                              double rate, size_t n)
{
    nn_real scale = rate < 1 ? (nn_real)(1 / (1 - rate)) : 0;
    for (size_t i = 0; i < n; i++)
        dx[i] = mask[i] ? dy[i] * scale : 0;
}
