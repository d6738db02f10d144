/* Tables as text. */
#include "bytes.h"
#include "data/dataset.h"
#include "formats/csv.h"
#include "sweep.h"

static const char iris[] = "length,\"width, cm\",kind\r\n"
                           "5.1, 3.5,setosa\r\n"
                           "\r\n"
                           "+7,.25,\"ver\"\"si\"\r\n"
                           "-6e0,1.,setosa";

#define CSV(text, ...) nn_csv("t.csv", .data = text, .size = sizeof(text) - 1, __VA_ARGS__)

static void values(const nn_dataset *dataset, size_t row, const double *x, size_t width,
                   const double *y, size_t count)
{
    nn_real have[16], targets[16];
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_int_eq(nn__dataset_read(dataset, &row, 1, have, targets, NULL), NN_OK);
    for (size_t i = 0; i < width; i++)
        ck_assert(have[i] == (nn_real)x[i]);
    for (size_t i = 0; i < count; i++)
        ck_assert(targets[i] == (nn_real)y[i]);
}

START_TEST(labels_are_counted_in_the_order_of_their_texts)
{
    nn_dataset *dataset = CSV(iris, .y = nn_names("kind"), .targets = NN_CSV_LABELS);
    bytes_row(dataset, 0, (const double[]){5.1, 3.5}, 2, 0);
    bytes_row(dataset, 1, (const double[]){7, 0.25}, 2, 1);
    bytes_row(dataset, 2, (const double[]){-6, 1}, 2, 0);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 3);
    ck_assert_int_eq(nn_dataset_classes(dataset), 2);
    ck_assert_str_eq(nn_dataset_class_name(dataset, 0), "setosa");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 1), "ver\"si");
    nn_dataset_free(dataset);
    dataset = CSV(iris, .y = nn_names("2"), .targets = NN_CSV_LABELS, .one_hot = 1,
                  .class_names = nn_names("ver\"si", "other", "setosa"));
    values(dataset, 0, (const double[]){5.1}, 1, (const double[]){0, 0, 1}, 3);
    ck_assert_int_eq(nn_dataset_classes(dataset), 3);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(CSV(iris, .y = nn_names("kind"), .targets = NN_CSV_LABELS,
                           .class_names = nn_names("setosa")));
    test_message_has("t.csv: line 4, column 2 (kind): 'ver\"si' is none of the class names");
}
END_TEST

START_TEST(columns_are_chosen_by_name_or_number_in_any_order)
{
    static const char text[] = "a;b;1;d\n1;2;3;4\n5;6;7;8\n";
    nn_dataset *dataset =
        CSV(text, .x = nn_names("d", "0", "1"), .y = nn_names("b", "a"), .separator = ';');
    values(dataset, 0, (const double[]){4, 1, 3}, 3, (const double[]){2, 1}, 2);
    values(dataset, 1, (const double[]){8, 5, 7}, 3, (const double[]){6, 5}, 2);
    nn_dataset_free(dataset);
    dataset = CSV(text, .y = nn_names("d"), .separator = ';', .limit = 1);
    values(dataset, 0, (const double[]){1, 2, 3}, 3, (const double[]){4}, 1);
    ck_assert_uint_eq(nn_dataset_rows(dataset), 1);
    nn_dataset_free(dataset);
    dataset = CSV(text, .y = nn_names("d"), .drop = nn_names("b", "0"), .separator = ';');
    values(dataset, 1, (const double[]){7}, 1, (const double[]){8}, 1);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(CSV(text, .drop = nn_names("c"), .separator = ';'));
    test_message_has("t.csv: no column \"c\" among 4");
    ck_assert_ptr_null(CSV(text, .drop = nn_names("a", "b", "a", "d", "1"), .separator = ';'));
    test_message_has("t.csv: 5 columns are wanted, there are 4");
    ck_assert_ptr_null(CSV(text, .drop = nn_names("a", "b", "d", "1"), .separator = ';'));
    test_message_has("t.csv: no column is left for x");
    ck_assert_ptr_null(CSV(text, .y = nn_names("e"), .separator = ';'));
    test_message_has("t.csv: no column \"e\" among 4");
    ck_assert_ptr_null(CSV(text, .y = nn_names("4"), .separator = ';'));
    test_message_has("no column \"4\"");
}
END_TEST

START_TEST(numbers_begin_with_any_digit)
{
    for (int digit = 0; digit < 10; digit++) {
        char text[] = "-0.5";
        double value;
        text[1] = (char)('0' + digit);
        ck_assert(nn__csv_number((nn__csv_field){.text = text, .length = 4}, &value));
        ck_assert(value == -(digit + 0.5));
        ck_assert(nn__csv_number((nn__csv_field){.text = text + 1, .length = 1}, &value));
        ck_assert(value == digit);
    }
    for (const char *wrong = "/:-+.e"; *wrong != '\0'; wrong++) {
        double value;
        ck_assert(!nn__csv_number((nn__csv_field){.text = wrong, .length = 1}, &value));
    }
}
END_TEST

