/*
 * Datasets: numbered rows of (x, y). They are borrowed by fit, evaluate and predict, and freed by
 * whoever made them. A dataset never changes, so several threads may read one.
 *
 * Reading ahead. Where two batches in a row took a millisecond or more to read, fit, evaluate and
 * predict read the next one of the same epoch while they compute: in threads beside those of the
 * model, as many again, so that rows are read while callbacks run, too, and at the end by the
 * caller's thread as well. Numbers are the same, failures come with the batch that the row is in,
 * nothing is being read when the call returns; where it ends early, rows of one batch more may have
 * been read. Not so with one thread, with a pool of the host's, with .no_prefetch = 1 in the call's
 * options, nor for rows that stand in memory: arrays, drawings, what the readers below keep, and
 * views of these but maps. A call reads ahead where no other in the process is at it.
 */
#ifndef NN_DATASET_H
#define NN_DATASET_H

#include "base.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A set of numbered rows, each an x, and a y where it has targets. */
typedef struct nn_dataset nn_dataset;

/* Frees a dataset (not what it is a view of, and not the caller's arrays). NULL is fine. */
NN_API void nn_dataset_free(nn_dataset *dataset);

/* The number of rows. */
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

/* Where y is values or one-hot rows: the shape of one, lent, and the y of a row. Else NULL and
 * NN_EINVAL, also for a row that does not exist; NN_ENOMEM. */
NN_API const nn_shape *nn_dataset_target_shape(const nn_dataset *dataset);
NN_API nn_status nn_dataset_row_target(const nn_dataset *dataset, size_t row, nn_real *y);

/* Names in order, counted: .class_names = nn_names("cat", "dog"). */
typedef struct nn_name_list {
    const char *const *items; /* the texts; copied by those who take the list */
    size_t count;             /* how many */
} nn_name_list;

/* Which part of a published set: 50,000 training or 10,000 test pictures in CIFAR-10. */
typedef enum nn_part {
    NN_TRAIN = 0, /* to train on  */
    NN_TEST = 1   /* kept from it */
} nn_part;

/* ---- Arrays in memory -------------------------------------------------------------------------
 * Rows of the caller's tensors, which must outlive the dataset. x[n][...] is NN_F32 or NN_U8. y is
 * NULL (to predict), or has n rows: NN_I32 or NN_U8 [n] or [n][1] are classes, NN_F32 [n] or
 * [n][...] are targets as they stand. NULL: NN_EINVAL, NN_ESHAPE (rows differ), NN_ENOMEM.
 */
typedef struct nn_arrays_options {
    size_t struct_size;
    const nn_tensor *x; /* x[n][...]; must be given */
    const nn_tensor *y; /* y[n] or y[n][...]; NULL: no targets */
    double divisor; /* x / divisor, in double, rounded to float; 0 is 1; 255 makes 0..1 of bytes */
    int classes;    /* with classes in y: their number; 0 is the largest class plus 1 */
    int one_hot;    /* 1: y reaches loss and metrics as one-hot rows */
} nn_arrays_options;
NN_API nn_dataset *nn_arrays_new(const nn_arrays_options *options);

/* ---- CIFAR-10 ---------------------------------------------------------------------------------
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

/* ---- CIFAR-100 --------------------------------------------------------------------------------
 * CIFAR-100 in its binary form, otherwise as CIFAR-10: `directory` holds train.bin (50,000) or
 * test.bin (10,000): records of 3,074 bytes, the coarse label 0..19, the fine label 0..99, then the
 * planes. Failures are those of nn_cifar10.
 */

/* Which label of a picture. */
typedef enum nn_cifar100_label {
    NN_FINE = 0,  /* one of 100 classes          */
    NN_COARSE = 1 /* one of 20 groups of five    */
} nn_cifar100_label;
typedef struct nn_cifar100_options {
    size_t struct_size;
    const char *directory; /* must be given                                              */
    int part;              /* NN_TRAIN (default) or NN_TEST                              */
    int label_mode;        /* NN_FINE (default) or NN_COARSE                             */
    int one_hot;           /* 1: y reaches loss and metrics as one-hot                   */
    int reserved;          /* 0                                                          */
    size_t limit;          /* at most so many rows, the first; 0 is all                  */
} nn_cifar100_options;
NN_API nn_dataset *nn_cifar100_new(const nn_cifar100_options *options);

