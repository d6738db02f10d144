/*
 * safetensors files: named arrays and strings, read by many programs.
 *
 *   8 bytes    N, little-endian
 *   N bytes    JSON: {"__metadata__":{string:string,...},
 *                     name:{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, ...} and spaces
 *   the rest   data, little-endian and row-major, without gaps; offsets count from its start
 *
 * Files that libnn writes carry three metadata keys more, which other readers pass over:
 * nn.format "1"; nn.crc.data, the CRC-32C of the data as eight hexadecimal digits; nn.crc.header,
 * that of the N header bytes with its own eight digits taken as zeros. They are verified on
 * reading, and a file with one of them must have all, so that damage to a key shows, too. Files of
 * other programs are accepted without; who changes a file of ours elsewhere leaves the three out.
 */
#ifndef NN__FORMATS_SAFETENSORS_H
#define NN__FORMATS_SAFETENSORS_H

#include "base/base.h"

/* In the order in which the format's reference writer ranks them. */
typedef enum nn__dtype {
    NN__BOOL = 1,
    NN__U8,
    NN__I8,
    NN__F8_E5M2,
    NN__F8_E4M3,
    NN__I16,
    NN__U16,
    NN__F16,
    NN__BF16,
    NN__I32,
    NN__U32,
    NN__F32,
    NN__F64,
    NN__I64,
    NN__U64
} nn__dtype;

/* The element type of nn_real in a file. */
#ifdef NN_REAL_IS_DOUBLE
#define NN__FREAL NN__F64
#else
#define NN__FREAL NN__F32
#endif

/* Bytes of an element and its name in files; 0 and NULL for other numbers. */
size_t nn__dtype_size(int dtype);
const char *nn__dtype_name(int dtype);

/* ---- Reading ---- */

typedef struct nn__safetensors_limits {
    uint64_t bytes; /* of the file            */
    size_t header;  /* bytes of the JSON text */
    size_t tensors;
    size_t metadata; /* keys                   */
    size_t name;     /* bytes of a name        */
} nn__safetensors_limits;

/* 8 GiB, 16 MiB, 65,536 tensors, 4,096 keys, 512 bytes. */
extern const nn__safetensors_limits nn__safetensors_standard_limits;

typedef struct nn__tensor_info {
    const char *name; /* lent by the file                                        */
    int dtype;        /* an nn__dtype                                            */
    int rank;         /* 0..NN_MAX_RANK; 0 is a single number                    */
    uint64_t dims[NN_MAX_RANK];
    uint64_t count; /* elements; 0 where a dimension is 0                      */
    uint64_t begin; /* bytes from the start of the data                        */
    uint64_t end;
} nn__tensor_info;

typedef struct nn__safetensors nn__safetensors;

/*
 * Opens the file, checks the header completely, and header and data against their CRCs where the
 * file has them. Limits NULL: the standard ones. The caller closes *file, written only on success.
 * NN_ENOTFOUND, NN_EIO; NN_EFORMAT (damaged, hostile or beyond a limit) and NN_ENOTSUP (an element
 * type or rank that libnn does not read) name file, place and numbers.
 */
nn_status nn__safetensors_open(const char *path, const nn__safetensors_limits *limits,
                               nn__safetensors **file);
void nn__safetensors_close(nn__safetensors *file); /* NULL is fine */

/* 1 where the file was written by libnn, and so verified. */
int nn__safetensors_is_ours(const nn__safetensors *file);
const char *nn__safetensors_path(const nn__safetensors *file);
/* The metadata string of that key, lent; NULL where there is none. */
const char *nn__safetensors_metadata(const nn__safetensors *file, const char *key);

/* Tensors in the order of their data. */
size_t nn__safetensors_count(const nn__safetensors *file);
const nn__tensor_info *nn__safetensors_tensor(const nn__safetensors *file, size_t index);
/* The tensor of that name; NULL where there is none. */
const nn__tensor_info *nn__safetensors_find(const nn__safetensors *file, const char *name);

/* The bytes of a tensor as they stand; size must be end - begin. */
nn_status nn__safetensors_read(const nn__safetensors *file, const nn__tensor_info *tensor,
                               void *data, size_t size);
/* F32 or F64 as reals; count must be the tensor's (NN_ESHAPE); other types are NN_EMISMATCH. */
nn_status nn__safetensors_read_reals(const nn__safetensors *file, const nn__tensor_info *tensor,
                                     nn_real *values, size_t count);
/* F64 or F32 as doubles; I64 as integers. Rules as above. */
nn_status nn__safetensors_read_doubles(const nn__safetensors *file, const nn__tensor_info *tensor,
                                       double *values, size_t count);
nn_status nn__safetensors_read_integers(const nn__safetensors *file, const nn__tensor_info *tensor,
                                        int64_t *values, size_t count);

/* ---- Writing ---- */

typedef struct nn__tensor_entry {
    const char *name;
    int dtype; /* an nn__dtype                                             */
    int rank;  /* 0..NN_MAX_RANK                                           */
    uint64_t dims[NN_MAX_RANK];
    const void *data; /* the elements; may be NULL where a dimension is 0 */
} nn__tensor_entry;

typedef struct nn__metadata_entry {
    const char *key;
    const char *value;
} nn__metadata_entry;

/*
 * The header for these tensors: the 8 bytes of N and the JSON text, ordered and padded like the
 * format's reference writer does it (wider types first, then names). `order` takes the indices of
 * the tensors in file order. ours 1: with libnn's keys after the caller's. The caller frees
 * *header. NN_EINVAL: bad, missing or double names, rank, dtype; NN_ENOTSUP: beyond the standard
 * limits; NN_ENOMEM.
 */
nn_status nn__safetensors_header(const nn__tensor_entry *tensors, size_t count,
                                 const nn__metadata_entry *metadata, size_t keys, int ours,
                                 uint32_t *order, char **header, size_t *size);

/* Writes the file as a whole (nn__writer): header, then the tensors' data from where they lie. */
nn_status nn__safetensors_write(const char *path, const nn__tensor_entry *tensors, size_t count,
                                const nn__metadata_entry *metadata, size_t keys);

#endif
