/*
 * Reading. Everything in the header is checked before a tensor is handed out: what a tensor says
 * of itself (type, shape, range) must agree to the byte, and the ranges must tile the data.
 */
#include "formats/safetensors.h"

#include <inttypes.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/files.h"
#include "formats/json.h"
#include "formats/sort.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors data is little-endian and is copied as it stands"
#endif

enum {
    ST_PREFIX = 8,                  /* bytes of N                                        */
    ST_CHUNK = 1 << 18,             /* bytes read at a time to verify the data           */
    ST_PART = 2048,                 /* elements converted at a time                      */
    ST_DEPTH = 3,                   /* levels of the JSON text                           */
    ST_NODES = 8 + NN_MAX_RANK + 2, /* values of a tensor: name, object, 3 keys, dtype, 2 arrays
                                       with their items                         */
    ST_SHOWN = 64                   /* bytes of a name in messages                       */
};

const nn__safetensors_limits nn__safetensors_standard_limits = {
    .bytes = (uint64_t)8 << 30,
    .header = (size_t)16 << 20,
    .tensors = 65536,
    .metadata = 4096,
    .name = 512,
};

static const struct {
    const char *name;
    size_t size;
} st_dtypes[] = {
    [NN__BOOL] = {"BOOL", 1},       [NN__U8] = {"U8", 1},           [NN__I8] = {"I8", 1},
    [NN__F8_E5M2] = {"F8_E5M2", 1}, [NN__F8_E4M3] = {"F8_E4M3", 1}, [NN__I16] = {"I16", 2},
    [NN__U16] = {"U16", 2},         [NN__F16] = {"F16", 2},         [NN__BF16] = {"BF16", 2},
    [NN__I32] = {"I32", 4},         [NN__U32] = {"U32", 4},         [NN__F32] = {"F32", 4},
    [NN__F64] = {"F64", 8},         [NN__I64] = {"I64", 8},         [NN__U64] = {"U64", 8},
};

size_t nn__dtype_size(int dtype)
{
    return dtype > 0 && (size_t)dtype < NN__COUNT(st_dtypes) ? st_dtypes[dtype].size : 0;
}

const char *nn__dtype_name(int dtype)
{
    return dtype > 0 && (size_t)dtype < NN__COUNT(st_dtypes) ? st_dtypes[dtype].name : NULL;
}

struct nn__safetensors {
    nn__reader *reader;
    nn__json *json;           /* owns the names and the metadata    */
    nn__tensor_info *tensors; /* by begin                           */
    size_t count;
    uint32_t metadata; /* node, or NN__JSON_NONE             */
    uint64_t data_start, data_size;
    int is_ours;
};

/* A name of the file for a message: at most ST_SHOWN bytes, without control characters. */
static const char *st_shown(const char *name, char shown[ST_SHOWN + 4])
{
    size_t n = 0;
    for (; name[n] != '\0'; n++) {
        int length = nn__utf8_length(name + n, strlen(name + n));
        if (n + (size_t)length > ST_SHOWN)
            break;
        for (int i = 0; i < length; i++)
            shown[n + (size_t)i] = name[n + (size_t)i];
        if ((unsigned char)name[n] < 0x20 || name[n] == 0x7F)
            shown[n] = '?';
        n += (size_t)length - 1;
    }
    strcpy(shown + n, name[n] != '\0' ? "..." : "");
    return shown;
}

/* "path: tensor NAME: reason" */
static nn_status st_fail(const nn__safetensors *f, nn_status status, const char *name,
                         const char *reason)
{
    char shown[ST_SHOWN + 4];
    return nn_fail(status, "%s: tensor %s: %s", nn__reader_path(f->reader), st_shown(name, shown),
                   reason);
}

/* ---- One tensor ---- */

static nn_status st_parse_dtype(const nn__safetensors *f, uint32_t node, nn__tensor_info *t)
{
    char shown[ST_SHOWN + 4], reason[ST_SHOWN + 32] = "unsupported dtype ";
    const char *text = nn__json_string(f->json, node);
    if (text == NULL)
        return st_fail(f, NN_EFORMAT, t->name, "dtype is no string");
    for (t->dtype = NN__BOOL; (size_t)t->dtype < NN__COUNT(st_dtypes); t->dtype++)
        if (strcmp(text, st_dtypes[t->dtype].name) == 0)
            return NN_OK;
    return st_fail(f, NN_ENOTSUP, t->name, strcat(reason, st_shown(text, shown)));
}

