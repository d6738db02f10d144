/* The IDX reader, on arrays put together byte by byte. */
#include "bytes.h"
#include "data/dataset.h"
#include "sweep.h"

static bytes idx(int type, int rank, const uint32_t *dims)
{
    bytes b = {.size = 0};
    bytes_number(&b, (uint64_t)type << 8 | (unsigned)rank, 4, 1);
    for (int i = 0; i < rank; i++)
        bytes_number(&b, dims[i], 4, 1);
    return b;
}

/* Three pictures of 2x4 bytes, 0, 10, 20, ... */
static bytes pictures(void)
{
    bytes b = idx(0x08, 3, (const uint32_t[]){3, 2, 4});
    for (int i = 0; i < 24; i++)
        bytes_number(&b, (uint64_t)i * 10, 1, 1);
    return b;
}

static bytes labels(void)
{
    bytes b = idx(0x08, 1, (const uint32_t[]){3});
    bytes_put(&b, "\4\0\2", 3);
    return b;
}

START_TEST(bytes_become_pictures_over_255_with_classes_and_names)
{
    bytes x = pictures(), y = labels();
    bytes_save(&x, test_path("x"));
    bytes_save(&y, test_path("y"));
    double wanted[8];
    nn_dataset *dataset = nn_idx(test_path("x"), test_path("y"), .channels = 1,
                                 .class_names = nn_names("a", "b", "c", "d", "e"));
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < 8; i++)
            wanted[i] = (row * 8 + i) * 10 / 255.0;
        bytes_row(dataset, (size_t)row, wanted, 8, "\4\0\2"[row]);
    }
    const nn_shape *shape = nn_dataset_shape(dataset);
    ck_assert_int_eq(shape->rank, 3);
    ck_assert_int_eq(shape->dims[0], 2);
    ck_assert_int_eq(shape->dims[1], 4);
    ck_assert_int_eq(shape->dims[2], 1);
    ck_assert_int_eq(nn_dataset_classes(dataset), 5);
    ck_assert_str_eq(nn_dataset_class_name(dataset, 4), "e");
    nn_dataset_free(dataset);
}
END_TEST

static nn_dataset *read_x(const void *data, size_t size)
{
    return nn_idx(.x_data = data, .x_size = size);
}

