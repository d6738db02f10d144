/* gzip files and deflate streams through zlib. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "files/files.h"

enum { PART = 1 << 30, FIRST = 1 << 16 }; /* zlib counts in unsigned int */

typedef struct unpack {
    z_stream stream;
    const char *name;
    const unsigned char *data;
    size_t size, taken; /* of data: in all, handed to zlib    */
    unsigned char *out;
    size_t room, have; /* of out */
} unpack;

static nn_status unpack_fail(const unpack *u, const char *what)
{
    return nn_fail(NN_EFORMAT, "%s: byte %zu: %s", u->name, u->taken - u->stream.avail_in, what);
}

/* One call of inflate with as much of both sides as it counts. */
static int unpack_step(unpack *u)
{
    if (u->stream.avail_in == 0) {
        size_t part = u->size - u->taken < PART ? u->size - u->taken : PART;
        union {
            const unsigned char *constant;
            Bytef *zlib;
        } in = {u->data + u->taken};
        u->stream.next_in = in.zlib;
        u->stream.avail_in = (uInt)part;
        u->taken += part;
    }
    size_t part = u->room - u->have < PART ? u->room - u->have : PART;
    u->stream.next_out = u->out + u->have;
    u->stream.avail_out = (uInt)part;
    int result = inflate(&u->stream, Z_NO_FLUSH);
    u->have += part - u->stream.avail_out;
    return result;
}

/* 1 when all of data was used. */
static int unpack_is_done(const unpack *u)
{
    return u->stream.avail_in == 0 && u->taken == u->size;
}

static nn_status unpack_check(const unpack *u, int result)
{
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
        return NN_OK;
    if (result == Z_MEM_ERROR)
        return nn_fail(NN_ENOMEM, "%s: no memory to unpack it", u->name);
    return unpack_fail(u, u->stream.msg != NULL ? u->stream.msg : "damaged packed data");
}

static nn_status unpack_gzip_all(unpack *u)
{
    for (;;) {
        if (u->have == u->room) {
            unsigned char *larger = nn__files_grow(u->out, u->have, 2 * u->room);
            if (larger == NULL)
                return NN_ENOMEM;
            u->out = larger;
            u->room *= 2;
        }
        int result = unpack_step(u);
        NN__FILES_TRY(unpack_check(u, result));
        if (result == Z_STREAM_END && unpack_is_done(u))
            return NN_OK;
        if (result == Z_STREAM_END)
            inflateReset(&u->stream); /* another member follows */
        else if (unpack_is_done(u) && u->stream.avail_out > 0)
            return unpack_fail(u, "the packed data ends early");
    }
}

int nn__unpack_is_gzip(const void *data, size_t size)
{
    return size >= 2 && memcmp(data, "\x1F\x8B", 2) == 0;
}

nn_status nn__unpack_gzip(const char *name, const void *data, size_t size, unsigned char **out,
                          size_t *out_size)
{
    unpack u = {.name = name, .data = data, .size = size, .room = FIRST};
    u.out = nn__files_alloc(u.room);
    if (u.out == NULL)
        return NN_ENOMEM;
    nn_status status = inflateInit2(&u.stream, 15 + 16) == Z_OK
                           ? NN_OK
                           : nn_fail(NN_ENOMEM, "%s: no memory to unpack it", name);
    if (status == NN_OK) {
        status = unpack_gzip_all(&u);
        inflateEnd(&u.stream);
    }
    if (status != NN_OK) {
        nn__files_free(u.out);
        return status;
    }
    *out = u.out;
    *out_size = u.have;
    return NN_OK;
}

nn_status nn__unpack_deflate(const char *name, const void *data, size_t size, void *out,
                             size_t out_size)
{
    unpack u = {.name = name, .data = data, .size = size, .out = out, .room = out_size};
    int result = Z_OK;
    if (inflateInit2(&u.stream, -15) != Z_OK)
        return nn_fail(NN_ENOMEM, "%s: no memory to unpack it", name);
    nn_status status = NN_OK;
    while (status == NN_OK && result != Z_STREAM_END) {
        size_t before = u.have;
        result = unpack_step(&u);
        status = unpack_check(&u, result);
        if (status == NN_OK && result == Z_BUF_ERROR && u.have == before)
            status = unpack_fail(&u, u.have == out_size ? "more data than the archive says"
                                                        : "the packed data ends early");
    }
    if (status == NN_OK && u.have != out_size)
        status = nn_fail(NN_EFORMAT, "%s: %zu bytes unpacked, the archive says %zu", name, u.have,
                         out_size);
    inflateEnd(&u.stream);
    return status;
}
