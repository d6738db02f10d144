/* The progress text, to the byte. The expected texts with escapes were printed by Keras 3.15's
 * Progbar under the same clock. */
#include "test.h"

#include <locale.h>

#include "base/base.h"
#include "train/logs.h"
#include "train/progress.h"

#define BOLD "\33[1m"
#define GREEN "\33[32m"
#define WHITE "\33[37m"
#define END "\33[0m"
#define CELLS_10 "━━━━━━━━━━"
#define CELLS_20 CELLS_10 CELLS_10

static double now;

static double fake_clock(void)
{
    return now;
}

/* A bar that prints into memory. */
typedef struct bar {
    nn__progress progress;
    nn_logs *logs;
    FILE *stream;
    char *text;
    size_t size;
    size_t seen; /* bytes that bar_printed has compared */
} bar;

static void bar_open(bar *b)
{
    memset(b, 0, sizeof *b);
    nn__set_clock(fake_clock);
    now = 100;
    b->logs = nn__logs_new();
    b->stream = open_memstream(&b->text, &b->size);
    ck_assert(b->logs != NULL && b->stream != NULL);
}

static void bar_close(bar *b)
{
    nn__progress_free(&b->progress);
    nn__logs_free(b->logs);
    fclose(b->stream);
    free(b->text);
    nn__set_clock(NULL);
}

static void bar_set(bar *b, const char *name, double value)
{
    ck_assert_int_eq(nn_logs_set(b->logs, name, value), NN_OK);
}

static void bar_step(bar *b, double time, int done, double accuracy, double loss)
{
    now = time;
    bar_set(b, "accuracy", accuracy);
    bar_set(b, "loss", loss);
    ck_assert_int_eq(nn__progress_update(&b->progress, done, b->logs), NN_OK);
}

static void bar_end(bar *b, double time)
{
    now = time;
    ck_assert_int_eq(nn__progress_end(&b->progress, b->logs), NN_OK);
}

/* What was printed since the last call is `expected`, where <78> stands for 78 backspaces. */
static void bar_printed(bar *b, const char *expected)
{
    static char shown[8192];
    size_t length = 0, run = 0;
    fflush(b->stream);
    for (size_t i = b->seen; i <= b->size; i++) {
        char c = i < b->size ? b->text[i] : '\0';
        if (c == '\b') {
            run++;
            continue;
        }
        if (run > 0)
            length += (size_t)snprintf(shown + length, 32, "<%zu>", run);
        run = 0;
        shown[length++] = c;
    }
    ck_assert_str_eq(shown, expected);
    b->seen = b->size;
}

START_TEST(redraws_as_keras_does_on_a_terminal)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 4, 20, 1563, 1);
    bar_printed(&b, "Epoch 5/20\n");
    bar_step(&b, 101, 1, .125, 2.5);
    bar_printed(&b, "\r" BOLD "   1/1563" END " " WHITE CELLS_20 END " " BOLD "26:02" END
                    " 1s/step - accuracy: 0.1250 - loss: 2.5000");
    bar_step(&b, 101.02, 2, .13, 2.4);
    bar_printed(&b, "");
    bar_step(&b, 101.06, 3, .14, 2.3);
    bar_printed(&b, "<78>\r" BOLD "   3/1563" END " " WHITE CELLS_20 END " " BOLD "46s" END
                    " 30ms/step - accuracy: 0.1400 - loss: 2.3000");
    bar_step(&b, 105, 782, .4021, 1.6402);
    bar_printed(&b, "<78>\r" BOLD " 782/1563" END " " GREEN CELLS_10 END WHITE CELLS_10 END " " BOLD
                    "4s" END " 5ms/step - accuracy: 0.4021 - loss: 1.6402  ");
    bar_set(&b, "accuracy", .6032);
    bar_set(&b, "loss", 1.1235);
    bar_set(&b, "val_accuracy", .6301);
    bar_set(&b, "val_loss", 1.05);
    bar_set(&b, "learning_rate", 5e-4);
    bar_end(&b, 109);
    bar_printed(&b, "<76>\r" BOLD "1563/1563" END " " GREEN CELLS_20 END WHITE END " " BOLD "9s" END
                    " 5ms/step - accuracy: 0.6032 - loss: 1.1235 - val_accuracy: 0.6301"
                    " - val_loss: 1.0500 - learning_rate: 5.0000e-04\n");
    bar_close(&b);
}
END_TEST

