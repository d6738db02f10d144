/*
 * Datasets from inside. A dataset is a kind's table with its self, or a view: the same table and
 * self, and the numbers of the rows it shows. A view of a view holds numbers of the first dataset
 * of the chain, so reading never goes through more than one list.
 */
#ifndef NN__DATA_DATASET_H
#define NN__DATA_DATASET_H

#include "base/options.h"
#include "nn/dataset.h"

struct nn_dataset {
    const nn_dataset_kind *kind;
    void *self;
    nn_dataset_info info; /* of this dataset: a view has its own number of rows             */
    int is_view;          /* then self is another dataset's                                 */
    int in_memory;        /* reading a row is no more than a copy: nothing to do ahead     */
    size_t *indices;      /* indices[rows] in self; NULL: row i is row i                    */
};

/* Marks a dataset whose rows all stand in memory; NULL stays NULL. */
nn_dataset *nn__dataset_in_memory(nn_dataset *dataset);

/* What the dataset is made of; lent. */
const nn_dataset_info *nn__dataset_info(const nn_dataset *dataset);

/*
 * Rows indices[0..count-1] into x[count][...] and, where the info says values, y[count][...], where
 * it says classes, classes[count]; the one that is not said is left alone and may be NULL, and
 * where targets are not wanted both are NULL. Allocates nothing; several threads may read separate
 * rows at once. NN_EINVAL: no such row; else what the kind's read returns.
 */
nn_status nn__dataset_read(const nn_dataset *dataset, const size_t *indices, size_t count,
                           nn_real *x, nn_real *y, int32_t *classes);

/*
 * One of the datasets of a zip, or a dataset by itself. Reading part after part, in order, fills
 * all inputs and targets.
 */
typedef struct nn__part {
    const nn_dataset *data;
    int input;  /* the input that its x is; -1: it is not wanted, and goes to the place of `room` */
    int target; /* the target that its y is; -1: it is not wanted                                 */
    int room;   /* an input that is read later and is no smaller; or input itself                 */
} nn__part;

int nn__dataset_part_count(const nn_dataset *dataset);
nn__part nn__dataset_part(const nn_dataset *dataset, int part);
/* Rows indices[0..count-1] of the dataset, from one of its parts; as nn__dataset_read. */
nn_status nn__dataset_read_part(const nn_dataset *dataset, const nn__part *part,
                                const size_t *indices, size_t count, nn_real *x, nn_real *y,
                                int32_t *classes);

/* How many inputs and targets a row has, and whose x and y they are. */
int nn__dataset_input_count(const nn_dataset *dataset);
int nn__dataset_target_count(const nn_dataset *dataset);
const nn_dataset_info *nn__dataset_input_info(const nn_dataset *dataset, int input);
const nn_dataset_info *nn__dataset_target_info(const nn_dataset *dataset, int target);

/* The class of a row below the number of rows; -1 where y is not classes. */
int nn__dataset_label(const nn_dataset *dataset, size_t row);

/* An int option in 0..most, else NN_EINVAL: "what: field is 7; it must be 0..1". */
nn_status nn__dataset_choice(int value, int most, const char *what, const char *field);

#endif
