/*
 * TensorBoard's event files, writing. A file is a row of records (TFRecord):
 *
 *   u64 length | u32 masked CRC-32C of these 8 bytes | data[length] | u32 masked CRC-32C of data
 *
 * little-endian; masked: the CRC turned right by 15 bits, plus 0xA282EAD8. The data is an Event in the
 * encoding of protocol buffers. Its fields that are written here:
 *
 *   Event      1 wall_time (double)  2 step (varint)  3 file_version (string)  5 summary
 *   Summary    1 value, repeated
 *   Value      1 tag (string)  2 simple_value (float)  5 histo
 *   histo      1 min  2 max  3 num  4 sum  5 sum_squares (double)
 *              6 bucket_limit  7 bucket (packed doubles; limits are the right edges)
 */
#ifndef NN__FORMATS_EVENT_FILE_H
#define NN__FORMATS_EVENT_FILE_H

#include "base/base.h"

typedef struct nn__event_file nn__event_file;

/*
 * Makes the folder and in it the file events.out.tfevents.<seconds>.<host>.<pid>.<number>.v2, which no
 * file had before; writes the record that names the version. NN_EIO.
 */
nn_status nn__event_file_open(const char *folder, nn__event_file **file);
/* Frees file in every case. NULL is fine and NN_OK. */
nn_status nn__event_file_close(nn__event_file *file);

/*
 * One record: begin, values, end. Tags are prefix, name and suffix one after the other. A lack of
 * memory is told by end, which hands the record to the system; the memory is kept from record to
 * record. A record without values is not written.
 */
void nn__event_begin(nn__event_file *file, int64_t step);
void nn__event_scalar(nn__event_file *file, const char *prefix, const char *name,
                      const char *suffix, double value);
/* The values that are finite, in NN__EVENT_BUCKETS buckets of equal width from the least to the
 * greatest; in one where they are all equal; none without values. */
enum { NN__EVENT_BUCKETS = 30 };
void nn__event_histogram(nn__event_file *file, const char *prefix, const char *name,
                         const char *suffix, const nn_real *values, size_t count);
nn_status nn__event_end(nn__event_file *file);

#endif
