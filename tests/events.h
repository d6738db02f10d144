/*
 * Reads event files back, apart from lib: frames, a CRC-32C bit by bit, protocol buffers. What it
 * finds is a flat list of values. A file that is not right fails the test.
 */
#ifndef NN__TESTS_EVENTS_H
#define NN__TESTS_EVENTS_H

#include <dirent.h>

#include "test.h"

enum { EVENTS_MOST = 256, EVENTS_TAG = 96, EVENTS_BUCKETS = 30 };

typedef struct found_value {
    char tag[EVENTS_TAG];
    int64_t step;
    double wall_time;
    int is_histogram;
    double value;    /* of a scalar                            */
    double stats[5]; /* min, max, num, sum, squares            */
    double limits[EVENTS_BUCKETS], buckets[EVENTS_BUCKETS];
    size_t limit_count, bucket_count;
} found_value;

typedef struct found_events {
    int records;
    char version[32]; /* of the first record */
    size_t count;
    found_value values[EVENTS_MOST];
} found_events;

static inline uint32_t events_crc(const unsigned char *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static inline uint64_t events_little(const unsigned char *data, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | data[i];
    return value;
}

/* ---- Protocol buffers ---- */

typedef struct field {
    unsigned number, wire;
    uint64_t bits;             /* of a number       */
    const unsigned char *data; /* of bytes          */
    size_t size;
} field;

static inline uint64_t events_varint(const unsigned char **at, const unsigned char *end)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        ck_assert(*at < end && shift < 64);
        value |= (uint64_t)(**at & 0x7F) << shift;
        if (!(*(*at)++ & 0x80))
            return value;
    }
}

/* The field at *at, which moves behind it; 0 at the end. */
static inline int events_field(const unsigned char **at, const unsigned char *end, field *f)
{
    if (*at == end)
        return 0;
    uint64_t key = events_varint(at, end);
    *f = (field){.number = (unsigned)(key >> 3), .wire = key & 7};
    if (f->wire == 0)
        f->bits = events_varint(at, end);
    if (f->wire == 2)
        f->size = (size_t)events_varint(at, end);
    if (f->wire == 1 || f->wire == 5)
        f->size = f->wire == 1 ? 8 : 4;
    ck_assert(f->wire <= 2 || f->wire == 5);
    ck_assert(f->size <= (size_t)(end - *at));
    f->data = *at;
    if (f->wire == 1 || f->wire == 5)
        f->bits = events_little(*at, (int)f->size);
    *at += f->size;
    return 1;
}

static inline double events_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline size_t events_doubles(const field *f, double values[EVENTS_BUCKETS])
{
    ck_assert(f->size % 8 == 0 && f->size / 8 <= EVENTS_BUCKETS);
    for (size_t i = 0; i < f->size / 8; i++)
        values[i] = events_double(events_little(f->data + 8 * i, 8));
    return f->size / 8;
}

static inline void events_histogram(const field *message, found_value *value)
{
    const unsigned char *at = message->data, *end = at + message->size;
    field f;
    value->is_histogram = 1;
    while (events_field(&at, end, &f)) {
        ck_assert(f.number >= 1 && f.number <= 7);
        ck_assert_int_eq(f.wire, f.number <= 5 ? 1 : 2);
        if (f.number <= 5)
            value->stats[f.number - 1] = events_double(f.bits);
        else if (f.number == 6)
            value->limit_count = events_doubles(&f, value->limits);
        else
            value->bucket_count = events_doubles(&f, value->buckets);
    }
}

static inline void events_value(const field *message, found_value *value)
{
    const unsigned char *at = message->data, *end = at + message->size;
    field f;
    while (events_field(&at, end, &f)) {
        if (f.number == 1) {
            ck_assert(f.wire == 2 && f.size < EVENTS_TAG);
            memcpy(value->tag, f.data, f.size);
        } else if (f.number == 2) {
            uint32_t bits = (uint32_t)f.bits;
            float number;
            ck_assert(f.wire == 5);
            memcpy(&number, &bits, sizeof number);
            value->value = (double)number;
        } else {
            ck_assert(f.number == 5 && f.wire == 2);
            events_histogram(&f, value);
        }
    }
}

static inline void events_record(const unsigned char *data, size_t size, found_events *events)
{
    const unsigned char *at = data, *end = data + size;
    double wall_time = -1;
    int64_t step = 0;
    field f, v;
    while (events_field(&at, end, &f)) {
        if (f.number == 1)
            wall_time = events_double(f.bits);
        else if (f.number == 2)
            step = (int64_t)f.bits;
        else if (f.number == 3)
            memcpy(events->version, f.data, f.size < 31 ? f.size : 31);
        else {
            const unsigned char *inner = f.data;
            ck_assert_uint_eq(f.number, 5);
            while (events_field(&inner, f.data + f.size, &v)) {
                ck_assert(v.number == 1 && events->count < EVENTS_MOST);
                found_value *value = &events->values[events->count++];
                value->step = step;
                value->wall_time = wall_time;
                events_value(&v, value);
            }
        }
    }
    ck_assert(wall_time >= 0);
    events->records++;
}

/* ---- Files ---- */

/* The one event file of a folder, all of it; the caller frees it. */
static inline unsigned char *events_load(const char *folder, size_t *size)
{
    char path[1024] = "";
    DIR *list = opendir(folder);
    ck_assert_msg(list != NULL, "%s is not there", folder);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (strstr(entry->d_name, "tfevents") != NULL) {
            ck_assert_str_eq(path, "");
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        }
    closedir(list);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    unsigned char *data = malloc(1 << 20);
    *size = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

/* Static: valid until the next call. */
static inline const found_events *events_read(const char *folder)
{
    static found_events events;
    size_t size, at = 0;
    unsigned char *data = events_load(folder, &size);
    memset(&events, 0, sizeof events);
    while (at < size) {
        ck_assert(size - at >= 16);
        size_t length = (size_t)events_little(data + at, 8);
        ck_assert(length <= size - at - 16);
        ck_assert_uint_eq(events_little(data + at + 8, 4), events_crc(data + at, 8));
        ck_assert_uint_eq(events_little(data + at + 12 + length, 4),
                          events_crc(data + at + 12, length));
        events_record(data + at + 12, length, &events);
        at += 16 + length;
    }
    ck_assert_str_eq(events.version, "brain.Event:2");
    free(data);
    return &events;
}

/* The value of that tag and step, of which there is one; NULL: there is none. */
static inline const found_value *events_find(const found_events *events, const char *tag,
                                             int64_t step)
{
    const found_value *found = NULL;
    for (size_t i = 0; i < events->count; i++)
        if (strcmp(events->values[i].tag, tag) == 0 && events->values[i].step == step) {
            ck_assert_ptr_null(found);
            found = &events->values[i];
        }
    return found;
}

#endif
