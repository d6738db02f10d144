#include "test.h"

#include <locale.h>

#include "formats/json.h"

static nn__json *parse(const char *text)
{
    nn__json *json = NULL;
    ck_assert_msg(nn__json_parse(text, strlen(text), NULL, "text", &json) == NN_OK, "%s: %s", text,
                  nn_error_message());
    return json;
}

START_TEST(what_the_grammar_allows_is_accepted)
{
    static const char *const good[] = {
        "0",
        "-0",
        "12.5e+3",
        "1E5",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " \t\r\n[ 1 , 2 ] \n",
        "[[],[[]],{}]",
        "{\"\":0}",
        "{\"a\":{\"a\":1},\"b\":[{\"a\":2},{\"a\":3}]}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
        "\"\\ud83d\\ude00\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
        "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\"",
        "123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        nn__json_free(parse(good[i]));
}
END_TEST

START_TEST(everything_else_is_refused_with_its_place)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "byte 0: expected a value"},
        {"  ", "byte 2: expected a value"},
        {"[1,]", "byte 3: expected a value"},
        {"[,1]", "byte 1: expected a value"},
        {"[1 2]", "byte 3: expected ',' or ']'"},
        {"[1", "byte 2: expected ',' or ']'"},
        {"[", "byte 1: expected a value"},
        {"]", "byte 0"},
        {"[1}", "byte 2"},
        {"{\"a\":1]", "byte 6"},
        {"{\"a\":1,}", "byte 7: expected a key"},
        {"{a:1}", "byte 1: expected a key"},
        {"{1:1}", "byte 1: expected a key"},
        {"{\"a\" 1}", "byte 5: expected ':'"},
        {"{\"a\":}", "byte 5: expected a value"},
        {"{\"a\"}", "byte 4: expected ':'"},
        {"{,}", "byte 1"},
        {"{\"a\":1 \"b\":2}", "byte 7: expected ','"},
        {"1 2", "byte 2: text after the end"},
        {"{}{}", "byte 2: text after the end"},
        {"[] x", "byte 3: text after the end"},
        {"tru", "byte 0: expected a value"},
        {"True", "byte 0: expected a value"},
        {"nul", "byte 0"},
        {"truefalse", "byte 4: text after the end"},
        {"NaN", "byte 0"},
        {"Infinity", "byte 0"},
        {"-Infinity", "byte 0"},
        {"nan", "byte 0"},
        {"-inf", "byte 0"},
        {"+1", "byte 0"},
        {"01", "byte 0: not a number"},
        {"1.", "byte 0: not a number"},
        {".5", "byte 0"},
        {"1e", "byte 0: not a number"},
        {"1e400", "byte 0: not a number, or beyond"},
        {"-", "byte 0"},
        {"0x1", "byte 1: text after the end"},
        {"'a'", "byte 0"},
        {"\"a", "byte 0: a string without end"},
        {"\"\\", "byte 1: unknown escape"},
        {"\"\\x41\"", "byte 1: unknown escape"},
        {"\"\\u00g0\"", "byte 1: \\u needs"},
        {"\"\\u12\"", "byte 1: \\u needs"},
        {"\"\\u0000\"", "byte 1: a string with U+0000"},
        {"\"\\ud800\"", "byte 1: half of a surrogate pair"},
        {"\"\\ude00\"", "byte 1: half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "byte 1: half of a surrogate pair"},
        {"\"\\ud800x\"", "byte 1: half of a surrogate pair"},
        {"\"\n\"", "byte 1: a control character"},
        {"\"\x1f\"", "byte 1: a control character"},
        {"\"\x80\"", "byte 1: not UTF-8"},
        {"\"\xC0\xAF\"", "byte 1: not UTF-8"},
        {"\"\xC1\xBF\"", "byte 1: not UTF-8"},
        {"\"\xE0\x9F\xBF\"", "byte 1: not UTF-8"},
        {"\"\xED\xA0\x80\"", "byte 1: not UTF-8"},
        {"\"\xF0\x8F\xBF\xBF\"", "byte 1: not UTF-8"},
        {"\"\xF4\x90\x80\x80\"", "byte 1: not UTF-8"},
        {"\"\xF8\x88\x80\x80\x80\"", "byte 1: not UTF-8"},
        {"\"ab\xC3\"", "byte 3: not UTF-8"},
        {"\xEF\xBB\xBF{}", "byte 0: expected a value"},
        {"/**/1", "byte 0"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "byte 14: the key stands twice"},
        {"{\"a\":1,\"\\u0061\":2}", "byte 8: the key stands twice"},
        {"[{\"x\":{\"k\":1,\"k\":1}}]", "the key stands twice"},
        {"{\"\":1,\"\":1}", "the key stands twice"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        nn__json *json = NULL;
        nn_status status =
            nn__json_parse(bad[i].text, strlen(bad[i].text), NULL, "file.json", &json);
        ck_assert_msg(status == NN_EFORMAT && json == NULL, "\"%s\" gives %d", bad[i].text, status);
        test_message_has("file.json: byte ");
        test_message_has(bad[i].message);
    }
}
END_TEST

