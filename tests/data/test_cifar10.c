/* The CIFAR-10 reader, on small files of the real format. */
#include "data/dataset.h"
#include "sweep.h"

#include <sys/stat.h>

enum { PIXELS = 3072, RECORD = 3073 };

/* The byte of picture `number` at row h, column w, channel c. */
static unsigned char byte_at(int number, int h, int w, int c)
{
    return (unsigned char)(number * 101 + h * 32 + w * 7 + c * 50 + (h * w >> 3));
}

static unsigned char label_of(int number)
{
    return (unsigned char)((number * 3 + 1) % 10);
}

/* Pictures first .. first + count - 1 as records of a file, and `extra` zero bytes after them. */
static void write_batch(const char *name, int first, int count, int extra)
{
    FILE *file = fopen(test_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    for (int n = first; n < first + count; n++) {
        putc(label_of(n), file);
        for (int c = 0; c < 3; c++)
            for (int h = 0; h < 32; h++)
                for (int w = 0; w < 32; w++)
                    putc(byte_at(n, h, w, c), file);
    }
    for (int i = 0; i < extra; i++)
        putc(0, file);
    fclose(file);
}

static void patch(const char *name, long offset, int byte)
{
    FILE *file = fopen(test_path(name), "r+b");
    ck_assert_ptr_nonnull(file);
    fseek(file, offset, SEEK_SET);
    putc(byte, file);
    fclose(file);
}

/* Five batches of 3, 40, 1, 2 and 70 pictures: 116 in all, and a test batch of 4. */
static const char *write_all(void)
{
    const char *folder = test_folder();
    static const int counts[5] = {3, 40, 1, 2, 70};
    for (int i = 0, first = 0; i < 5; first += counts[i++]) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%d.bin", i + 1);
        write_batch(name, first, counts[i], 0);
    }
    write_batch("test_batch.bin", 1000, 4, 0);
    return folder;
}

static void check_row(const nn_dataset *dataset, size_t row, int number)
{
    nn_real x[32][32][3];
    int label, wrong = 0;
    ck_assert_int_eq(nn_dataset_row(dataset, row, x[0][0], &label), NN_OK);
    ck_assert_int_eq(label, label_of(number));
    for (int h = 0; h < 32; h++)
        for (int w = 0; w < 32; w++)
            for (int c = 0; c < 3; c++)
                wrong += x[h][w][c] != (nn_real)(byte_at(number, h, w, c) / 255.0);
    ck_assert_int_eq(wrong, 0);
}

START_TEST(the_five_batches_follow_one_another_with_channels_last)
{
    nn_dataset *dataset = nn_cifar10(.directory = write_all());
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_uint_eq(nn_dataset_rows(dataset), 116);
    for (int i = 0; i < 116; i++)
        check_row(dataset, (size_t)i, i);
    const nn_shape *shape = nn_dataset_shape(dataset);
    ck_assert_int_eq(shape->rank, 3);
    ck_assert_int_eq(shape->dims[0], 32);
    ck_assert_int_eq(shape->dims[2], 3);
    ck_assert_int_eq(nn_dataset_classes(dataset), 10);
    ck_assert_str_eq(nn_dataset_class_name(dataset, 0), "airplane");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 9), "truck");
    ck_assert_ptr_null(nn_dataset_class_name(dataset, 10));
    ck_assert_ptr_null(nn_dataset_class_name(dataset, -1));
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(the_test_part_is_the_test_batch)
{
    nn_dataset *dataset = nn_cifar10(write_all(), .part = NN_TEST);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 4);
    check_row(dataset, 3, 1003);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_limit_takes_the_first_rows_and_opens_no_file_behind_them)
{
    const char *folder = write_all();
    remove(test_path("data_batch_3.bin"));
    nn_dataset *dataset = nn_cifar10(folder, .limit = 43);
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_uint_eq(nn_dataset_rows(dataset), 43);
    check_row(dataset, 42, 42);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(nn_cifar10(folder, .limit = 44));
    test_message_has("data_batch_3.bin");
    dataset = nn_cifar10(folder, .limit = 2);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 2);
    check_row(dataset, 1, 1);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(one_hot_targets_stand_for_the_label)
{
    nn_dataset *dataset = nn_cifar10(write_all(), .one_hot = 1);
    nn_real x[PIXELS], y[10];
    const size_t row = 7;
    ck_assert_int_eq(nn__dataset_read(dataset, &row, 1, x, y, NULL), NN_OK);
    for (int k = 0; k < 10; k++)
        ck_assert(y[k] == (nn_real)(k == label_of(7)));
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    const char *folder = write_all();
    remove(test_path("data_batch_4.bin"));
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("/data_batch_4.bin");
    ck_assert_ptr_null(nn_cifar10("/no/such/folder", .part = NN_TEST));
    test_message_has("/no/such/folder/test_batch.bin");
}
END_TEST