START_TEST(every_element_type_is_read)
{
    static const struct {
        int type, size;
        double values[2];
        uint64_t bits[2];
    } cases[] = {
        {0x09, 1, {-128, 7}, {0x80, 7}},
        {0x0B, 2, {-2, 258}, {0xFFFE, 0x0102}},
        {0x0C, 4, {-2147483648.0, 16909060}, {0x80000000u, 0x01020304}},
        {0x0D, 4, {1.5, -0.25}, {0x3FC00000, 0xBE800000u}},
        {0x0E, 8, {1.5, -0.25}, {0x3FF8000000000000u, 0xBFD0000000000000u}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        bytes b = idx(cases[k].type, 2, (const uint32_t[]){1, 2});
        for (int i = 0; i < 2; i++)
            bytes_number(&b, cases[k].bits[i], cases[k].size, 1);
        nn_dataset *dataset = read_x(b.data, b.size);
        bytes_row(dataset, 0, cases[k].values, 2, -1);
        nn_dataset_free(dataset);
    }
}
END_TEST

START_TEST(limit_divisor_one_hot_and_values)
{
    bytes x = pictures(), y = labels();
    nn_dataset *dataset = nn_idx(.x_data = x.data, .x_size = x.size, .y_data = y.data,
                                 .y_size = y.size, .divisor = 10, .limit = 2, .one_hot = 1);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 2);
    bytes_row(dataset, 1, (const double[]){8, 9, 10}, 3, 0);
    nn_real row[8], targets[5];
    size_t first = 0;
    ck_assert_int_eq(nn__dataset_read(dataset, &first, 1, row, targets, NULL), NN_OK);
    ck_assert(targets[4] == 1 && targets[0] == 0);
    nn_dataset_free(dataset);
    dataset =
        nn_idx(.x_data = x.data, .x_size = x.size, .y_data = y.data, .y_size = y.size, .values = 1);
    ck_assert_int_eq(nn_dataset_classes(dataset), 0);
    ck_assert_int_eq(nn__dataset_read(dataset, &first, 1, row, targets, NULL), NN_OK);
    ck_assert(targets[0] == 4);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(what_is_wrong_with_a_file_is_named)
{
    bytes x = pictures(), y = labels();
    bytes_save(&x, test_path("x"));
    ck_assert_ptr_null(nn_idx(test_path("x"), test_path("none")));
    test_message_has("/none: ");
    x.data[0] = 1;
    ck_assert_ptr_null(nn_idx("pictures", .x_data = x.data, .x_size = x.size));
    test_message_has("pictures: begins with 0x01 0x00");
    x.data[0] = 0x1F;
    x.data[1] = 0x8B;
    ck_assert_ptr_null(read_x(x.data, x.size));
    test_message_has("memory: packed by gzip; nn_files_idx (libnn_files) reads it");
    x = pictures();
    x.data[2] = 0x0A;
    ck_assert_ptr_null(read_x(x.data, x.size));
    test_message_has("element type 0x0a");
    x.data[2] = 8;
    x.data[3] = 9;
    ck_assert_ptr_null(read_x(x.data, x.size));
    test_message_has("9 dimensions");
    x.data[3] = 3;
    x.data[4] = 0x7F;
    ck_assert_ptr_null(read_x(x.data, x.size));
    test_message_has("24 bytes after the header; 2130706435x2x4 of 1 bytes need 17045651480");
    x = pictures();
    bytes_number(&x, 0, 1, 1);
    ck_assert_ptr_null(read_x(x.data, x.size));
    test_message_has("25 bytes after the header; 3x2x4 of 1 bytes need 24");
    y.data[7] = 2;
    ck_assert_ptr_null(nn_idx("x", "y", x.data, x.size, y.data, y.size));
    x = pictures(), y.size--;
    ck_assert_ptr_null(nn_idx("x", "y", x.data, x.size, y.data, y.size));
    test_message_has("x has 3 rows, y has 2");
    y = labels();
    ck_assert_ptr_null(nn_idx("x", "y", x.data, x.size, y.data, y.size, .classes = 4));
    test_message_has("y: row 0: class 4 is outside 0..3");
    ck_assert_ptr_null(nn_idx("x", "y", x.data, x.size, y.data, y.size, .classes = 4,
                              .class_names = nn_names("a")));
    test_message_has("classes is 4, but there are 1 class names");
    ck_assert_ptr_null(nn_idx(.y = "y"));
    test_message_has("idx: x must be given");
    ck_assert_ptr_null(nn_idx("x", .channels = 3));
    test_message_has("channels is 3");
    ck_assert_ptr_null(nn_idx("x", .divisor = NN_ZERO));
    test_message_has("divisor");
}
END_TEST

START_TEST(sizes_beyond_memory_are_refused_by_the_length_of_the_file)
{
    bytes b = idx(0x0E, 8, (const uint32_t[]){0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF, 1, 1, 1, 1, 1});
    ck_assert_ptr_null(read_x(b.data, b.size));
    test_message_has("0 bytes after the header");
    b = idx(0x08, 1, (const uint32_t[]){0x80000000u});
    ck_assert_ptr_null(read_x(b.data, b.size));
    test_message_has("dimension 0 is 2147483648");
    b = idx(0x08, 1, (const uint32_t[]){0});
    ck_assert_ptr_null(read_x(b.data, b.size));
    test_message_has("dimension 0 is 0");
}
END_TEST

START_TEST(every_beginning_and_every_changed_byte_is_survived)
{
    bytes x = pictures();
    bytes_sweep(&x, read_x, 0);
}
END_TEST

static nn_dataset *make(void *arg)
{
    (void)arg;
    return nn_idx(test_path("x"), test_path("y"), .class_names = nn_names("a", "b", "c", "d", "e"));
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    bytes x = pictures(), y = labels();
    bytes_save(&x, test_path("x"));
    bytes_save(&y, test_path("y"));
    test_memory_begin();
    sweep_allocations(make, NULL, 8);
    test_memory_end();
}
END_TEST

Suite *idx_suite(void);
Suite *idx_suite(void)
{
    return TEST_SUITE(
        "idx", bytes_become_pictures_over_255_with_classes_and_names, every_element_type_is_read,
        limit_divisor_one_hot_and_values, what_is_wrong_with_a_file_is_named,
        sizes_beyond_memory_are_refused_by_the_length_of_the_file,
        every_beginning_and_every_changed_byte_is_survived, failing_memory_leaves_nothing_behind);
}