START_TEST(a_nul_byte_is_refused_wherever_it_stands)
{
    static const char text[] = "{\"a\\n\":[1,true,\"b\"]}";
    for (size_t i = 0; i <= strlen(text); i++) {
        char copy[sizeof text + 1];
        nn__json *json;
        memcpy(copy, text, i);
        copy[i] = '\0';
        memcpy(copy + i + 1, text + i, sizeof text - 1 - i);
        ck_assert_int_eq(nn__json_parse(copy, sizeof text, NULL, "x", &json), NN_EFORMAT);
    }
}
END_TEST

START_TEST(limits_hold)
{
    nn__json_limits limits = {10, 4, 2};
    nn__json *json;
    ck_assert_int_eq(nn__json_parse("[1,2,3]", 7, &limits, "x", &json), NN_OK);
    nn__json_free(json);
    ck_assert_int_eq(nn__json_parse("[1,2,3,4]", 9, &limits, "x", &json), NN_EFORMAT);
    test_message_has("more than 4 values");
    ck_assert_int_eq(nn__json_parse("[[]]", 4, &limits, "x", &json), NN_OK);
    nn__json_free(json);
    ck_assert_int_eq(nn__json_parse("[[[]]]", 6, &limits, "x", &json), NN_EFORMAT);
    test_message_has("more than 2 levels");
    ck_assert_int_eq(nn__json_parse("           ", 11, &limits, "x", &json), NN_EFORMAT);
    test_message_has("11 bytes, more than 10");
}
END_TEST

START_TEST(a_million_brackets_cost_no_stack_and_no_memory)
{
    size_t size = 1000000;
    char *text = malloc(size);
    nn__json *json;
    memset(text, '[', size);
    test_memory_begin();
    ck_assert_int_eq(nn__json_parse(text, size, NULL, "x", &json), NN_EFORMAT);
    ck_assert_int_eq(test_memory_total(), 0);
    test_memory_end();
    free(text);
}
END_TEST

