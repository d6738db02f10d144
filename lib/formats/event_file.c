#include "formats/event_file.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/files.h"

struct nn__event_file {
    nn__text *text;
    unsigned char *data; /* the record in work, frame included */
    size_t length, size;
    size_t summary; /* where the summary begins */
    int has_values;
    nn_status status; /* of the record in work */
};

enum {
    FRAME = 12,
    CRC = 4,
    FIRST_SIZE = 1024,
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5
};

/* ---- Bytes ---- */

static void put_bytes(nn__event_file *file, const void *bytes, size_t count)
{
    size_t needed = file->length + count;
    if (file->status != NN_OK)
        return;
    if (needed > file->size) {
        size_t size = needed < FIRST_SIZE ? FIRST_SIZE : 2 * needed;
        unsigned char *data = nn__grow(file->data, file->length, size, "an event");
        if (data == NULL) {
            file->status = NN_ENOMEM;
            return;
        }
        file->data = data;
        file->size = size;
    }
    memcpy(file->data + file->length, bytes, count);
    file->length = needed;
}

/* The lowest `count` bytes of a number, the lowest first. */
static void to_little(unsigned char *bytes, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

static void put_little(nn__event_file *file, uint64_t value, int count)
{
    unsigned char bytes[8];
    to_little(bytes, value, count);
    put_bytes(file, bytes, (size_t)count);
}

static size_t to_varint(unsigned char bytes[10], uint64_t value)
{
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (unsigned char)(value | 0x80);
    bytes[count++] = (unsigned char)value;
    return count;
}

static void put_varint(nn__event_file *file, uint64_t value)
{
    unsigned char bytes[10];
    put_bytes(file, bytes, to_varint(bytes, value));
}

/* ---- Fields ---- */

static void put_key(nn__event_file *file, unsigned field, unsigned wire)
{
    put_varint(file, field << 3 | wire);
}

static uint64_t double_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void put_double(nn__event_file *file, unsigned field, double value)
{
    put_key(file, field, WIRE_64);
    put_little(file, double_bits(value), 8);
}

static void put_float(nn__event_file *file, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(file, field, WIRE_32);
    put_little(file, bits, 4);
}

/* A message in a message: its length is put before it when it ends. */
static size_t begin_field(nn__event_file *file, unsigned field)
{
    put_key(file, field, WIRE_BYTES);
    return file->length;
}

static void end_field(nn__event_file *file, size_t begin)
{
    unsigned char bytes[10];
    size_t length = file->length - begin, count = to_varint(bytes, length);
    put_bytes(file, bytes, count);
    if (file->status != NN_OK)
        return;
    memmove(file->data + begin + count, file->data + begin, length);
    memcpy(file->data + begin, bytes, count);
}

static void put_string(nn__event_file *file, unsigned field, const char *a, const char *b,
                       const char *c)
{
    size_t begin = begin_field(file, field);
    put_bytes(file, a, strlen(a));
    put_bytes(file, b, strlen(b));
    put_bytes(file, c, strlen(c));
    end_field(file, begin);
}

static void put_doubles(nn__event_file *file, unsigned field, const double *values, size_t count)
{
    size_t begin = begin_field(file, field);
    for (size_t i = 0; i < count; i++)
        put_little(file, double_bits(values[i]), 8);
    end_field(file, begin);
}

/* ---- Records ---- */

static void record_begin(nn__event_file *file)
{
    static const unsigned char frame[FRAME] = {0};
    file->length = 0;
    file->status = NN_OK;
    put_bytes(file, frame, sizeof frame);
    put_double(file, 1, nn__wall_seconds());
}

static uint32_t masked_crc(const void *data, size_t size)
{
    uint32_t crc = nn__crc32c(0, data, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static nn_status record_end(nn__event_file *file)
{
    const size_t length = file->length - FRAME;
    put_little(file, 0, CRC);
    if (file->status != NN_OK)
        return file->status;
    unsigned char *data = file->data;
    to_little(data, length, 8);
    to_little(data + 8, masked_crc(data, 8), CRC);
    to_little(data + FRAME + length, masked_crc(data + FRAME, length), CRC);
    return nn__text_write_bytes(file->text, data, file->length);
}

/* ---- The file ---- */

static char *file_path(const char *folder)
{
    static unsigned opened;
    char host[NN__HOST_NAME], name[NN__HOST_NAME + 96];
    nn__global_lock();
    unsigned number = opened++;
    nn__global_unlock();
    snprintf(name, sizeof name, "events.out.tfevents.%010" PRId64 ".%s.%ld.%u.v2",
             (int64_t)nn__wall_seconds(), nn__host_name(host), nn__process_id(), number);
    return nn__join_strings(folder, "/", name, "the path of an event file");
}

static nn_status file_start(nn__event_file *file, const char *path)
{
    NN_TRY(nn__make_folders(path));
    NN_TRY(nn__text_open(path, 1, &file->text));
    record_begin(file);
    put_string(file, 3, "brain.Event:2", "", "");
    return record_end(file);
}

nn_status nn__event_file_open(const char *folder, nn__event_file **opened)
{
    nn__event_file *file = nn__alloc(sizeof *file, "an event file");
    char *path = file_path(folder);
    nn_status status = file == NULL || path == NULL ? NN_ENOMEM : file_start(file, path);
    nn__free(path);
    if (status == NN_OK)
        *opened = file;
    else
        (void)nn__event_file_close(file);
    return status;
}

nn_status nn__event_file_close(nn__event_file *file)
{
    if (file == NULL)
        return NN_OK;
    nn_status status = nn__text_close(file->text);
    nn__free(file->data);
    nn__free(file);
    return status;
}

/* ---- Values ---- */

void nn__event_begin(nn__event_file *file, int64_t step)
{
    record_begin(file);
    put_key(file, 2, WIRE_VARINT);
    put_varint(file, (uint64_t)step);
    file->summary = begin_field(file, 5);
    file->has_values = 0;
}

nn_status nn__event_end(nn__event_file *file)
{
    if (!file->has_values)
        return NN_OK;
    end_field(file, file->summary);
    return record_end(file);
}

void nn__event_scalar(nn__event_file *file, const char *prefix, const char *name,
                      const char *suffix, double value)
{
    size_t begin = begin_field(file, 1);
    put_string(file, 1, prefix, name, suffix);
    put_float(file, 2, (float)value);
    end_field(file, begin);
    file->has_values = 1;
}

/* ---- Histograms ---- */

struct histogram {
    double min, max, num, sum, squares;
    double limits[NN__EVENT_BUCKETS], buckets[NN__EVENT_BUCKETS];
    size_t count; /* of buckets */
};

static void histogram_range(struct histogram *h, const nn_real *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double x = (double)values[i];
        if (!isfinite(x))
            continue;
        h->min = h->num == 0 || x < h->min ? x : h->min;
        h->max = h->num == 0 || x > h->max ? x : h->max;
        h->num++;
        h->sum += x;
        h->squares += x * x;
    }
}

static void histogram_fill(struct histogram *h, const nn_real *values, size_t count)
{
    double width = (h->max - h->min) / NN__EVENT_BUCKETS;
    h->count = h->num == 0 ? 0 : width > 0 ? NN__EVENT_BUCKETS : 1;
    for (size_t b = 0; b < h->count; b++)
        h->limits[b] = b + 1 == h->count ? h->max : h->min + width * (double)(b + 1);
    for (size_t i = 0; i < count; i++) {
        double x = (double)values[i];
        if (!isfinite(x))
            continue;
        double place = width > 0 ? floor((x - h->min) / width) : 0;
        h->buckets[place < (double)h->count ? (size_t)place : h->count - 1]++;
    }
}

static void put_histogram(nn__event_file *file, const struct histogram *h)
{
    size_t begin = begin_field(file, 5);
    put_double(file, 1, h->min);
    put_double(file, 2, h->max);
    put_double(file, 3, h->num);
    put_double(file, 4, h->sum);
    put_double(file, 5, h->squares);
    put_doubles(file, 6, h->limits, h->count);
    put_doubles(file, 7, h->buckets, h->count);
    end_field(file, begin);
}

void nn__event_histogram(nn__event_file *file, const char *prefix, const char *name,
                         const char *suffix, const nn_real *values, size_t count)
{
    struct histogram h = {0};
    histogram_range(&h, values, count);
    histogram_fill(&h, values, count);
    size_t begin = begin_field(file, 1);
    put_string(file, 1, prefix, name, suffix);
    put_histogram(file, &h);
    end_field(file, begin);
    file->has_values = 1;
}
