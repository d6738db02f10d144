#include "test.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/files.h"
#include "formats/safetensors.h"

/* ---- Files ---- */

/* 8 bytes of n, then text, then `zeros` bytes of zero. */
static const char *put_raw(uint64_t n, const char *text, size_t size, size_t zeros)
{
    const char *path = test_path("raw.safetensors");
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 8; i++)
        fputc((int)(n >> 8 * i & 255), file);
    fwrite(text, 1, size, file);
    for (; zeros > 0; zeros--)
        fputc(0, file);
    fclose(file);
    return path;
}

static const char *put_header(const char *text, size_t zeros)
{
    return put_raw(strlen(text), text, strlen(text), zeros);
}

static void put_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static char *get_bytes(const char *path, size_t *size)
{
    char *bytes = NULL;
    ck_assert_int_eq(nn__file_read(path, 1 << 20, &bytes, size), NN_OK);
    return bytes;
}

static nn_status open_status(const char *path)
{
    nn__safetensors *file = NULL;
    nn_status status = nn__safetensors_open(path, NULL, &file);
    ck_assert((status == NN_OK) == (file != NULL));
    nn__safetensors_close(file);
    return status;
}

/* ---- A file in memory, for the tests that open thousands of them ---- */

static const char *memory_bytes;
static size_t memory_size;

static int memory_open(int folder, const char *path, int flags, unsigned mode)
{
    (void)folder, (void)path, (void)flags, (void)mode;
    return 1;
}

static int memory_stat(int file, struct stat *info)
{
    (void)file;
    int result = stat(test_path("model.safetensors"), info); /* of a regular file */
    info->st_size = (off_t)memory_size;
    return result;
}

static int64_t memory_pread(int file, void *data, size_t size, int64_t offset)
{
    size_t rest = (size_t)offset < memory_size ? memory_size - (size_t)offset : 0;
    (void)file;
    memcpy(data, memory_bytes + offset, size < rest ? size : rest);
    return (int64_t)(size < rest ? size : rest);
}

static int memory_close(int file)
{
    (void)file;
    return 0;
}

static nn_status open_memory(const char *bytes, size_t size)
{
    static const nn__io memory = {
        .open = memory_open, .stat = memory_stat, .pread = memory_pread, .close = memory_close};
    memory_bytes = bytes;
    memory_size = size;
    nn__set_io(&memory);
    nn_status status = open_status("model.safetensors");
    nn__set_io(NULL);
    return status;
}

/* ---- A file of the reference writer: safetensors 0.8.0 for Python ---- */

static const char foreign_header[] =
    "{\"__metadata__\":{\"format\":\"pt \\\"x\\\"\"},"
    "\"a\":{\"dtype\":\"I64\",\"shape\":[1,3],\"data_offsets\":[0,24]},"
    "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[24,32]},"
    "\"a32\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[32,36]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[36,44]},"
    "\"\xC3\xA9\\\"\\n\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[44,44]},"
    "\"c/half\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[44,46]},"
    "\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[46,49]}}    ";

static const unsigned char foreign_data[] = {
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9a, 0x99,
    0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f, 0x00, 0x00, 0xe0, 0x40, 0x00, 0x00, 0xc0,
    0x3f, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x38, 0x01, 0x02, 0x03};

/* The whole file; returns its size. */
static size_t foreign_bytes(char bytes[512])
{
    size_t n = sizeof foreign_header - 1;
    memset(bytes, 0, 8);
    bytes[0] = (char)(n & 255);
    bytes[1] = (char)(n >> 8);
    memcpy(bytes + 8, foreign_header, n);
    memcpy(bytes + 8 + n, foreign_data, sizeof foreign_data);
    return 8 + n + sizeof foreign_data;
}