START_TEST(second_epoch_begins_afresh)
{
    bar b;
    bar_open(&b);
    for (int epoch = 0; epoch < 2; epoch++) {
        now = 100;
        nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, epoch, 2, 20, 1);
        bar_printed(&b, epoch == 0 ? "Epoch 1/2\n" : "Epoch 2/2\n");
        nn__logs_clear(b.logs);
        bar_step(&b, 100.5, 10, 1, 2);
        bar_printed(&b, "\r" BOLD "10/20" END " " GREEN CELLS_10 END WHITE CELLS_10 END " " BOLD
                        "0s" END " 50ms/step - accuracy: 1.0000 - loss: 2.0000");
        bar_set(&b, "a", 3);
        bar_end(&b, 101);
        bar_printed(&b, "<73>\r" BOLD "20/20" END " " GREEN CELLS_20 END WHITE END " " BOLD "1s" END
                        " 50ms/step - accuracy: 1.0000 - loss: 2.0000 - a: 3.0000\n");
    }
    bar_close(&b);
}
END_TEST

START_TEST(eta_has_hours_and_shorter_lines_cover_longer_ones)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 1, 100, 1);
    bar_step(&b, 200, 1, .5, 100000.5);
    bar_printed(&b, "\r" BOLD "  1/100" END " " WHITE CELLS_20 END " " BOLD "2:45:00" END
                    " 100s/step - accuracy: 0.5000 - loss: 100000.5000");
    bar_step(&b, 300, 2, .5, 1);
    bar_printed(&b, "<85>\r" BOLD "  2/100" END " " WHITE CELLS_20 END " " BOLD "2:43:20" END
                    " 100s/step - accuracy: 0.5000 - loss: 1.0000     ");
    bar_step(&b, 397, 3, .5, 1);
    bar_printed(&b, "<80>\r" BOLD "  3/100" END " " WHITE CELLS_20 END " " BOLD "2:39:14" END
                    " 98s/step - accuracy: 0.5000 - loss: 1.0000 ");
    bar_step(&b, 400, 99, .5, 1);
    bar_printed(&b, "<79>\r" BOLD " 99/100" END " " GREEN CELLS_10 "━━━━━━━━━" END WHITE "━" END
                    " " BOLD "2s" END " 2s/step - accuracy: 0.5000 - loss: 1.0000      ");
    bar_set(&b, "loss", -2e-4);
    bar_end(&b, 401);
    bar_printed(&b, "<73>\r" BOLD "100/100" END " " GREEN CELLS_20 END WHITE END " " BOLD "301s" END
                    " 2s/step - accuracy: 0.5000 - loss: -2.0000e-04\n");
    bar_close(&b);
}
END_TEST

START_TEST(one_step_takes_microseconds_and_numbers_may_be_nan)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 1, 1, 1);
    bar_step(&b, 100.0004, 1, .5, 1);
    bar_printed(&b, "\r" BOLD "1/1" END " " GREEN CELLS_20 END WHITE END " " BOLD "0s" END
                    " 400us/step - accuracy: 0.5000 - loss: 1.0000");
    bar_set(&b, "accuracy", HUGE_VAL);
    bar_set(&b, "loss", -(double)NAN);
    bar_end(&b, 100.0005);
    bar_printed(&b, "<72>\r" BOLD "1/1" END " " GREEN CELLS_20 END WHITE END " " BOLD "0s" END
                    " 500us/step - accuracy: inf - loss: nan      \n");
    bar_close(&b);
}
END_TEST

