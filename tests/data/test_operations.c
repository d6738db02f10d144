/* skip, repeat, concatenate, map, datasets made by a function, and moments. */
#include "data/dataset.h"
#include "sweep.h"

#include <stdatomic.h>

enum { ROWS = 11 };

static nn_real values[ROWS][2];
static int32_t classes[ROWS];
static nn_tensor *x, *y;

static nn_dataset *make_parent(void)
{
    for (int i = 0; i < ROWS; i++) {
        values[i][0] = (nn_real)i;
        values[i][1] = (nn_real)(-2 * i);
        classes[i] = i % 3;
    }
    x = nn_tensor_borrow_const(NN_F32, values, NN_SHAPE(ROWS, 2));
    y = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS));
    return nn_arrays(x, y);
}

static void free_parent(nn_dataset *parent)
{
    nn_dataset_free(parent);
    nn_tensor_free(x);
    nn_tensor_free(y);
}

static int row_of(const nn_dataset *dataset, size_t i)
{
    nn_real row[2] = {-1, -1};
    int label = -1;
    ck_assert_int_eq(nn_dataset_row(dataset, i, row, &label), NN_OK);
    ck_assert_int_eq(label, (int)row[0] % 3);
    return (int)row[0];
}

START_TEST(skip_gives_the_rest)
{
    nn_dataset *parent = make_parent(), *rest = nn_dataset_skip(parent, 4);
    ck_assert_uint_eq(nn_dataset_rows(rest), ROWS - 4);
    ck_assert_int_eq(row_of(rest, 0), 4);
    ck_assert_int_eq(row_of(rest, ROWS - 5), ROWS - 1);
    nn_dataset *more = nn_dataset_skip(rest, 6);
    ck_assert_int_eq(row_of(more, 0), 10);
    ck_assert_ptr_null(nn_dataset_skip(parent, ROWS));
    test_message_has("skip: count is 11; there are 11 rows");
    ck_assert_ptr_null(nn_dataset_skip(NULL, 0));
    nn_dataset_free(more);
    nn_dataset_free(rest);
    free_parent(parent);
}
END_TEST

START_TEST(repeat_gives_the_rows_again)
{
    nn_dataset *parent = make_parent(), *thrice = nn_dataset_repeat(parent, 3);
    ck_assert_uint_eq(nn_dataset_rows(thrice), 3 * ROWS);
    for (size_t i = 0; i < 3 * ROWS; i++)
        ck_assert_int_eq(row_of(thrice, i), (int)i % ROWS);
    ck_assert_ptr_null(nn_dataset_repeat(parent, 0));
    test_message_has("count is 0");
    ck_assert_ptr_null(nn_dataset_repeat(parent, SIZE_MAX / 2));
    test_message_has("memory");
    nn_dataset_free(thrice);
    free_parent(parent);
}
END_TEST

START_TEST(concatenate_shows_the_rows_of_all)
{
    nn_dataset *parent = make_parent(), *a = nn_dataset_take(parent, 1);
    nn_dataset *b = nn_dataset_skip(parent, 9);
    const nn_dataset *parts[] = {b, a, parent};
    nn_dataset *all = nn_dataset_concatenate(parts, 3);
    static const int wanted[] = {9, 10, 0, 0, 1, 2};
    ck_assert_uint_eq(nn_dataset_rows(all), 3 + ROWS);
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(row_of(all, i), wanted[i]);
    ck_assert_int_eq(row_of(all, 13), 10);
    nn_dataset *first, *second;
    ck_assert_int_eq(nn_dataset_split(all, 0.5, 1, &first, &second), NN_OK);
    ck_assert_uint_eq(nn_dataset_rows(first) + nn_dataset_rows(second), 14);
    nn_real many[3][2];
    int32_t labels[3];
    const size_t rows[3] = {13, 0, 2};
    ck_assert_int_eq(nn__dataset_read(all, rows, 3, many[0], NULL, labels), NN_OK);
    ck_assert(many[0][1] == -20 && many[1][0] == 9 && many[2][0] == 0);
    ck_assert(labels[0] == 1 && labels[1] == 0 && labels[2] == 0);
    nn_dataset_free(first);
    nn_dataset_free(second);
    nn_dataset_free(all);
    nn_dataset_free(a);
    nn_dataset_free(b);
    free_parent(parent);
}
END_TEST