START_TEST(a_file_of_the_reference_writer_is_read)
{
    char bytes[512];
    int64_t integers[3];
    double wide[2];
    nn_real reals[2];
    unsigned char raw[3];
    nn__safetensors *file;
    const char *path = (test_folder(), test_path("foreign.safetensors"));
    put_bytes(path, bytes, foreign_bytes(bytes));
    ck_assert_msg(nn__safetensors_open(path, NULL, &file) == NN_OK, "%s", nn_error_message());
    ck_assert_int_eq(nn__safetensors_is_ours(file), 0);
    ck_assert_str_eq(nn__safetensors_metadata(file, "format"), "pt \"x\"");
    ck_assert_ptr_null(nn__safetensors_metadata(file, "other"));
    ck_assert_uint_eq(nn__safetensors_count(file), 7);
    ck_assert_ptr_null(nn__safetensors_tensor(file, 7));
    ck_assert_ptr_null(nn__safetensors_find(file, "A"));
    const nn__tensor_info *a = nn__safetensors_find(file, "a");
    ck_assert_ptr_eq(a, nn__safetensors_tensor(file, 0));
    ck_assert(a->rank == 2 && a->dims[0] == 1 && a->dims[1] == 3 && a->dtype == NN__I64);
    ck_assert_int_eq(nn__safetensors_read_integers(file, a, integers, 3), NN_OK);
    ck_assert(integers[0] == 1 && integers[1] == 2 && integers[2] == 3);
    ck_assert_int_eq(nn__safetensors_read_doubles(file, nn__safetensors_find(file, "d"), wide, 1),
                     NN_OK);
    ck_assert(wide[0] == 0.1);
    ck_assert_int_eq(nn__safetensors_read_reals(file, nn__safetensors_find(file, "d"), reals, 1),
                     NN_OK);
    ck_assert(reals[0] == (nn_real)0.1);
    ck_assert_int_eq(nn__safetensors_read_reals(file, nn__safetensors_find(file, "b"), reals, 2),
                     NN_OK);
    ck_assert(reals[0] == (nn_real)1.5 && reals[1] == (nn_real)-2);
    ck_assert_int_eq(nn__safetensors_read_doubles(file, nn__safetensors_find(file, "b"), wide, 2),
                     NN_OK);
    ck_assert(wide[0] == 1.5 && wide[1] == -2);
    const nn__tensor_info *scalar = nn__safetensors_find(file, "a32");
    ck_assert(scalar->rank == 0 && scalar->count == 1);
    ck_assert_int_eq(nn__safetensors_read_reals(file, scalar, reals, 1), NN_OK);
    ck_assert(reals[0] == 7);
    const nn__tensor_info *none = nn__safetensors_find(file, "\xC3\xA9\"\n");
    ck_assert(none->count == 0);
    ck_assert_int_eq(nn__safetensors_read_reals(file, none, reals, 0), NN_OK);
    ck_assert_int_eq(nn__safetensors_read(file, nn__safetensors_find(file, "u"), raw, 3), NN_OK);
    ck_assert(raw[0] == 1 && raw[1] == 2 && raw[2] == 3);
    ck_assert_int_eq(
        nn__safetensors_read_reals(file, nn__safetensors_find(file, "c/half"), reals, 1),
        NN_EMISMATCH);
    test_message_has("foreign.safetensors: tensor c/half: dtype is F16, expected F32");
    ck_assert_int_eq(nn__safetensors_read_integers(file, scalar, integers, 1), NN_EMISMATCH);
    ck_assert_int_eq(nn__safetensors_read_reals(file, scalar, reals, 2), NN_ESHAPE);
    test_message_has("tensor a32: 1 elements, expected 2");
    ck_assert_int_eq(nn__safetensors_read(file, scalar, raw, 3), NN_ESHAPE);
    nn__safetensors_close(file);
    nn__safetensors_close(NULL);
}
END_TEST

START_TEST(the_header_is_that_of_the_reference_writer)
{
    const unsigned char *d = foreign_data;
    const nn__tensor_entry tensors[] = {
        {"b", NN__F32, 1, {2}, d},
        {"a", NN__I64, 2, {1, 3}, d},
        {"c/half", NN__F16, 1, {1}, d},
        {"a32", NN__F32, 0, {0}, d},
        {"\xC3\xA9\"\n", NN__F32, 2, {0, 3}, NULL},
        {"d", NN__F64, 1, {1}, d},
        {"u", NN__U8, 1, {3}, d},
    };
    const nn__metadata_entry metadata = {"format", "pt \"x\""};
    uint32_t order[7];
    char *header;
    size_t size;
    ck_assert_int_eq(nn__safetensors_header(tensors, 7, &metadata, 1, 0, order, &header, &size),
                     NN_OK);
    ck_assert_uint_eq(size, 8 + sizeof foreign_header - 1);
    ck_assert_mem_eq(header + 8, foreign_header, size - 8);
    nn__free(header);
    ck_assert_int_eq(nn__safetensors_header(NULL, 0, NULL, 0, 0, order, &header, &size), NN_OK);
    ck_assert_uint_eq(size, 16);
    ck_assert_mem_eq(header, "\x08\0\0\0\0\0\0\0{}      ", 16);
    nn__free(header);
}
END_TEST