/* rank, dims, and count, the product. */
static nn_status st_parse_shape(const nn__safetensors *f, uint32_t node, nn__tensor_info *t)
{
    size_t rank = nn__json_count(f->json, node);
    if (nn__json_type_of(f->json, node) != NN__JSON_ARRAY)
        return st_fail(f, NN_EFORMAT, t->name, "shape is no array");
    if (rank > NN_MAX_RANK)
        return st_fail(f, NN_ENOTSUP, t->name, "more than 8 dimensions");
    t->rank = (int)rank;
    t->count = 1;
    int is_empty = 0, is_beyond = 0;
    for (int i = 0; i < t->rank; i++) {
        if (!nn__json_unsigned(f->json, node + 1 + (uint32_t)i, &t->dims[i]))
            return st_fail(f, NN_EFORMAT, t->name, "shape has a dimension that is no 64-bit count");
        if (t->dims[i] == 0)
            is_empty = 1;
        else if (t->count > UINT64_MAX / 8 / t->dims[i]) /* 8: bytes of the widest element */
            is_beyond = 1;
        else
            t->count *= t->dims[i];
    }
    if (is_empty)
        t->count = 0;
    else if (is_beyond)
        return st_fail(f, NN_EFORMAT, t->name, "shape has more elements than can be counted");
    return NN_OK;
}

static nn_status st_parse_offsets(const nn__safetensors *f, uint32_t node, nn__tensor_info *t)
{
    char shown[ST_SHOWN + 4];
    if (nn__json_type_of(f->json, node) != NN__JSON_ARRAY || nn__json_count(f->json, node) != 2 ||
        !nn__json_unsigned(f->json, node + 1, &t->begin) ||
        !nn__json_unsigned(f->json, node + 2, &t->end))
        return st_fail(f, NN_EFORMAT, t->name, "data_offsets are not two 64-bit counts");
    if (t->begin > t->end || t->end > f->data_size)
        return nn_fail(
            NN_EFORMAT, "%s: tensor %s: bytes %" PRIu64 " to %" PRIu64 " of %" PRIu64 " of data",
            nn__reader_path(f->reader), st_shown(t->name, shown), t->begin, t->end, f->data_size);
    return NN_OK;
}

static nn_status st_parse_tensor(const nn__safetensors *f, uint32_t key, size_t name_limit,
                                 nn__tensor_info *t)
{
    const nn__json *json = f->json;
    char shown[ST_SHOWN + 4];
    t->name = nn__json_string(json, key);
    if (json->nodes[key].length > name_limit)
        return st_fail(f, NN_EFORMAT, t->name, "the name is too long");
    if (nn__json_type_of(json, key + 1) != NN__JSON_OBJECT || nn__json_count(json, key + 1) != 3)
        return st_fail(f, NN_EFORMAT, t->name, "not an object of dtype, shape and data_offsets");
    uint32_t dtype = nn__json_member(json, key + 1, "dtype");
    uint32_t shape = nn__json_member(json, key + 1, "shape");
    uint32_t offsets = nn__json_member(json, key + 1, "data_offsets");
    if (dtype == NN__JSON_NONE || shape == NN__JSON_NONE || offsets == NN__JSON_NONE)
        return st_fail(f, NN_EFORMAT, t->name, "dtype, shape or data_offsets is missing");
    NN_TRY(st_parse_dtype(f, dtype, t));
    NN_TRY(st_parse_shape(f, shape, t));
    NN_TRY(st_parse_offsets(f, offsets, t));
    if (t->count * nn__dtype_size(t->dtype) != t->end - t->begin)
        return nn_fail(NN_EFORMAT,
                       "%s: tensor %s: %" PRIu64 " elements of %s do not fill bytes %" PRIu64
                       " to %" PRIu64,
                       nn__reader_path(f->reader), st_shown(t->name, shown), t->count,
                       nn__dtype_name(t->dtype), t->begin, t->end);
    return NN_OK;
}

/* ---- All tensors ---- */

