/*
 * Several datasets row by row, for models with several inputs and outputs. The parts of a zip are
 * read one after the other, each by its own kind. A dataset that stands among inputs and targets is
 * one part; where it is wanted for its targets alone, its x is written to the place of an input
 * that is read after it.
 */
#ifndef NN__DATA_ZIP_H
#define NN__DATA_ZIP_H

#include "data/dataset.h"

typedef struct nn__zip {
    int input_count, target_count, part_count;
    const nn_dataset **inputs, **targets; /* lent */
    nn__part *parts;                      /* in the order in which they are to be read */
} nn__zip;

/* The zip that a dataset is, or is a view of; NULL: it is none. */
const nn__zip *nn__zip_of(const nn_dataset *dataset);

#endif
