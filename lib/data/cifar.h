/*
 * CIFAR-10 and CIFAR-100 in their binary form: files of records, each some labels of a byte and
 * three planes of 32x32 bytes,
 *   record = label[labels], red[32][32], green[32][32], blue[32][32]
 * kept as pixels[32][32][3].
 */
#ifndef NN__DATA_CIFAR_H
#define NN__DATA_CIFAR_H

#include "data/dataset.h"
#include "data/pictures.h"

enum { NN__CIFAR_FILES = 5, NN__CIFAR_LABELS = 2 };

typedef struct nn__cifar {
    const nn_dataset_kind *kind;
    const char *const *files;            /* NULL-terminated, at most NN__CIFAR_FILES of them      */
    int labels;                          /* of a record                                           */
    int classes[NN__CIFAR_LABELS];       /* of each label                                         */
    const char *words[NN__CIFAR_LABELS]; /* "label", "fine label": for messages                 */
    int which;                           /* the label that is y                                   */
    const char *const *class_names;      /* of that label                                         */
    const char *directory;
    int one_hot;
    size_t limit; /* 0: all rows */
} nn__cifar;

nn_dataset *nn__cifar_dataset(const nn__cifar *cifar);

#endif
