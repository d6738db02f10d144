#include "test.h"

#include <errno.h>
#include <locale.h>

#include "base/number.h"

static const struct {
    double value;
    const char *text;
} shortest[] = {
    /* What Python 3.11 prints. */
    {0x0.0p+0, "0.0"},
    {-0x0.0p+0, "-0.0"},
    {0x1.0000000000000p+0, "1.0"},
    {-0x1.0000000000000p+0, "-1.0"},
    {0x1.4000000000000p+2, "5.0"},
    {0x1.999999999999ap-4, "0.1"},
    {0x1.3333333333333p-2, "0.3"},
    {0x1.0624dd2f1a9fcp-10, "0.001"},
    {0x1.0c6f7a0b5ed8dp-20, "1e-06"},
    {0x1.a36e2eb1c432dp-14, "0.0001"},
    {0x1.02e4b6ce5dc68p-13, "0.00012345"},
    {0x1.4f8b588e368f1p-17, "1e-05"},
    {0x1.a36371ea531a8p-14, "9.999e-05"},
    {0x1.d6f3454000000p+26, "123456789.0"},
    {0x1.3c0ca428c59fbp+0, "1.2345678901234567"},
    {0x1.c6bf526340000p+49, "1000000000000000.0"},
    {0x1.1c37937e08000p+53, "1e+16"},
    {0x1.6345785d8a000p+56, "1e+17"},
    {0x1.0000000000000p+53, "9007199254740992.0"},
    {0x1.b69b4ba630f35p+56, "1.2345678901234568e+17"},
    {0x1.0f0cf064dd592p+73, "1e+22"},
    {0x1.52d02c7e14af6p+76, "1e+23"},
    {0x1.0000000000000p-44, "5.684341886080802e-14"},
    {0x0.0000000000001p-1022, "5e-324"},
    {0x0.0000000000002p-1022, "1e-323"},
    {0x1.0000000000000p-1022, "2.2250738585072014e-308"},
    {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
    {0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
    {0x1.1666666666666p+2, "4.35"},
    {0x1.5666666666666p+1, "2.675"},
    {0x1.5555555555555p-2, "0.3333333333333333"},
    {0x1.5555555555555p-1, "0.6666666666666666"},
    {0x1.9000000000000p+6, "100.0"},
    {0x0.0aee12cb08a99p-1022, "9.5e-310"},
    {0x1.3333333333334p-2, "0.30000000000000004"},
    {0x1.99999a0000000p-4, "0.10000000149011612"},
    {-0x1.77cf44765195fp-22, "-3.5e-07"},
    {0x1.1c37937e07fffp+53, "9999999999999998.0"},
    {0x1.249ad2594c37dp+332, "1e+100"},
    {0x1.0000000000000p+1023, "8.98846567431158e+307"},
    {0x1.0000000000000p-1022, "2.2250738585072014e-308"},
    {0x0.0000000000001p-1022, "5e-324"},
    {0x1.c7e83209e90b2p+72, "8.41e+21"},
    {0x1.0000000000000p-24, "5.960464477539063e-08"},
    {0x1.0000000000000p+52, "4503599627370496.0"},
    {(double)INFINITY, "inf"},
    {-(double)INFINITY, "-inf"},
};

static int same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static double parsed(const char *text)
{
    double value = 42;
    ck_assert_msg(nn__number_parse(text, strlen(text), &value), "\"%s\" is a number", text);
    return value;
}

static void check_table(void)
{
    char text[NN__NUMBER_TEXT];
    for (size_t i = 0; i < sizeof shortest / sizeof shortest[0]; i++) {
        ck_assert_str_eq(nn__number_text(shortest[i].value, text), shortest[i].text);
        ck_assert_msg(same_bits(parsed(text), shortest[i].value), "%s reads back", text);
    }
    ck_assert_str_eq(nn__number_text((double)NAN, text), "nan");
    ck_assert(isnan(parsed("nan")));
}

START_TEST(text_is_what_python_prints)
{
    check_table();
}
END_TEST

START_TEST(every_power_of_two_reads_back_and_fits)
{
    char text[NN__NUMBER_TEXT];
    for (int e = -1074; e <= 1023; e++) {
        double value = ldexp(1.0, e);
        nn__number_text(-value, text);
        ck_assert_uint_lt(strlen(text), NN__NUMBER_TEXT);
        ck_assert_msg(same_bits(parsed(text), -value), "2^%d is %s", e, text);
    }
}
END_TEST

START_TEST(random_doubles_read_back_and_no_shorter_text_does)
{
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        char text[NN__NUMBER_TEXT], shorter[64];
        double value;
        uint64_t bits = (uint64_t)test_random(&state) << 32 | test_random(&state);
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        nn__number_text(value, text);
        ck_assert_msg(same_bits(parsed(text), value), "%s reads back", text);
        int digits = 0;
        for (const char *p = text; *p != '\0' && *p != 'e'; p++)
            digits += *p >= '0' && *p <= '9';
        if (strchr(text, 'e') == NULL || digits < 2)
            continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
        ck_assert_msg(!same_bits(strtod(shorter, NULL), value), "%s is longer than %s", text,
                      shorter);
    }
}
END_TEST

START_TEST(what_is_no_number_is_refused)
{
    static const char *const bad[] = {"",      "-",        "+1",    ".5",     "1.",  "01",
                                      "-01",   "1e",       "1e+",   "0x10",   "1,5", "1 ",
                                      " 1",    "NaN",      "Inf",   "-nan",   "--1", "1e5.",
                                      "1.5.2", "infinity", "1e400", "-1e400", "1d5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 42;
        ck_assert_msg(!nn__number_parse(bad[i], strlen(bad[i]), &value), "\"%s\"", bad[i]);
        ck_assert(same_bits(value, 42));
    }
}
END_TEST

START_TEST(long_and_extreme_numbers_are_rounded_correctly)
{
    char text[4096];
    /* 2^53 + 1 lies between two doubles: the even one below wins, unless anything follows. */
    ck_assert(same_bits(parsed("9007199254740993"), 9007199254740992.0));
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[4094] = '1';
    text[4095] = '\0';
    ck_assert(same_bits(parsed(text), 9007199254740994.0));
    memset(text, '0', 3000);
    memcpy(text, "1", 1);
    strcpy(text + 3000, "e-2999");
    ck_assert(same_bits(parsed(text), 1.0));
    memset(text, '0', 3000);
    memcpy(text, "0.", 2);
    strcpy(text + 3000, "1e2999");
    ck_assert(same_bits(parsed(text), 1.0));
    ck_assert(same_bits(parsed("1e-400"), 0.0));
    ck_assert(same_bits(parsed("-1e-99999999999999999999"), -0.0));
    ck_assert(same_bits(parsed("0e99999999999999999999"), 0.0));
    ck_assert(same_bits(parsed("2.4703282292062328e-324"), 5e-324));
    ck_assert(same_bits(parsed("2.4703282292062327e-324"), 0.0));
}
END_TEST

START_TEST(errno_is_left_alone)
{
    char text[NN__NUMBER_TEXT];
    double value;
    errno = 77;
    nn__number_text(5e-324, text);
    nn__number_parse("1e400", 5, &value);
    nn__number_parse("1e-400", 6, &value);
    ck_assert_int_eq(errno, 77);
}
END_TEST

START_TEST(a_locale_with_a_decimal_comma_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",
                                        "fr_FR.UTF-8", "ru_RU.UTF-8", "ps_AF.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (setlocale(LC_ALL, names[i]) != NULL)
            check_table();
    setlocale(LC_ALL, "C");
}
END_TEST

Suite *number_suite(void)
{
    return TEST_SUITE("number", text_is_what_python_prints, every_power_of_two_reads_back_and_fits,
                      random_doubles_read_back_and_no_shorter_text_does,
                      what_is_no_number_is_refused, long_and_extreme_numbers_are_rounded_correctly,
                      errno_is_left_alone, a_locale_with_a_decimal_comma_changes_nothing);
}
