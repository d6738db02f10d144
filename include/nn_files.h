/*
 * libnn_files: readers of packed files and pictures, which need zlib, libpng and libjpeg and are
 * therefore not part of libnn. Link with -lnn_files -lnn (pkg-config nn_files).
 *
 * What they give are datasets like all others (nn/dataset.h), with the same rules: options are
 * copied, nn_dataset_free frees, nn_error_message() says what was wrong.
 */
#ifndef NN_FILES_H
#define NN_FILES_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As nn_idx, and each of the two files may be packed by gzip ("train-images-idx3-ubyte.gz"), as
 * MNIST and Fashion-MNIST are published; so may x_data and y_data. NULL: the failures of nn_idx;
 * NN_EFORMAT names the file and what is wrong with its packed data.
 */
NN_API nn_dataset *nn_files_idx_new(const nn_idx_options *options);

/* As nn_npz, and members may be compressed, as numpy.savez_compressed does. */
NN_API nn_dataset *nn_files_npz_new(const nn_npz_options *options);

/*
 * A folder with a sub-folder of pictures per class, as keras.utils.image_dataset_from_directory
 * reads it: sub-folders in ascending order of their names are class 0, 1, ...; hidden ones are
 * passed over; files ending in .png, .jpg or .jpeg, in either case, also those in folders below;
 * in ascending order of folder, then name. Other files are passed over, but .gif and .bmp, which
 * Keras would read, are NN_ENOTSUP.
 *
 * A row is [height][width][channels], divided by the divisor. A picture of another size is resized
 * by bilinear interpolation between its nearest pixels, without antialiasing, the proportions not
 * kept: Keras's default. Colours become grey, grey becomes colours as `channels` asks; transparency
 * is dropped; 16 bits become their upper 8.
 *
 * Pictures are read and decoded each time a row is read, by several threads at once, or once for all
 * with `in_memory`; the numbers are the same. A file that is damaged, cut short or no picture fails
 * where it is read: the constructor in memory, else fit or evaluate, as NN_EFORMAT with its name.
 *
 * NULL: NN_ENOTFOUND, NN_EIO; NN_EINVAL: options, no class, no picture; NN_ENOTSUP: pictures of
 * more than 256 MB, four-colour JPEG, .gif, .bmp; NN_ENOMEM.
 */
typedef struct nn_files_pictures_options {
    size_t struct_size;
    const char *directory;    /* must be given                                                */
    nn_name_list class_names; /* the sub-folders to read, in the order of classes; none: all  */
    int channels;             /* 3 (default) or 1                                             */
    int height;               /* rows of pixels; 0 is 256                                     */
    int width;                /* columns of pixels; 0 is 256                                  */
    int one_hot;              /* 1: y reaches loss and metrics as one-hot rows                */
    int in_memory;            /* 1: all pictures are decoded once, at the start               */
    int reserved;             /* 0                                                            */
    double divisor;           /* x / divisor; 0 is 255                                        */
} nn_files_pictures_options;
NN_API nn_dataset *nn_files_pictures_new(const nn_files_pictures_options *options);

#ifndef __cplusplus
#define nn_files_idx(...) nn_files_idx_new(NN_OPTIONS(nn_idx_options, __VA_ARGS__))
#define nn_files_npz(...) nn_files_npz_new(NN_OPTIONS(nn_npz_options, __VA_ARGS__))
#define nn_files_pictures(...)                                                                     \
    nn_files_pictures_new(NN_OPTIONS(nn_files_pictures_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
