/*
 * Pictures kept as bytes, pixels[rows][h][w][c], with labels of one byte: what the CIFAR readers
 * and the generated set hold. They are read as x / 255.
 */
#ifndef NN__DATA_PICTURES_H
#define NN__DATA_PICTURES_H

#include "base/base.h"
#include "nn/dataset.h"

typedef struct nn__pictures {
    size_t rows, size;     /* size: bytes of a picture                */
    int classes, one_hot;  /* one_hot: targets are values [classes]   */
    unsigned char *pixels; /* pixels[rows][size]                      */
    unsigned char *labels; /* labels[rows], each below classes        */
} nn__pictures;

/* Pictures of the shape (rank 3), all bytes 0; rows >= 1, classes 1..256. NULL: NN_ENOMEM. */
nn__pictures *nn__pictures_new(size_t rows, const nn_shape *shape, int classes);
void nn__pictures_free(void *pictures); /* NULL is fine */

/* The dataset of filled pictures; it takes them, also when it fails. Names and class names must
 * outlive it. */
nn_dataset *nn__pictures_dataset(nn__pictures *pictures, const nn_dataset_kind *kind,
                                 const nn_shape *shape, int one_hot,
                                 const char *const *class_names);

/* For the kinds' tables. */
nn_status nn__pictures_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                            int32_t *classes);
int nn__pictures_label(void *self, size_t row);

/* The kind's whole table. */
#define NN__PICTURES_KIND(name)                                                                    \
    {                                                                                              \
        sizeof(nn_dataset_kind), name, nn__pictures_read, nn__pictures_label, nn__pictures_free    \
    }

#endif