START_TEST(the_empty_file_is_read)
{
    nn__safetensors *file;
    test_folder();
    ck_assert_int_eq(nn__safetensors_open(put_header("{}      ", 0), NULL, &file), NN_OK);
    ck_assert_uint_eq(nn__safetensors_count(file), 0);
    ck_assert_ptr_null(nn__safetensors_metadata(file, "x"));
    nn__safetensors_close(file);
}
END_TEST

/* ---- Our own files ---- */

static const float kernel[6] = {1, -2, 3.5F, 0, 1e-38F, 6};
static const double rate[1] = {0.001};
static const int64_t steps[2] = {INT64_MIN, 7};

static nn_status write_sample(const char *path)
{
    const nn__tensor_entry tensors[] = {
        {"dense/kernel", NN__F32, 2, {2, 3}, kernel},
        {"optimizer/rate", NN__F64, 0, {0}, rate},
        {"optimizer/steps", NN__I64, 1, {2}, steps},
    };
    const nn__metadata_entry metadata[] = {{"nn.kind", "model"}, {"nn.model", "{\"x\":[1]}"}};
    return nn__safetensors_write(path, tensors, 3, metadata, 2);
}

START_TEST(what_is_written_reads_back_to_the_bit)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    nn__safetensors *file;
    float floats[6];
    double number;
    int64_t integers[2];
    ck_assert_int_eq(write_sample(path), NN_OK);
    ck_assert_msg(nn__safetensors_open(path, NULL, &file) == NN_OK, "%s", nn_error_message());
    ck_assert_int_eq(nn__safetensors_is_ours(file), 1);
    ck_assert_str_eq(nn__safetensors_path(file), path);
    ck_assert_str_eq(nn__safetensors_metadata(file, "nn.model"), "{\"x\":[1]}");
    ck_assert_str_eq(nn__safetensors_metadata(file, "nn.format"), "1");
    ck_assert_int_eq(nn__safetensors_read(file, nn__safetensors_find(file, "dense/kernel"), floats,
                                          sizeof floats),
                     NN_OK);
    ck_assert_mem_eq(floats, kernel, sizeof kernel);
    ck_assert_int_eq(nn__safetensors_read_doubles(
                         file, nn__safetensors_find(file, "optimizer/rate"), &number, 1),
                     NN_OK);
    ck_assert_mem_eq(&number, rate, sizeof number);
    ck_assert_int_eq(nn__safetensors_read_integers(
                         file, nn__safetensors_find(file, "optimizer/steps"), integers, 2),
                     NN_OK);
    ck_assert_mem_eq(integers, steps, sizeof steps);
    nn__safetensors_close(file);
}
END_TEST

START_TEST(large_tensors_read_back_in_parts)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    size_t count = 100001;
    float *x = malloc(count * sizeof *x);
    double *wide = malloc(count * sizeof *wide), *back = malloc(count * sizeof *back);
    nn_real *reals = malloc(count * sizeof *reals);
    nn__safetensors *file;
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)i * 0.37F;
        wide[i] = (double)i * 0.37;
    }
    const nn__tensor_entry tensors[] = {{"x", NN__F32, 1, {count}, x},
                                        {"wide", NN__F64, 1, {count}, wide}};
    ck_assert_int_eq(nn__safetensors_write(path, tensors, 2, NULL, 0), NN_OK);
    ck_assert_int_eq(nn__safetensors_open(path, NULL, &file), NN_OK);
    const nn__tensor_info *tx = nn__safetensors_find(file, "x");
    const nn__tensor_info *tw = nn__safetensors_find(file, "wide");
    ck_assert_int_eq(nn__safetensors_read_doubles(file, tx, back, count), NN_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert(back[i] == (double)x[i]);
    ck_assert_int_eq(nn__safetensors_read_reals(file, tw, reals, count), NN_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert(reals[i] == (nn_real)wide[i]);
    ck_assert_int_eq(nn__safetensors_read_reals(file, tx, reals, count), NN_OK);
    for (size_t i = 0; i < count; i++)
        ck_assert(reals[i] == (nn_real)x[i]);
    nn__safetensors_close(file);
    free(x);
    free(wide);
    free(back);
    free(reals);
}
END_TEST

START_TEST(a_file_cut_at_any_place_is_refused)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    char foreign[512];
    size_t size, foreign_size = foreign_bytes(foreign);
    ck_assert_int_eq(write_sample(path), NN_OK);
    char *bytes = get_bytes(path, &size);
    for (size_t cut = 0; cut < size; cut++) {
        ck_assert_msg(open_memory(bytes, cut) == NN_EFORMAT, "cut at %zu of %zu", cut, size);
        test_message_has("model.safetensors: ");
    }
    for (size_t cut = 0; cut < foreign_size; cut++) {
        ck_assert_msg(open_memory(foreign, cut) == NN_EFORMAT, "cut at %zu of %zu", cut,
                      foreign_size);
    }
    bytes[size] = 0; /* the NUL after it: one byte too many */
    ck_assert_int_eq(open_memory(bytes, size + 1), NN_EFORMAT);
    nn__free(bytes);
}
END_TEST