START_TEST(a_folder_in_place_of_a_file_is_named)
{
    const char *folder = test_folder();
    ck_assert_int_eq(mkdir(test_path("test_batch.bin"), 0700), 0);
    ck_assert_ptr_null(nn_cifar10(folder, .part = NN_TEST));
    test_message_has("/test_batch.bin");
}
END_TEST

START_TEST(a_truncated_or_longer_file_is_named_with_its_length)
{
    const char *folder = write_all();
    write_batch("data_batch_2.bin", 3, 2, RECORD - 1);
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("data_batch_2.bin: 9218 bytes is no multiple of 3073");
    write_batch("data_batch_2.bin", 3, 2, 1);
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("data_batch_2.bin: 6147 bytes is no multiple of 3073");
}
END_TEST

START_TEST(an_empty_file_is_named)
{
    const char *folder = write_all();
    write_batch("data_batch_5.bin", 0, 0, 0);
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("data_batch_5.bin: 0 bytes");
}
END_TEST

START_TEST(a_label_above_9_is_named_with_its_record)
{
    const char *folder = write_all();
    patch("data_batch_5.bin", 40L * RECORD, 200);
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("data_batch_5.bin: record 40: label 200 is above 9");
    patch("data_batch_5.bin", 40L * RECORD, 10);
    ck_assert_ptr_null(nn_cifar10(folder));
    test_message_has("label 10 is above 9");
}
END_TEST

START_TEST(wrong_options_are_named)
{
    ck_assert_ptr_null(nn_cifar10(.part = NN_TEST));
    test_message_has("cifar10: directory must be given");
    ck_assert_ptr_null(nn_cifar10("x", .part = 2));
    test_message_has("part is 2; it must be 0..1");
    ck_assert_ptr_null(nn_cifar10("x", .one_hot = -1));
    test_message_has("one_hot is -1");
    ck_assert_ptr_null(nn_cifar10_new(NULL));
    test_message_has("struct_size is not set");
}
END_TEST

static nn_dataset *make_cifar10(void *arg)
{
    return nn_cifar10(arg);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    char folder[64];
    snprintf(folder, sizeof folder, "%s", write_all());
    test_memory_begin();
    sweep_allocations(make_cifar10, folder, 5);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *cifar10_suite(void);
Suite *cifar10_suite(void)
{
    return TEST_SUITE(
        "cifar10", the_five_batches_follow_one_another_with_channels_last,
        the_test_part_is_the_test_batch, a_limit_takes_the_first_rows_and_opens_no_file_behind_them,
        one_hot_targets_stand_for_the_label, a_missing_file_is_named,
        a_folder_in_place_of_a_file_is_named, a_truncated_or_longer_file_is_named_with_its_length,
        an_empty_file_is_named, a_label_above_9_is_named_with_its_record, wrong_options_are_named,
        failing_memory_leaves_nothing_behind);
}
