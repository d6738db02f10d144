/*
 * Dropout. Element e of a batch's stream takes word e mod 4 of counter e / 4 (base/random.h). The
 * words of COUNTERS neighbouring counters are made at once, one counter per lane, by the same ten
 * rounds as nn__philox.
 */
#include "base/random.h"
#include "kernels/kernels.h"

enum { COUNTERS = 16, WORDS = 4 * COUNTERS };

typedef struct stream_at {
    uint64_t seed;
    uint32_t position, stream;
} stream_at;

/* words[4 l + j] = word j of counter block + l. */
static void philox_lanes(uint32_t words[WORDS], const stream_at *at, uint64_t block)
{
    for (int l = 0; l < COUNTERS; l++)
        nn__philox(at->seed, block + (uint64_t)l, at->position, at->stream, words + 4 * l);
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
