/* The summary's text, to the byte: what Keras 3.15 prints for the three models, and what its table
 * printer does with cells that are too wide. */
#include "test.h"

#include "model/summary_text.h"

/* The summary as text; the caller frees it. */
static char *summary_text(const nn__summary *summary)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(nn__summary_print(summary, stream), NN_OK);
    fclose(stream);
    return text;
}

static void summary_is(const nn__summary *summary, const char *const *lines, size_t count)
{
    char *text = summary_text(summary), *at = text;
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(strncmp(at, lines[i], strlen(lines[i])) == 0, "line %zu: %s", i + 1, at);
        at += strlen(lines[i]);
    }
    ck_assert_str_eq(at, "");
    free(text);
}

static const nn__summary_row conv1_rows[] = {
    {"conv2d", "Conv2D", "(None, 32, 32, 10)", 280, NULL, NULL},
    {"max_pooling2d", "MaxPooling2D", "(None, 16, 16, 10)", 0, NULL, NULL},
    {"flatten", "Flatten", "(None, 2560)", 0, NULL, NULL},
    {"dense", "Dense", "(None, 100)", 256100, NULL, NULL},
    {"dense_1", "Dense", "(None, 10)", 1010, NULL, NULL},
};

static const char *const conv1_text[] = {
    "Model: \"sequential\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓\n",
    "┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩\n",
    "│ conv2d (Conv2D)                      │ (None, 32, 32, 10)          │             280 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ max_pooling2d (MaxPooling2D)         │ (None, 16, 16, 10)          │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ flatten (Flatten)                    │ (None, 2560)                │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense (Dense)                        │ (None, 100)                 │         256,100 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense_1 (Dense)                      │ (None, 10)                  │           1,010 │\n",
    "└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘\n",
    " Total params: 257,390 (1005.43 KB)\n",
    " Trainable params: 257,390 (1005.43 KB)\n",
    " Non-trainable params: 0 (0.00 B)\n",
};

static const nn__summary_row conv2_rows[] = {
    {"conv2d_1", "Conv2D", "(None, 32, 32, 10)", 280, NULL, NULL},
    {"max_pooling2d_1", "MaxPooling2D", "(None, 16, 16, 10)", 0, NULL, NULL},
    {"flatten_1", "Flatten", "(None, 2560)", 0, NULL, NULL},
    {"dropout", "Dropout", "(None, 2560)", 0, NULL, NULL},
    {"dense_2", "Dense", "(None, 100)", 256100, NULL, NULL},
    {"dense_3", "Dense", "(None, 10)", 1010, NULL, NULL},
};

static const char *const conv2_text[] = {
    "Model: \"sequential_1\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓\n",
    "┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩\n",
    "│ conv2d_1 (Conv2D)                    │ (None, 32, 32, 10)          │             280 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ max_pooling2d_1 (MaxPooling2D)       │ (None, 16, 16, 10)          │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ flatten_1 (Flatten)                  │ (None, 2560)                │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dropout (Dropout)                    │ (None, 2560)                │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense_2 (Dense)                      │ (None, 100)                 │         256,100 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense_3 (Dense)                      │ (None, 10)                  │           1,010 │\n",
    "└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘\n",
    " Total params: 257,390 (1005.43 KB)\n",
    " Trainable params: 257,390 (1005.43 KB)\n",
    " Non-trainable params: 0 (0.00 B)\n",
};

static const nn__summary_row deep_rows[] = {
    {"conv2d_2", "Conv2D", "(None, 32, 32, 32)", 896, NULL, NULL},
    {"batch_normalization", "BatchNormalization", "(None, 32, 32, 32)", 128, NULL, NULL},
    {"max_pooling2d_2", "MaxPooling2D", "(None, 16, 16, 32)", 0, NULL, NULL},
    {"dropout_1", "Dropout", "(None, 16, 16, 32)", 0, NULL, NULL},
    {"conv2d_3", "Conv2D", "(None, 16, 16, 64)", 18496, NULL, NULL},
    {"batch_normalization_1", "BatchNormalization", "(None, 16, 16, 64)", 256, NULL, NULL},
    {"max_pooling2d_3", "MaxPooling2D", "(None, 8, 8, 64)", 0, NULL, NULL},
    {"dropout_2", "Dropout", "(None, 8, 8, 64)", 0, NULL, NULL},
    {"conv2d_4", "Conv2D", "(None, 8, 8, 128)", 73856, NULL, NULL},
    {"batch_normalization_2", "BatchNormalization", "(None, 8, 8, 128)", 512, NULL, NULL},
    {"max_pooling2d_4", "MaxPooling2D", "(None, 4, 4, 128)", 0, NULL, NULL},
    {"dropout_3", "Dropout", "(None, 4, 4, 128)", 0, NULL, NULL},
    {"flatten_2", "Flatten", "(None, 2048)", 0, NULL, NULL},
    {"dense_4", "Dense", "(None, 256)", 524544, NULL, NULL},
    {"batch_normalization_3", "BatchNormalization", "(None, 256)", 1024, NULL, NULL},
    {"dropout_4", "Dropout", "(None, 256)", 0, NULL, NULL},
    {"dense_5", "Dense", "(None, 10)", 2570, NULL, NULL},
};

