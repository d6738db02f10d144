/* Folders of PNG and JPEG pictures. */
#include "../data/bytes.h"
#include "../data/sweep.h"
#include "golden.h"
#include "nn_files.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct sample {
    const char *name;
    const unsigned char *file;
    size_t size;
    const double *colour, *grey; /* [3][5][3], [3][5][1] */
    int is_jpeg;
} samples[] = {
#define SAMPLE(name, is_jpeg)                                                                      \
    {                                                                                              \
#name, name##_file, sizeof name##_file, name##_3_resized, name##_1_resized, is_jpeg        \
    }
    SAMPLE(rgb, 0),  SAMPLE(palette, 0), SAMPLE(grey16, 0),  SAMPLE(greyalpha, 0),
    SAMPLE(bits, 0), SAMPLE(jpeg, 1),    SAMPLE(greyjpeg, 1)};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void save(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(test_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
}

/* A fresh folder with the sub-folder "a". */
static const char *folder_a(void)
{
    const char *folder = test_folder();
    ck_assert_int_eq(mkdir(test_path("a"), 0700), 0);
    return folder;
}

/* Row `row` is what Keras computed; JPEG decoders of other versions may round otherwise. */
static void check_row(const nn_dataset *dataset, size_t row, const double *wanted, size_t count,
                      int is_jpeg, const char *name)
{
    nn_real x[300];
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_msg(nn_dataset_row(dataset, row, x, NULL) == NN_OK, "%s", nn_error_message());
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)x[i] - wanted[i]) <= (is_jpeg ? 1 : 2e-5),
                      "%s: element %zu is %.9g, not %.9g", name, i, (double)x[i], wanted[i]);
}

START_TEST(pictures_are_decoded_and_resized_as_keras_does)
{
    for (int k = 0; k < SAMPLES; k++) {
        const struct sample *s = &samples[k];
        const char *folder = folder_a();
        save(s->is_jpeg ? "a/f.jpg" : "a/f.png", s->file, s->size);
        for (int in_memory = 0; in_memory < 2; in_memory++) {
            nn_dataset *colour = nn_files_pictures(folder, .height = 3, .width = 5, .divisor = 1,
                                                   .in_memory = in_memory);
            check_row(colour, 0, s->colour, 45, s->is_jpeg, s->name);
            nn_dataset_free(colour);
            nn_dataset *grey = nn_files_pictures(folder, .height = 3, .width = 5, .divisor = 1,
                                                 .channels = 1, .in_memory = in_memory);
            check_row(grey, 0, s->grey, 15, s->is_jpeg, s->name);
            nn_dataset_free(grey);
        }
    }
}
END_TEST

START_TEST(pictures_of_the_right_size_stay_as_they_are)
{
    const char *folder = folder_a();
    save("a/f.png", rgb_file, sizeof rgb_file);
    nn_dataset *dataset = nn_files_pictures(folder, .height = 2, .width = 3, .divisor = 1);
    check_row(dataset, 0, rgb_3_own, 18, 0, "rgb");
    nn_dataset_free(dataset);
    double wanted[6];
    for (int i = 0; i < 6; i++)
        wanted[i] = rgb_1_own[i] / 255.0;
    dataset = nn_files_pictures(folder, .height = 2, .width = 3, .channels = 1, .in_memory = 1);
    bytes_row(dataset, 0, wanted, 6, 0);
    nn_dataset_free(dataset);
    folder = folder_a();
    save("a/f.JPEG", jpeg_file, sizeof jpeg_file);
    dataset = nn_files_pictures(folder, .height = 9, .width = 10, .divisor = 1);
    check_row(dataset, 0, jpeg_3_own, 270, 1, "jpeg");
    nn_dataset_free(dataset);
    dataset = nn_files_pictures(folder, .height = 9, .width = 10, .divisor = 1, .channels = 1);
    check_row(dataset, 0, jpeg_1_own, 90, 1, "jpeg");
    nn_dataset_free(dataset);
}
END_TEST

