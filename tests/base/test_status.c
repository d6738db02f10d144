/* Status codes and the thread's message. */
#include "test.h"

#include <pthread.h>

#include "base/base.h"

START_TEST(every_code_has_a_sentence_and_no_other_has)
{
#define CHECK_SENTENCE(name, number, sentence)                                                     \
    ck_assert_int_eq(name, number);                                                                \
    ck_assert_str_eq(nn_status_text(name), sentence);
    NN_STATUS_MAP(CHECK_SENTENCE)
#undef CHECK_SENTENCE
    ck_assert_str_eq(nn_status_text(1), "unknown status");
    ck_assert_str_eq(nn_status_text(-11), "unknown status");
    ck_assert_str_eq(nn_status_text(INT32_MIN), "unknown status");
}
END_TEST

START_TEST(a_failure_returns_its_status_and_leaves_its_message)
{
    ck_assert_int_eq(nn_fail(NN_EIO, "%s: %d of %d", "file.bin", 3, 7), NN_EIO);
    ck_assert_str_eq(nn_error_message(), "file.bin: 3 of 7");
    ck_assert_int_eq(nn_fail(NN_EINVAL, "outer: %s", nn_error_message()), NN_EINVAL);
    ck_assert_str_eq(nn_error_message(), "outer: file.bin: 3 of 7");
}
END_TEST

START_TEST(a_long_message_is_cut_and_says_so)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    nn_fail(NN_EIO, "%s", text);
    size_t length = strlen(nn_error_message());
    ck_assert_uint_eq(length, 1023);
    ck_assert_str_eq(nn_error_message() + length - 4, "x...");
}
END_TEST

static void *fail_elsewhere(void *argument)
{
    char *first = argument;
    *first = nn_error_message()[0]; /* "" before the first failure */
    nn_fail(NN_EIO, "in the other thread");
    return NULL;
}

START_TEST(threads_have_messages_of_their_own)
{
    pthread_t thread;
    char first = 'x';
    nn_fail(NN_EINVAL, "in this thread");
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &first), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(first, '\0');
    ck_assert_str_eq(nn_error_message(), "in this thread");
}
END_TEST

START_TEST(failures_are_forwarded_once)
{
    nn_model *model = nn_sequential(nn_input(3), nn_dense(-1));
    ck_assert_int_eq(nn_model_build(model), NN_EINVAL);
    char kept[200];
    snprintf(kept, sizeof kept, "%s", nn_error_message());
    nn_model *fine = nn_sequential(nn_input(3), nn_dense(1));
    ck_assert_int_eq(nn_model_build(fine), NN_OK);
    ck_assert_str_eq(nn_error_message(), kept); /* success leaves the message alone */
    nn_model_free(fine);
    nn_model_free(model);
}
END_TEST

START_TEST(the_library_tells_what_it_is)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", NN_VERSION_MAJOR, NN_VERSION_MINOR,
             NN_VERSION_PATCH);
    ck_assert_str_eq(nn_version(), version);
    ck_assert_ptr_nonnull(strstr(nn_build_info(), version));
    ck_assert_ptr_nonnull(strstr(nn_build_info(), "kernels "));
    ck_assert_ptr_nonnull(strstr(nn_build_info(), " thread"));
    ck_assert_ptr_null(strchr(nn_build_info(), '\n'));
    ck_assert_ptr_eq(nn_build_info(), nn_build_info());
}
END_TEST

Suite *status_suite(void);
Suite *status_suite(void)
{
    return TEST_SUITE("status", every_code_has_a_sentence_and_no_other_has,
                      a_failure_returns_its_status_and_leaves_its_message,
                      a_long_message_is_cut_and_says_so, threads_have_messages_of_their_own,
                      failures_are_forwarded_once, the_library_tells_what_it_is);
}