static const char *const deep_text[] = {
    "Model: \"sequential_2\"\n",
    "┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓\n",
    "┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃\n",
    "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩\n",
    "│ conv2d_2 (Conv2D)                    │ (None, 32, 32, 32)          │             896 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ batch_normalization                  │ (None, 32, 32, 32)          │             128 │\n",
    "│ (BatchNormalization)                 │                             │                 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ max_pooling2d_2 (MaxPooling2D)       │ (None, 16, 16, 32)          │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dropout_1 (Dropout)                  │ (None, 16, 16, 32)          │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ conv2d_3 (Conv2D)                    │ (None, 16, 16, 64)          │          18,496 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ batch_normalization_1                │ (None, 16, 16, 64)          │             256 │\n",
    "│ (BatchNormalization)                 │                             │                 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ max_pooling2d_3 (MaxPooling2D)       │ (None, 8, 8, 64)            │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dropout_2 (Dropout)                  │ (None, 8, 8, 64)            │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ conv2d_4 (Conv2D)                    │ (None, 8, 8, 128)           │          73,856 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ batch_normalization_2                │ (None, 8, 8, 128)           │             512 │\n",
    "│ (BatchNormalization)                 │                             │                 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ max_pooling2d_4 (MaxPooling2D)       │ (None, 4, 4, 128)           │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dropout_3 (Dropout)                  │ (None, 4, 4, 128)           │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ flatten_2 (Flatten)                  │ (None, 2048)                │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense_4 (Dense)                      │ (None, 256)                 │         524,544 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ batch_normalization_3                │ (None, 256)                 │           1,024 │\n",
    "│ (BatchNormalization)                 │                             │                 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dropout_4 (Dropout)                  │ (None, 256)                 │               0 │\n",
    "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n",
    "│ dense_5 (Dense)                      │ (None, 10)                  │           2,570 │\n",
    "└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘\n",
    " Total params: 622,282 (2.37 MB)\n",
    " Trainable params: 621,322 (2.37 MB)\n",
    " Non-trainable params: 960 (3.75 KB)\n",
};

#define WEIGHTS(trainable_, frozen_)                                                               \
    .trainable = (trainable_), .trainable_bytes = 4 * (trainable_), .frozen = (frozen_),           \
    .frozen_bytes = 4 * (frozen_)
#define ROWS(array) .rows = (array), .row_count = NN__COUNT(array)

START_TEST(first_model_is_shown_as_keras_does)
{
    nn__summary summary = {.name = "sequential", ROWS(conv1_rows), WEIGHTS(257390, 0)};
    summary_is(&summary, conv1_text, NN__COUNT(conv1_text));
}
END_TEST

START_TEST(model_with_dropout_is_shown_as_keras_does)
{
    nn__summary summary = {.name = "sequential_1", ROWS(conv2_rows), WEIGHTS(257390, 0)};
    summary_is(&summary, conv2_text, NN__COUNT(conv2_text));
}
END_TEST

START_TEST(deep_model_is_shown_as_keras_does)
{
    nn__summary summary = {.name = "sequential_2", ROWS(deep_rows), WEIGHTS(621322, 960)};
    summary_is(&summary, deep_text, NN__COUNT(deep_text));
}
END_TEST

START_TEST(optimizer_has_a_line_and_counts_in_the_total)
{
    nn__summary summary = {.name = "m",
                           WEIGHTS(621322, 960),
                           .has_optimizer = 1,
                           .optimizer = 1242646,
                           .optimizer_bytes = 4 * 1242646 + 4};
    char *text = summary_text(&summary);
    const char *totals = strstr(text, " Total params");
    ck_assert_ptr_nonnull(totals);
    ck_assert_str_eq(totals, " Total params: 1,864,928 (7.11 MB)\n"
                             " Trainable params: 621,322 (2.37 MB)\n"
                             " Non-trainable params: 960 (3.75 KB)\n"
                             " Optimizer params: 1,242,646 (4.74 MB)\n");
    free(text);
}
END_TEST