/* Grey pictures of one pixel row: bits, [1][8], or greyalpha, [1][2]. */
static const char *folder_of_three(void)
{
    const char *folder = test_folder();
    mkdir(test_path("b"), 0700);
    mkdir(test_path("B"), 0700);
    mkdir(test_path("a"), 0700);
    mkdir(test_path(".hidden"), 0700);
    mkdir(test_path("a/z"), 0700);
    mkdir(test_path("a/b.png"), 0700);
    save("b/2.png", bits_file, sizeof bits_file);
    save("b/10.png", greyalpha_file, sizeof greyalpha_file);
    save("a/y.png", bits_file, sizeof bits_file);
    save("a/z/x.png", greyalpha_file, sizeof greyalpha_file);
    save("a/b.png/1.png", greyalpha_file, sizeof greyalpha_file);
    save("a/notes.txt", "no", 2);
    save("B/1.png", bits_file, sizeof bits_file);
    save(".hidden/1.png", bits_file, sizeof bits_file);
    save("top.png", bits_file, sizeof bits_file);
    return folder;
}

START_TEST(classes_and_files_are_sorted_as_keras_sorts_them)
{
    /* B/1.png, a/y.png, a/b.png/1.png, a/z/x.png, b/10.png, b/2.png */
    static const int labels[] = {0, 1, 1, 1, 2, 2}, is_bits[] = {1, 1, 0, 0, 0, 1};
    const char *folder = folder_of_three();
    nn_dataset *dataset =
        nn_files_pictures(folder, .channels = 1, .height = 1, .width = 8, .divisor = 1);
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_uint_eq(nn_dataset_rows(dataset), 6);
    ck_assert_int_eq(nn_dataset_classes(dataset), 3);
    ck_assert_str_eq(nn_dataset_class_name(dataset, 0), "B");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 1), "a");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 2), "b");
    for (size_t i = 0; i < 6; i++) {
        nn_real x[8];
        int label;
        ck_assert_int_eq(nn_dataset_row(dataset, i, x, &label), NN_OK);
        ck_assert_int_eq(label, labels[i]);
        ck_assert_int_eq(x[0] == 255, is_bits[i]);
    }
    nn_dataset_free(dataset);
    dataset = nn_files_pictures(folder, .class_names = nn_names("b", "B"), .channels = 1,
                                .height = 1, .width = 8, .one_hot = 1);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 3);
    int label;
    ck_assert_int_eq(nn_dataset_row(dataset, 2, NULL, &label), NN_OK);
    ck_assert_int_eq(label, 1);
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(a_fit_reads_pictures_by_several_threads)
{
    const char *folder = folder_of_three();
    static nn_real weights[2][64];
    for (int k = 0; k < 2; k++) {
        nn_dataset *data = nn_files_pictures(folder, .channels = 1, .height = 2, .width = 4,
                                             .one_hot = 1, .in_memory = k);
        nn_model *model =
            nn_sequential(nn_input(2, 4, 1), nn_flatten(), nn_dense(3, .activation = NN_SOFTMAX));
        nn_model_set_threads(model, k == 0 ? 3 : 1);
        nn_compile(model, nn_sgd(), nn_categorical_crossentropy());
        ck_assert_msg(nn_fit(model, data, .epochs = 3, .batch_size = 6) == NN_OK, "%s",
                      nn_error_message());
        ck_assert_uint_le(nn_model_snapshot_count(model), 64);
        nn_model_snapshot(model, weights[k]);
        nn_model_free(model);
        nn_dataset_free(data);
    }
    ck_assert_mem_eq(weights[0], weights[1], sizeof weights[0]);
}
END_TEST

START_TEST(a_damaged_picture_is_named_where_it_is_read)
{
    const char *folder = folder_a();
    nn_real x[45];
    save("a/f.png", rgb_file, sizeof rgb_file - 14);
    nn_dataset *dataset = nn_files_pictures(folder, .height = 3, .width = 5);
    ck_assert_ptr_nonnull(dataset);
    ck_assert_int_eq(nn_dataset_row(dataset, 0, x, NULL), NN_EFORMAT);
    test_message_has("/a/f.png: it ends early");
    nn_dataset_free(dataset);
    ck_assert_ptr_null(nn_files_pictures(folder, .height = 3, .width = 5, .in_memory = 1));
    test_message_has("/a/f.png: it ends early");
    save("a/f.png", jpeg_file, sizeof jpeg_file - 20);
    ck_assert_ptr_null(nn_files_pictures(folder, .in_memory = 1));
    test_message_has("/a/f.png: Premature end of JPEG file");
    save("a/f.png", "GIF89a", 6);
    ck_assert_ptr_null(nn_files_pictures(folder, .in_memory = 1));
    test_message_has("/a/f.png: 6 bytes that are neither PNG nor JPEG");
    save("a/f.png", "", 0);
    ck_assert_ptr_null(nn_files_pictures(folder, .in_memory = 1));
    test_message_has("0 bytes that are neither");
}
END_TEST

