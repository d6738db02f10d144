/*
 * Sorting of indices: heapsort, so without recursion, allocation or a slow case.
 */
#ifndef NN__FORMATS_SORT_H
#define NN__FORMATS_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Negative, zero, positive where item a stands before, beside, after item b. */
typedef int nn__compare(const void *items, uint32_t a, uint32_t b);

/* Puts the indices order[0..count-1] in ascending order of what they stand for. Not stable. */
void nn__sort(uint32_t *order, size_t count, nn__compare *compare, const void *items);

#endif
