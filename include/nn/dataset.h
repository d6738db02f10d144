/*
 * Datasets: numbered rows of (x, y). They are borrowed by fit, evaluate and predict, and freed by
 * whoever made them. A dataset never changes, so several threads may read one.
 */
#ifndef NN_DATASET_H
#define NN_DATASET_H

#include "base.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_dataset nn_dataset;

/* Frees a dataset (not what it is a view of, and not the caller's arrays). NULL is fine. */
NN_API void nn_dataset_free(nn_dataset *dataset);

NN_API size_t nn_dataset_rows(const nn_dataset *dataset);
/* The shape of one x, without the row dimension; lent. */
NN_API const nn_shape *nn_dataset_shape(const nn_dataset *dataset);
/* The number of classes of y; 0 where y is not classes. */
NN_API int nn_dataset_classes(const nn_dataset *dataset);
/* The name of class 0..classes-1 ("airplane"); lent; NULL where it has none. */
NN_API const char *nn_dataset_class_name(const nn_dataset *dataset, int index);

/*
 * Row `row` as the network sees it: x takes the product of the shape in floats, scaled; *label
 * takes the class, -1 where y is not classes. Either may be NULL. NN_EINVAL: no such row.
 */
NN_API nn_status nn_dataset_row(const nn_dataset *dataset, size_t row, nn_real *x, int *label);

/*
 * Rows of the caller's tensors, which must outlive the dataset. x[n][...] is NN_F32 or NN_U8. y is
 * NULL (to predict), or has n rows: NN_I32 or NN_U8 [n] or [n][1] are classes, NN_F32 [n] or
 * [n][...] are targets as they stand. NULL: NN_EINVAL, NN_ESHAPE (rows differ), NN_ENOMEM.
 */
typedef struct nn_arrays_options {
    size_t struct_size;
    const nn_tensor *x;
    const nn_tensor *y;
    double divisor; /* x / divisor, in double, rounded to float; 0 is 1; 255 makes 0..1 of bytes */
    int classes;    /* with classes in y: their number; 0 is the largest class plus 1            */
    int one_hot;    /* 1: y reaches loss and metrics as one-hot rows                             */
} nn_arrays_options;
NN_API nn_dataset *nn_arrays_new(const nn_arrays_options *options);

/* Which part of a published set: 50,000 training or 10,000 test pictures in CIFAR-10. */
typedef enum nn_part { NN_TRAIN = 0, NN_TEST = 1 } nn_part;

/*
 * CIFAR-10 in its binary form: 32x32x3 pictures of ten classes, kept as bytes in memory, read as
 * x / 255. `directory` holds data_batch_1.bin .. data_batch_5.bin (part NN_TRAIN) or
 * test_batch.bin (NN_TEST): records of 3,073 bytes, a label 0..9, then 1,024 red, 1,024 green and
 * 1,024 blue bytes by rows. The number of records follows from each file's length.
 * NULL: NN_ENOTFOUND and NN_EIO name the file; NN_EFORMAT names the file, and the length that is
 * no multiple of 3,073 or the record and the label above 9; NN_ENOMEM.
 */
typedef struct nn_cifar10_options {
    size_t struct_size;
    const char *directory; /* must be given                               */
    int part;              /* NN_TRAIN (default) or NN_TEST               */
    int one_hot;           /* 1: y reaches loss and metrics as one-hot    */
    size_t limit;          /* at most so many rows, the first; 0 is all   */
} nn_cifar10_options;
NN_API nn_dataset *nn_cifar10_new(const nn_cifar10_options *options);

/*
 * Drawings: a generated stand-in for CIFAR-10, always at hand. 32x32x3 pictures of ten drawn
 * objects, varied in place, size, turn, colours, background and noise. Integer arithmetic only: a
 * seed gives the same bytes on every machine. Row i has class i mod 10. The two parts never share
 * a picture's random numbers. Read as x / 255. NULL: NN_EINVAL, NN_ENOMEM.
 */