/* ---- Arrays in files ------------------------------------------------------------------------
 * x and y come from one file each (IDX, NPY) or from one archive (NPZ), or from memory that holds
 * what the file would: then its path, if it is given, is only what messages call it. Everything is
 * read at once; memory and paths may go after the call.
 *
 *   x   bytes stay bytes, all other numbers become floats, [n][...]
 *   y   integers, one per row, are classes; all else is values, [n] or [n][...]. `values` = 1
 *       makes values of integers, too.
 *
 * NULL: NN_ENOTFOUND, NN_EIO; NN_EFORMAT names the file, the place and the numbers of what is not
 * as the format says, and the row whose class is outside 0..classes-1 (NN_EINVAL); NN_ESHAPE: x and
 * y have different rows; NN_ENOTSUP: packed files (nn_files.h reads them), element types beyond
 * those below, more than NN_MAX_RANK dimensions or INT_MAX rows; NN_EINVAL: options; NN_ENOMEM.
 */

/* IDX, the format of MNIST and Fashion-MNIST. All of its element types. */
typedef struct nn_idx_options {
    size_t struct_size;
    const char *x;      /* path, "train-images-idx3-ubyte"; must be given unless x_data is    */
    const char *y;      /* path, "train-labels-idx1-ubyte"; NULL: no targets                  */
    const void *x_data; /* instead of a file: x_data[0..x_size-1]                             */
    size_t x_size;      /* bytes of x_data */
    const void *y_data; /* instead of a file: y_data[0..y_size-1] */
    size_t y_size;      /* bytes of y_data */
    double divisor;     /* x / divisor; 0 is 255 where x is unsigned bytes, else 1            */
    int channels;       /* 1: rows get a last dimension of 1, 28x28 becomes 28x28x1           */
    int classes;        /* with classes in y: their number; 0 is the largest class plus 1     */
    int one_hot;        /* 1: y reaches loss and metrics as one-hot rows                      */
    int values;         /* 1: y is values, also where it is integers                          */
    nn_name_list class_names; /* of class 0, 1, ...; copied; their count is `classes` then    */
    size_t limit;             /* at most so many rows, the first; 0 is all                    */
} nn_idx_options;
NN_API nn_dataset *nn_idx_new(const nn_idx_options *options);

/* The options of nn_npy_new and nn_npy. */
typedef nn_idx_options nn_npy_options;
/* NPY, NumPy's format for one array; the options are those of IDX. Versions 1 to 3; elements f4 f8,
 * i1 i2 i4 i8, u1 u2 u4 u8 and b1 in both byte orders; C and Fortran order. */
NN_API nn_dataset *nn_npy_new(const nn_npy_options *options);

/* NPZ, NumPy's archive of named arrays ("mnist.npz"); members stored without compression, as
 * numpy.savez does. NN_ENOTFOUND: no such file or member. */
typedef struct nn_npz_options {
    size_t struct_size;
    const char *path;         /* must be given unless data is                                     */
    const char *x;            /* the name of x; NULL is "x"                                       */
    const char *y;            /* the name of y; NULL: no targets                                  */
    const void *data;         /* instead of a file: data[0..size-1]                               */
    size_t size;              /* bytes of data                                                    */
    double divisor;           /* from here on as above                                            */
    int channels;             /* 1: a last dimension of 1                                         */
    int classes;              /* their number; 0 is the largest class plus 1                      */
    int one_hot;              /* 1: one-hot rows                                                  */
    int values;               /* 1: y is values                                                   */
    nn_name_list class_names; /* of class 0, 1, ...                                               */
    size_t limit;             /* at most so many rows                                             */
} nn_npz_options;
NN_API nn_dataset *nn_npz_new(const nn_npz_options *options);

/* ---- CSV --------------------------------------------------------------------------------------
 * A table of numbers as text (CSV, RFC 4180): x is rows of columns, [columns]. Fields may stand in
 * double quotes, with "" for a quote and line ends inside; lines end with LF or CRLF; empty lines
 * are passed over; spaces around numbers are, too. Numbers have a point, whatever the locale.
 *
 * Columns are chosen by their names in the header, or by their numbers, 0 being the first: "0",
 * "12". A name goes before a number.
 *
 * NULL: NN_ENOTFOUND, NN_EIO; NN_EFORMAT names file, line (from 1) and column of a field that is
 * missing, empty or no finite number, of a class that is none, and lines with more or fewer fields
 * than the first; NN_ENOTFOUND: no such column; NN_EINVAL: options; NN_ENOMEM.
 */