START_TEST(sizes_change_their_unit_at_1024)
{
    static const struct {
        size_t bytes;
        const char *text;
    } sizes[] = {
        {0, "(0.00 B)"},
        {1023, "(1023.00 B)"},
        {1024, "(1.00 KB)"},
        {1048575, "(1024.00 KB)"},
        {1048576, "(1.00 MB)"},
        {(size_t)5 << 30, "(5.00 GB)"},
        {(size_t)3 << 41, "(6.00 TB)"},
    };
    for (size_t i = 0; i < NN__COUNT(sizes); i++) {
        nn__summary summary = {.name = "m", .trainable_bytes = sizes[i].bytes};
        char *text = summary_text(&summary);
        ck_assert_msg(strstr(text, sizes[i].text) != NULL, "%s lacks %s", text, sizes[i].text);
        free(text);
    }
}
END_TEST

START_TEST(wide_cells_break_at_blanks_and_lose_the_end_of_long_words)
{
    static const nn__summary_row rows[] = {
        {"a_very_long_name_of_a_layer_that_does_not_fit_anywhere", "Conv2D",
         "(None, 1000, 2000, 3000, 4000, 5)", (size_t)1234567890123, NULL, NULL},
        {"abcdefghijklmnopqrstuvwxyz_012345678", "Dense", "(None, 10)", 5, NULL, NULL},
        {"abcdefghijklmnopqrstuvwxyz_0", "Dense", "(None, 100000, 20000, 300000)", 12345678901,
         NULL, NULL},
        {"x", "AVeryLongClassNameThatDoesNotFitIntoTheColumn", "(None, 7)", 999, NULL, NULL},
        {"größe", "Dense", "(None, 7)", 999, NULL, NULL},
    };
    nn__summary summary = {.name = "m", ROWS(rows)};
    char *text = summary_text(&summary);
    const char *first = strstr(text, "┡");
    ck_assert_ptr_nonnull(first);
    *strstr(text, " Total") = '\0';
    ck_assert_str_eq(
        first,
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩\n"
        "│ a_very_long_name_of_a_layer_that_do… │ (None, 1000, 2000, 3000,    │ 1,234,567,890,… │\n"
        "│ (Conv2D)                             │ 4000, 5)                    │                 │\n"
        "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n"
        "│ abcdefghijklmnopqrstuvwxyz_012345678 │ (None, 10)                  │               5 │\n"
        "│ (Dense)                              │                             │                 │\n"
        "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n"
        "│ abcdefghijklmnopqrstuvwxyz_0 (Dense) │ (None, 100000, 20000,       │  12,345,678,901 │\n"
        "│                                      │ 300000)                     │                 │\n"
        "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n"
        "│ x                                    │ (None, 7)                   │             999 │\n"
        "│ (AVeryLongClassNameThatDoesNotFitIn… │                             │                 │\n"
        "├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤\n"
        "│ größe (Dense)                        │ (None, 7)                   │             999 │\n"
        "└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘"
        "\n");
    free(text);
}
END_TEST

START_TEST(shape_begins_with_none)
{
    char text[NN__SUMMARY_SHAPE];
    nn_shape shape = {3, {32, 32, 10}}, widest = {NN_MAX_RANK, {0}};
    ck_assert_str_eq(nn__summary_shape(&shape, text), "(None, 32, 32, 10)");
    for (int i = 0; i < NN_MAX_RANK; i++)
        widest.dims[i] = 2147483647;
    ck_assert_uint_eq(strlen(nn__summary_shape(&widest, text)), 6 + 12 * NN_MAX_RANK);
}
END_TEST

START_TEST(stream_that_cannot_be_written_is_an_error)
{
    nn__summary summary = {.name = "m", ROWS(conv1_rows)};
    FILE *full = fopen("/dev/full", "w");
    ck_assert_int_eq(nn__summary_print(&summary, NULL), NN_EINVAL);
    if (full == NULL)
        return;
    ck_assert_int_eq(nn__summary_print(&summary, full), NN_EIO);
    test_message_has("summary of m");
    fclose(full);
}
END_TEST

Suite *summary_text_suite(void);
Suite *summary_text_suite(void)
{
    return TEST_SUITE("summary_text", first_model_is_shown_as_keras_does,
                      model_with_dropout_is_shown_as_keras_does, deep_model_is_shown_as_keras_does,
                      optimizer_has_a_line_and_counts_in_the_total, sizes_change_their_unit_at_1024,
                      wide_cells_break_at_blanks_and_lose_the_end_of_long_words,
                      shape_begins_with_none, stream_that_cannot_be_written_is_an_error);
}
