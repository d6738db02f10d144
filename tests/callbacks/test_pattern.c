/* Path patterns: what Python 3.11's str.format makes of them. */
#include "callbacks/pattern.h"
#include "base/base.h"
#include "drive.h"

static const double loss = .123456;

static nn_status format(const char *pattern, int batch, int with_logs, char **text)
{
    nn_logs *logs = nn__logs_new();
    ck_assert_int_eq(nn_logs_set(logs, "loss", loss), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "down", -2), NN_OK);
    ck_assert_int_eq(nn_logs_set(logs, "lost", (double)NAN), NN_OK);
    nn__pattern_values values = {3, batch, with_logs ? logs : NULL};
    nn_status status = nn__pattern_text(pattern, &values, "what", text);
    nn__logs_free(logs);
    return status;
}

START_TEST(fields_are_written_as_python_does)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"", ""},
        {"{epoch}", "3"},
        {"{epoch:d}", "3"},
        {"{epoch:5d}", "    3"},
        {"{epoch:05}", "00003"},
        {"{epoch:+03d}", "+03"},
        {"{epoch:3}|", "  3|"},
        {"{epoch:.2f}", "3.00"},
        {"{epoch:e}", "3.000000e+00"},
        {"{batch:03d}-{epoch}", "012-3"},
        {"{loss}", "0.123456"},
        {"{loss:8}", "0.123456"},
        {"{loss:.2f}", "0.12"},
        {"{loss:.0f}", "0"},
        {"{loss:8.3f}", "   0.123"},
        {"{loss:08.3f}", "0000.123"},
        {"{loss:+.2f}", "+0.12"},
        {"{loss:e}", "1.234560e-01"},
        {"{loss:E}", "1.234560E-01"},
        {"{loss:.3g}", "0.123"},
        {"{loss:.2%}", "12.35%"},
        {"{down:06.1f}", "-002.0"},
        {"{lost:.2f}", "nan"},
        {"{{x}}{epoch}{{", "{x}3{"},
        {"a/{epoch:02d}-{loss:.2f}.safetensors", "a/03-0.12.safetensors"},
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++) {
        char *text = NULL;
        ck_assert_msg(format(cases[i][0], 12, 1, &text) == NN_OK, "%s: %s", cases[i][0],
                      nn_error_message());
        ck_assert_str_eq(text, cases[i][1]);
        nn__free(text);
    }
}
END_TEST

START_TEST(mistakes_are_told_in_one_line)
{
    static const char *const cases[][2] = {
        {"{epoch", "brace"},
        {"epoch}", "a single }"},
        {"{}", "no name"},
        {"{nope}", "no nope"},
        {"{ epoch}", "no  epoch"},
        {"{loss:d}", "d is for epoch"},
        {"{loss:x}", "not known"},
        {"{loss:<8.2f}", "not known"},
        {"{loss:.f}", "digits"},
        {"{epoch!r}", "no epoch!r"},
        {"{loss:.3}", "without e, f or g"},
        {"{epoch:.2d}", "d is for"},
        {"{loss:123f}", "not known"},
        {"{a{b}}", "brace"},
    };
    for (size_t i = 0; i < NN__COUNT(cases); i++) {
        char *text = NULL;
        ck_assert_msg(format(cases[i][0], 12, 1, &text) == NN_EINVAL, "%s", cases[i][0]);
        ck_assert_ptr_null(text);
        test_message_has("what: path \"");
        test_message_has(cases[i][0]);
        test_message_has(cases[i][1]);
        ck_assert_ptr_null(strchr(nn_error_message(), '\n'));
    }
    char *text = NULL;
    ck_assert_int_eq(format("{batch}", -1, 1, &text), NN_EINVAL);
    test_message_has("{batch} needs save_freq");
    ck_assert_int_eq(format("{any:.2f}", -1, 0, &text), NN_OK);
    ck_assert_str_eq(text, "0.00");
    nn__free(text);
}
END_TEST

START_TEST(lack_of_memory_loses_nothing)
{
    test_memory_begin();
    nn_status status = NN_ENOMEM;
    for (int n = 0; status == NN_ENOMEM; n++) {
        nn__pattern_values values = {3, 1, NULL};
        char *text = NULL;
        ck_assert_int_lt(n, 20);
        test_memory_fail(n, 1);
        status = nn__pattern_text("{epoch}-{epoch:99d}-{epoch:99d}", &values, "what", &text);
        test_memory_fail(-1, 1);
        nn__free(text);
        ck_assert_int_eq(test_memory_live(), 0);
    }
    test_memory_end();
}
END_TEST

Suite *pattern_suite(void);
Suite *pattern_suite(void)
{
    return TEST_SUITE("pattern", fields_are_written_as_python_does, mistakes_are_told_in_one_line,
                      lack_of_memory_loses_nothing);
}