static int st_compare_places(const void *items, uint32_t a, uint32_t b)
{
    const nn__tensor_info *x = (const nn__tensor_info *)items + a;
    const nn__tensor_info *y = (const nn__tensor_info *)items + b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Puts the tensors in the order of their data and checks that they tile it. */
static nn_status st_order(nn__safetensors *f)
{
    char shown[ST_SHOWN + 4];
    nn_status status = NN_OK;
    uint64_t end = 0;
    uint32_t *order = nn__alloc_array(f->count, sizeof *order, "tensor order");
    nn__tensor_info *sorted = nn__alloc_array(f->count, sizeof *sorted, "tensor table");
    if (order == NULL || sorted == NULL) {
        status = NN_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < f->count; i++)
        order[i] = (uint32_t)i;
    nn__sort(order, f->count, st_compare_places, f->tensors);
    for (size_t i = 0; i < f->count && status == NN_OK; i++) {
        sorted[i] = f->tensors[order[i]];
        if (sorted[i].begin != end)
            status = nn_fail(
                NN_EFORMAT, "%s: tensor %s: data begins at byte %" PRIu64 ", expected %" PRIu64,
                nn__reader_path(f->reader), st_shown(sorted[i].name, shown), sorted[i].begin, end);
        end = sorted[i].end;
    }
    if (status == NN_OK && end != f->data_size)
        status = nn_fail(NN_EFORMAT, "%s: %" PRIu64 " bytes of data, tensors for %" PRIu64,
                         nn__reader_path(f->reader), f->data_size, end);
    if (status == NN_OK) {
        nn__tensor_info *unsorted = f->tensors;
        f->tensors = sorted;
        sorted = unsorted;
    }
out:
    nn__free(order);
    nn__free(sorted);
    return status;
}

static nn_status st_parse_tensors(nn__safetensors *f, const nn__safetensors_limits *limits)
{
    uint32_t key = 1;
    size_t members = nn__json_count(f->json, 0);
    f->count = members - (f->metadata != NN__JSON_NONE);
    if (f->count > limits->tensors)
        return nn_fail(NN_EFORMAT, "%s: %zu tensors, more than %zu", nn__reader_path(f->reader),
                       f->count, limits->tensors);
    f->tensors = nn__alloc_array(f->count, sizeof *f->tensors, "tensor table");
    if (f->tensors == NULL)
        return NN_ENOMEM;
    for (size_t i = 0, done = 0; i < members; i++, key = f->json->nodes[key + 1].end)
        if (key + 1 != f->metadata)
            NN_TRY(st_parse_tensor(f, key, limits->name, &f->tensors[done++]));
    return st_order(f);
}

/* ---- Metadata and CRCs ---- */

static nn_status st_parse_metadata(nn__safetensors *f, const nn__safetensors_limits *limits)
{
    f->metadata = nn__json_member(f->json, 0, "__metadata__");
    if (f->metadata == NN__JSON_NONE)
        return NN_OK;
    size_t count = nn__json_count(f->json, f->metadata);
    if (nn__json_type_of(f->json, f->metadata) != NN__JSON_OBJECT)
        return nn_fail(NN_EFORMAT, "%s: __metadata__ is no object", nn__reader_path(f->reader));
    if (count > limits->metadata)
        return nn_fail(NN_EFORMAT, "%s: %zu keys in __metadata__, more than %zu",
                       nn__reader_path(f->reader), count, limits->metadata);
    uint32_t key = f->metadata + 1;
    for (size_t i = 0; i < count; i++, key = f->json->nodes[key + 1].end) {
        if (nn__json_type_of(f->json, key + 1) != NN__JSON_STRING)
            return nn_fail(NN_EFORMAT, "%s: __metadata__: a value is no string",
                           nn__reader_path(f->reader));
        const char *name = nn__json_string(f->json, key);
        if (strncmp(name, "nn.crc.", 7) == 0 || strcmp(name, "nn.format") == 0)
            f->is_ours = 1;
    }
    return NN_OK;
}

/* The eight lower-case hexadecimal digits of a metadata value, as they stand in the header at
 * byte *place. */
static nn_status st_crc_value(const nn__safetensors *f, const char *header, const char *key,
                              uint32_t *value, size_t *place)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t node = nn__json_member(f->json, f->metadata, key);
    if (node == NN__JSON_NONE)
        return nn_fail(NN_EFORMAT, "%s: damaged: %s is missing", nn__reader_path(f->reader), key);
    *place = f->json->nodes[node].start;
    *value = 0;
    for (size_t i = 0; i < 8; i++) {
        char c = header[*place + i];
        const char *digit = c != '\0' ? strchr(digits, c) : NULL;
        if (digit == NULL)
            return nn_fail(NN_EFORMAT, "%s: damaged: %s has no eight digits",
                           nn__reader_path(f->reader), key);
        *value = *value << 4 | (uint32_t)(digit - digits);
    }
    return NN_OK;
}

static nn_status st_crc_fail(const nn__safetensors *f, const char *part, uint32_t found,
                             uint32_t expected)
{
    return nn_fail(NN_EFORMAT,
                   "%s: damaged: the CRC of its %s is %08" PRIx32 ", expected %08" PRIx32,
                   nn__reader_path(f->reader), part, found, expected);
}

