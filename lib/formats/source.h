/*
 * Where a reader's bytes come from: a file, memory, or a window of either. Messages begin with its
 * name. Little- and big-endian numbers are put together byte by byte.
 */
#ifndef NN__FORMATS_SOURCE_H
#define NN__FORMATS_SOURCE_H

#include <string.h>

#include "base/base.h"

typedef struct nn__source {
    const char *name; /* lent */
    uint64_t start, size;
    const void *from; /* what `read` reads; NULL: nothing is open */
    nn_status (*read)(const void *from, uint64_t offset, void *data, size_t size);
    void (*close)(const void *from); /* NULL: nothing to close */
} nn__source;

/* source.c: the file, or, where data is not NULL, data[0..size-1] under the name `path` ("memory"
 * where that is NULL, too). */
nn_status nn__source_open(nn__source *source, const char *path, const void *data, size_t size);

static inline void nn__source_close(nn__source *source)
{
    if (source->close != NULL && source->from != NULL)
        source->close(source->from);
    *source = (nn__source){0};
}

/* Exactly `size` bytes from `offset` on; NN_EFORMAT where there are fewer. */
static inline nn_status nn__source_read(const nn__source *source, uint64_t offset, void *data,
                                        size_t size)
{
    if (offset > source->size || size > source->size - offset)
        return nn_fail(NN_EFORMAT, "%s: %llu bytes; it ends before byte %llu", source->name,
                       (unsigned long long)source->size, (unsigned long long)(offset + size));
    return source->read(source->from, source->start + offset, data, size);
}

/* Bytes start..start+size-1 of a source, which must stay open; both must lie in it. */
static inline nn__source nn__source_window(const nn__source *source, uint64_t start, uint64_t size,
                                           const char *name)
{
    nn__source window = {name, source->start + start, size, source->from, source->read, NULL};
    return window;
}

static inline nn_status nn__source_read_memory(const void *from, uint64_t offset, void *data,
                                               size_t size)
{
    memcpy(data, (const unsigned char *)from + offset, size);
    return NN_OK;
}

/* A number of 1..8 bytes. */
static inline uint64_t nn__bytes_little(const unsigned char *p, int size)
{
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static inline uint64_t nn__bytes_big(const unsigned char *p, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | p[i];
    return value;
}

#endif
