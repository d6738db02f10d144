/*
 * Random numbers are counted, not stored: Philox4x32-10 (Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). Any number can be computed by itself, so threads, batches, resumed
 * runs and processes draw the same ones.
 *
 *   key      seed, 64 bits: low word, high word
 *   counter  0  low word of element / 4
 *            1  high word of element / 4
 *            2  low word of the position: optimizer step (masks) or epoch (shuffles), else 0
 *            3  purpose in the top 8 bits, node or weight number in the low 24
 *   result   four words; element e takes word e mod 4
 *
 * In masks the element counts through the whole batch: row * elements of a row + place.
 */
#ifndef NN__BASE_RANDOM_H
#define NN__BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum nn__purpose {
    NN__FOR_WEIGHTS = 1,  /* first weights; low 24 bits: number of the weight in the model */
    NN__FOR_MASKS = 2,    /* dropout; low 24 bits: number of the node                      */
    NN__FOR_SHUFFLE = 3,  /* order of an epoch's rows                                      */
    NN__FOR_SPLIT = 4,    /* nn_dataset_split; low 24 bits: the class                      */
    NN__FOR_DRAWINGS = 5, /* nn_drawings; low 24 bits: the part                            */
    NN__FOR_CHECKS = 99   /* nn_check_gradients; low 24 bits: number of the weight         */
                          /* 128: tests/golden                                             */
};

#define NN__PHILOX_M0 0xD2511F53u
#define NN__PHILOX_M1 0xCD9E8D57u
#define NN__PHILOX_W0 0x9E3779B9u
#define NN__PHILOX_W1 0xBB67AE85u

/* The four words of one counter. */
static inline void nn__philox(uint64_t seed, uint64_t block, uint32_t position, uint32_t stream,
                              uint32_t out[4])
{
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = position, c3 = stream;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)NN__PHILOX_M0 * c0, p1 = (uint64_t)NN__PHILOX_M1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += NN__PHILOX_W0;
        k1 += NN__PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static inline uint32_t nn__stream(enum nn__purpose purpose, uint32_t number)
{
    return (uint32_t)purpose << 24 | (number & 0xFFFFFFu);
}

/* A sequence of words: numbers element 0, 1, 2, ... of one (seed, position, stream). */
typedef struct nn__random {
    uint64_t seed, next;
    uint32_t position, stream, words[4];
} nn__random;

static inline nn__random nn__random_begin(uint64_t seed, uint32_t position, uint32_t stream)
{
    nn__random r = {seed, 0, position, stream, {0, 0, 0, 0}};
    return r;
}

static inline uint32_t nn__random_word(nn__random *r)
{
    if (r->next % 4 == 0)
        nn__philox(r->seed, r->next / 4, r->position, r->stream, r->words);
    return r->words[r->next++ % 4];
}

/* Uniform in 0..bound-1, bound >= 1, without bias (rejection from 64 bits). */
uint64_t nn__random_below(nn__random *r, uint64_t bound);

/* Fisher-Yates over items[0..count-1]. */
void nn__random_shuffle(nn__random *r, size_t *items, size_t count);

#endif
