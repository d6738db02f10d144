/* The NPY and NPZ readers, on arrays and archives put together byte by byte, and on one that NumPy
 * wrote. */
#include "bytes.h"
#include "data/dataset.h"
#include "formats/zip.h"
#include "sweep.h"

/* An NPY file of that version with the dict padded as NumPy pads it; elements follow. */
static bytes npy(int version, const char *dict)
{
    bytes b = {.size = 0};
    size_t length = strlen(dict), head = version == 1 ? 10 : 12;
    size_t padded = (head + length + 1 + 63) / 64 * 64 - head;
    bytes_put(&b, "\x93NUMPY", 6);
    bytes_number(&b, (uint64_t)version, 2, 0);
    bytes_number(&b, padded, version == 1 ? 2 : 4, 0);
    bytes_put(&b, dict, length);
    for (; length + 1 < padded; length++)
        bytes_put(&b, " ", 1);
    bytes_put(&b, "\n", 1);
    return b;
}

static bytes floats(const char *dict, const char *element, int count)
{
    bytes b = npy(1, dict);
    for (int i = 0; i < count; i++) {
        float value = (float)i + 0.5f;
        uint32_t bits;
        memcpy(&bits, &value, 4);
        bytes_number(&b, bits, 4, element[0] == '>');
    }
    return b;
}

static nn_dataset *read_x(const void *data, size_t size)
{
    return nn_npy(.x_data = data, .x_size = size);
}

START_TEST(rows_stand_as_they_stand_in_numpy)
{
    bytes x = floats("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "<", 6);
    bytes y = npy(2, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }");
    bytes_number(&y, 1, 8, 0);
    bytes_number(&y, 0, 8, 0);
    bytes_save(&x, test_path("x.npy"));
    bytes_save(&y, test_path("y.npy"));
    nn_dataset *dataset = nn_npy(test_path("x.npy"), test_path("y.npy"));
    bytes_row(dataset, 0, (const double[]){0.5, 1.5, 2.5}, 3, 1);
    bytes_row(dataset, 1, (const double[]){3.5, 4.5, 5.5}, 3, 0);
    ck_assert_int_eq(nn_dataset_classes(dataset), 2);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(fortran_order_is_turned_round)
{
    bytes x = floats("{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3, 2)}", ">", 12);
    nn_dataset *dataset = read_x(x.data, x.size);
    /* np.arange(12).reshape((2, 3, 2), order="F")[0] is [[0, 6], [2, 8], [4, 10]] */
    bytes_row(dataset, 0, (const double[]){0.5, 6.5, 2.5, 8.5, 4.5, 10.5}, 6, -1);
    bytes_row(dataset, 1, (const double[]){1.5, 7.5, 3.5, 9.5, 5.5, 11.5}, 6, -1);
    nn_dataset_free(dataset);
    dataset = nn_npy(.x_data = x.data, .x_size = x.size, .limit = 1);
    bytes_row(dataset, 0, (const double[]){0.5, 6.5, 2.5, 8.5, 4.5, 10.5}, 6, -1);
    nn_dataset_free(dataset);
}
END_TEST

/* More than is on its way at once: 8192 bytes. */
START_TEST(large_arrays_are_read_part_after_part)
{
    enum { ROWS = 1000, WIDTH = 3 };
    for (int fortran = 0; fortran < 2; fortran++) {
        char dict[96];
        snprintf(dict, sizeof dict, "{'descr': '<f4', 'fortran_order': %s, 'shape': (%d, %d), }",
                 fortran ? "True" : "False", ROWS, WIDTH);
        bytes x = npy(1, dict);
        for (uint32_t i = 0; i < ROWS * WIDTH; i++) {
            float value = (float)i;
            uint32_t bits;
            memcpy(&bits, &value, 4);
            bytes_number(&x, bits, 4, 0);
        }
        bytes_save(&x, test_path("large.npy"));
        nn_dataset *dataset = nn_npy(test_path("large.npy"));
        for (size_t row = 0; row < ROWS; row += row < 4 ? 1 : 199) {
            const double first = (double)row;
            const double *want = fortran
                                     ? (const double[]){first, first + ROWS, first + 2 * ROWS}
                                     : (const double[]){3 * first, 3 * first + 1, 3 * first + 2};
            bytes_row(dataset, row, want, WIDTH, -1);
        }
        nn_dataset_free(dataset);
    }
}
END_TEST

START_TEST(every_element_type_is_read_in_both_byte_orders)
{
    static const struct {
        const char *descr;
        double value;
        uint64_t bits;
    } cases[] = {
        {"b1", 1, 1},
        {"u1", 51 / 255.0, 51},
        {"i1", -3, 0xFD},
        {"u2", 65000, 65000},
        {"i2", -300, 0xFED4},
        {"u4", 4294967040.0, 0xFFFFFF00u},
        {"i4", -70000, 0xFFFEEE90u},
        {"u8", 1099511627776.0, (uint64_t)1 << 40},
        {"i8", -5, 0xFFFFFFFFFFFFFFFBu},
        {"f4", -0.375, 0xBEC00000u},
        {"f8", 3.0, 0x4008000000000000u},
    };
    for (size_t k = 0; k < 2 * sizeof cases / sizeof cases[0]; k++) {
        char dict[128];
        const char *descr = cases[k / 2].descr;
        int size = descr[1] - '0', big = (int)(k % 2);
        snprintf(dict, sizeof dict, "{\"descr\": \"%c%s\", 'shape': (1L,), 'fortran_order': False}",
                 size == 1 ? '|'
                 : big     ? '>'
                           : '<',
                 descr);
        bytes b = npy(3, dict);
        bytes_number(&b, cases[k / 2].bits, size, big);
        nn_dataset *dataset = read_x(b.data, b.size);
        bytes_row(dataset, 0, &cases[k / 2].value, 1, -1);
        nn_dataset_free(dataset);
    }
}
END_TEST

static void refuses(const char *dict, const char *message)
{
    bytes b = floats(dict, "<", 6);
    ck_assert_ptr_null(nn_npy("file", .x_data = b.data, .x_size = b.size));
    test_message_has(message);
    test_message_has("file: ");
}

START_TEST(what_is_wrong_with_a_header_is_named)
{
    refuses("{'descr': '<c8', 'fortran_order': False, 'shape': (6,)}", "elements are '<c8'");
    refuses("{'descr': '<f2', 'fortran_order': False, 'shape': (6,)}", "elements are '<f2'");
    refuses("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", "are records");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "0 dimensions");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 0)}", "dimension 1 is 0");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}",
            "24 bytes after the header; 7 of 4 bytes need 28");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
            "dimension 0 is");
    refuses("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (6,)}", "lacks True or False here");
    refuses("{'descr': '<f4', 'shape': (6,)}", "lacks descr, fortran_order or shape here");
    refuses("{'descr': '<f4', 'descr': '<f4'}", "one each of");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", "lacks an end");
    refuses("{'descr' '<f4'}", "byte 19: the NPY header lacks a colon");
    bytes b = npy(4, "{}");
    ck_assert_ptr_null(read_x(b.data, b.size));
    test_message_has("NPY version 4.0");
}
END_TEST

