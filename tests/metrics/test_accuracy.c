#include "metrics/metric.h"
#include "test.h"

enum { MOST = 64 };

/* The accuracy after batches of the given rows, one after the other. */
static double accuracy(const nn_real *p, const nn_real *y, const int32_t *classes, int width,
                       int batches, const int *rows)
{
    char state[MOST];
    const nn_metric_kind *kind = &nn__accuracy_metric;
    ck_assert_uint_le(kind->state_size, sizeof state);
    memset(state, 0, sizeof state);
    for (int b = 0, first = 0; b < batches; first += rows[b++]) {
        nn_metric_pass pass = {.struct_size = sizeof pass,
                               .rows = rows[b],
                               .width = width,
                               .prediction = p + first * width,
                               .targets = y != NULL ? y + first * width : NULL,
                               .classes = classes != NULL ? classes + first : NULL};
        kind->update(&pass, state);
    }
    return kind->result(NULL, state);
}

START_TEST(classes_and_one_hot_rows_count_the_largest_prediction)
{
    nn_real p[12] = {1, 3, 2, 5, 4, 0, 0, 1, 7, 2, 1, 3}, y[12] = {0};
    int32_t classes[4] = {1, 0, 0, 2};
    for (size_t i = 0; i < 4; i++)
        y[3 * i + (size_t)classes[i]] = 1;
    ck_assert(accuracy(p, NULL, classes, 3, 1, (const int[]){4}) == 0.75);
    ck_assert(accuracy(p, y, NULL, 3, 1, (const int[]){4}) == 0.75);
}
END_TEST

START_TEST(ties_go_to_the_lowest_index)
{
    nn_real p[6] = {2, 2, 2, 1, 3, 3}, y[6] = {0, 0, 0, 0, 1, 1};
    ck_assert(accuracy(p, NULL, (const int32_t[]){0, 1}, 3, 1, (const int[]){2}) == 1);
    ck_assert(accuracy(p, NULL, (const int32_t[]){1, 2}, 3, 1, (const int[]){2}) == 0);
    ck_assert(accuracy(p, y, NULL, 3, 1, (const int[]){2}) == 1);
}
END_TEST

START_TEST(one_number_is_compared_above_a_half)
{
    nn_real p[4] = {(nn_real)0.5, (nn_real)0.51, (nn_real)0.2, 1}, y[4] = {0, 1, 1, 1};
    ck_assert(accuracy(p, y, NULL, 1, 1, (const int[]){4}) == 0.75);
    ck_assert(accuracy(p, NULL, (const int32_t[]){0, 1, 1, 1}, 1, 1, (const int[]){4}) == 0.75);
}
END_TEST

/* 32 rows all wrong and 16 all right: weighted by rows, not by batches. */
START_TEST(batches_weigh_by_their_rows)
{
    nn_real p[96];
    int32_t classes[48];
    for (size_t i = 0; i < 48; i++) {
        p[2 * i] = 1;
        p[2 * i + 1] = 0;
        classes[i] = i < 32;
    }
    ck_assert(accuracy(p, NULL, classes, 2, 2, (const int[]){32, 16}) == 16 / 48.0);
    ck_assert(accuracy(p, NULL, classes, 2, 0, NULL) == 0);
    ck_assert_int_eq(nn__accuracy_metric.better, NN_MAX);
}
END_TEST

Suite *accuracy_suite(void)
{
    return TEST_SUITE("accuracy", classes_and_one_hot_rows_count_the_largest_prediction,
                      ties_go_to_the_lowest_index, one_number_is_compared_above_a_half,
                      batches_weigh_by_their_rows);
}