START_TEST(concatenate_refuses_what_differs)
{
    nn_dataset *parent = make_parent();
    nn_tensor *wide = nn_tensor_borrow_const(NN_F32, values, NN_SHAPE(1, 22));
    nn_dataset *a = nn_arrays(wide), *b = nn_arrays(x, y, .one_hot = 1), *c = nn_arrays(x);
    ck_assert_ptr_null(nn_dataset_concatenate((const nn_dataset *[]){parent, a}, 2));
    test_message_has("concatenate: x of dataset 1 is 22, that of the first 2");
    ck_assert_ptr_null(nn_dataset_concatenate((const nn_dataset *[]){parent, b}, 2));
    test_message_has("concatenate: y of dataset 1");
    ck_assert_ptr_null(nn_dataset_concatenate((const nn_dataset *[]){parent, c}, 2));
    test_message_has("dataset 1 has 0 classes and no targets, the first 3");
    ck_assert_ptr_null(nn_dataset_concatenate((const nn_dataset *[]){parent, NULL}, 2));
    test_message_has("dataset 1 is NULL");
    ck_assert_ptr_null(nn_dataset_concatenate(NULL, 2));
    nn_dataset_free(a);
    nn_dataset_free(b);
    nn_dataset_free(c);
    nn_tensor_free(wide);
    free_parent(parent);
}
END_TEST

/* Three numbers of two, and the row's number. */
static nn_status widen(void *user, size_t row, const nn_real *from, nn_real *to)
{
    atomic_fetch_add((atomic_int *)user, 1);
    if (row == 7)
        return nn_fail(NN_EUSER, "seven");
    to[0] = from[0] + from[1];
    to[1] = from[0] * 10;
    to[2] = (nn_real)row;
    return row == 8 ? (nn_status)5 : NN_OK;
}

