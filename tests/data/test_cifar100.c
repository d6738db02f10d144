/* The CIFAR-100 reader, on small files of the real format. */
#include "bytes.h"
#include "data/dataset.h"
#include "sweep.h"

static bytes records(int count)
{
    bytes b = {.size = 0};
    for (int n = 0; n < count; n++) {
        bytes_number(&b, (uint64_t)(n * 7 % 20), 1, 0);
        bytes_number(&b, (uint64_t)(n * 31 % 100), 1, 0);
        for (int i = 0; i < 3072; i++)
            bytes_number(&b, (uint64_t)(n + i % 1024 + 85 * (i / 1024)) & 0xFF, 1, 0);
    }
    return b;
}

START_TEST(either_label_is_the_class)
{
    bytes b = records(4);
    const char *folder = test_folder();
    bytes_save(&b, test_path("train.bin"));
    for (int coarse = 0; coarse < 2; coarse++) {
        nn_dataset *dataset = nn_cifar100(folder, .label_mode = coarse ? NN_COARSE : NN_FINE);
        ck_assert_uint_eq(nn_dataset_rows(dataset), 4);
        for (int n = 0; n < 4; n++) {
            int label = -1;
            ck_assert_int_eq(nn_dataset_row(dataset, (size_t)n, NULL, &label), NN_OK);
            ck_assert_int_eq(label, coarse ? n * 7 % 20 : n * 31 % 100);
        }
        ck_assert_int_eq(nn_dataset_classes(dataset), coarse ? 20 : 100);
        ck_assert_str_eq(nn_dataset_class_name(dataset, 0), coarse ? "aquatic_mammals" : "apple");
        ck_assert_str_eq(nn_dataset_class_name(dataset, coarse ? 19 : 99),
                         coarse ? "vehicles_2" : "worm");
        nn_real x[3072];
        ck_assert_int_eq(nn_dataset_row(dataset, 2, x, NULL), NN_OK);
        ck_assert(x[0] == (nn_real)(2 / 255.0) && x[1] == (nn_real)(87 / 255.0) &&
                  x[3] == (nn_real)(3 / 255.0));
        nn_dataset_free(dataset);
    }
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    bytes b = records(3);
    const char *folder = test_folder();
    b.data[2 * 3074 + 1] = 100;
    bytes_save(&b, test_path("test.bin"));
    ck_assert_ptr_null(nn_cifar100(folder, .part = NN_TEST));
    test_message_has("/test.bin: record 2: fine label 100 is above 99");
    nn_dataset *dataset = nn_cifar100(folder, .part = NN_TEST, .limit = 2, .one_hot = 1);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 2);
    nn_dataset_free(dataset);
    b.data[2 * 3074 + 1] = 0;
    b.data[3074] = 20;
    bytes_save(&b, test_path("test.bin"));
    ck_assert_ptr_null(nn_cifar100(folder, .part = NN_TEST));
    test_message_has("record 1: coarse label 20 is above 19");
    b.size--;
    bytes_save(&b, test_path("test.bin"));
    ck_assert_ptr_null(nn_cifar100(folder, .part = NN_TEST));
    test_message_has("9221 bytes is no multiple of 3074");
    ck_assert_ptr_null(nn_cifar100(folder));
    test_message_has("/train.bin: ");
    ck_assert_ptr_null(nn_cifar100(.part = NN_TEST));
    test_message_has("cifar100: directory must be given");
    ck_assert_ptr_null(nn_cifar100(folder, .label_mode = 2));
    test_message_has("label_mode is 2; it must be 0..1");
}
END_TEST

static nn_dataset *make(void *arg)
{
    return nn_cifar100(arg);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    bytes b = records(2);
    char folder[96];
    snprintf(folder, sizeof folder, "%s", test_folder());
    bytes_save(&b, test_path("train.bin"));
    test_memory_begin();
    sweep_allocations(make, folder, 5);
    test_memory_end();
}
END_TEST

Suite *cifar100_suite(void);
Suite *cifar100_suite(void)
{
    return TEST_SUITE("cifar100", either_label_is_the_class, what_is_wrong_is_named,
                      failing_memory_leaves_nothing_behind);
}
