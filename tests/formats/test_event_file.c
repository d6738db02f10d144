/* Event files: bytes, and what a reader of the test's own finds in them. */
#include "formats/event_file.h"
#include "base/files.h"
#include "events.h"

static double second_one(void)
{
    return 1;
}

/* A fresh file in the test's folder at second 1 since 1970. */
static nn__event_file *file_open(void)
{
    nn__event_file *file = NULL;
    nn__set_wall_clock(second_one);
    ck_assert_msg(nn__event_file_open(test_path("events/deep"), &file) == NN_OK, "%s",
                  nn_error_message());
    return file;
}

static const found_events *file_close(nn__event_file *file)
{
    ck_assert_int_eq(nn__event_file_close(file), NN_OK);
    nn__set_wall_clock(NULL);
    return events_read(test_path("events/deep"));
}

/* The messages are what the package tensorboard 2.21 serializes for these two events. */
START_TEST(bytes_are_those_of_tensorboard)
{
    static const unsigned char want[] = {
        0x18, 0,    0,    0,    0,    0,    0,    0,    0xa3, 0x7f, 0x4b, 0x22, 0x09, 0,
        0,    0,    0,    0,    0,    0xf0, 0x3f, 0x1a, 0x0d, 0x62, 0x72, 0x61, 0x69, 0x6e,
        0x2e, 0x45, 0x76, 0x65, 0x6e, 0x74, 0x3a, 0x32, 0x86, 0xbf, 0x57, 0x7a, 0x1a, 0,
        0,    0,    0,    0,    0,    0,    0x12, 0x9b, 0xd8, 0x2d, 0x09, 0,    0,    0,
        0,    0,    0,    0xf0, 0x3f, 0x10, 0x05, 0x2a, 0x0d, 0x0a, 0x0b, 0x0a, 0x04, 0x6c,
        0x6f, 0x73, 0x73, 0x15, 0,    0,    0,    0x3f, 0x1e, 0x6d, 0x8f, 0xf9};
    nn__event_file *file = file_open();
    nn__event_begin(file, 5);
    nn__event_scalar(file, "lo", "s", "s", .5);
    ck_assert_int_eq(nn__event_end(file), NN_OK);
    file_close(file);
    size_t size;
    unsigned char *have = events_load(test_path("events/deep"), &size);
    ck_assert_uint_eq(size, sizeof want);
    ck_assert_mem_eq(have, want, sizeof want);
    free(have);
}
END_TEST

START_TEST(values_and_steps_of_every_size_come_back)
{
    static const int64_t steps[] = {0, 1, 127, 128, 300, 1 << 20, INT64_MAX};
    char tag[EVENTS_TAG];
    nn__event_file *file = file_open();
    for (size_t i = 0; i < 7; i++) {
        nn__event_begin(file, steps[i]);
        for (int k = 0; k < 20; k++) { /* the summary's length needs two bytes */
            snprintf(tag, sizeof tag, "number_%d", k);
            nn__event_scalar(file, "a/", tag, "/b", k - .25);
        }
        nn__event_scalar(file, "nan", "", "", (double)NAN);
        ck_assert_int_eq(nn__event_end(file), NN_OK);
    }
    nn__event_begin(file, 9);
    ck_assert_int_eq(nn__event_end(file), NN_OK); /* empty: nothing is written */
    const found_events *events = file_close(file);
    ck_assert_int_eq(events->records, 8);
    ck_assert_uint_eq(events->count, 7 * 21);
    for (size_t i = 0; i < 7; i++) {
        const found_value *value = events_find(events, "a/number_19/b", steps[i]);
        ck_assert(value != NULL && value->value == 18.75 && value->wall_time == 1);
        ck_assert(isnan(events_find(events, "nan", steps[i])->value));
    }
}
END_TEST

/* The file with one histogram of these values. */
static const found_value *histogram(const nn_real *values, size_t count)
{
    nn__event_file *file = file_open();
    nn__event_begin(file, 2);
    nn__event_histogram(file, "w", "/x", "/histogram", values, count);
    ck_assert_int_eq(nn__event_end(file), NN_OK);
    const found_value *value = events_find(file_close(file), "w/x/histogram", 2);
    ck_assert(value != NULL && value->is_histogram);
    return value;
}