/* What the columns of y are. */
typedef enum nn_csv_targets {
    NN_CSV_VALUES = 0,  /* y is numbers, [columns of y]                                     */
    NN_CSV_CLASSES = 1, /* y is one column of class numbers 0, 1, ...                      */
    NN_CSV_LABELS = 2   /* y is one column of texts: each text is a class                   */
} nn_csv_targets;

typedef struct nn_csv_options {
    size_t struct_size;
    const char *path; /* must be given unless data is                                    */
    nn_name_list x;   /* columns; none: all but those of y and drop                      */
    nn_name_list y;   /* columns; none: no targets                                       */
    const void *data; /* instead of a file: data[0..size-1]                              */
    size_t size;      /* bytes of data                                                   */
    int targets;      /* an nn_csv_targets                                               */
    int separator;    /* a character; 0 is ','                                           */
    int no_header;    /* 1: the first line is a row, and columns have numbers only       */
    int classes;      /* of NN_CSV_CLASSES: their number; 0 is the largest plus 1        */
    int one_hot;      /* 1: classes reach loss and metrics as one-hot rows               */
    int reserved;     /* 0                                                               */
    /* Of class 0, 1, ...; copied. With NN_CSV_LABELS the texts that may occur; none: those that do,
     * in ascending order of their bytes, as scikit-learn's LabelEncoder counts them. */
    nn_name_list class_names;
    size_t limit;      /* at most so many rows, the first; 0 is all                      */
    nn_name_list drop; /* with no columns in x: columns that are not x either            */
} nn_csv_options;
NN_API nn_dataset *nn_csv_new(const nn_csv_options *options);

/* ---- Rows from a function ---------------------------------------------------------------------
 * Rows made by a function, any row at any time, by several threads at once, also while callbacks
 * run (reading ahead, above): x[product of the shape], and where there are targets y[...] or *label;
 * each may be NULL, then it is not wanted. The same row must give the same numbers. 0 is success; a
 * failure reaches whoever reads the row (nn_fail raises one with a message). NULL: NN_EINVAL,
 * NN_ENOMEM.
 */

/* Gives row `row`, as said above. */
typedef nn_status nn_row_function(void *user, size_t row, nn_real *x, nn_real *y, int *label);

typedef struct nn_function_data_options {
    size_t struct_size;
    nn_row_function *function; /* must be given                                            */
    size_t rows;               /* how many; must be given                                  */
    void *user;                /* handed to the function; lent                             */
    nn_shape x;                /* shape of one x, {3, {32, 32, 3}}; must be given          */
    nn_shape y;                /* of one target of values; rank 0: none                    */
    int classes;               /* targets are classes: their number; 0: they are not       */
    int one_hot;               /* 1: classes reach loss and metrics as one-hot rows        */
    nn_name_list class_names;  /* of class 0, 1, ...; copied                               */
} nn_function_data_options;
NN_API nn_dataset *nn_function_data_new(const nn_function_data_options *options);

/* ---- Drawings ---------------------------------------------------------------------------------
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
 * They read the datasets under them, which must outlive them. All but nn_dataset_map show rows as
 * they are; take, skip, repeat, subset and split hold row numbers only.
 */

/* The rows indices[0..count-1] of parent, in that order; the numbers are copied. */
NN_API nn_dataset *nn_dataset_subset(const nn_dataset *parent, const size_t *indices, size_t count);

/* The rows [0, count) of parent; all of them where it has fewer. count 0 is NN_EINVAL. */
NN_API nn_dataset *nn_dataset_take(const nn_dataset *parent, size_t count);

/* The rows of parent from `count` on. NN_EINVAL: none is left. */
NN_API nn_dataset *nn_dataset_skip(const nn_dataset *parent, size_t count);

/* parent's rows `count` times, one run after the other. NN_EINVAL: count is 0. */
NN_API nn_dataset *nn_dataset_repeat(const nn_dataset *parent, size_t count);

/* The rows of the parents one after the other. NN_ESHAPE, naming both, where x, y or the classes
 * differ; class names are those of the first. NN_ENOTSUP: one of them is a zip of several inputs or
 * targets; zip what was concatenated instead. */
NN_API nn_dataset *nn_dataset_concatenate(const nn_dataset *const *parents, size_t count);

/* Makes mapped[...] of x, as nn_dataset_map says. */
typedef nn_status nn_map_function(void *user, size_t row, const nn_real *x, nn_real *mapped);

