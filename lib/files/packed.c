/* IDX packed by gzip and NPZ compressed by deflate: unpacked into memory, which libnn reads. */
#include <stdio.h>

#include "files/files.h"
#include "formats/zip.h"

/* Where the bytes of an array are: the caller's, or a block of our own. */
typedef struct bytes {
    const void *data;
    size_t size;
    unsigned char *own;
} bytes;

/* The file's bytes, unpacked where they are packed; nothing where there is no file. */
static nn_status bytes_open(bytes *b, const char *path, const void *data, size_t size)
{
    unsigned char *file = NULL, *out = NULL;
    *b = (bytes){data, size, NULL};
    if (data == NULL && path == NULL)
        return NN_OK;
    if (data == NULL) {
        NN__FILES_TRY(nn__input_read(path, &file, &b->size));
        b->data = b->own = file;
    }
    if (!nn__unpack_is_gzip(b->data, b->size))
        return NN_OK;
    nn_status status =
        nn__unpack_gzip(path != NULL ? path : "memory", b->data, b->size, &out, &b->size);
    nn__files_free(file);
    b->data = b->own = out;
    return status;
}

nn_dataset *nn_files_idx_new(const nn_idx_options *options)
{
    nn_idx_options o;
    bytes x = {0}, y = {0};
    nn_dataset *dataset = NULL;
    if (nn__files_options(&o, sizeof o, options, "idx") == NN_OK &&
        bytes_open(&x, o.x, o.x_data, o.x_size) == NN_OK &&
        bytes_open(&y, o.y, o.y_data, o.y_size) == NN_OK) {
        o.x_data = x.data;
        o.x_size = x.size;
        o.y_data = y.data;
        o.y_size = y.size;
        dataset = nn_idx_new(&o);
    }
    nn__files_free(x.own);
    nn__files_free(y.own);
    return dataset;
}

/* ---- NPZ ---- */

enum { NAME = 512, RATIO = 1100 }; /* deflate never packs more than 1,032 bytes into one */

/* A member's bytes; name becomes "archive: member". */
static nn_status member_open(bytes *b, const nn__source *archive, const char *member,
                             char name[NAME])
{
    nn__zip_member m;
    snprintf(name, NAME, "%s: %s", archive->name, member);
    NN__FILES_TRY(nn__zip_find(archive, member, &m));
    const unsigned char *packed = (const unsigned char *)archive->from + m.first;
    if (m.method == NN__ZIP_DEFLATED) {
        if (m.unpacked / RATIO > m.packed || m.unpacked > SIZE_MAX)
            return nn_fail(NN_EFORMAT, "%s: %llu bytes from %llu are impossible", name,
                           (unsigned long long)m.unpacked, (unsigned long long)m.packed);
        b->size = (size_t)m.unpacked;
        b->data = b->own = nn__files_alloc(b->size);
        if (b->own == NULL)
            return NN_ENOMEM;
        NN__FILES_TRY(nn__unpack_deflate(name, packed, (size_t)m.packed, b->own, b->size));
    } else if (m.method == NN__ZIP_STORED) {
        *b = (bytes){packed, (size_t)m.packed, NULL};
    } else {
        return nn_fail(NN_ENOTSUP, "%s: compressed by method %d", name, m.method);
    }
    uint32_t crc = nn__crc32(0, b->data, b->size);
    if (crc != m.crc)
        return nn_fail(NN_EFORMAT, "%s: CRC is %08x, the archive says %08x", name, (unsigned)crc,
                       (unsigned)m.crc);
    return NN_OK;
}

static nn_dataset *npz_dataset(const nn_npz_options *o, const nn__source *archive)
{
    char x_name[NAME], y_name[NAME];
    bytes x = {0}, y = {0};
    nn_dataset *dataset = NULL;
    if (member_open(&x, archive, o->x != NULL ? o->x : "x", x_name) == NN_OK &&
        (o->y == NULL || member_open(&y, archive, o->y, y_name) == NN_OK)) {
        nn_npy_options npy = {.struct_size = sizeof npy,
                              .x = x_name,
                              .y = o->y != NULL ? y_name : NULL,
                              .x_data = x.data,
                              .x_size = x.size,
                              .y_data = y.data,
                              .y_size = y.size,
                              .divisor = o->divisor,
                              .channels = o->channels,
                              .classes = o->classes,
                              .one_hot = o->one_hot,
                              .values = o->values,
                              .class_names = o->class_names,
                              .limit = o->limit};
        dataset = nn_npy_new(&npy);
    }
    nn__files_free(x.own);
    nn__files_free(y.own);
    return dataset;
}

nn_dataset *nn_files_npz_new(const nn_npz_options *options)
{
    nn_npz_options o;
    unsigned char *file = NULL;
    if (nn__files_options(&o, sizeof o, options, "npz") != NN_OK)
        return NULL;
    if (o.path == NULL && o.data == NULL) {
        nn_fail(NN_EINVAL, "npz: path must be given");
        return NULL;
    }
    if (o.data == NULL) {
        if (nn__input_read(o.path, &file, &o.size) != NN_OK)
            return NULL;
        o.data = file;
    }
    nn__source archive = {.name = o.path != NULL ? o.path : "memory",
                          .size = o.size,
                          .from = o.data,
                          .read = nn__source_read_memory};
    nn_dataset *dataset = npz_dataset(&o, &archive);
    nn__files_free(file);
    return dataset;
}
