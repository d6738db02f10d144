#include "base/random.h"

uint64_t nn__random_below(nn__random *r, uint64_t bound)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound; /* a multiple of bound */
    uint64_t value;
    do {
        value = (uint64_t)nn__random_word(r) << 32;
        value |= nn__random_word(r);
    } while (value >= limit);
    return value % bound;
}

void nn__random_shuffle(nn__random *r, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)nn__random_below(r, i);
        size_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
