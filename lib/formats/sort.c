#include "formats/sort.h"

/* Lets order[root] sink until the heap below it is one again; the largest stands on top. */
static void sort_sink(uint32_t *order, size_t root, size_t count, nn__compare *compare,
                      const void *items)
{
    uint32_t moving = order[root];
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && compare(items, order[child], order[child + 1]) < 0)
            child++;
        if (compare(items, moving, order[child]) >= 0)
            break;
        order[root] = order[child];
    }
    order[root] = moving;
}

void nn__sort(uint32_t *order, size_t count, nn__compare *compare, const void *items)
{
    for (size_t root = count / 2; root-- > 0;)
        sort_sink(order, root, count, compare, items);
    for (size_t last = count; last-- > 1;) {
        uint32_t top = order[0];
        order[0] = order[last];
        order[last] = top;
        sort_sink(order, 0, last, compare, items);
    }
}