START_TEST(forged_sizes_are_refused)
{
    const char *folder = folder_a();
    /* 30,000 x 30,000 pixels in a header with a right CRC */
    static const unsigned char huge[] = {
        137, 80, 78, 71, 13,  10,  26,  10, 0, 0, 0, 13,  73, 72,  68,  82,  0,   0,
        117, 48, 0,  0,  117, 48,  8,   2,  0, 0, 0, 233, 69, 111, 237, 0,   0,   0,
        9,   73, 68, 65, 84,  120, 156, 99, 0, 0, 0, 1,   0,  1,   94,  255, 125, 249};
    save("a/f.png", huge, sizeof huge);
    ck_assert_ptr_null(nn_files_pictures(folder, .in_memory = 1));
    test_message_has("/a/f.png: 30000x30000 pixels; pictures have at most 268435456 bytes");
}
END_TEST

START_TEST(what_is_wrong_with_a_folder_is_named)
{
    const char *folder = folder_a();
    ck_assert_ptr_null(nn_files_pictures(folder));
    test_message_has("no picture in its 1 sub-folders");
    save("a/f.gif", "GIF", 3);
    ck_assert_ptr_null(nn_files_pictures(folder));
    test_message_has("/a/f.gif: only PNG and JPEG are read");
    ck_assert_ptr_null(nn_files_pictures(test_path("a")));
    test_message_has("/a: no sub-folder, so no class");
    ck_assert_ptr_null(nn_files_pictures("/no/such/folder"));
    test_message_has("/no/such/folder: ");
    ck_assert_ptr_null(nn_files_pictures(folder, .class_names = nn_names("c")));
    test_message_has("/c: ");
    ck_assert_ptr_null(nn_files_pictures(.height = 3));
    test_message_has("pictures: directory must be given");
    ck_assert_ptr_null(nn_files_pictures(folder, .channels = 4));
    test_message_has("channels is 4; it must be 1 or 3");
    ck_assert_ptr_null(nn_files_pictures(folder, .height = -1));
    test_message_has("height and width are -1 and 0");
    ck_assert_ptr_null(nn_files_pictures(folder, .divisor = NN_ZERO));
    test_message_has("divisor is -0");
}
END_TEST

/* Each beginning and each changed byte gives a picture or one line; nothing is lost. */
START_TEST(every_beginning_and_every_changed_byte_is_survived)
{
    const char *folder = folder_a();
    unsigned char copy[1024];
    test_memory_begin();
    for (int k = 0; k < SAMPLES; k++) {
        const struct sample *s = &samples[k];
        for (size_t i = 0; i < 2 * s->size; i++) {
            size_t size = i < s->size ? i : s->size;
            memcpy(copy, s->file, s->size);
            if (i >= s->size)
                copy[i - s->size] ^= i % 2 ? 0xFF : 0x10;
            save("a/f.png", copy, size);
            nn_dataset *dataset =
                nn_files_pictures(folder, .height = 3, .width = 5, .in_memory = 1);
            ck_assert_msg(dataset == NULL || i >= s->size ||
                              (s->is_jpeg && size >= s->size - 2), /* without its last marker */
                          "%s: %zu bytes of %zu were accepted", s->name, size, s->size);
            nn_dataset_free(dataset);
            ck_assert_int_eq(test_memory_live(), 0);
        }
    }
    test_memory_end();
}
END_TEST

static nn_dataset *make(void *arg)
{
    return nn_files_pictures(arg, .height = 1, .width = 8, .in_memory = 1);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    char folder[96];
    snprintf(folder, sizeof folder, "%s", folder_of_three());
    test_memory_begin();
    sweep_allocations(make, folder, 15);
    test_memory_end();
}
END_TEST

Suite *pictures_suite(void);
Suite *pictures_suite(void)
{
    return TEST_SUITE(
        "pictures", pictures_are_decoded_and_resized_as_keras_does,
        pictures_of_the_right_size_stay_as_they_are,
        classes_and_files_are_sorted_as_keras_sorts_them, a_fit_reads_pictures_by_several_threads,
        a_damaged_picture_is_named_where_it_is_read, forged_sizes_are_refused,
        what_is_wrong_with_a_folder_is_named, every_beginning_and_every_changed_byte_is_survived,
        failing_memory_leaves_nothing_behind);
}
