/* The generated set: the same bytes for ever, and what its header promises. */
#include "data/dataset.h"
#include "sweep.h"

enum { PIXELS = 3072 };

/* FNV-1a, 64 bits, over the bytes of rows 0..rows-1, told from what is read: byte / 255. */
static uint64_t hash_rows(const nn_dataset *dataset, size_t rows)
{
    static nn_real x[PIXELS];
    uint64_t hash = 0xCBF29CE484222325u;
    int wrong = 0;
    for (size_t row = 0; row < rows; row++) {
        int label;
        ck_assert_int_eq(nn_dataset_row(dataset, row, x, &label), NN_OK);
        ck_assert_int_eq(label, (int)(row % 10));
        for (int i = 0; i < PIXELS; i++) {
            int byte = (int)((double)x[i] * 255.0 + 0.5);
            wrong += x[i] != (nn_real)(byte / 255.0);
            hash = (hash ^ (uint64_t)byte) * 0x100000001B3u;
        }
    }
    ck_assert_int_eq(wrong, 0);
    return hash;
}

START_TEST(the_bytes_never_change)
{
    static const uint64_t hashes[2][2] = {{0x3CA9D9CBEE9EDD33u, 0x60A6C40DEA0D1AE3u},
                                          {0x044F621EDE5680D7u, 0x6377674055583057u}};
    for (int part = 0; part < 2; part++) {
        for (int seed = 0; seed < 2; seed++) {
            nn_dataset *dataset = nn_drawings(.rows = 1000, .seed = (uint64_t)seed, .part = part);
            uint64_t hash = hash_rows(dataset, 1000);
            ck_assert_msg(hash == hashes[part][seed], "part %d, seed %d: 0x%016llX", part, seed,
                          (unsigned long long)hash);
            nn_dataset_free(dataset);
        }
    }
}
END_TEST

START_TEST(a_row_does_not_depend_on_the_number_of_rows)
{
    nn_dataset *few = nn_drawings(.rows = 7), *more = nn_drawings(.rows = 30);
    ck_assert(hash_rows(few, 7) == hash_rows(more, 7));
    nn_dataset_free(few);
    nn_dataset_free(more);
}
END_TEST

START_TEST(no_two_pictures_of_parts_and_seeds_are_alike)
{
    static nn_real x[4][20][PIXELS];
    for (int i = 0; i < 4; i++) {
        nn_dataset *dataset = nn_drawings(.rows = 20, .seed = (uint64_t)(i / 2), .part = i % 2);
        for (size_t row = 0; row < 20; row++)
            ck_assert_int_eq(nn_dataset_row(dataset, row, x[i][row], NULL), NN_OK);
        nn_dataset_free(dataset);
    }
    for (int a = 0; a < 80; a++)
        for (int b = 0; b < a; b++)
            ck_assert_mem_ne(x[a / 20][a % 20], x[b / 20][b % 20], sizeof x[0][0]);
}
END_TEST

START_TEST(the_defaults_are_10000_and_2000_rows_of_ten_named_objects)
{
    nn_dataset *train = nn_drawings(), *test = nn_drawings(.part = NN_TEST, .one_hot = 1);
    ck_assert_uint_eq(nn_dataset_rows(train), 10000);
    ck_assert_uint_eq(nn_dataset_rows(test), 2000);
    ck_assert_int_eq(nn_dataset_classes(train), 10);
    for (int i = 0; i < 10; i++)
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(nn_dataset_class_name(train, i), nn_dataset_class_name(train, k));
    ck_assert_int_eq(nn__dataset_info(train)->y.rank, 0);
    ck_assert_int_eq(nn__dataset_info(test)->y.dims[0], 10);
    nn_dataset_free(train);
    nn_dataset_free(test);
}
END_TEST

/* A weak but telling proxy: an object must stand out, so pictures have contrast. */
START_TEST(every_picture_shows_something)
{
    static nn_real x[PIXELS];
    nn_dataset *dataset = nn_drawings(.rows = 500, .seed = 3);
    for (size_t row = 0; row < 500; row++) {
        double sum = 0, squares = 0;
        ck_assert_int_eq(nn_dataset_row(dataset, row, x, NULL), NN_OK);
        for (int i = 0; i < PIXELS; i++) {
            sum += (double)x[i];
            squares += (double)x[i] * (double)x[i];
        }
        ck_assert_double_gt(squares / PIXELS - sum / PIXELS * sum / PIXELS, 0.003);
    }
    nn_dataset_free(dataset);
}
END_TEST

START_TEST(wrong_options_are_named)
{
    ck_assert_ptr_null(nn_drawings(.part = 5));
    test_message_has("drawings: part is 5; it must be 0..1");
    ck_assert_ptr_null(nn_drawings(.one_hot = 3));
    test_message_has("drawings: one_hot is 3");
    ck_assert_ptr_null(nn_drawings(.rows = SIZE_MAX / 2));
    test_message_has("memory");
}
END_TEST

static nn_dataset *make_drawings(void *arg)
{
    (void)arg;
    return nn_drawings(.rows = 3);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    test_memory_begin();
    sweep_allocations(make_drawings, NULL, 4);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *drawings_suite(void);
Suite *drawings_suite(void)
{
    return TEST_SUITE(
        "drawings", the_bytes_never_change, a_row_does_not_depend_on_the_number_of_rows,
        no_two_pictures_of_parts_and_seeds_are_alike,
        the_defaults_are_10000_and_2000_rows_of_ten_named_objects, every_picture_shows_something,
        wrong_options_are_named, failing_memory_leaves_nothing_behind);
}