START_TEST(histograms_count_the_finite_values_in_thirty_buckets)
{
    static nn_real values[3003];
    uint64_t state = 5;
    double sum = 0, squares = 0, min = 1, max = -1;
    test_fill_reals(values, 3000, &state);
    for (size_t i = 0; i < 3000; i++) {
        double x = (double)values[i];
        sum += x;
        squares += x * x;
        min = x < min ? x : min;
        max = x > max ? x : max;
    }
    values[3000] = (nn_real)NAN;
    values[3001] = (nn_real)HUGE_VAL;
    values[3002] = -(nn_real)HUGE_VAL;
    const found_value *h = histogram(values, 3003);
    ck_assert(h->stats[0] == min && h->stats[1] == max && h->stats[2] == 3000);
    ck_assert_double_eq_tol(h->stats[3], sum, 1e-9);
    ck_assert_double_eq_tol(h->stats[4], squares, 1e-9);
    ck_assert(h->limit_count == 30 && h->bucket_count == 30 && h->limits[29] == max);
    double low = min, total = 0;
    for (size_t b = 0; b < 30; b++) {
        double want = 0;
        ck_assert_double_eq_tol(h->limits[b], min + (max - min) * ((double)b + 1) / 30, 1e-12);
        for (size_t i = 0; i < 3000; i++)
            want += (double)values[i] >= low && ((double)values[i] < h->limits[b] || b == 29);
        ck_assert(fabs(h->buckets[b] - want) <= 1); /* a value on an edge */
        total += h->buckets[b];
        low = h->limits[b];
    }
    ck_assert(total == 3000);
}
END_TEST

START_TEST(histograms_of_one_value_and_of_none)
{
    static const nn_real same[3] = {(nn_real)-.5, (nn_real)-.5, (nn_real)-.5};
    const nn_real none = (nn_real)NAN;
    const found_value *h = histogram(same, 3);
    ck_assert(h->limit_count == 1 && h->limits[0] == -.5 && h->buckets[0] == 3);
    ck_assert(h->stats[0] == -.5 && h->stats[1] == -.5 && h->stats[2] == 3);
    test_folder();
    h = histogram(&none, 1);
    ck_assert(h->limit_count == 0 && h->bucket_count == 0 && h->stats[2] == 0);
}
END_TEST

START_TEST(files_have_names_of_their_own)
{
    nn__event_file *files[3] = {NULL};
    int found = 0;
    nn__set_wall_clock(second_one);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(nn__event_file_open(test_path("same"), &files[i]), NN_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(nn__event_file_close(files[i]), NN_OK);
    nn__set_wall_clock(NULL);
    DIR *list = opendir(test_path("same"));
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;)
        found += strncmp(entry->d_name, "events.out.tfevents.0000000001.", 31) == 0;
    closedir(list);
    ck_assert_int_eq(found, 3);
    ck_assert_int_eq(nn__event_file_close(NULL), NN_OK);
}
END_TEST

START_TEST(failures_are_told_and_lose_nothing)
{
    static const nn_real values[2] = {1, 2};
    char blocked[512];
    nn__event_file *file = NULL;
    snprintf(blocked, sizeof blocked, "%s", test_path("blocked"));
    FILE *plain = fopen(blocked, "w");
    fclose(plain);
    ck_assert_int_eq(nn__event_file_open(blocked, &file), NN_EIO);
    test_message_has("blocked");
    test_memory_begin();
    nn_status status = NN_ENOMEM;
    for (int n = 0; status == NN_ENOMEM; n++) {
        ck_assert_int_lt(n, 20);
        test_memory_fail(n, 1);
        status = nn__event_file_open(test_path("memory"), &file);
        if (status == NN_OK) {
            nn__event_begin(file, 1);
            for (int k = 0; k < 40; k++)
                nn__event_histogram(file, "tag", "", "", values, 2);
            status = nn__event_end(file);
            ck_assert_int_eq(nn__event_file_close(file), NN_OK);
        }
        test_memory_fail(-1, 1);
        ck_assert_int_eq(test_memory_live(), 0);
        ck_assert(n > 3 || status == NN_ENOMEM);
    }
    ck_assert_int_eq(status, NN_OK);
    test_memory_end();
}
END_TEST

Suite *event_file_suite(void);
Suite *event_file_suite(void)
{
    return TEST_SUITE(
        "event_file", bytes_are_those_of_tensorboard, values_and_steps_of_every_size_come_back,
        histograms_count_the_finite_values_in_thirty_buckets, histograms_of_one_value_and_of_none,
        files_have_names_of_their_own, failures_are_told_and_lose_nothing);
}
