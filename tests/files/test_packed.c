/* IDX packed by gzip and NPZ compressed by deflate. */
#include <zlib.h>

#include "../data/bytes.h"
#include "../data/sweep.h"
#include "nn_files.h"

/* `format`: 31 gzip, -15 bare deflate. */
static bytes pack(const bytes *b, int format)
{
    static bytes out;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY), Z_OK);
    bytes copy = *b;
    stream.next_in = copy.data;
    stream.avail_in = (uInt)copy.size;
    stream.next_out = out.data;
    stream.avail_out = BYTES_MOST;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

/* Four rows of 30x10 bytes, and labels 3, 2, 1, 0. */
static bytes pictures(void)
{
    bytes b = {.size = 0};
    bytes_put(&b, "\0\0\10\3\0\0\0\4\0\0\0\36\0\0\0\12", 16);
    for (int i = 0; i < 1200; i++)
        bytes_number(&b, (uint64_t)(i / 300 * 10 + i % 2), 1, 0);
    return b;
}

static bytes labels(void)
{
    bytes b = {.size = 0};
    bytes_put(&b, "\0\0\10\1\0\0\0\4\3\2\1\0", 12);
    return b;
}

START_TEST(a_gzipped_pair_reads_as_the_plain_one)
{
    bytes x = pictures(), y = labels(), packed = pack(&x, 31);
    bytes_save(&packed, test_path("x.gz"));
    bytes_save(&y, test_path("y"));
    ck_assert_ptr_null(nn_idx(test_path("x.gz")));
    test_message_has("x.gz: packed by gzip");
    nn_dataset *dataset = nn_files_idx(test_path("x.gz"), test_path("y"), .channels = 1);
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_uint_eq(nn_dataset_rows(dataset), 4);
    ck_assert_int_eq(nn_dataset_shape(dataset)->rank, 3);
    nn_real row[300];
    int label;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(nn_dataset_row(dataset, i, row, &label), NN_OK);
        ck_assert_int_eq(label, 3 - (int)i);
        ck_assert(row[0] == (nn_real)((double)i * 10 / 255.0));
        ck_assert(row[299] == (nn_real)((double)(i * 10 + 1) / 255.0));
    }
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(members_of_a_gzip_file_follow_one_another)
{
    bytes x = pictures(), first = {.size = 0}, second = {.size = 0};
    bytes_put(&first, x.data, 500);
    bytes_put(&second, x.data + 500, x.size - 500);
    bytes all = pack(&first, 31), rest = pack(&second, 31);
    bytes_put(&all, rest.data, rest.size);
    nn_dataset *dataset = nn_files_idx(.x_data = all.data, .x_size = all.size, .limit = 3);
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_uint_eq(nn_dataset_rows(dataset), 3);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_large_file_is_unpacked_as_it_grows)
{
    enum { SIZE = 300000 };
    unsigned char *raw = calloc(SIZE + 12, 1), *packed = malloc(BYTES_MOST);
    static const unsigned char head[12] = {0, 0, 8, 2, 0, 0, 0, 1, 0, 4, 0x93, 0xE0};
    memcpy(raw, head, 12);
    raw[SIZE + 11] = 51;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = raw;
    stream.avail_in = SIZE + 12;
    stream.next_out = packed;
    stream.avail_out = BYTES_MOST;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    nn_dataset *dataset = nn_files_idx(.x_data = packed, .x_size = stream.total_out);
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    nn_real *x = malloc(SIZE * sizeof *x);
    ck_assert_int_eq(nn_dataset_row(dataset, 0, x, NULL), NN_OK);
    ck_assert(x[SIZE - 1] == (nn_real)(51 / 255.0) && x[SIZE - 2] == 0);
    nn_dataset_free(dataset);
    deflateEnd(&stream);
    free(raw);
    free(packed);
    free(x);
}
END_TEST

static nn_dataset *read_x(const void *data, size_t size)
{
    return nn_files_idx("file", .x_data = data, .x_size = size);
}

START_TEST(damaged_gzip_is_named)
{
    bytes x = pictures(), packed = pack(&x, 31);
    packed.size -= 9;
    ck_assert_ptr_null(read_x(packed.data, packed.size));
    test_message_has("file: byte ");
    test_message_has("the packed data ends early");
    packed = pack(&x, 31);
    packed.data[packed.size - 5] ^= 1; /* of its CRC */
    ck_assert_ptr_null(read_x(packed.data, packed.size));
    test_message_has("file: byte ");
    ck_assert_ptr_null(nn_files_idx(test_path("none.gz")));
    test_message_has("/none.gz: ");
    ck_assert_ptr_null(nn_files_idx(test_folder()));
    ck_assert_ptr_null(nn_files_idx_new(NULL));
    test_message_has("idx: struct_size is not set");
    ck_assert_ptr_null(nn_files_idx(.y = NULL));
    test_message_has("idx: x must be given");
}
END_TEST

