/* IDX, NPY and NPZ: arrays in files as datasets. The formats themselves are in lib/formats. */
#include "data/arrays.h"
#include "data/names.h"
#include "formats/array_file.h"
#include "formats/zip.h"

#include <math.h>
#include <stdio.h>

typedef nn_status read_header(const nn__source *source, nn__array *array);

/* What all three have: two sources, what their headers say, and the common options. */
typedef struct pair {
    const nn_dataset_kind *kind;
    nn_idx_options o;
    nn__source x, y;
    nn__array x_array, y_array;
    int has_y, rows;
} pair;

/* Rows whose header says [n] and more; a limit cuts them. */
static nn_status pair_rows(pair *p)
{
    int rows = p->x_array.shape.dims[0];
    if (p->has_y && p->y_array.shape.dims[0] != rows)
        return nn_fail(NN_ESHAPE, "%s has %d rows, %s has %d", p->x.name, rows, p->y.name,
                       p->y_array.shape.dims[0]);
    p->rows = p->o.limit > 0 && p->o.limit < (size_t)rows ? (int)p->o.limit : rows;
    return NN_OK;
}

static nn_status pair_check(pair *p)
{
    const char *what = p->kind->name;
    NN_TRY(nn__dataset_choice(p->o.channels, 1, what, "channels"));
    NN_TRY(nn__dataset_choice(p->o.one_hot, 1, what, "one_hot"));
    NN_TRY(nn__dataset_choice(p->o.values, 1, what, "values"));
    if (p->o.divisor == 0 && signbit(p->o.divisor))
        return nn_fail(NN_EINVAL, "%s: divisor is zero", what);
    if (!isfinite(p->o.divisor))
        return nn_fail(NN_EINVAL, "%s: divisor is not finite", what);
    return nn__names_classes(&p->o.class_names, what, &p->o.classes);
}

/* 1 where y is one integer per row. */
static int pair_has_classes(const pair *p)
{
    const nn_shape *shape = &p->y_array.shape;
    return p->has_y && !p->o.values && p->y_array.kind != 'f' &&
           nn__shape_count(shape) == (size_t)shape->dims[0];
}

static nn_status pair_load(pair *p, nn__own_arrays *own)
{
    int bytes = p->x_array.size == 1 && p->x_array.kind != 'i';
    NN_TRY(nn__array_load(&p->x_array, &p->x, p->rows, bytes ? NN_U8 : NN_F32, &own->x));
    if (p->has_y)
        NN_TRY(nn__array_load(&p->y_array, &p->y, p->rows, pair_has_classes(p) ? NN_I32 : NN_F32,
                              &own->y));
    return nn__names_copy(&p->o.class_names, p->kind->name, &own->names);
}

/* Headers are read, sources open. */
static nn_dataset *pair_dataset(pair *p)
{
    nn__own_arrays own = {.append = p->o.channels, .x_where = p->x.name, .y_where = p->y.name};
    if (pair_rows(p) != NN_OK)
        return NULL;
    if (pair_load(p, &own) != NN_OK) {
        nn_tensor_free(own.x);
        nn_tensor_free(own.y);
        return NULL;
    }
    int unsigned_bytes = p->x_array.size == 1 && p->x_array.kind == 'u';
    double divisor = p->o.divisor != 0 ? p->o.divisor : unsigned_bytes ? 255 : 1;
    nn_arrays_options options = {.struct_size = sizeof options,
                                 .divisor = divisor,
                                 .classes = p->o.classes,
                                 .one_hot = p->o.one_hot};
    return nn__arrays_own(p->kind, &own, &options);
}

static nn_status pair_open(pair *p, read_header *header)
{
    const nn_idx_options *o = &p->o;
    NN_TRY(pair_check(p));
    if (o->x == NULL && o->x_data == NULL)
        return nn_fail(NN_EINVAL, "%s: x must be given", p->kind->name);
    p->has_y = o->y != NULL || o->y_data != NULL;
    NN_TRY(nn__source_open(&p->x, o->x, o->x_data, o->x_size));
    NN_TRY(header(&p->x, &p->x_array));
    if (!p->has_y)
        return NN_OK;
    NN_TRY(nn__source_open(&p->y, o->y, o->y_data, o->y_size));
    return header(&p->y, &p->y_array);
}