START_TEST(classes_beyond_32_bits_are_named)
{
    bytes x = floats("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 6), }", "<", 6);
    bytes y = npy(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }");
    bytes_number(&y, 0x8000000000000000u, 8, 0);
    ck_assert_ptr_null(nn_npy("x", "y", x.data, x.size, y.data, y.size));
    test_message_has("y: element 0 is -9223372036854775808; that does not fit 32 bits");
    nn_dataset *dataset = nn_npy("x", "y", x.data, x.size, y.data, y.size, .values = 1);
    bytes_row(dataset, 0, (const double[]){0.5}, 1, -1);
    nn_dataset_free(dataset);
}
END_TEST

/* ---- NPZ ---- */

/* An archive of stored members as NumPy writes them: Zip64 fields in the local headers, full ones in
 * the directory where `wide`. */
static bytes zip(const bytes *members, const char *const *names, int count, int method, int wide)
{
    bytes b = {.size = 0}, directory = {.size = 0};
    for (int i = 0; i < count; i++) {
        uint32_t crc = nn__crc32(0, members[i].data, members[i].size);
        size_t at = b.size, length = strlen(names[i]);
        bytes_put(&b, "PK\3\4\x2d\0\0\0", 8);
        bytes_number(&b, (unsigned)method, 2, 0);
        bytes_number(&b, 0, 4, 0);
        bytes_number(&b, crc, 4, 0);
        bytes_number(&b, UINT64_MAX, 8, 0);
        bytes_number(&b, length | 20u << 16, 4, 0);
        bytes_put(&b, names[i], length);
        bytes_number(&b, 16u << 16 | 1, 4, 0);
        bytes_number(&b, members[i].size, 8, 0);
        bytes_number(&b, members[i].size, 8, 0);
        bytes_put(&b, members[i].data, members[i].size);
        bytes_put(&directory, "PK\1\2\x2d\3\x2d\0\0\0", 10);
        bytes_number(&directory, (unsigned)method, 2, 0);
        bytes_number(&directory, 0, 4, 0);
        bytes_number(&directory, crc, 4, 0);
        bytes_number(&directory, wide ? UINT32_MAX : members[i].size, 4, 0);
        bytes_number(&directory, wide ? UINT32_MAX : members[i].size, 4, 0);
        bytes_number(&directory, length, 2, 0);
        bytes_number(&directory, wide ? 28 : 0, 2, 0);
        bytes_number(&directory, 0, 8, 0);
        bytes_number(&directory, 0, 2, 0);
        bytes_number(&directory, wide ? UINT32_MAX : at, 4, 0);
        bytes_put(&directory, names[i], length);
        if (wide) {
            bytes_number(&directory, 24u << 16 | 1, 4, 0);
            bytes_number(&directory, members[i].size, 8, 0);
            bytes_number(&directory, members[i].size, 8, 0);
            bytes_number(&directory, at, 8, 0);
        }
    }
    size_t first = b.size;
    bytes_put(&b, directory.data, directory.size);
    if (wide) {
        size_t record = b.size;
        bytes_put(&b, "PK\6\6", 4);
        bytes_number(&b, 44, 8, 0);
        bytes_number(&b, 0, 8, 0);
        bytes_number(&b, 0, 4, 0);
        bytes_number(&b, (unsigned)count, 8, 0);
        bytes_number(&b, (unsigned)count, 8, 0);
        bytes_number(&b, directory.size, 8, 0);
        bytes_number(&b, first, 8, 0);
        bytes_put(&b, "PK\6\7\0\0\0\0", 8);
        bytes_number(&b, record, 8, 0);
        bytes_number(&b, 1, 4, 0);
    }
    bytes_put(&b, "PK\5\6\0\0\0\0", 8);
    bytes_number(&b, wide ? UINT16_MAX : (unsigned)count, 2, 0);
    bytes_number(&b, wide ? UINT16_MAX : (unsigned)count, 2, 0);
    bytes_number(&b, wide ? UINT32_MAX : directory.size, 4, 0);
    bytes_number(&b, wide ? UINT32_MAX : first, 4, 0);
    bytes_number(&b, 3, 2, 0);
    bytes_put(&b, "PK\5", 3); /* a comment */
    return b;
}

