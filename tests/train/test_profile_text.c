/* Who gets a profile printed, and how the table reads. */
#include <unistd.h>

#include "base/base.h"
#include "profiled.h"

enum { TEXT = 1 << 14 };

/* ---- Who asks for it ---- */

/* What is written to stderr between these two. */
static FILE *captured;
static int stderr_was;

static void capture_begin(void)
{
    captured = tmpfile();
    ck_assert_ptr_nonnull(captured);
    fflush(stderr);
    stderr_was = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

static const char *capture_end(void)
{
    static char text[TEXT];
    fflush(stderr);
    dup2(stderr_was, STDERR_FILENO);
    close(stderr_was);
    rewind(captured);
    text[fread(text, 1, sizeof text - 1, captured)] = '\0';
    fclose(captured);
    return text;
}

/* What the fit writes with this value of NN_PROFILE. */
static const char *printed(nn_model *model, const nn_dataset *data, const char *value, int option)
{
    if (value == NULL)
        unsetenv("NN_PROFILE");
    else
        setenv("NN_PROFILE", value, 1);
    capture_begin();
    fit(model, data, option);
    unsetenv("NN_PROFILE");
    return capture_end();
}

START_TEST(the_environment_counts_where_the_option_is_not_given)
{
    static const char begin[] = "Profile of training: 3 steps, 20 rows";
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(2, NN_CONV_AUTO);
    ck_assert_str_eq(printed(model, data, NULL, NN_PROFILE_OFF), "");
    ck_assert_str_eq(printed(model, data, "", NN_PROFILE_OFF), "");
    ck_assert_str_eq(printed(model, data, "0", NN_PROFILE_OFF), "");
    ck_assert_ptr_null(nn_model_profile(model, NN_PROFILED_TRAINING));
    ck_assert_str_eq(printed(model, data, "1", NN_PROFILE_KEEP), "");
    ck_assert_ptr_nonnull(nn_model_profile(model, NN_PROFILED_TRAINING));
    ck_assert_mem_eq(printed(model, data, "1", NN_PROFILE_OFF), begin, strlen(begin));
    ck_assert_mem_eq(printed(model, data, "yes", NN_PROFILE_OFF), begin, strlen(begin));
    ck_assert_mem_eq(printed(model, data, NULL, NN_PROFILE_PRINT), begin, strlen(begin));
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

static nn_status row_10_is_missing(void *data, size_t row, nn_real *x, nn_real *y, int *class)
{
    (void)data;
    (void)class;
    x[0] = y[0] = 1;
    return row == 10 ? NN_EIO : NN_OK;
}

/* Not of a fit that fails in its third step, nor of validations that never came. */
START_TEST(only_what_went_well_is_printed)
{
    nn_dataset *data =
        nn_function_data(.function = row_10_is_missing, .rows = 12, .x = {1, {1}}, .y = {1, {1}});
    nn_dataset *good = nn_dataset_take(data, 8);
    nn_model *model = nn_sequential(nn_input(1), nn_dense(1));
    nn_model_set_threads(model, 1);
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()),
                     NN_OK);
    capture_begin();
    nn_status status =
        nn_fit(model, data, .batch_size = 4, .no_shuffle = 1, .profile = NN_PROFILE_PRINT);
    ck_assert_str_eq(capture_end(), "");
    ck_assert_int_eq(status, NN_EIO);
    ck_assert_uint_ge(nn_model_profile(model, NN_PROFILED_TRAINING)->steps, 1);
    capture_begin();
    status = nn_fit(model, good, .batch_size = 4, .validation_data = good, .validation_freq = 2,
                    .profile = NN_PROFILE_PRINT);
    const char *text = capture_end();
    ck_assert_int_eq(status, NN_OK);
    ck_assert_ptr_nonnull(strstr(text, "Profile of training: 2 steps, 8 rows, 1 thread;"));
    ck_assert_ptr_null(strstr(text, "Profile of evaluation"));
    nn_model_free(model);
    nn_dataset_free(good);
    nn_dataset_free(data);
}
END_TEST