START_TEST(lookups_find_what_is_there_and_nothing_else)
{
    nn__json *json = parse("{\"list\":[1,[2,3],\"x\"],\"big\":18446744073709551615,\"low\":"
                           "-9223372036854775808,\"n\":0.5,\"yes\":true,\"no\":false,\"nan\":"
                           "\"nan\",\"t\":\"12\",\"u\":\"\\u00e9\\ud83d\\ude00\"}");
    uint32_t list = nn__json_member(json, 0, "list");
    uint64_t u = 0;
    int64_t i = 0;
    double d = 0;
    int b = 2;
    ck_assert_uint_eq(nn__json_count(json, 0), 9);
    ck_assert_uint_eq(nn__json_count(json, list), 3);
    ck_assert_str_eq(nn__json_string(json, nn__json_item(json, list, 2)), "x");
    ck_assert(nn__json_number(json, nn__json_item(json, nn__json_item(json, list, 1), 1), &d));
    ck_assert(d == 3);
    ck_assert_uint_eq(nn__json_item(json, list, 3), NN__JSON_NONE);
    ck_assert_uint_eq(nn__json_item(json, 0, 0), NN__JSON_NONE);
    ck_assert_uint_eq(nn__json_member(json, 0, "lis"), NN__JSON_NONE);
    ck_assert_uint_eq(nn__json_member(json, list, "x"), NN__JSON_NONE);
    ck_assert_uint_eq(nn__json_member(json, NN__JSON_NONE, "x"), NN__JSON_NONE);
    ck_assert(nn__json_unsigned(json, nn__json_member(json, 0, "big"), &u));
    ck_assert(u == UINT64_MAX);
    ck_assert(!nn__json_integer(json, nn__json_member(json, 0, "big"), &i));
    ck_assert(nn__json_integer(json, nn__json_member(json, 0, "low"), &i));
    ck_assert(i == INT64_MIN);
    ck_assert(!nn__json_unsigned(json, nn__json_member(json, 0, "low"), &u));
    ck_assert(!nn__json_integer(json, nn__json_member(json, 0, "n"), &i));
    ck_assert(nn__json_bool(json, nn__json_member(json, 0, "yes"), &b) && b == 1);
    ck_assert(nn__json_bool(json, nn__json_member(json, 0, "no"), &b) && b == 0);
    ck_assert(!nn__json_bool(json, nn__json_member(json, 0, "n"), &b));
    ck_assert(nn__json_number(json, nn__json_member(json, 0, "nan"), &d) && isnan(d));
    ck_assert(!nn__json_number(json, nn__json_member(json, 0, "t"), &d));
    ck_assert(!nn__json_number(json, NN__JSON_NONE, &d));
    ck_assert_str_eq(nn__json_string(json, nn__json_member(json, 0, "u")),
                     "\xC3\xA9\xF0\x9F\x98\x80");
    ck_assert_ptr_null(nn__json_string(json, list));
    ck_assert_ptr_null(nn__json_string(json, NN__JSON_NONE));
    nn__json_free(json);
}
END_TEST

START_TEST(integers_end_exactly_at_their_range)
{
    nn__json *json = parse("[9223372036854775807,9223372036854775808,-9223372036854775809,"
                           "18446744073709551616,-0,1e2]");
    int64_t i = 0;
    uint64_t u = 0;
    ck_assert(nn__json_integer(json, 1, &i) && i == INT64_MAX);
    ck_assert(!nn__json_integer(json, 2, &i));
    ck_assert(nn__json_unsigned(json, 2, &u) && u == (uint64_t)1 << 63);
    ck_assert(!nn__json_integer(json, 3, &i));
    ck_assert(!nn__json_unsigned(json, 4, &u));
    ck_assert(nn__json_integer(json, 5, &i) && i == 0);
    ck_assert(!nn__json_integer(json, 6, &i));
    nn__json_free(json);
}
END_TEST

static void write_sample(nn__json_writer *w)
{
    nn__json_begin_object(w);
    nn__json_key(w, "a \"\\\b\f\n\r\t\x01/\xC3\xA9");
    nn__json_begin_array(w);
    nn__json_put_number(w, 0.1);
    nn__json_put_number(w, -5);
    nn__json_put_number(w, -(double)INFINITY);
    nn__json_put_integer(w, INT64_MIN);
    nn__json_put_unsigned(w, UINT64_MAX);
    nn__json_put_bool(w, 1);
    nn__json_put_bool(w, 0);
    nn__json_put_string(w, NULL);
    nn__json_begin_object(w);
    nn__json_end_object(w);
    nn__json_begin_array(w);
    nn__json_end_array(w);
    nn__json_end_array(w);
    nn__json_key(w, "b");
    nn__json_put_string(w, "");
    nn__json_end_object(w);
}