/* Verifies the header, which holds `size` bytes, and gives the CRC that the data should have. */
static nn_status st_check_header(const nn__safetensors *f, const char *header, size_t size,
                                 uint32_t *data_crc)
{
    uint32_t expected, crc;
    size_t place;
    NN_TRY(st_crc_value(f, header, "nn.crc.data", data_crc, &place));
    NN_TRY(st_crc_value(f, header, "nn.crc.header", &expected, &place));
    crc = nn__crc32c(0, header, place);
    crc = nn__crc32c(crc, "00000000", 8);
    crc = nn__crc32c(crc, header + place + 8, size - place - 8);
    return crc == expected ? NN_OK : st_crc_fail(f, "header", crc, expected);
}

static nn_status st_check_data(const nn__safetensors *f, uint32_t expected)
{
    nn_status status = NN_OK;
    uint32_t crc = 0;
    char *buffer = nn__alloc(ST_CHUNK, "reading");
    if (buffer == NULL)
        return NN_ENOMEM;
    for (uint64_t at = 0; at < f->data_size && status == NN_OK; at += ST_CHUNK) {
        uint64_t rest = f->data_size - at;
        size_t part = rest < ST_CHUNK ? (size_t)rest : ST_CHUNK;
        status = nn__reader_read(f->reader, f->data_start + at, buffer, part);
        if (status == NN_OK)
            crc = nn__crc32c(crc, buffer, part);
    }
    nn__free(buffer);
    if (status == NN_OK && crc != expected)
        status = st_crc_fail(f, "data", crc, expected);
    return status;
}

/* ---- The file ---- */

