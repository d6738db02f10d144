/*
 * Writing. The order is that of the format's reference writer: element types by descending rank,
 * then names; as wider types come first and the header is padded to a multiple of 8, every tensor
 * lies aligned to its element.
 */
#include "formats/safetensors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/files.h"
#include "formats/json.h"
#include "formats/sort.h"

enum { ST_PREFIX = 8, ST_ALIGN = 8 };

/* ---- The plan ---- */

/* Bytes of the tensor's data; SIZE_MAX where they overflow. */
static size_t st_entry_bytes(const nn__tensor_entry *t)
{
    size_t bytes = nn__dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++)
        bytes = nn__mul(bytes, t->dims[i] < SIZE_MAX ? (size_t)t->dims[i] : SIZE_MAX);
    return bytes;
}

static nn_status st_check_entry(const nn__tensor_entry *t)
{
    if (t->name == NULL || strcmp(t->name, "__metadata__") == 0)
        return nn_fail(NN_EINVAL, "a tensor cannot be named %s",
                       t->name == NULL ? "NULL" : t->name);
    if (strlen(t->name) > nn__safetensors_standard_limits.name)
        return nn_fail(NN_ENOTSUP, "tensor %.64s...: a name of %zu bytes, more than %zu", t->name,
                       strlen(t->name), nn__safetensors_standard_limits.name);
    if (nn__dtype_size(t->dtype) == 0 || t->rank < 0 || t->rank > NN_MAX_RANK)
        return nn_fail(NN_EINVAL, "tensor %s: dtype %d, rank %d", t->name, t->dtype, t->rank);
    if (t->data == NULL && st_entry_bytes(t) != 0)
        return nn_fail(NN_EINVAL, "tensor %s: no data", t->name);
    return NN_OK;
}

static int st_compare_names(const void *items, uint32_t a, uint32_t b)
{
    const nn__tensor_entry *tensors = items;
    return strcmp(tensors[a].name, tensors[b].name);
}

static int st_compare_entries(const void *items, uint32_t a, uint32_t b)
{
    const nn__tensor_entry *tensors = items;
    if (tensors[a].dtype != tensors[b].dtype)
        return tensors[a].dtype > tensors[b].dtype ? -1 : 1;
    return st_compare_names(items, a, b);
}

/* Checks the tensors and puts their indices in file order. */
static nn_status st_plan(const nn__tensor_entry *tensors, size_t count, uint32_t *order)
{
    size_t bytes = 0;
    if (count > nn__safetensors_standard_limits.tensors)
        return nn_fail(NN_ENOTSUP, "%zu tensors, more than %zu", count,
                       nn__safetensors_standard_limits.tensors);
    for (size_t i = 0; i < count; i++) {
        NN_TRY(st_check_entry(&tensors[i]));
        bytes = nn__add(bytes, st_entry_bytes(&tensors[i]));
        order[i] = (uint32_t)i;
    }
    if (bytes > nn__safetensors_standard_limits.bytes)
        return nn_fail(NN_ENOTSUP, "%zu bytes of tensors, more than %" PRIu64, bytes,
                       nn__safetensors_standard_limits.bytes);
    nn__sort(order, count, st_compare_names, tensors);
    for (size_t i = 1; i < count; i++)
        if (st_compare_names(tensors, order[i - 1], order[i]) == 0)
            return nn_fail(NN_EINVAL, "two tensors are named %s", tensors[order[i]].name);
    nn__sort(order, count, st_compare_entries, tensors);
    return NN_OK;
}

/* ---- The header ---- */

static void st_put_tensor(nn__json_writer *w, const nn__tensor_entry *t, uint64_t begin)
{
    nn__json_key(w, t->name);
    nn__json_begin_object(w);
    nn__json_key(w, "dtype");
    nn__json_put_string(w, nn__dtype_name(t->dtype));
    nn__json_key(w, "shape");
    nn__json_begin_array(w);
    for (int i = 0; i < t->rank; i++)
        nn__json_put_unsigned(w, t->dims[i]);
    nn__json_end_array(w);
    nn__json_key(w, "data_offsets");
    nn__json_begin_array(w);
    nn__json_put_unsigned(w, begin);
    nn__json_put_unsigned(w, begin + st_entry_bytes(t));
    nn__json_end_array(w);
    nn__json_end_object(w);
}

/* *place: where the eight digits of nn.crc.header stand in the text. */
static void st_put_metadata(nn__json_writer *w, const nn__metadata_entry *metadata, size_t keys,
                            const uint32_t *data_crc, size_t *place)
{
    char digits[9];
    nn__json_key(w, "__metadata__");
    nn__json_begin_object(w);
    for (size_t i = 0; i < keys; i++) {
        nn__json_key(w, metadata[i].key);
        nn__json_put_string(w, metadata[i].value);
    }
    if (data_crc != NULL) {
        snprintf(digits, sizeof digits, "%08" PRIx32, *data_crc);
        nn__json_key(w, "nn.format");
        nn__json_put_string(w, "1");
        nn__json_key(w, "nn.crc.data");
        nn__json_put_string(w, digits);
        nn__json_key(w, "nn.crc.header");
        nn__json_put_string(w, "00000000");
        *place = w->status == NN_OK ? w->size - 9 : 0; /* the digits and the closing quote */
    }
    nn__json_end_object(w);
}