START_TEST(what_is_wrong_is_told)
{
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(1, NN_CONV_AUTO);
    static nn_real y[ROWS * 10];
    ck_assert_int_eq(nn_fit(model, data, .profile = 3), NN_EINVAL);
    test_message_has("fit: profile is 3, it must be 0..2");
    ck_assert_int_eq(nn_evaluate(model, data, .profile = -1), NN_EINVAL);
    test_message_has("evaluate: profile is -1, it must be 0..2");
    ck_assert_int_eq(nn_predict(model, data, .into = y, .capacity = ROWS * 10, .profile = 9),
                     NN_EINVAL);
    test_message_has("predict: profile is 9, it must be 0..2");
    ck_assert_int_eq(nn_profile_print(NULL, stdout), NN_EINVAL);
    test_message_has("profile: it is NULL");
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    ck_assert_int_eq(nn_profile_print(p, NULL), NN_EINVAL);
    test_message_has("profile: the stream is NULL");
    FILE *full = fopen("/dev/full", "w");
    if (full != NULL) {
        ck_assert_int_eq(nn_profile_print(p, full), NN_EIO);
        fclose(full);
    }
    ck_assert_ptr_null(nn_model_profile(NULL, NN_PROFILED_TRAINING));
    ck_assert_ptr_null(nn_model_profile(model, (nn_profiled)3));
    ck_assert_ptr_null(nn_model_profile(model, (nn_profiled)-1));
    ck_assert_str_eq(nn_work_name(NN_WORK_WAITING), "waiting");
    ck_assert_str_eq(nn_work_name(NN_WORK_KINDS), "unknown");
    ck_assert_str_eq(nn_work_name(-1), "unknown");
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* ---- The table ---- */

static const char *table_of(const nn_profile *p)
{
    static char text[TEXT];
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(nn_profile_print(p, file), NN_OK);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static double fake_now;

static double fake_clock(void)
{
    return fake_now += 0.001;
}

/* One thread: each look at the clock is a millisecond, and their number follows from the program. */
START_TEST(the_table_is_this)
{
    /* clang-format off */
    static const char want[] =
        "Profile of training: 3 steps, 20 rows, 1 thread; shares in %\n"
        "layer                            ms share product lower transf  rest  wait GFLOP/s  GB/s\n"
        "data                          1.000   0.5                        0.5                 0.1\n"
        "forward\n"
        "  conv2d                     65.000  33.1     8.1   8.1         16.8           0.2   0.1\n"
        "  batch_normalization (ba\xe2\x80\xa6    1.000   0.5                        0.5                 0.4\n"
        "  dropout                     1.000   0.5                        0.5                 0.2\n"
        "  dense                      21.000  10.7     5.1                5.6           0.0\n"
        "loss and metrics              3.000   1.5                        1.5\n"
        "backward\n"
        "  dense                      41.000  20.8    10.2               10.7           0.0\n"
        "  dropout                     1.000   0.5                        0.5                 0.2\n"
        "  batch_normalization (ba\xe2\x80\xa6    1.000   0.5                        0.5                 0.7\n"
        "  conv2d                     54.333  27.6     6.8   6.8         14.1           0.3   0.1\n"
        "optimizer                     1.000   0.5                        0.5                 0.7\n"
        "other                         6.333   3.2                        3.2\n"
        "total                       196.667 100.0    30.2  14.9         54.9           0.1   0.1\n"
        "  GEMM                       59.333  30.2    30.2                              0.1\n"
        "  lowering                   29.333  14.9          14.9                              0.1\n"
        "  elementwise                99.667  50.7                       50.7                 0.3\n"
        "  optimizer                   1.000   0.5                        0.5                 0.7\n"
        "  data                        1.000   0.5                        0.5                 0.1\n"
        "  other                       6.333   3.2                        3.2\n";
    /* clang-format on */
    nn_dataset *data = nn_drawings(.rows = ROWS, .one_hot = 1);
    nn_model *model = drawing_model(1, NN_CONV_GEMM);
    fake_now = 0;
    nn__set_clock(fake_clock);
    const nn_profile *p = fit(model, data, NN_PROFILE_KEEP);
    nn__set_clock(NULL);
    check_sums(p);
    ck_assert_str_eq(table_of(p), want);
    nn_model_free(model);
    nn_dataset_free(data);
}
END_TEST

/* Made by hand: a second of each kind but waiting, by two threads in five seconds. */
START_TEST(every_kind_has_its_column_and_its_line)
{
    /* clang-format off */
    static const char want[] =
        "Profile of evaluation: 4 steps, 10 rows, 2 threads; shares in %\n"
        "layer                            ms share product lower transf  rest  wait GFLOP/s  GB/s\n"
        "forward\n"
        "  name_of_24_letters_exact  250.000  20.0    20.0                              3.0\n"
        "  name_of_25_letters_exac\xe2\x80\xa6  125.000  10.0          10.0                              5.0\n"
        "  \xc3\xa4\xc3\xb6\xc3\xbc (relu)                250.000  20.0                 10.0  10.0                 7.0\n"
        "backward\n"
        "  all                       625.000  50.0                       40.0  10.0\n"
        "total                      1250.000 100.0    20.0  10.0   10.0  50.0  10.0     3.0   6.3\n"
        "  GEMM                      125.000  10.0    10.0                              2.0\n"
        "  direct                    125.000  10.0    10.0                              4.0\n"
        "  lowering                  125.000  10.0          10.0                              5.0\n"
        "  transforms                125.000  10.0                 10.0                       6.0\n"
        "  elementwise               250.000  20.0                       20.0                 8.0\n"
        "  optimizer                 125.000  10.0                       10.0\n"
        "  data                      125.000  10.0                       10.0\n"
        "  other                     125.000  10.0                       10.0\n"
        "  waiting                   125.000  10.0                             10.0\n";
    /* clang-format on */
    enum { FORWARD = NN_PROFILE_FORWARD, BACKWARD = NN_PROFILE_BACKWARD };
    static const nn_profile_entry entries[] = {
        {1, FORWARD, "name_of_24_letters_exact", NULL, NN_WORK_GEMM, 0, 1, 2e9, 1},
        {1, FORWARD, "name_of_24_letters_exact", NULL, NN_WORK_DIRECT, 0, 1, 4e9, 1},
        {2, FORWARD, "name_of_25_letters_exact_", NULL, NN_WORK_LOWERING, 0, 1, 5e9, 1},
        {3, FORWARD, "\xc3\xa4\xc3\xb6\xc3\xbc", "relu", NN_WORK_TRANSFORMS, 0, 1, 6e9, 1},
        {3, FORWARD, "\xc3\xa4\xc3\xb6\xc3\xbc", "relu", NN_WORK_ELEMENTWISE, 0, 1, 8e9, 1},
        {4, BACKWARD, "all", NULL, NN_WORK_ELEMENTWISE, 0, 1, 0, 1},
        {4, BACKWARD, "all", NULL, NN_WORK_OPTIMIZER, 0, 1, 0, 1},
        {4, BACKWARD, "all", NULL, NN_WORK_DATA, 0, 1, 0, 1},
        {4, BACKWARD, "all", NULL, NN_WORK_OTHER, 0, 1, 0, 1},
        {4, BACKWARD, "all", NULL, NN_WORK_WAITING, 0, 1, 0, 1}};
    nn_profile p = {NN_PROFILED_EVALUATION, 2, 4, 10, 5, NN__COUNT(entries), entries};
    ck_assert_str_eq(table_of(&p), want);
    p.profiled = NN_PROFILED_PREDICTION;
    ck_assert_ptr_eq(strstr(table_of(&p), "Profile of prediction: "), table_of(&p));
}
END_TEST

static int characters(const char *line, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)line[i] & 0xC0) != 0x80;
    return count;
}