START_TEST(no_flipped_bit_goes_unnoticed)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    size_t size;
    ck_assert_int_eq(write_sample(path), NN_OK);
    char *bytes = get_bytes(path, &size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        ck_assert_msg(open_memory(bytes, size) == NN_EFORMAT, "bit %zu of byte %zu", bit % 8,
                      bit / 8);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)~bytes[i];
        ck_assert_int_eq(open_memory(bytes, size), NN_EFORMAT);
        bytes[i] = (char)~bytes[i];
    }
    ck_assert_int_eq(open_memory(bytes, size), NN_OK);
    nn__free(bytes);
}
END_TEST

START_TEST(a_header_that_claims_crcs_must_have_right_ones)
{
    static const struct {
        const char *metadata, *message;
    } bad[] = {
        {"\"nn.format\":\"1\"", "nn.crc.data is missing"},
        {"\"nn.crc.header\":\"00000000\"", "nn.crc.data is missing"},
        {"\"nn.crc.data\":\"00000000\"", "nn.crc.header is missing"},
        {"\"nn.crc.data\":\"0000000\",\"nn.crc.header\":\"00000000\"", "nn.crc.data has no eight"},
        {"\"nn.crc.data\":\"\",\"nn.crc.header\":\"00000000\"", "nn.crc.data has no eight"},
        {"\"nn.crc.data\":\"0000000A\",\"nn.crc.header\":\"00000000\"", "nn.crc.data has no eight"},
        {"\"nn.crc.data\":\"00000000\",\"nn.crc.header\":\"00000000\"", "the CRC of its header is"},
    };
    test_folder();
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        char header[256];
        snprintf(header, sizeof header, "{\"__metadata__\":{%s}}", bad[i].metadata);
        ck_assert_int_eq(open_status(put_header(header, 0)), NN_EFORMAT);
        test_message_has(bad[i].message);
    }
    ck_assert_int_eq(open_status(put_header("{\"__metadata__\":{\"nn.kind\":\"model\"}}", 0)),
                     NN_OK);
}
END_TEST

/* ---- Hostile headers ---- */

#define ENTRY(dtype, shape, begin, end)                                                            \
    "{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"
#define F32(shape, begin, end) ENTRY("F32", shape, begin, end)