START_TEST(map_makes_another_x_and_hands_failures_on)
{
    atomic_int calls = 0;
    const nn_shape shape = {1, {3}};
    test_memory_begin();
    nn_dataset *parent = make_parent();
    nn_dataset *mapped = nn_dataset_map(parent, &shape, widen, &calls);
    const size_t rows[2] = {3, 5};
    nn_real row[6];
    int32_t labels[2];
    ck_assert_int_eq(nn_dataset_shape(mapped)->dims[0], 3);
    ck_assert_int_eq(nn__dataset_read(mapped, rows, 2, row, NULL, labels), NN_OK);
    long total = test_memory_total();
    ck_assert_int_eq(nn__dataset_read(mapped, rows, 2, row, NULL, labels), NN_OK);
    ck_assert_int_eq(test_memory_total(), total);
    ck_assert(row[0] == -3 && row[1] == 30 && row[2] == 3 && row[4] == 50 && row[5] == 5);
    ck_assert(labels[0] == 0 && labels[1] == 2);
    ck_assert_int_eq(atomic_load(&calls), 4);
    ck_assert_int_eq(nn_dataset_row(mapped, 7, row, NULL), NN_EUSER);
    test_message_has("seven");
    ck_assert_int_eq(nn_dataset_row(mapped, 8, row, NULL), NN_EUSER);
    test_message_has("map: the function returned 5 for row 8");
    ck_assert_ptr_null(nn_dataset_map(parent, &shape, NULL, NULL));
    ck_assert_ptr_null(nn_dataset_map(parent, &(nn_shape){1, {0}}, widen, NULL));
    test_message_has("dimension 0 of x is 0");
    nn_dataset_free(mapped);
    free_parent(parent);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

/* x = {row, row + 1}, the class row % 4, which 3 is beyond. */
static nn_status make_row(void *user, size_t row, nn_real *values_, nn_real *targets, int *label)
{
    if (values_ != NULL) {
        values_[0] = (nn_real)row;
        values_[1] = (nn_real)row + *(nn_real *)user;
    }
    if (targets != NULL)
        targets[0] = (nn_real)row / 2;
    if (label != NULL)
        *label = (int)row % 4;
    return NN_OK;
}

START_TEST(a_function_makes_rows)
{
    nn_real step = 1, row[2], targets[3];
    int label;
    const size_t two = 2;
    nn_dataset *dataset = nn_function_data(make_row, 100, &step, .x = {1, {2}}, .classes = 3,
                                           .one_hot = 1, .class_names = nn_names("a", "b", "c"));
    ck_assert_msg(dataset != NULL, "%s", nn_error_message());
    ck_assert_int_eq(nn_dataset_row(dataset, 2, row, &label), NN_OK);
    ck_assert(row[0] == 2 && row[1] == 3 && label == 2);
    ck_assert_int_eq(nn__dataset_read(dataset, &two, 1, row, targets, NULL), NN_OK);
    ck_assert(targets[0] == 0 && targets[1] == 0 && targets[2] == 1);
    const size_t three = 3;
    ck_assert_int_eq(nn__dataset_read(dataset, &three, 1, row, targets, NULL), NN_EINVAL);
    test_message_has("function_data: row 3: class 3 is outside 0..2");
    ck_assert_str_eq(nn_dataset_class_name(dataset, 1), "b");
    nn_dataset_free(dataset);
    dataset = nn_function_data(make_row, 100, &step, .x = {1, {2}}, .y = {1, {1}});
    ck_assert_int_eq(nn__dataset_read(dataset, &three, 1, row, targets, NULL), NN_OK);
    ck_assert(targets[0] == (nn_real)1.5);
    nn_dataset_free(dataset);
    ck_assert_ptr_null(nn_function_data(.rows = 1, .x = {1, {2}}));
    test_message_has("function must be given");
    ck_assert_ptr_null(nn_function_data(make_row, .x = {1, {2}}));
    test_message_has("rows is 0");
    ck_assert_ptr_null(nn_function_data(make_row, 1));
    test_message_has("x has rank 0");
    ck_assert_ptr_null(nn_function_data(make_row, 1, .x = {1, {2}}, .one_hot = 1));
    test_message_has("one_hot is for classes");
}
END_TEST

/* A model trains on mapped rows of several threads to the same bits as with one. */
START_TEST(a_fit_reads_mapped_rows_by_several_threads)
{
    static nn_real weights[2][64];
    nn_real step = 1;
    atomic_int calls = 0;
    nn_dataset *rows = nn_function_data(make_row, 40, &step, .x = {1, {2}}, .y = {1, {1}});
    nn_dataset *low = nn_dataset_take(rows, 7);
    for (int k = 0; k < 2; k++) {
        nn_dataset *mapped = nn_dataset_map(low, &(nn_shape){1, {3}}, widen, &calls);
        nn_model *model = nn_sequential(nn_input(3), nn_dense(1));
        nn_model_set_threads(model, k == 0 ? 1 : 3);
        nn_compile(model, nn_sgd(.learning_rate = 1e-4), nn_mean_squared_error());
        ck_assert_int_eq(nn_fit(model, mapped, .epochs = 3, .batch_size = 7), NN_OK);
        ck_assert_uint_le(nn_model_snapshot_count(model), 64);
        nn_model_snapshot(model, weights[k]);
        nn_model_free(model);
        nn_dataset_free(mapped);
    }
    ck_assert_mem_eq(weights[0], weights[1], sizeof weights[0]);
    nn_dataset *mapped = nn_dataset_map(rows, &(nn_shape){1, {3}}, widen, &calls);
    nn_model *model = nn_sequential(nn_input(3), nn_dense(1));
    nn_compile(model, nn_sgd(), nn_mean_squared_error());
    ck_assert_int_eq(nn_fit(model, mapped), NN_EUSER);
    nn_model_free(model);
    nn_dataset_free(mapped);
    nn_dataset_free(low);
    nn_dataset_free(rows);
}
END_TEST

START_TEST(moments_are_by_channel_and_exact_far_from_zero)
{
    enum { N = 50, H = 3, C = 2 };
    static nn_real data[N * H][C];
    uint64_t state = 5;
    double sum[C] = {0}, squares[C] = {0}, mean[C], variance[C];
    for (int i = 0; i < N * H; i++)
        for (int c = 0; c < C; c++)
            data[i][c] = (nn_real)(test_random_int(&state, 0, 63) + (c ? 4194304 : 0));
    for (int i = 0; i < N * H; i++)
        for (int c = 0; c < C; c++)
            sum[c] += (double)data[i][c];
    for (int i = 0; i < N * H; i++)
        for (int c = 0; c < C; c++)
            squares[c] += pow((double)data[i][c] - sum[c] / (N * H), 2);
    nn_tensor *t = nn_tensor_borrow_const(NN_F32, data, NN_SHAPE(N, H, C));
    nn_dataset *dataset = nn_arrays(t);
    ck_assert_int_eq(nn_dataset_moments(dataset, mean, variance), NN_OK);
    for (int c = 0; c < C; c++) {
        ck_assert_double_eq_tol(mean[c], sum[c] / (N * H), 1e-14 * (1 + fabs(mean[c])));
        ck_assert_double_eq_tol(variance[c], squares[c] / (N * H), 1e-9);
    }
    ck_assert_int_eq(nn_dataset_moments(dataset, NULL, variance), NN_OK);
    ck_assert_int_eq(nn_dataset_moments(NULL, mean, variance), NN_EINVAL);
    nn_dataset_free(dataset);
    nn_tensor_free(t);
}
END_TEST

static nn_dataset *make_all(void *arg)
{
    static nn_real step = 1;
    const nn_dataset *const *parents = arg;
    nn_dataset *made = nn_function_data(make_row, 5, &step, .x = {1, {2}}, .classes = 4,
                                        .class_names = nn_names("a", "b", "c", "d"));
    nn_dataset *mapped = made ? nn_dataset_map(parents[0], NULL, widen, NULL) : NULL;
    nn_dataset *repeated = mapped ? nn_dataset_repeat(parents[0], 2) : NULL;
    nn_dataset *rest = repeated ? nn_dataset_skip(parents[0], 2) : NULL;
    double moments[2];
    nn_dataset *all = NULL;
    if (rest != NULL && nn_dataset_moments(parents[0], moments, NULL) == NN_OK)
        all = nn_dataset_concatenate(parents, 2);
    nn_dataset_free(made);
    nn_dataset_free(mapped);
    nn_dataset_free(repeated);
    nn_dataset_free(rest);
    return all;
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    test_memory_begin();
    nn_dataset *parent = make_parent();
    const nn_dataset *parents[2] = {parent, parent};
    sweep_allocations(make_all, parents, 15);
    free_parent(parent);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *operations_suite(void);
Suite *operations_suite(void)
{
    return TEST_SUITE("operations", skip_gives_the_rest, repeat_gives_the_rows_again,
                      concatenate_shows_the_rows_of_all, concatenate_refuses_what_differs,
                      map_makes_another_x_and_hands_failures_on, a_function_makes_rows,
                      a_fit_reads_mapped_rows_by_several_threads,
                      moments_are_by_channel_and_exact_far_from_zero,
                      failing_memory_leaves_nothing_behind);
}