NN__NO_TAIL_PADDING(nn_idx_options, limit);

static nn_dataset *pair_new(const nn_dataset_kind *kind, const nn_idx_options *options,
                            read_header *header)
{
    pair p = {.kind = kind};
    if (nn__options_read(&p.o, sizeof p.o, options, kind->name) != NN_OK)
        return NULL;
    nn_dataset *dataset = pair_open(&p, header) == NN_OK ? pair_dataset(&p) : NULL;
    nn__source_close(&p.x);
    nn__source_close(&p.y);
    return dataset;
}

nn_dataset *nn_idx_new(const nn_idx_options *options)
{
    static const nn_dataset_kind kind = NN__ARRAYS_KIND("idx");
    return pair_new(&kind, options, nn__idx_header);
}

nn_dataset *nn_npy_new(const nn_npy_options *options)
{
    static const nn_dataset_kind kind = NN__ARRAYS_KIND("npy");
    return pair_new(&kind, options, nn__npy_header);
}

/* ---- NPZ ------------------------------------------------------------------------------------ */

enum { NPZ_NAME = 512, NPZ_CHUNK = 16384 };

static nn_status npz_check_crc(const nn__source *member, uint32_t wanted)
{
    unsigned char buffer[NPZ_CHUNK];
    uint32_t crc = 0;
    for (uint64_t done = 0; done < member->size;) {
        uint64_t left = member->size - done;
        size_t part = left < NPZ_CHUNK ? (size_t)left : NPZ_CHUNK;
        NN_TRY(nn__source_read(member, done, buffer, part));
        crc = nn__crc32(crc, buffer, part);
        done += part;
    }
    if (crc != wanted)
        return nn_fail(NN_EFORMAT, "%s: CRC is %08x, the archive says %08x", member->name,
                       (unsigned)crc, (unsigned)wanted);
    return NN_OK;
}

/* The member as a source called "archive: member". */
static nn_status npz_member(const nn__source *archive, const char *member, char *name,
                            nn__source *source, nn__array *array)
{
    nn__zip_member m;
    NN_TRY(nn__zip_find(archive, member, &m));
    if (m.method == NN__ZIP_DEFLATED)
        return nn_fail(NN_ENOTSUP, "%s: %s is compressed; nn_files_npz (libnn_files) reads it",
                       archive->name, member);
    if (m.method != NN__ZIP_STORED)
        return nn_fail(NN_ENOTSUP, "%s: %s is compressed by method %d", archive->name, member,
                       m.method);
    snprintf(name, NPZ_NAME, "%s: %s", archive->name, member);
    *source = nn__source_window(archive, m.first, m.packed, name);
    NN_TRY(npz_check_crc(source, m.crc));
    return nn__npy_header(source, array);
}

NN__NO_TAIL_PADDING(nn_npz_options, limit);

nn_dataset *nn_npz_new(const nn_npz_options *options)
{
    static const nn_dataset_kind kind = NN__ARRAYS_KIND("npz");
    char x_name[NPZ_NAME], y_name[NPZ_NAME];
    nn__source archive = {0};
    nn_npz_options o;
    nn_dataset *dataset = NULL;
    if (nn__options_read(&o, sizeof o, options, "npz") != NN_OK)
        return NULL;
    pair p = {.kind = &kind,
              .has_y = o.y != NULL,
              .o = {.divisor = o.divisor,
                    .channels = o.channels,
                    .classes = o.classes,
                    .one_hot = o.one_hot,
                    .values = o.values,
                    .class_names = o.class_names,
                    .limit = o.limit}};
    if (o.path == NULL && o.data == NULL)
        nn_fail(NN_EINVAL, "npz: path must be given");
    else if (pair_check(&p) == NN_OK &&
             nn__source_open(&archive, o.path, o.data, o.size) == NN_OK &&
             npz_member(&archive, o.x != NULL ? o.x : "x", x_name, &p.x, &p.x_array) == NN_OK &&
             (!p.has_y || npz_member(&archive, o.y, y_name, &p.y, &p.y_array) == NN_OK))
        dataset = pair_dataset(&p);
    nn__source_close(&archive);
    return dataset;
}