static const char sample[] =
    "{\"a \\\"\\\\\\b\\f\\n\\r\\t\\u0001/\xC3\xA9\":[0.1,-5.0,\"-inf\",-9223372036854775808,"
    "18446744073709551615,true,false,null,{},[]],\"b\":\"\"}";

START_TEST(what_is_written_is_compact_and_reads_back)
{
    nn__json_writer w = {0};
    char *text;
    size_t size;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* where it exists */
    write_sample(&w);
    ck_assert_int_eq(nn__json_finish(&w, &text, &size), NN_OK);
    setlocale(LC_ALL, "C");
    ck_assert_str_eq(text, sample);
    ck_assert_uint_eq(size, sizeof sample - 1);
    nn__json *json = parse(text);
    double d = 0;
    uint32_t list = nn__json_member(json, 0, "a \"\\\b\f\n\r\t\x01/\xC3\xA9");
    ck_assert(nn__json_number(json, nn__json_item(json, list, 2), &d) && isinf(d) && d < 0);
    nn__json_free(json);
    nn__free(text);
}
END_TEST

START_TEST(a_writer_remembers_its_failure)
{
    nn__json_writer w = {0};
    char *text = NULL;
    nn__json_begin_array(&w);
    nn__json_put_string(&w, "\xFFgl\xFC"
                            "ck");
    nn__json_end_array(&w);
    ck_assert_int_eq(nn__json_finish(&w, &text, NULL), NN_EINVAL);
    ck_assert_ptr_null(text);
    test_message_has("is not UTF-8");
}
END_TEST

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    test_memory_begin();
    for (long n = 0, done = 0; !done; n++) {
        nn__json_writer w = {0};
        nn__json *json = NULL;
        char *text = NULL;
        test_memory_fail(n, 1);
        nn_status status = nn__json_parse(sample, sizeof sample - 1, NULL, "x", &json);
        if (status == NN_OK) {
            write_sample(&w);
            status = nn__json_finish(&w, &text, NULL);
        }
        done = status == NN_OK;
        if (!done)
            ck_assert_int_eq(status, NN_ENOMEM);
        nn__json_free(json);
        nn__free(text);
        ck_assert_int_eq(test_memory_live(), 0);
        ck_assert_int_lt(n, 100);
    }
    test_memory_end();
}
END_TEST

/* Random damage to a valid text: either refused, or a tree whose numbering is sound. */
START_TEST(damaged_text_never_gives_an_unsound_tree)
{
    uint64_t state = 11;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof sample];
        nn__json *json = NULL;
        memcpy(text, sample, sizeof sample);
        for (int n = test_random_int(&state, 1, 3); n > 0; n--)
            text[test_random(&state) % (sizeof sample - 1)] =
                "{}[]\",:\\u0e-.tn 1\xC3"[test_random(&state) % 19];
        size_t size = (size_t)test_random_int(&state, 0, (int)sizeof sample - 1);
        size = round % 2 ? sizeof sample - 1 : size;
        if (nn__json_parse(text, size, NULL, "x", &json) != NN_OK)
            continue;
        ck_assert_uint_eq(json->nodes[0].end, json->count);
        for (uint32_t i = 0; i < json->count; i++) {
            ck_assert_uint_gt(json->nodes[i].end, i);
            ck_assert_uint_le(json->nodes[i].end, json->count);
            ck_assert_uint_le(json->nodes[i].start, size);
        }
        nn__json_free(json);
    }
}
END_TEST

Suite *json_suite(void)
{
    return TEST_SUITE(
        "json", what_the_grammar_allows_is_accepted, everything_else_is_refused_with_its_place,
        a_nul_byte_is_refused_wherever_it_stands, limits_hold,
        a_million_brackets_cost_no_stack_and_no_memory, lookups_find_what_is_there_and_nothing_else,
        integers_end_exactly_at_their_range, what_is_written_is_compact_and_reads_back,
        a_writer_remembers_its_failure, every_failing_allocation_is_reported_and_leaks_nothing,
        damaged_text_never_gives_an_unsound_tree);
}