START_TEST(texts_are_cut_to_their_room)
{
    const nn__csv_field field = {.text = "a\"\"bc", .length = 5, .quoted = 1}; /* a"bc */
    for (size_t size = 0; size <= 7; size++) {
        char to[8] = "#######", want[8] = "#######";
        memcpy(want, "a\"bc", size > 5 ? 5 : size);
        if (size > 0)
            want[size > 5 ? 4 : size - 1] = '\0';
        ck_assert_uint_eq(nn__csv_copy(field, to, size), 4);
        ck_assert_mem_eq(to, want, sizeof to);
    }
}
END_TEST

START_TEST(a_table_without_header_has_numbers_only_for_columns)
{
    static const char text[] = "1 2 0\n3 4 2\n";
    nn_dataset *dataset =
        CSV(text, .y = nn_names("2"), .separator = ' ', .no_header = 1, .targets = NN_CSV_CLASSES);
    bytes_row(dataset, 0, (const double[]){1, 2}, 2, 0);
    bytes_row(dataset, 1, (const double[]){3, 4}, 2, 2);
    ck_assert_int_eq(nn_dataset_classes(dataset), 3);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(CSV(text, .y = nn_names("2"), .separator = ' ', .no_header = 1,
                           .targets = NN_CSV_CLASSES, .classes = 2));
    test_message_has("t.csv: line 2, column 2: '2' is no class 0..1");
}
END_TEST

START_TEST(a_file_is_read_as_memory_is)
{
    bytes b = {.size = 0};
    bytes_put(&b,
              "\xEF\xBB\xBF"
              "a,b\n1,2\n",
              11);
    bytes_save(&b, test_path("t.csv"));
    nn_dataset *dataset = nn_csv(test_path("t.csv"), .x = nn_names("a"));
    bytes_row(dataset, 0, (const double[]){1}, 1, -1);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(nn_csv(test_path("none.csv")));
    test_message_has("/none.csv: ");
}
END_TEST

static void refuses(const char *text, const char *message)
{
    ck_assert_ptr_null(nn_csv("t.csv", .data = text, .size = strlen(text)));
    test_message_has(message);
}

START_TEST(what_is_wrong_is_named_with_line_and_column)
{
    refuses("a,b\n1,2\n3\n", "t.csv: line 3: 1 fields, the first line has 2");
    refuses("a,b\n1,2,\n", "line 2: 3 fields, the first line has 2");
    refuses("a,b\n1,\n", "line 2, column 1 (b): the field is empty");
    refuses("a,b\n1,  \n", "line 2, column 1 (b): the field is empty");
    refuses("a,b\n\n\"1\",x\n", "line 3, column 1 (b): 'x' is no number");
    refuses("a,b\n1,nan\n", "'nan' is no number");
    refuses("a,b\n1,1e999\n", "'1e999' is no number");
    refuses("a,b\n1,1.2.3\n", "'1.2.3' is no number");
    refuses("a,b\n1,--2\n", "'--2' is no number");
    refuses("a,b\n1,.\n", "'.' is no number");
    refuses("a,b\n1,\"2\n3,4\n", "line 2: a quoted field that does not end");
    refuses("a,b\n1,\"2\"x\n", "line 2: text after the quotes of field 1");
    refuses("\"a\nb\",c\n1,x\n", "line 3, column 1 (c): 'x' is no number");
    refuses("a,b\n", "no line after the header");
    refuses("", "no line");
    ck_assert_ptr_null(nn_csv("t", .y = nn_names("a"), .separator = '"'));
    test_message_has("separator 34");
    ck_assert_ptr_null(nn_csv("t", .targets = NN_CSV_LABELS));
    test_message_has("classes are one column, y has 0");
    ck_assert_ptr_null(nn_csv("t", .one_hot = 1));
    test_message_has("one_hot is for classes");
    ck_assert_ptr_null(nn_csv(.one_hot = 1));
    test_message_has("csv: path must be given");
}
END_TEST

static nn_dataset *read_iris(const void *data, size_t size)
{
    return nn_csv(.data = data, .size = size, .y = nn_names("2"), .targets = NN_CSV_LABELS);
}

START_TEST(every_beginning_and_every_changed_byte_is_survived)
{
    bytes b = {.size = 0};
    bytes_put(&b, iris, sizeof iris - 1);
    bytes_sweep(&b, read_iris, 1);
}
END_TEST

static nn_dataset *make(void *arg)
{
    (void)arg;
    return read_iris(iris, sizeof iris - 1);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    test_memory_begin();
    sweep_allocations(make, NULL, 8);
    test_memory_end();
}
END_TEST

Suite *csv_suite(void);
Suite *csv_suite(void)
{
    return TEST_SUITE(
        "csv", labels_are_counted_in_the_order_of_their_texts,
        columns_are_chosen_by_name_or_number_in_any_order, numbers_begin_with_any_digit,
        texts_are_cut_to_their_room, a_table_without_header_has_numbers_only_for_columns,
        a_file_is_read_as_memory_is, what_is_wrong_is_named_with_line_and_column,
        every_beginning_and_every_changed_byte_is_survived, failing_memory_leaves_nothing_behind);
}