START_TEST(predict_has_no_numbers)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 1, 20, 1);
    now = 100.5;
    ck_assert_int_eq(nn__progress_update(&b.progress, 10, NULL), NN_OK);
    now = 101;
    ck_assert_int_eq(nn__progress_end(&b.progress, NULL), NN_OK);
    bar_printed(&b, "\r" BOLD "10/20" END " " GREEN CELLS_10 END WHITE CELLS_10 END " " BOLD
                    "0s" END " 50ms/step<39>\r" BOLD "20/20" END " " GREEN CELLS_20 END WHITE END
                    " " BOLD "1s" END " 50ms/step\n");
    bar_close(&b);
}
END_TEST

START_TEST(file_gets_plain_lines_at_the_end_and_every_ten_seconds)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 20, 20, 0);
    bar_step(&b, 101, 1, .5, 1);
    bar_step(&b, 109.9, 4, .5, 1);
    bar_printed(&b, "Epoch 1/20\n");
    bar_step(&b, 110, 10, .5, 1);
    bar_printed(&b, "10/20 " CELLS_10 "────────── 10s 1s/step - accuracy: 0.5000"
                    " - loss: 1.0000\n");
    bar_step(&b, 119, 15, .5, 1);
    bar_printed(&b, "");
    bar_set(&b, "val_loss", 3);
    bar_end(&b, 119.5);
    bar_printed(&b, "20/20 " CELLS_20 " 20s 974ms/step - accuracy: 0.5000 - loss: 1.0000"
                    " - val_loss: 3.0000\n");
    bar_close(&b);
}
END_TEST

START_TEST(one_line_is_printed_at_the_end_only)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_ONE_LINE, 1, 3, 1563, 1);
    bar_step(&b, 101, 1, .5, 1);
    bar_step(&b, 104, 1562, .5, 1);
    bar_printed(&b, "Epoch 2/3\n");
    bar_set(&b, "accuracy", .6032);
    bar_set(&b, "loss", -1.1235);
    bar_set(&b, "learning_rate", 1e-3);
    bar_end(&b, 105);
    bar_printed(&b, "1563/1563 - 5s - 3ms/step - accuracy: 0.6032 - loss: -1.1235e+00"
                    " - learning_rate: 0.0010\n");
    bar_close(&b);
}
END_TEST

START_TEST(small_numbers_are_scientific_up_to_a_thousandth)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_ONE_LINE, 0, 1, 10, 0);
    bar_set(&b, "a", 1e-3);
    bar_set(&b, "b", 0.00099);
    bar_set(&b, "c", 0);
    bar_set(&b, "d", 1e-6);
    bar_set(&b, "e", 1e300);
    bar_set(&b, "f", -1e300);
    bar_end(&b, 100);
    bar_printed(&b, "10/10 - 0s - 0s/step - a: 0.0010 - b: 9.9000e-04 - c: 0.0000e+00"
                    " - d: 1.0000e-06 - e: inf - f: -inf\n");
    bar_close(&b);
}
END_TEST

START_TEST(silent_prints_nothing)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_SILENT, 0, 3, 10, 1);
    bar_step(&b, 101, 1, .5, 1);
    bar_end(&b, 102);
    nn__progress_begin(&b.progress, NULL, NN_PROGRESS_BAR, 0, 3, 10, 1);
    bar_step(&b, 101, 1, .5, 1);
    bar_end(&b, 102);
    bar_printed(&b, "");
    bar_close(&b);
}
END_TEST

START_TEST(width_counts_characters_not_bytes)
{
    bar b;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 1, 2, 1);
    bar_set(&b, "größe", 1);
    now = 101;
    ck_assert_int_eq(nn__progress_update(&b.progress, 1, b.logs), NN_OK);
    fflush(b.stream);
    b.seen = b.size;
    bar_end(&b, 102);
    bar_printed(&b, "<51>\r" BOLD "2/2" END " " GREEN CELLS_20 END WHITE END " " BOLD "2s" END
                    " 1s/step - größe: 1.0000\n");
    bar_close(&b);
}
END_TEST

