/*
 * Arrays of numbers in files: what IDX and NPY headers say, and the way from their elements to a
 * tensor. The first dimension counts the rows.
 */
#ifndef NN__FORMATS_ARRAY_FILE_H
#define NN__FORMATS_ARRAY_FILE_H

#include "formats/source.h"
#include "nn/tensor.h"

typedef struct nn__array {
    char kind;      /* 'b' bool, 'u' unsigned, 'i' signed, 'f' floating point */
    int size;       /* bytes of an element: 1, 2, 4, 8                        */
    int big;        /* 1: the first byte is the highest                       */
    int fortran;    /* 1: the first index runs fastest                        */
    nn_shape shape; /* with the rows                                          */
    uint64_t first; /* offset of the first element                            */
} nn__array;

/* idx.c, npy.c: the header of the source, whose length agrees with it on success. NN_EFORMAT,
 * NN_ENOTSUP, NN_EIO. */
nn_status nn__idx_header(const nn__source *source, nn__array *array);
nn_status nn__npy_header(const nn__source *source, nn__array *array);

/* array_file.c: dimensions and length as a header says them. Nothing else of array may be open. */
nn_status nn__array_shape(nn__array *array, const nn__source *source, const uint64_t *dims,
                          int rank);

/* The first `rows` rows as a new tensor of NN_U8 (from 'u' or 'b' of one byte), NN_I32 (from
 * integers; NN_EFORMAT names one that does not fit) or NN_F32. */
nn_status nn__array_load(const nn__array *array, const nn__source *source, int rows, int dtype,
                         nn_tensor **tensor);

#endif
