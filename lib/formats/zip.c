/*
 * The directory at the end of a ZIP archive: see zip.h.
 *
 *   end record   "PK\5\6", counts, size and offset of the directory, a comment of up to 65,535 bytes
 *   Zip64        where a field of the end record is full: "PK\6\7" right before it leads to "PK\6\6"
 *   directory    per member "PK\1\2", method, CRC, sizes, name, extra fields, offset of
 *   local header "PK\3\4", name, extra fields, then the packed bytes
 */
#include "formats/zip.h"

enum { END = 22, LOCATOR = 20, END64 = 56, ENTRY = 46, LOCAL = 30, COMMENT = 65535, NAME = 512 };

typedef struct directory {
    uint64_t first, size, count;
} directory;

static uint64_t little(const unsigned char *p, int size)
{
    return nn__bytes_little(p, size);
}

static nn_status zip_fail(const nn__source *archive, uint64_t at, const char *what)
{
    return nn_fail(NN_EFORMAT, "%s: byte %llu: %s", archive->name, (unsigned long long)at, what);
}

/* The offset of the last end record whose comment reaches the end of the archive. */
static nn_status zip_find_end(const nn__source *archive, unsigned char end[END], uint64_t *at)
{
    uint64_t size = archive->size, most = size < END + COMMENT ? size : END + COMMENT;
    for (uint64_t back = END; back <= most; back++) {
        NN_TRY(nn__source_read(archive, size - back, end, 4));
        if (memcmp(end, "PK\5\6", 4) != 0)
            continue;
        NN_TRY(nn__source_read(archive, size - back, end, END));
        if (little(end + 20, 2) != back - END)
            continue;
        *at = size - back;
        return NN_OK;
    }
    return nn_fail(NN_EFORMAT, "%s: %llu bytes that do not end as a ZIP archive", archive->name,
                   (unsigned long long)size);
}

static nn_status zip_end64(const nn__source *archive, uint64_t end, directory *d)
{
    unsigned char locator[LOCATOR], record[END64];
    if (end < LOCATOR)
        return NN_OK;
    NN_TRY(nn__source_read(archive, end - LOCATOR, locator, LOCATOR));
    if (memcmp(locator, "PK\6\7", 4) != 0)
        return NN_OK;
    uint64_t at = little(locator + 8, 8);
    if (at > archive->size || archive->size - at < END64)
        return zip_fail(archive, end - LOCATOR, "the Zip64 record lies outside the archive");
    NN_TRY(nn__source_read(archive, at, record, END64));
    if (memcmp(record, "PK\6\6", 4) != 0)
        return zip_fail(archive, at, "no Zip64 record");
    *d = (directory){little(record + 48, 8), little(record + 40, 8), little(record + 32, 8)};
    return NN_OK;
}

static nn_status zip_directory(const nn__source *archive, directory *d)
{
    unsigned char end[END];
    uint64_t at = 0;
    NN_TRY(zip_find_end(archive, end, &at));
    *d = (directory){little(end + 16, 4), little(end + 12, 4), little(end + 10, 2)};
    if (d->first == UINT32_MAX || d->size == UINT32_MAX || d->count == UINT16_MAX)
        NN_TRY(zip_end64(archive, at, d));
    if (d->first > at || d->size > at - d->first)
        return zip_fail(archive, at, "the directory lies outside the archive");
    return NN_OK;
}

/* Full fields of an entry are in its extra field 1, in this order, as 8 bytes each. */
static nn_status zip_extra(const nn__source *archive, uint64_t at, size_t left,
                           nn__zip_member *member, uint64_t *local)
{
    uint64_t *const full[] = {&member->unpacked, &member->packed, local};
    while (left >= 4) {
        unsigned char head[4], value[8];
        NN_TRY(nn__source_read(archive, at, head, 4));
        size_t size = (size_t)little(head + 2, 2), used = 0;
        if (size > left - 4)
            return zip_fail(archive, at, "an extra field that does not end");
        for (size_t i = 0; little(head, 2) == 1 && i < NN__COUNT(full); i++) {
            if (*full[i] != UINT32_MAX || size - used < 8)
                continue;
            NN_TRY(nn__source_read(archive, at + 4 + used, value, 8));
            *full[i] = little(value, 8);
            used += 8;
        }
        at += 4 + size;
        left -= 4 + size;
    }
    return NN_OK;
}

/* From the entry at `at` to the packed bytes behind its local header. */
static nn_status zip_open(const nn__source *archive, uint64_t at, const unsigned char *entry,
                          nn__zip_member *member)
{
    unsigned char head[LOCAL];
    uint64_t local = little(entry + 42, 4);
    size_t name = (size_t)little(entry + 28, 2);
    *member = (nn__zip_member){(int)little(entry + 10, 2), (uint32_t)little(entry + 16, 4), 0,
                               little(entry + 20, 4), little(entry + 24, 4)};
    if (little(entry + 8, 2) & 1)
        return nn_fail(NN_ENOTSUP, "%s: byte %llu: an encrypted member", archive->name,
                       (unsigned long long)at);
    NN_TRY(zip_extra(archive, at + ENTRY + name, (size_t)little(entry + 30, 2), member, &local));
    if (local > archive->size || archive->size - local < LOCAL)
        return zip_fail(archive, at, "a member outside the archive");
    NN_TRY(nn__source_read(archive, local, head, LOCAL));
    if (memcmp(head, "PK\3\4", 4) != 0)
        return zip_fail(archive, local, "no member begins here");
    member->first = local + LOCAL + little(head + 26, 2) + little(head + 28, 2);
    if (member->first > archive->size || member->packed > archive->size - member->first)
        return zip_fail(archive, local, "a member that does not end");
    if (member->method == NN__ZIP_STORED && member->packed != member->unpacked)
        return zip_fail(archive, at, "a stored member of two sizes");
    return NN_OK;
}

static int zip_is(const char *have, size_t length, const char *name)
{
    size_t bare = strlen(name);
    if (length < bare || memcmp(have, name, bare) != 0)
        return 0;
    return length == bare || (length == bare + 4 && memcmp(have + bare, ".npy", 4) == 0);
}

nn_status nn__zip_find(const nn__source *archive, const char *name, nn__zip_member *member)
{
    directory d;
    char have[NAME];
    NN_TRY(zip_directory(archive, &d));
    uint64_t at = d.first, end = d.first + d.size;
    for (uint64_t i = 0; i < d.count; i++) {
        unsigned char entry[ENTRY];
        if (end - at < ENTRY)
            return zip_fail(archive, at, "the directory ends early");
        NN_TRY(nn__source_read(archive, at, entry, ENTRY));
        size_t length = (size_t)little(entry + 28, 2);
        uint64_t whole = ENTRY + length + little(entry + 30, 2) + little(entry + 32, 2);
        if (memcmp(entry, "PK\1\2", 4) != 0 || whole > end - at)
            return zip_fail(archive, at, "no entry of a directory");
        if (length <= NAME) {
            NN_TRY(nn__source_read(archive, at + ENTRY, have, length));
            if (zip_is(have, length, name))
                return zip_open(archive, at, entry, member);
        }
        at += whole;
    }
    return nn_fail(NN_ENOTFOUND, "%s: no member %s among %llu", archive->name, name,
                   (unsigned long long)d.count);
}

uint32_t nn__crc32(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *p = data;
    uint32_t table[16]; /* by half bytes */
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 4; bit++)
            value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
        table[i] = value;
    }
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}