/* The CRC of all data in file order, taken from memory: what is verified later is what was meant. */
static uint32_t st_data_crc(const nn__tensor_entry *tensors, size_t count, const uint32_t *order)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < count; i++)
        crc = nn__crc32c(crc, tensors[order[i]].data, st_entry_bytes(&tensors[order[i]]));
    return crc;
}

static nn_status st_check_metadata(const nn__metadata_entry *metadata, size_t keys)
{
    if (keys + 3 > nn__safetensors_standard_limits.metadata)
        return nn_fail(NN_ENOTSUP, "%zu metadata keys, more than %zu", keys + 3,
                       nn__safetensors_standard_limits.metadata);
    for (size_t i = 0; i < keys; i++) {
        if (metadata[i].key == NULL || metadata[i].value == NULL)
            return nn_fail(NN_EINVAL, "metadata entry %zu has no key or no value", i);
        if (strncmp(metadata[i].key, "nn.crc.", 7) == 0 ||
            strcmp(metadata[i].key, "nn.format") == 0)
            return nn_fail(NN_EINVAL, "the metadata key %s is the writer's", metadata[i].key);
        for (size_t j = 0; j < i; j++)
            if (strcmp(metadata[i].key, metadata[j].key) == 0)
                return nn_fail(NN_EINVAL, "two metadata entries are named %s", metadata[i].key);
    }
    return NN_OK;
}

/* N before the padded text, and the header's CRC into its place. */
static nn_status st_frame(const char *text, size_t size, const size_t *place, char **header,
                          size_t *total)
{
    char digits[9];
    size_t padded = (size + ST_ALIGN - 1) / ST_ALIGN * ST_ALIGN;
    if (padded > nn__safetensors_standard_limits.header)
        return nn_fail(NN_ENOTSUP, "a header of %zu bytes, more than %zu", padded,
                       nn__safetensors_standard_limits.header);
    char *bytes = nn__alloc(ST_PREFIX + padded, "header");
    if (bytes == NULL)
        return NN_ENOMEM;
    for (int i = 0; i < ST_PREFIX; i++)
        bytes[i] = (char)((uint64_t)padded >> 8 * i & 0xFF);
    memcpy(bytes + ST_PREFIX, text, size);
    memset(bytes + ST_PREFIX + size, ' ', padded - size);
    if (place != NULL) {
        snprintf(digits, sizeof digits, "%08" PRIx32, nn__crc32c(0, bytes + ST_PREFIX, padded));
        memcpy(bytes + ST_PREFIX + *place, digits, 8);
    }
    *header = bytes;
    *total = ST_PREFIX + padded;
    return NN_OK;
}

nn_status nn__safetensors_header(const nn__tensor_entry *tensors, size_t count,
                                 const nn__metadata_entry *metadata, size_t keys, int ours,
                                 uint32_t *order, char **header, size_t *size)
{
    nn__json_writer w = {0};
    size_t place = 0, length;
    uint64_t begin = 0;
    char *text;
    NN_TRY(st_plan(tensors, count, order));
    NN_TRY(st_check_metadata(metadata, keys));
    uint32_t crc = ours ? st_data_crc(tensors, count, order) : 0;
    nn__json_begin_object(&w);
    if (keys > 0 || ours)
        st_put_metadata(&w, metadata, keys, ours ? &crc : NULL, &place);
    for (size_t i = 0; i < count; i++) {
        st_put_tensor(&w, &tensors[order[i]], begin);
        begin += st_entry_bytes(&tensors[order[i]]);
    }
    nn__json_end_object(&w);
    NN_TRY(nn__json_finish(&w, &text, &length));
    nn_status status = st_frame(text, length, ours ? &place : NULL, header, size);
    nn__free(text);
    return status;
}

nn_status nn__safetensors_write(const char *path, const nn__tensor_entry *tensors, size_t count,
                                const nn__metadata_entry *metadata, size_t keys)
{
    nn_status status;
    nn__writer *writer = NULL;
    char *header = NULL;
    size_t size;
    uint32_t *order = nn__alloc_array(count, sizeof *order, "tensor order");
    if (order == NULL)
        return NN_ENOMEM;
    NN_TRY_GOTO(out,
                nn__safetensors_header(tensors, count, metadata, keys, 1, order, &header, &size));
    uint64_t total = size;
    for (size_t i = 0; i < count; i++)
        total += st_entry_bytes(&tensors[i]);
    NN_TRY_GOTO(out, nn__writer_begin(path, total, &writer));
    NN_TRY_GOTO(out, nn__writer_write(writer, header, size));
    for (size_t i = 0; i < count; i++) {
        const nn__tensor_entry *t = &tensors[order[i]];
        NN_TRY_GOTO(out, nn__writer_write(writer, t->data, st_entry_bytes(t)));
    }
    status = nn__writer_commit(writer);
    writer = NULL;
out:
    nn__writer_abandon(writer);
    nn__free(header);
    nn__free(order);
    return status;
}
