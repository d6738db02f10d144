/*
 * CIFAR-10 in its binary form: files of records, each a label and three planes of 32x32 bytes,
 *   record[3073] = label, red[32][32], green[32][32], blue[32][32],
 * kept as pixels[32][32][3]. A few records at a time pass through a small buffer, so that nothing
 * beyond the final bytes is held.
 */
#include "base/files.h"
#include "data/dataset.h"
#include "data/pictures.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 32, PLANE = SIDE * SIDE, RECORD = 1 + 3 * PLANE, CLASSES = 10, BATCHES = 5 };
enum { BUFFERED = 32 }; /* records read at once */

static const char *const class_names[CLASSES] = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

static void record_unpack(const unsigned char *record, unsigned char *pixels)
{
    for (int i = 0; i < PLANE; i++)
        for (int k = 0; k < 3; k++)
            pixels[3 * i + k] = record[1 + k * PLANE + i];
}

static nn_status batch_open(const char *directory, const char *name, nn__reader **reader)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = nn__alloc(size, "a path");
    if (path == NULL)
        return NN_ENOMEM;
    snprintf(path, size, "%s/%s", directory, name);
    nn_status status = nn__reader_open(path, reader);
    nn__free(path);
    return status;
}

/* How many records the file holds, by its length. */
static nn_status batch_count(const nn__reader *reader, uint64_t *records)
{
    uint64_t bytes = nn__reader_size(reader);
    if (bytes == 0)
        return nn_fail(NN_EFORMAT, "%s: 0 bytes, no record", nn__reader_path(reader));
    if (bytes % RECORD != 0)
        return nn_fail(NN_EFORMAT, "%s: %llu bytes is no multiple of %d", nn__reader_path(reader),
                       (unsigned long long)bytes, RECORD);
    *records = bytes / RECORD;
    return NN_OK;
}

/* Records 0..count-1 of the file into the rows from `row` on. */
static nn_status batch_read(const nn__reader *reader, uint64_t count, nn__pictures *p, size_t row)
{
    unsigned char *buffer = nn__alloc(BUFFERED * RECORD, "records of CIFAR-10");
    nn_status status = buffer != NULL ? NN_OK : NN_ENOMEM;
    for (uint64_t done = 0; status == NN_OK && done < count;) {
        uint64_t part = count - done < BUFFERED ? count - done : BUFFERED;
        NN_TRY_GOTO(out, nn__reader_read(reader, done * RECORD, buffer, (size_t)part * RECORD));
        for (uint64_t i = 0; i < part; i++, done++, row++) {
            const unsigned char *record = buffer + i * RECORD;
            if (record[0] >= CLASSES) {
                status = nn_fail(NN_EFORMAT, "%s: record %llu: label %d is above %d",
                                 nn__reader_path(reader), (unsigned long long)done, record[0],
                                 CLASSES - 1);
                goto out;
            }
            p->labels[row] = record[0];
            record_unpack(record, p->pixels + row * p->size);
        }
    }
out:
    nn__free(buffer);
    return status;
}

static void batches_close(nn__reader *readers[BATCHES])
{
    for (int i = 0; i < BATCHES; i++)
        nn__reader_close(readers[i]);
}

/* Opens the files of the part, as many as `limit` rows need (0: all), and counts the rows. */
static nn_status batches_open(const nn_cifar10_options *o, nn__reader *readers[BATCHES],
                              uint64_t counts[BATCHES], uint64_t *rows)
{
    int files = o->part == NN_TRAIN ? BATCHES : 1;
    char name[32];
    for (int i = 0; i < files && (o->limit == 0 || *rows < o->limit); i++) {
        snprintf(name, sizeof name, "data_batch_%d.bin", i + 1);
        NN_TRY(
            batch_open(o->directory, o->part == NN_TRAIN ? name : "test_batch.bin", &readers[i]));
        NN_TRY(batch_count(readers[i], &counts[i]));
        if (o->limit != 0 && counts[i] > o->limit - *rows)
            counts[i] = o->limit - *rows;
        *rows += counts[i];
    }
    return NN_OK;
}

/* The rows of the part, in the order of the files; NULL when anything is wrong. */
static nn__pictures *batches_read(const nn_cifar10_options *o, const nn_shape *shape)
{
    nn__reader *readers[BATCHES] = {NULL};
    uint64_t counts[BATCHES] = {0}, rows = 0;
    nn__pictures *pictures = NULL;
    if (batches_open(o, readers, counts, &rows) == NN_OK && rows <= SIZE_MAX)
        pictures = nn__pictures_new((size_t)rows, shape, CLASSES);
    size_t row = 0;
    for (int i = 0; pictures != NULL && i < BATCHES && counts[i] > 0; i++) {
        if (batch_read(readers[i], counts[i], pictures, row) != NN_OK) {
            nn__pictures_free(pictures);
            pictures = NULL;
        }
        row += (size_t)counts[i];
    }
    batches_close(readers);
    return pictures;
}

static const nn_dataset_kind cifar10_kind = NN__PICTURES_KIND("cifar10");

NN__NO_TAIL_PADDING(nn_cifar10_options, limit);

nn_dataset *nn_cifar10_new(const nn_cifar10_options *options)
{
    static const nn_shape shape = {3, {SIDE, SIDE, 3}};
    nn_cifar10_options o;
    if (nn__options_read(&o, sizeof o, options, "cifar10") != NN_OK ||
        nn__dataset_choice(o.part, NN_TEST, "cifar10", "part") != NN_OK ||
        nn__dataset_choice(o.one_hot, 1, "cifar10", "one_hot") != NN_OK)
        return NULL;
    if (o.directory == NULL) {
        nn_fail(NN_EINVAL, "cifar10: directory must be given");
        return NULL;
    }
    nn__pictures *pictures = batches_read(&o, &shape);
    if (pictures == NULL)
        return NULL;
    return nn__pictures_dataset(pictures, &cifar10_kind, &shape, o.one_hot, class_names);
}