static const struct {
    const char *header;
    size_t zeros;
    nn_status status;
    const char *message;
} hostile[] = {
    {"{\"a\":" F32("2", "0", "8") "}", 8, NN_OK, ""},
    {"{\"b\":" F32("1", "4", "8") ",\"a\":" F32("1", "0", "4") "}", 8, NN_OK, ""},
    {"{\"b\":" F32("1", "0", "4") ",\"a\":" F32("0", "0", "0") "}", 4, NN_OK, ""},
    {"{\"a\":" F32("0,18446744073709551615", "0", "0") "}", 0, NN_OK, ""},
    {"{\"a\":" F32("1,1,1,1,1,1,1,1", "0", "4") "}", 4, NN_OK, ""},
    {"[]", 0, NN_EFORMAT, "byte 8 is no '{'"},
    {" {}", 0, NN_EFORMAT, "byte 8 is no '{'"},
    {"", 0, NN_EFORMAT, "byte 8 is no '{'"},
    {"{", 0, NN_EFORMAT, "byte 1: expected"},
    {"{}x", 0, NN_EFORMAT, "byte 2: text after the end"},
    {"{\"\xFF\":1}", 0, NN_EFORMAT, "byte 2: not UTF-8"},
    {"{\"a\":" F32("[[1]]", "0", "4") "}", 4, NN_EFORMAT, "more than 3 levels"},
    {"{\"a\":" F32("1", "0", "4") ",\"a\":" F32("1", "0", "4") "}", 4, NN_EFORMAT, "twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, NN_EFORMAT, "twice"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, NN_EFORMAT, "twice"},
    {"{\"__metadata__\":[]}", 0, NN_EFORMAT, "__metadata__ is no object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, NN_EFORMAT, "a value is no string"},
    {"{\"__metadata__\":{\"a\":{}}}", 0, NN_EFORMAT, "a value is no string"},
    {"{\"a\":1}", 0, NN_EFORMAT, "tensor a: not an object of"},
    {"{\"a\":{}}", 0, NN_EFORMAT, "tensor a: not an object of"},
    {"{\"a\":[1,2,3]}", 0, NN_EFORMAT, "tensor a: not an object of"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, NN_EFORMAT, "tensor a: not an object of"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"offsets\":[0,4]}}", 4, NN_EFORMAT, "is missing"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, NN_EFORMAT,
     "tensor a: not an object of"},
    {"{\"a\":{\"dtype\":12,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, NN_EFORMAT,
     "tensor a: dtype is no string"},
    {"{\"a\":" ENTRY("F4", "1", "0", "4") "}", 4, NN_ENOTSUP, "tensor a: unsupported dtype F4"},
    {"{\"a\":" ENTRY("f32", "1", "0", "4") "}", 4, NN_ENOTSUP, "unsupported dtype f32"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, NN_EFORMAT,
     "shape is no array"},
    {"{\"a\":" F32("-1", "0", "4") "}", 4, NN_EFORMAT, "no 64-bit count"},
    {"{\"a\":" F32("1.0", "0", "4") "}", 4, NN_EFORMAT, "no 64-bit count"},
    {"{\"a\":" F32("1e0", "0", "4") "}", 4, NN_EFORMAT, "no 64-bit count"},
    {"{\"a\":" F32("\"1\"", "0", "4") "}", 4, NN_EFORMAT, "no 64-bit count"},
    {"{\"a\":" F32("18446744073709551616", "0", "4") "}", 4, NN_EFORMAT, "no 64-bit count"},
    {"{\"a\":" F32("1,1,1,1,1,1,1,1,1", "0", "4") "}", 4, NN_ENOTSUP, "more than 8 dimensions"},
    {"{\"a\":" F32("4294967296,4294967296", "0", "0") "}", 0, NN_EFORMAT, "can be counted"},
    {"{\"a\":" F32("4611686018427387905", "0", "4") "}", 4, NN_EFORMAT, "can be counted"},
    {"{\"a\":" F32("2305843009213693951,2", "0", "0") "}", 0, NN_EFORMAT, "can be counted"},
    {"{\"a\":" F32("1", "4", "0") "}", 4, NN_EFORMAT, "bytes 4 to 0 of 4 of data"},
    {"{\"a\":" F32("1", "0", "8") "}", 4, NN_EFORMAT, "bytes 0 to 8 of 4 of data"},
    {"{\"a\":" F32("1", "-4", "0") "}", 4, NN_EFORMAT, "not two 64-bit counts"},
    {"{\"a\":" F32("1", "0", "4,4") "}", 4, NN_EFORMAT, "not two 64-bit counts"},
    {"{\"a\":" F32("1", "18446744073709551612", "18446744073709551615") "}", 4, NN_EFORMAT,
     "of data"},
    {"{\"a\":" F32("1", "0", "8") "}", 8, NN_EFORMAT, "1 elements of F32 do not fill bytes 0 to 8"},
    {"{\"a\":" F32("3", "0", "8") "}", 8, NN_EFORMAT, "3 elements of F32 do not fill bytes 0 to 8"},
    {"{\"a\":" F32("0", "0", "4") "}", 4, NN_EFORMAT, "0 elements of F32 do not fill"},
    {"{\"a\":" F32("1", "4", "8") "}", 8, NN_EFORMAT,
     "tensor a: data begins at byte 4, expected 0"},
    {"{\"a\":" F32("1", "0", "4") ",\"b\":" F32("1", "8", "12") "}", 12, NN_EFORMAT,
     "tensor b: data begins at byte 8, expected 4"},
    {"{\"a\":" F32("2", "0", "8") ",\"b\":" F32("2", "4", "12") "}", 12, NN_EFORMAT,
     "tensor b: data begins at byte 4, expected 8"},
    {"{\"a\":" F32("1", "0", "4") ",\"b\":" F32("1", "0", "4") "}", 4, NN_EFORMAT,
     "begins at byte 0, expected 4"},
    {"{\"a\":" F32("1", "0", "4") "}", 5, NN_EFORMAT, "5 bytes of data, tensors for 4"},
    {"{}", 1, NN_EFORMAT, "1 bytes of data, tensors for 0"},
    {"{\"a\\nb\\u007f\":1}", 0, NN_EFORMAT, "tensor a?b?: not an object"},
};

START_TEST(every_rule_of_the_format_is_checked)
{
    test_folder();
    for (size_t i = 0; i < NN__COUNT(hostile); i++) {
        const char *path = put_header(hostile[i].header, hostile[i].zeros);
        nn_status status = open_status(path);
        ck_assert_msg(status == hostile[i].status, "%s gives %d: %s", hostile[i].header, status,
                      nn_error_message());
        if (status != NN_OK) {
            test_message_has(path);
            test_message_has(hostile[i].message);
            ck_assert_ptr_null(strchr(nn_error_message(), '\n'));
        }
    }
}
END_TEST

START_TEST(lengths_that_do_not_fit_are_refused_before_any_allocation)
{
    static const uint64_t lengths[] = {3,         1 << 20,        100000001,
                                       INT64_MAX, UINT64_MAX - 7, UINT64_MAX};
    test_folder();
    for (size_t i = 0; i < NN__COUNT(lengths); i++) {
        const char *path = put_raw(lengths[i], "{}", 2, 0);
        test_memory_begin();
        ck_assert_int_eq(open_status(path), NN_EFORMAT);
        ck_assert_int_le(test_memory_total(), 3); /* the file, the reader, its path */
        test_memory_end();
        test_message_has("a header of ");
    }
}
END_TEST

START_TEST(limits_hold)
{
    static const char two[] = "{\"__metadata__\":{\"k\":\"v\",\"l\":\"\"},\"abc\":" F32(
        "0", "0", "0") ",\"b\":" F32("0", "0", "0") "}";
    nn__safetensors_limits exact = {sizeof two - 1 + 8, sizeof two - 1, 2, 2, 3};
    nn__safetensors_limits bad[5];
    nn__safetensors *file;
    const char *path = (test_folder(), put_header(two, 0));
    ck_assert_msg(nn__safetensors_open(path, &exact, &file) == NN_OK, "%s", nn_error_message());
    nn__safetensors_close(file);
    for (size_t i = 0; i < 5; i++)
        bad[i] = exact;
    bad[0].bytes--;
    bad[1].header--;
    bad[2].tensors--;
    bad[3].metadata--;
    bad[4].name--;
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(nn__safetensors_open(path, &bad[i], &file), NN_EFORMAT);
    test_message_has("tensor abc: the name is too long");
    ck_assert_int_eq(nn__safetensors_open(path, &bad[1], &file), NN_EFORMAT);
    test_message_has("a header of "); /* seen before it is read */
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    test_folder();
    ck_assert_int_eq(open_status(test_path("none")), NN_ENOTFOUND);
    test_message_has("/none: No such file or directory");
    ck_assert_int_eq(open_status(test_path("")), NN_EIO);
}
END_TEST

/* ---- Bad requests to the writer ---- */

START_TEST(what_could_not_be_read_is_not_written)
{
    static char longest[514];
    float x = 1;
    const struct {
        nn__tensor_entry tensors[2];
        nn_status status;
        const char *message;
    } bad[] = {
        {{{"a", NN__F32, 0, {0}, &x}, {"a", NN__F64, 0, {0}, &x}}, NN_EINVAL, "two tensors are"},
        {{{"a", NN__F32, 0, {0}, &x}, {NULL, NN__F32, 0, {0}, &x}}, NN_EINVAL, "named NULL"},
        {{{"__metadata__", NN__F32, 0, {0}, &x}, {"a", NN__F32, 0, {0}, &x}},
         NN_EINVAL,
         "named __"},
        {{{"b", NN__F32, 9, {0}, &x}, {"a", NN__F32, 0, {0}, &x}}, NN_EINVAL, "tensor b: dtype"},
        {{{"b", 0, 0, {0}, &x}, {"a", NN__F32, 0, {0}, &x}}, NN_EINVAL, "tensor b: dtype 0"},
        {{{"b", 99, 0, {0}, &x}, {"a", NN__F32, 0, {0}, &x}}, NN_EINVAL, "tensor b: dtype 99"},
        {{{"b", NN__F32, 1, {1}, NULL}, {"a", NN__F32, 0, {0}, &x}}, NN_EINVAL, "b: no data"},
        {{{"b", NN__F32, 1, {(uint64_t)1 << 40}, &x}, {"a", NN__F32, 0, {0}, &x}},
         NN_ENOTSUP,
         "bytes of tensors"},
        {{{"b", NN__F32, 2, {UINT64_MAX, 2}, &x}, {"a", NN__F32, 0, {0}, &x}},
         NN_ENOTSUP,
         "bytes of tensors"},
        {{{longest, NN__F32, 0, {0}, &x}, {"a", NN__F32, 0, {0}, &x}}, NN_ENOTSUP, "513 bytes"},
        {{{"\xFF", NN__F32, 0, {0}, &x}, {"a", NN__F32, 0, {0}, &x}}, NN_EINVAL, "not UTF-8"},
    };
    const char *path = (test_folder(), test_path("never"));
    memset(longest, 'x', 513);
    for (size_t i = 0; i < NN__COUNT(bad); i++) {
        nn_status status = nn__safetensors_write(path, bad[i].tensors, 2, NULL, 0);
        ck_assert_msg(status == bad[i].status, "case %zu: %s", i, nn_error_message());
        test_message_has(bad[i].message);
    }
    const nn__metadata_entry metadata[] = {
        {"a", "1"}, {"a", "2"}, {"nn.crc.data", "0"}, {"b", NULL}};
    ck_assert_int_eq(nn__safetensors_write(path, NULL, 0, metadata, 2), NN_EINVAL);
    ck_assert_int_eq(nn__safetensors_write(path, NULL, 0, metadata + 2, 1), NN_EINVAL);
    ck_assert_int_eq(nn__safetensors_write(path, NULL, 0, metadata + 3, 1), NN_EINVAL);
    ck_assert_int_eq(open_status(path), NN_ENOTFOUND);
}
END_TEST

/* ---- Failing system, failing memory ---- */

static int writes_left;

static int64_t full_write(int file, const void *data, size_t size)
{
    if (writes_left-- > 0)
        return nn__posix_io.write(file, data, size);
    errno = ENOSPC;
    return -1;
}

START_TEST(a_full_disk_leaves_the_old_file)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    nn__io io = nn__posix_io;
    ck_assert_int_eq(write_sample(path), NN_OK);
    io.write = full_write;
    for (int i = 0; i < 4; i++) {
        writes_left = i;
        nn__set_io(&io);
        nn_status status = write_sample(path);
        nn__set_io(NULL);
        ck_assert_int_eq(status, NN_EIO);
        test_message_has("model.safetensors: No space left on device");
        ck_assert_int_eq(open_status(path), NN_OK);
    }
}
END_TEST

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    const char *path = (test_folder(), test_path("model.safetensors"));
    nn_status status = NN_ENOMEM;
    ck_assert_int_eq(write_sample(path), NN_OK);
    test_memory_begin();
    for (long n = 0; status != NN_OK; n++) {
        test_memory_fail(n, 1);
        status = write_sample(path);
        if (status == NN_OK)
            status = open_status(path);
        ck_assert_int_eq(test_memory_live(), 0);
        ck_assert(status == NN_OK || status == NN_ENOMEM);
        ck_assert_int_lt(n, 100);
    }
    test_memory_end();
}
END_TEST

Suite *safetensors_suite(void)
{
    return TEST_SUITE(
        "safetensors", a_file_of_the_reference_writer_is_read,
        the_header_is_that_of_the_reference_writer, the_empty_file_is_read,
        what_is_written_reads_back_to_the_bit, large_tensors_read_back_in_parts,
        a_file_cut_at_any_place_is_refused, no_flipped_bit_goes_unnoticed,
        a_header_that_claims_crcs_must_have_right_ones, every_rule_of_the_format_is_checked,
        lengths_that_do_not_fit_are_refused_before_any_allocation, limits_hold,
        a_missing_file_is_named, what_could_not_be_read_is_not_written,
        a_full_disk_leaves_the_old_file, every_failing_allocation_is_reported_and_leaks_nothing);
}
