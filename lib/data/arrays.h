/* Datasets over tensors: the caller's (nn_arrays), and those that a reader of files made. */
#ifndef NN__DATA_ARRAYS_H
#define NN__DATA_ARRAYS_H

#include "data/dataset.h"

typedef struct nn__own_arrays {
    nn_tensor *x, *y;    /* taken, also when it fails; y may be NULL */
    const char **names;  /* class names in one block, or NULL; taken */
    int append;          /* 1: rows get a last dimension of 1        */
    const char *x_where; /* what messages call x and y: the files    */
    const char *y_where;
} nn__own_arrays;

/* A dataset that owns its tensors; divisor, classes and one_hot are those of the options, whose
 * tensors are ignored. */
nn_dataset *nn__arrays_own(const nn_dataset_kind *kind, const nn__own_arrays *own,
                           const nn_arrays_options *options);

/* For the kinds' tables. */
nn_status nn__arrays_read(void *self, const size_t *indices, size_t count, nn_real *x, nn_real *y,
                          int32_t *classes);
int nn__arrays_label(void *self, size_t row);
void nn__arrays_release(void *self);

/* The kind's whole table. */
#define NN__ARRAYS_KIND(name)                                                                      \
    {                                                                                              \
        sizeof(nn_dataset_kind), name, nn__arrays_read, nn__arrays_label, nn__arrays_release       \
    }

#endif