/*
 * parent's rows with another x: `function` makes mapped[product of the shape] of x, a row as parent
 * gives it; y stays. `shape` is that of a mapped x; NULL: the parent's. The function is called at
 * every reading of a row, by several threads at once, and gives the same for the same row; 0 is
 * success, a failure reaches whoever reads. `user` is lent. A row of memory for each thread that
 * reads at the same time is kept until the dataset is freed. NULL: NN_EINVAL, NN_ENOMEM; NN_ENOTSUP
 * for a zip of several inputs or targets: zip what was mapped instead.
 */
NN_API nn_dataset *nn_dataset_map(const nn_dataset *parent, const nn_shape *shape,
                                  nn_map_function *function, void *user);

/*
 * Mean and variance (by n, as in Keras's Normalization) of x over all rows and all dimensions but
 * the last: per channel of pictures, per column of tables. mean[c] and variance[c] with c the
 * last dimension of the shape; either may be NULL. Means of rows are merged in double. Reads every
 * row once. NN_EINVAL; NN_ENOMEM; what reading returns. Written only on success.
 */
NN_API NN_MUST_CHECK nn_status nn_dataset_moments(const nn_dataset *dataset, double *mean,
                                                  double *variance);

/*
 * Cuts parent in two views at random, each class by itself, so that both have the classes in equal
 * shares: of n rows of a class, round(n * fraction) go to *second. Where y is not classes, all rows
 * are cut as one class. The same seed cuts the same way. The caller frees both views. Written only on
 * success. NN_EINVAL: fraction outside 0..1, a part would be empty.
 */
NN_API nn_status nn_dataset_split(const nn_dataset *parent, double fraction, uint64_t seed,
                                  nn_dataset **first, nn_dataset **second);

/* ---- Several inputs and targets -------------------------------------------------------------
 * What a model with several inputs or outputs is fed.
 */

/* A counted list of datasets, made by nn_datasets(a, b, ...). */
typedef struct nn_dataset_list {
    const nn_dataset *const *items; /* the datasets; borrowed */
    size_t count;                   /* how many */
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

/* How many x a row has: 1 where the dataset is no zip. */
NN_API size_t nn_dataset_input_count(const nn_dataset *dataset);
/* How many y a row has: 0 or 1 where the dataset is no zip. */
NN_API size_t nn_dataset_target_count(const nn_dataset *dataset);
/* As nn_dataset_shape, for input 0..count-1; NULL where there is none. */
NN_API const nn_shape *nn_dataset_shape_at(const nn_dataset *dataset, size_t input);
/* As the x of nn_dataset_row, for input 0..count-1; NN_EINVAL where there is none. */
NN_API nn_status nn_dataset_row_at(const nn_dataset *dataset, size_t input, size_t row, nn_real *x);

#ifndef __cplusplus
/* An nn_name_list of these texts: nn_names("cat", "dog"). C only. */
#define nn_names(...)                                                                              \
    ((nn_name_list){(const char *const[]){__VA_ARGS__},                                            \
                    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})

/* An nn_dataset_list of these datasets. C only. */
#define nn_datasets(...)                                                                           \
    {                                                                                              \
        (const nn_dataset *[]){__VA_ARGS__},                                                       \
            sizeof((const nn_dataset *[]){__VA_ARGS__}) / sizeof(nn_dataset *)                     \
    }

#define nn_zip(...) nn_zip_new(NN_OPTIONS(nn_zip_options, __VA_ARGS__))
#define nn_arrays(...) nn_arrays_new(NN_OPTIONS(nn_arrays_options, __VA_ARGS__))
#define nn_cifar10(...) nn_cifar10_new(NN_OPTIONS(nn_cifar10_options, __VA_ARGS__))
#define nn_cifar100(...) nn_cifar100_new(NN_OPTIONS(nn_cifar100_options, __VA_ARGS__))
#define nn_idx(...) nn_idx_new(NN_OPTIONS(nn_idx_options, __VA_ARGS__))
#define nn_npy(...) nn_npy_new(NN_OPTIONS(nn_npy_options, __VA_ARGS__))
#define nn_npz(...) nn_npz_new(NN_OPTIONS(nn_npz_options, __VA_ARGS__))
#define nn_csv(...) nn_csv_new(NN_OPTIONS(nn_csv_options, __VA_ARGS__))
#define nn_function_data(...)                                                                      \
    nn_function_data_new(NN_OPTIONS(nn_function_data_options, __VA_ARGS__))
#define nn_drawings(...) nn_drawings_new(NN_OPTIONS(nn_drawings_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