START_TEST(no_line_is_wider_than_the_summary)
{
    nn_model *model =
        nn_sequential(nn_input(4), nn_dense(3, .name = "a_name_that_is_much_wider_than_its_column"),
                      nn_dense(3, .activation = NN_SOFTMAX,
                               .name = "\xc3\xa4\xc3\xb6\xc3\xbc_umlaute_und_mehr_als_die_spalte"),
                      nn_dense(2, .activation = NN_SOFTMAX, .name = "softmax_in_a_wide_column"));
    static nn_real x[40], y[20];
    nn_context *context = nn_context(model, .batch_size = 10, .threads = 2, .profile = 1);
    ck_assert_msg(context != NULL, "%s", nn_error_message());
    ck_assert_str_eq(strchr(table_of(nn_context_profile(context, NN_PROFILED_PREDICTION)), '\n') +
                         1,
                     "layer                            ms share product lower transf  rest  wait "
                     "GFLOP/s  GB/s\n");
    ck_assert_int_eq(nn_context_predict(context, x, 10, y), NN_OK);
    const char *line = table_of(nn_context_profile(context, NN_PROFILED_PREDICTION));
    ck_assert_ptr_nonnull(strstr(line, "\n  a_name_that_is_much_wid\xe2\x80\xa6 "));
    ck_assert_ptr_nonnull(
        strstr(line, "\n  \xc3\xa4\xc3\xb6\xc3\xbc_umlaute_und_mehr_al\xe2\x80\xa6 "));
    ck_assert_ptr_nonnull(strstr(line, "\n  softmax_in_a_wide_colum\xe2\x80\xa6 "));
    for (size_t bytes; *line != '\0'; line += bytes + 1) {
        bytes = strcspn(line, "\n");
        ck_assert_int_le(characters(line, bytes), 88);
        ck_assert(bytes > 0 && line[bytes - 1] != ' ');
    }
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

Suite *profile_text_suite(void);
Suite *profile_text_suite(void)
{
    return TEST_SUITE("profile_text", the_environment_counts_where_the_option_is_not_given,
                      only_what_went_well_is_printed, what_is_wrong_is_told, the_table_is_this,
                      every_kind_has_its_column_and_its_line, no_line_is_wider_than_the_summary);
}
