/*
 * libnn_files from inside. It is a library of its own and knows libnn by its public headers; of
 * libnn's sources it compiles in formats/zip and formats/sort, which need nothing.
 */
#ifndef NN__FILES_FILES_H
#define NN__FILES_FILES_H

#include <stddef.h>

#include "nn.h"
#include "nn_files.h"

#define NN__FILES_TRY(expression)                                                                  \
    do {                                                                                           \
        nn_status nn__status = (expression);                                                       \
        if (nn__status != NN_OK)                                                                   \
            return nn__status;                                                                     \
    } while (0)

/* ---- memory.c: memory is libnn's ---- */

/* Zeroed and aligned to 64 bytes; NULL: NN_ENOMEM raised. */
void *nn__files_alloc(size_t bytes);
/* A larger copy; old is freed only on success. */
void *nn__files_grow(void *old, size_t old_bytes, size_t bytes);
void nn__files_free(void *block); /* NULL is fine */

/* An options struct of `size` bytes by the rules of nn/base.h, as nn__options_read does it. */
nn_status nn__files_options(void *copy, size_t size, const void *options, const char *what);

/* Paths in one growing text. */
typedef struct nn__listing {
    char *text;
    size_t used, room;
    size_t *at; /* [count]: where each path begins in the text */
    size_t count, at_room;
} nn__listing;
const char *nn__listing_get(const nn__listing *listing, size_t index);
/* "folder/name", or name where folder is NULL. */
nn_status nn__listing_add(nn__listing *listing, const char *folder, const char *name);
/* From item `first` on: by folder, then by name, by bytes. */
nn_status nn__listing_sort(nn__listing *listing, size_t first);
void nn__listing_free(nn__listing *listing);

/* ---- input.c: the one place of libnn_files that meets files and folders ---- */

/* The whole file; the caller frees *data. NN_ENOTFOUND, NN_EIO, NN_ENOMEM. */
nn_status nn__input_read(const char *path, unsigned char **data, size_t *size);
/* What a folder holds, in no order: its files and its folders, called "inside/name" (NULL: "name").
 * Links to files are files; links to folders are folders where `links` is 1, else left out. Either
 * listing may be NULL. */
nn_status nn__input_list(const char *path, const char *inside, int links, nn__listing *files,
                         nn__listing *folders);

/* ---- unpack.c: zlib ---- */

int nn__unpack_is_gzip(const void *data, size_t size);
/* All members of a gzip file; the caller frees *out. name begins messages. */
nn_status nn__unpack_gzip(const char *name, const void *data, size_t size, unsigned char **out,
                          size_t *out_size);
/* A bare deflate stream of exactly out_size unpacked bytes. */
nn_status nn__unpack_deflate(const char *name, const void *data, size_t size, void *out,
                             size_t out_size);

/* ---- png.c, jpeg.c: one picture in memory ---- */

enum { NN__PICTURE_MOST = 1 << 28 }; /* bytes of a decoded picture */

typedef struct nn__picture {
    int height, width, channels;
    unsigned char *pixels; /* [height][width][channels]; the caller frees */
} nn__picture;

/* Memory for the pixels; the three numbers are set. NN_ENOTSUP: more than NN__PICTURE_MOST. */
nn_status nn__picture_begin(nn__picture *picture, const char *name, size_t height, size_t width);
/* `channels`, 1 or 3, is set by the caller. */
nn_status nn__png_decode(const char *name, const unsigned char *data, size_t size,
                         nn__picture *picture);
nn_status nn__jpeg_decode(const char *name, const unsigned char *data, size_t size,
                          nn__picture *picture);

/* resize.c: x[height][width][channels] of the picture, divided by divisor. */
void nn__picture_resize(const nn__picture *picture, int height, int width, double divisor,
                        nn_real *x);

#endif