typedef struct nn_drawings_options {
    size_t struct_size;
    size_t rows;   /* 0 is 10,000 for NN_TRAIN and 2,000 for NN_TEST   */
    uint64_t seed; /* which set; default 0                             */
    int part;      /* NN_TRAIN (default) or NN_TEST                    */
    int one_hot;   /* 1: y reaches loss and metrics as one-hot rows    */
} nn_drawings_options;
NN_API nn_dataset *nn_drawings_new(const nn_drawings_options *options);

/* ---- Views ----------------------------------------------------------------------------------
 * A view holds row numbers only; the dataset under it must outlive it.
 */

/* The rows indices[0..count-1] of parent, in that order; the numbers are copied. */
NN_API nn_dataset *nn_dataset_subset(const nn_dataset *parent, const size_t *indices, size_t count);

/* The rows [0, count) of parent; all of them where it has fewer. count 0 is NN_EINVAL. */
NN_API nn_dataset *nn_dataset_take(const nn_dataset *parent, size_t count);

/*
 * Cuts parent in two views at random, each class by itself, so that both have the classes in equal
 * shares: of n rows of a class, round(n * fraction) go to *second. The same seed cuts the same way.
 * The caller frees both views. Written only on success. NN_EINVAL: fraction outside 0..1, a part
 * would be empty, y is not classes.
 */
NN_API nn_status nn_dataset_split(const nn_dataset *parent, double fraction, uint64_t seed,
                                  nn_dataset **first, nn_dataset **second);

/* ---- Several inputs and targets -------------------------------------------------------------
 * What a model with several inputs or outputs is fed.
 */

/* A counted list of datasets, made by nn_datasets(a, b, ...). */
typedef struct nn_dataset_list {
    const nn_dataset *const *items;
    size_t count;
} nn_dataset_list;

/*
 * Datasets row by row: row i has x of row i of each dataset in `inputs`, and y of row i of each in
 * `targets`, in the order of the model's inputs and outputs. A dataset may stand in both lists, and
 * several times. Views of it (subset, take, split) show rows with all their parts; split looks at
 * the classes of the first target. The datasets must outlive it. Functions that speak of one x and
 * one y mean the first ones.
 *
 * The x of a dataset that stands in `targets` alone is read and dropped: it must not be larger than
 * the largest input. NULL: NN_EINVAL (no input; a NULL; a target of a dataset without targets; a
 * dataset that has several x or y itself), NN_ESHAPE (rows differ), NN_ENOTSUP (that x is larger),
 * NN_ENOMEM.
 */
typedef struct nn_zip_options {
    size_t struct_size;
    nn_dataset_list inputs;  /* .inputs = nn_datasets(a, b)                     */
    nn_dataset_list targets; /* .targets = nn_datasets(a); none: only to predict */
} nn_zip_options;
NN_API nn_dataset *nn_zip_new(const nn_zip_options *options);

/* How many x and y a row has: 1 and 0 or 1 where the dataset is no zip. */
NN_API size_t nn_dataset_input_count(const nn_dataset *dataset);
NN_API size_t nn_dataset_target_count(const nn_dataset *dataset);
/* nn_dataset_shape and the x of nn_dataset_row, for input 0..count-1. NULL and NN_EINVAL where there
 * is none. */
NN_API const nn_shape *nn_dataset_shape_at(const nn_dataset *dataset, size_t input);
NN_API nn_status nn_dataset_row_at(const nn_dataset *dataset, size_t input, size_t row, nn_real *x);

#ifndef __cplusplus
#define nn_datasets(...)                                                                           \
    {                                                                                              \
        (const nn_dataset *[]){__VA_ARGS__},                                                       \
            sizeof((const nn_dataset *[]){__VA_ARGS__}) / sizeof(nn_dataset *)                     \
    }
#define nn_zip(...) nn_zip_new(NN_OPTIONS(nn_zip_options, __VA_ARGS__))
#define nn_arrays(...) nn_arrays_new(NN_OPTIONS(nn_arrays_options, __VA_ARGS__))
#define nn_cifar10(...) nn_cifar10_new(NN_OPTIONS(nn_cifar10_options, __VA_ARGS__))
#define nn_drawings(...) nn_drawings_new(NN_OPTIONS(nn_drawings_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