static uint64_t st_load64(const unsigned char *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

/* Reads N and the JSON text; the caller frees *header. */
static nn_status st_read_header(nn__safetensors *f, const nn__safetensors_limits *limits,
                                char **header, size_t *size)
{
    unsigned char prefix[ST_PREFIX];
    const char *path = nn__reader_path(f->reader);
    uint64_t bytes = nn__reader_size(f->reader);
    if (bytes < ST_PREFIX)
        return nn_fail(NN_EFORMAT, "%s: %" PRIu64 " bytes, too short for a safetensors file", path,
                       bytes);
    if (bytes > limits->bytes)
        return nn_fail(NN_EFORMAT, "%s: %" PRIu64 " bytes, more than %" PRIu64, path, bytes,
                       limits->bytes);
    NN_TRY(nn__reader_read(f->reader, 0, prefix, ST_PREFIX));
    uint64_t n = st_load64(prefix);
    if (n > bytes - ST_PREFIX || n > limits->header)
        return nn_fail(NN_EFORMAT,
                       "%s: not a safetensors file: a header of %" PRIu64
                       " bytes in a file of %" PRIu64,
                       path, n, bytes);
    f->data_start = ST_PREFIX + n;
    f->data_size = bytes - f->data_start;
    char *text = nn__alloc((size_t)n + 1, "header");
    if (text == NULL)
        return NN_ENOMEM;
    nn_status status = nn__reader_read(f->reader, ST_PREFIX, text, (size_t)n);
    if (status == NN_OK && text[0] != '{')
        status = nn_fail(NN_EFORMAT, "%s: not a safetensors file: byte 8 is no '{'", path);
    if (status != NN_OK) {
        nn__free(text);
        return status;
    }
    *header = text;
    *size = (size_t)n;
    return NN_OK;
}

static nn_status st_parse(nn__safetensors *f, const nn__safetensors_limits *limits)
{
    nn_status status;
    char *header = NULL;
    size_t size = 0;
    uint32_t data_crc = 0;
    nn__json_limits json = {
        limits->header,
        nn__add(nn__mul(limits->tensors, ST_NODES), nn__add(nn__mul(limits->metadata, 2), 3)),
        ST_DEPTH};
    NN_TRY(st_read_header(f, limits, &header, &size));
    NN_TRY_GOTO(out, nn__json_parse(header, size, &json, nn__reader_path(f->reader), &f->json));
    NN_TRY_GOTO(out, st_parse_metadata(f, limits));
    if (f->is_ours)
        NN_TRY_GOTO(out, st_check_header(f, header, size, &data_crc));
    NN_TRY_GOTO(out, st_parse_tensors(f, limits));
    if (f->is_ours)
        NN_TRY_GOTO(out, st_check_data(f, data_crc));
out:
    nn__free(header);
    return status;
}

nn_status nn__safetensors_open(const char *path, const nn__safetensors_limits *limits,
                               nn__safetensors **file)
{
    nn__safetensors *f = nn__alloc(sizeof *f, "safetensors file");
    if (f == NULL)
        return NN_ENOMEM;
    nn_status status = nn__reader_open(path, &f->reader);
    if (status == NN_OK)
        status = st_parse(f, limits != NULL ? limits : &nn__safetensors_standard_limits);
    if (status == NN_OK)
        *file = f;
    else
        nn__safetensors_close(f);
    return status;
}

void nn__safetensors_close(nn__safetensors *file)
{
    if (file == NULL)
        return;
    nn__free(file->tensors);
    nn__json_free(file->json);
    nn__reader_close(file->reader);
    nn__free(file);
}

int nn__safetensors_is_ours(const nn__safetensors *file)
{
    return file->is_ours;
}

const char *nn__safetensors_path(const nn__safetensors *file)
{
    return nn__reader_path(file->reader);
}

const char *nn__safetensors_metadata(const nn__safetensors *file, const char *key)
{
    return nn__json_string(file->json, nn__json_member(file->json, file->metadata, key));
}

size_t nn__safetensors_count(const nn__safetensors *file)
{
    return file->count;
}

const nn__tensor_info *nn__safetensors_tensor(const nn__safetensors *file, size_t index)
{
    return index < file->count ? &file->tensors[index] : NULL;
}

const nn__tensor_info *nn__safetensors_find(const nn__safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

/* ---- Elements ---- */

nn_status nn__safetensors_read(const nn__safetensors *file, const nn__tensor_info *tensor,
                               void *data, size_t size)
{
    if (size != tensor->end - tensor->begin)
        return st_fail(file, NN_ESHAPE, tensor->name, "another number of bytes is asked for");
    return nn__reader_read(file->reader, file->data_start + tensor->begin, data, size);
}

static nn_status st_check_read(const nn__safetensors *f, const nn__tensor_info *t, int a, int b,
                               size_t count)
{
    char shown[ST_SHOWN + 4];
    if (t->dtype != a && t->dtype != b)
        return nn_fail(NN_EMISMATCH, "%s: tensor %s: dtype is %s, expected %s",
                       nn__reader_path(f->reader), st_shown(t->name, shown),
                       nn__dtype_name(t->dtype), nn__dtype_name(a));
    if (t->count != count)
        return nn_fail(NN_ESHAPE, "%s: tensor %s: %" PRIu64 " elements, expected %zu",
                       nn__reader_path(f->reader), st_shown(t->name, shown), t->count, count);
    return NN_OK;
}

/* Elements first..first+n-1 of a float tensor, n <= ST_PART, as doubles: those of a float are
 * exactly representable. */
static nn_status st_read_part(const nn__safetensors *f, const nn__tensor_info *t, size_t first,
                              size_t n, double *values)
{
    float narrow[ST_PART];
    size_t size = nn__dtype_size(t->dtype);
    uint64_t at = f->data_start + t->begin + (uint64_t)first * size;
    if (t->dtype == NN__F64)
        return nn__reader_read(f->reader, at, values, n * size);
    NN_TRY(nn__reader_read(f->reader, at, narrow, n * size));
    for (size_t i = 0; i < n; i++)
        values[i] = (double)narrow[i];
    return NN_OK;
}

nn_status nn__safetensors_read_reals(const nn__safetensors *file, const nn__tensor_info *tensor,
                                     nn_real *values, size_t count)
{
    double wide[ST_PART];
    NN_TRY(st_check_read(file, tensor, NN__F32, NN__F64, count));
    if (tensor->dtype == NN__FREAL)
        return nn__safetensors_read(file, tensor, values, count * sizeof *values);
    for (size_t first = 0; first < count; first += ST_PART) {
        size_t n = count - first < ST_PART ? count - first : ST_PART;
        NN_TRY(st_read_part(file, tensor, first, n, wide));
        for (size_t i = 0; i < n; i++)
            values[first + i] = (nn_real)wide[i];
    }
    return NN_OK;
}

nn_status nn__safetensors_read_doubles(const nn__safetensors *file, const nn__tensor_info *tensor,
                                       double *values, size_t count)
{
    NN_TRY(st_check_read(file, tensor, NN__F64, NN__F32, count));
    for (size_t first = 0; first < count; first += ST_PART) {
        size_t n = count - first < ST_PART ? count - first : ST_PART;
        NN_TRY(st_read_part(file, tensor, first, n, values + first));
    }
    return NN_OK;
}

nn_status nn__safetensors_read_integers(const nn__safetensors *file, const nn__tensor_info *tensor,
                                        int64_t *values, size_t count)
{
    NN_TRY(st_check_read(file, tensor, NN__I64, NN__I64, count));
    return nn__safetensors_read(file, tensor, values, count * sizeof *values);
}