static bytes archive(int method, int wide)
{
    bytes members[2];
    members[0] = floats("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", "<", 6);
    members[1] = npy(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }");
    bytes_put(&members[1], "\0\1", 2);
    return zip(members, (const char *const[]){"x_train.npy", "y_train.npy"}, 2, method, wide);
}

static nn_dataset *read_npz(const void *data, size_t size)
{
    return nn_npz(.data = data, .size = size, .x = "x_train", .y = "y_train.npy");
}

START_TEST(members_are_found_by_name)
{
    for (int wide = 0; wide < 2; wide++) {
        bytes b = archive(0, wide);
        bytes_save(&b, test_path("a.npz"));
        nn_dataset *dataset = nn_npz(test_path("a.npz"), "x_train", "y_train");
        bytes_row(dataset, 0, (const double[]){0.5, 1.5, 2.5}, 3, 0);
        bytes_row(dataset, 1, (const double[]){3.5, 4.5, 5.5}, 3, 1);
        nn_dataset_free(dataset);
        dataset = nn_npz(test_path("a.npz"), "x_train");
        bytes_row(dataset, 1, (const double[]){3.5, 4.5, 5.5}, 3, -1);
        nn_dataset_free(dataset);
    }
}
END_TEST

START_TEST(what_is_wrong_with_an_archive_is_named)
{
    bytes b = archive(0, 0);
    ck_assert_ptr_null(nn_npz("a.npz", .data = b.data, .size = b.size));
    test_message_has("a.npz: no member x among 2");
    ck_assert_ptr_null(nn_npz("a.npz", "x_train", "y", b.data, b.size));
    test_message_has("no member y among 2");
    b.data[200] ^= 1;
    ck_assert_ptr_null(nn_npz("a.npz", "x_train", .data = b.data, .size = b.size));
    test_message_has("a.npz: x_train: CRC is ");
    b = archive(8, 0);
    ck_assert_ptr_null(nn_npz("a.npz", "x_train", .data = b.data, .size = b.size));
    test_message_has("a.npz: x_train is compressed; nn_files_npz (libnn_files) reads it");
    b = archive(9, 0);
    ck_assert_ptr_null(nn_npz("a.npz", "x_train", .data = b.data, .size = b.size));
    test_message_has("compressed by method 9");
    ck_assert_ptr_null(nn_npz("a.npz", .data = "PK", .size = 2));
    test_message_has("a.npz: 2 bytes that do not end as a ZIP archive");
    ck_assert_ptr_null(nn_npz(.x = "x"));
    test_message_has("npz: path must be given");
}
END_TEST

START_TEST(every_beginning_and_every_changed_byte_is_survived)
{
    bytes b = floats("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "<", 6);
    bytes_sweep(&b, read_x, 0);
    b = archive(0, 0);
    bytes_sweep(&b, read_npz, 0);
    b = archive(0, 1);
    bytes_sweep(&b, read_npz, 0);
}
END_TEST

static nn_dataset *make(void *arg)
{
    const bytes *b = arg;
    return read_npz(b->data, b->size);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    static bytes b;
    b = archive(0, 0);
    test_memory_begin();
    sweep_allocations(make, &b, 4);
    test_memory_end();
}
END_TEST

Suite *npy_suite(void);
Suite *npy_suite(void)
{
    return TEST_SUITE(
        "npy", rows_stand_as_they_stand_in_numpy, fortran_order_is_turned_round,
        large_arrays_are_read_part_after_part, every_element_type_is_read_in_both_byte_orders,
        what_is_wrong_with_a_header_is_named, classes_beyond_32_bits_are_named,
        members_are_found_by_name, what_is_wrong_with_an_archive_is_named,
        every_beginning_and_every_changed_byte_is_survived, failing_memory_leaves_nothing_behind);
}