START_TEST(any_number_of_metrics_fits)
{
    bar b;
    char name[64];
    enum { METRICS = 200 };
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_ONE_LINE, 0, 1, 2, 0);
    for (int i = 0; i < METRICS; i++) {
        snprintf(name, sizeof name, "a_metric_with_a_long_name_number_%03d", i);
        bar_set(&b, name, i + 1);
    }
    bar_end(&b, 102);
    fflush(b.stream);
    int shown = 0;
    for (const char *at = b.text; (at = strstr(at, " - a_metric_")) != NULL; at++)
        shown++;
    ck_assert_int_eq(shown, METRICS);
    ck_assert_str_eq(strrchr(b.text, '_'), "_199: 200.0000\n");
    bar_close(&b);
}
END_TEST

START_TEST(steps_after_the_first_allocate_nothing)
{
    bar b;
    test_memory_begin();
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 2, 100, 1);
    bar_step(&b, 101, 1, .5, 1);
    long before = test_memory_total();
    for (int i = 2; i <= 100; i++)
        bar_step(&b, 100 + i, i, .5, i * 1e30);
    ck_assert_int_eq(test_memory_total(), before);
    bar_close(&b);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(lack_of_memory_is_reported)
{
    bar b;
    test_memory_begin();
    for (int n = 0; n < 4; n++) {
        bar_open(&b);
        bar_set(&b, "loss", 1);
        nn__progress_begin(&b.progress, b.stream, NN_PROGRESS_BAR, 0, 1, 2, 1);
        test_memory_fail(n, 1);
        nn_status status = nn__progress_update(&b.progress, 1, b.logs);
        test_memory_fail(-1, 1);
        ck_assert_int_eq(status, n < 3 ? NN_ENOMEM : NN_OK);
        bar_close(&b);
        ck_assert_int_eq(test_memory_live(), 0);
    }
    test_memory_end();
}
END_TEST

START_TEST(comma_locale_still_prints_points)
{
    bar b;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        return;
    bar_open(&b);
    nn__progress_begin(&b.progress, b.stream, NN_ONE_LINE, 0, 1, 2, 0);
    bar_set(&b, "loss", 1.5);
    bar_set(&b, "rate", 1.5e-4);
    bar_end(&b, 102);
    bar_printed(&b, "2/2 - 2s - 1s/step - loss: 1.5000 - rate: 1.5000e-04\n");
    setlocale(LC_NUMERIC, "C");
    bar_close(&b);
}
END_TEST

START_TEST(memory_stream_is_no_terminal)
{
    bar b;
    bar_open(&b);
    ck_assert_int_eq(nn__progress_is_terminal(b.stream), 0);
    ck_assert_int_eq(nn__progress_is_terminal(NULL), 0);
    bar_close(&b);
}
END_TEST

Suite *progress_suite(void);
Suite *progress_suite(void)
{
    return TEST_SUITE("progress", redraws_as_keras_does_on_a_terminal, second_epoch_begins_afresh,
                      eta_has_hours_and_shorter_lines_cover_longer_ones,
                      one_step_takes_microseconds_and_numbers_may_be_nan, predict_has_no_numbers,
                      file_gets_plain_lines_at_the_end_and_every_ten_seconds,
                      one_line_is_printed_at_the_end_only,
                      small_numbers_are_scientific_up_to_a_thousandth, silent_prints_nothing,
                      width_counts_characters_not_bytes, any_number_of_metrics_fits,
                      steps_after_the_first_allocate_nothing, lack_of_memory_is_reported,
                      comma_locale_still_prints_points, memory_stream_is_no_terminal);
}