/* ---- NPZ ---- */

/* One member, x.npy: a float array of 8 times 0.5. */
static bytes archive(void)
{
    bytes npy = {.size = 0}, b = {.size = 0};
    bytes_put(&npy, "\x93NUMPY\1\0", 8);
    bytes_number(&npy, 54, 2, 0);
    bytes_put(&npy, "{'descr':'<f4', 'fortran_order':False, 'shape':(8,)}  ", 54);
    for (int i = 0; i < 8; i++)
        bytes_number(&npy, 0x3F000000u, 4, 0);
    bytes packed = pack(&npy, -15);
    uint32_t crc = (uint32_t)crc32(0, npy.data, (uInt)npy.size);
    bytes_put(&b, "PK\3\4\x2d\0\0\0\10\0\0\0\0\0", 14);
    bytes_number(&b, crc, 4, 0);
    bytes_number(&b, packed.size, 4, 0);
    bytes_number(&b, npy.size, 4, 0);
    bytes_number(&b, 5, 4, 0);
    bytes_put(&b, "x.npy", 5);
    bytes_put(&b, packed.data, packed.size);
    size_t directory = b.size;
    bytes_put(&b, "PK\1\2\x2d\3\x2d\0\0\0\10\0\0\0\0\0", 16);
    bytes_number(&b, crc, 4, 0);
    bytes_number(&b, packed.size, 4, 0);
    bytes_number(&b, npy.size, 4, 0);
    bytes_number(&b, 5, 8, 0);
    bytes_number(&b, 0, 8, 0);
    bytes_number(&b, 0, 2, 0);
    bytes_put(&b, "x.npy", 5);
    size_t end = b.size;
    bytes_put(&b, "PK\5\6\0\0\0\0\1\0\1\0", 12);
    bytes_number(&b, end - directory, 4, 0);
    bytes_number(&b, directory, 4, 0);
    bytes_number(&b, 0, 2, 0);
    return b;
}

static nn_dataset *read_npz(const void *data, size_t size)
{
    return nn_files_npz("file", .data = data, .size = size);
}

START_TEST(a_compressed_member_is_read)
{
    bytes b = archive();
    bytes_save(&b, test_path("a.npz"));
    ck_assert_ptr_null(nn_npz(test_path("a.npz")));
    test_message_has("a.npz: x is compressed; nn_files_npz (libnn_files) reads it");
    nn_dataset *dataset = nn_files_npz(test_path("a.npz"));
    for (size_t i = 0; i < 8; i++)
        bytes_row(dataset, i, (const double[]){0.5}, 1, -1);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(nn_files_npz(test_path("a.npz"), .y = "y"));
    test_message_has("no member y among 1");
    b.data[60] ^= 0x10;
    ck_assert_ptr_null(read_npz(b.data, b.size));
    test_message_has("file: x: ");
    b = archive();
    b.data[b.size - 22 - 5 - 46 + 16] ^= 1; /* the CRC */
    ck_assert_ptr_null(read_npz(b.data, b.size));
    test_message_has("file: x: CRC is ");
    b = archive();
    b.data[b.size - 22 - 5 - 46 + 24 + 3] = 0x70; /* the unpacked size */
    ck_assert_ptr_null(read_npz(b.data, b.size));
    test_message_has("are impossible");
    ck_assert_ptr_null(nn_files_npz(.x = "x"));
    test_message_has("npz: path must be given");
}
END_TEST

START_TEST(every_beginning_and_every_changed_byte_is_survived)
{
    bytes x = labels(), packed = pack(&x, 31), b = archive();
    bytes_sweep(&packed, read_x, 0);
    bytes_sweep(&b, read_npz, 0);
}
END_TEST

static nn_dataset *make(void *arg)
{
    const bytes *all = arg;
    nn_dataset *dataset = read_x(all[0].data, all[0].size);
    nn_dataset_free(dataset);
    return dataset != NULL ? read_npz(all[1].data, all[1].size) : NULL;
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    static bytes all[2];
    bytes x = pictures();
    all[0] = pack(&x, 31);
    all[1] = archive();
    test_memory_begin();
    sweep_allocations(make, all, 6);
    test_memory_end();
}
END_TEST

Suite *packed_suite(void);
Suite *packed_suite(void)
{
    return TEST_SUITE(
        "packed", a_gzipped_pair_reads_as_the_plain_one, members_of_a_gzip_file_follow_one_another,
        a_large_file_is_unpacked_as_it_grows, damaged_gzip_is_named, a_compressed_member_is_read,
        every_beginning_and_every_changed_byte_is_survived, failing_memory_leaves_nothing_behind);
}
