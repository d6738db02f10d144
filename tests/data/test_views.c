/* Subsets, takes and splits: row numbers over another dataset. */
#include "data/dataset.h"
#include "sweep.h"

enum { ROWS = 203, CLASSES = 4 };

static nn_real values[ROWS];
static int32_t classes[ROWS];
static nn_tensor *x, *y;

/* Row i is {i}; classes are uneven: 0 in most rows, 3 in a few. */
static nn_dataset *make_parent(void)
{
    for (int i = 0; i < ROWS; i++) {
        values[i] = (nn_real)i;
        classes[i] = i % 29 == 3 ? 3 : i % 7 == 1 ? 2 : i % 3 == 0 ? 1 : 0;
    }
    x = nn_tensor_borrow_const(NN_F32, values, NN_SHAPE(ROWS, 1));
    y = nn_tensor_borrow_const(NN_I32, classes, NN_SHAPE(ROWS));
    return nn_arrays(x, y);
}

static void free_parent(nn_dataset *parent)
{
    nn_dataset_free(parent);
    nn_tensor_free(x);
    nn_tensor_free(y);
}

/* Which of the parent's rows the view shows as row i; its class agrees. */
static int row_of(const nn_dataset *view, size_t i)
{
    nn_real value = -1;
    int label = -1;
    ck_assert_int_eq(nn_dataset_row(view, i, &value, &label), NN_OK);
    ck_assert_int_eq(label, classes[(int)value]);
    return (int)value;
}

START_TEST(a_subset_shows_the_rows_in_the_order_given)
{
    const size_t rows[4] = {200, 3, 3, 0};
    nn_dataset *parent = make_parent(), *view = nn_dataset_subset(parent, rows, 4);
    ck_assert_uint_eq(nn_dataset_rows(view), 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(row_of(view, i), (int)rows[i]);
    ck_assert_int_eq(nn_dataset_classes(view), CLASSES);
    nn_dataset_free(view);
    free_parent(parent);
}
END_TEST

START_TEST(a_view_of_a_view_shows_the_rows_of_the_first_dataset)
{
    const size_t odd[5] = {1, 3, 5, 7, 9}, turned[3] = {4, 0, 2}, one[1] = {1};
    nn_dataset *parent = make_parent(), *a = nn_dataset_subset(parent, odd, 5);
    nn_dataset *b = nn_dataset_subset(a, turned, 3), *c = nn_dataset_take(b, 2);
    nn_dataset *d = nn_dataset_subset(c, one, 1);
    ck_assert_int_eq(row_of(b, 0), 9);
    ck_assert_int_eq(row_of(b, 2), 5);
    ck_assert_uint_eq(nn_dataset_rows(c), 2);
    ck_assert_int_eq(row_of(c, 1), 1);
    ck_assert_int_eq(row_of(d, 0), 1);
    nn_dataset_free(d);
    nn_dataset_free(c);
    nn_dataset_free(b);
    nn_dataset_free(a);
    free_parent(parent);
}
END_TEST

START_TEST(reading_many_rows_of_a_view_allocates_nothing)
{
    static size_t order[ROWS];
    static nn_real got[ROWS];
    static int32_t labels[ROWS];
    test_memory_begin();
    for (size_t i = 0; i < ROWS; i++)
        order[i] = (i * 59 + 5) % ROWS;
    nn_dataset *parent = make_parent(), *view = nn_dataset_subset(parent, order, ROWS);
    long before = test_memory_total();
    ck_assert_int_eq(nn__dataset_read(view, order, ROWS, got, NULL, labels), NN_OK);
    ck_assert_int_eq(test_memory_total(), before);
    for (size_t i = 0; i < ROWS; i++) {
        ck_assert_int_eq((int)got[i], (int)order[order[i]]);
        ck_assert_int_eq(labels[i], classes[(int)got[i]]);
    }
    nn_dataset_free(view);
    free_parent(parent);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

START_TEST(values_of_many_rows_of_a_view_stand_at_their_rows)
{
    static nn_real got[ROWS], targets[ROWS][CLASSES];
    static size_t order[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        order[i] = ROWS - 1 - i;
    nn_dataset *parent = make_parent(), *one_hot = nn_arrays(x, y, .one_hot = 1);
    nn_dataset *view = nn_dataset_subset(one_hot, order, ROWS);
    ck_assert_int_eq(nn__dataset_read(view, order, ROWS, got, targets[0], NULL), NN_OK);
    for (int i = 0; i < ROWS; i++) {
        ck_assert_int_eq((int)got[i], i);
        for (int k = 0; k < CLASSES; k++)
            ck_assert_int_eq((int)targets[i][k], k == classes[i]);
    }
    nn_dataset_free(view);
    nn_dataset_free(one_hot);
    free_parent(parent);
}
END_TEST

START_TEST(take_gives_the_first_rows_or_all)
{
    nn_dataset *parent = make_parent(), *few = nn_dataset_take(parent, 3);
    nn_dataset *all = nn_dataset_take(parent, 100000);
    ck_assert_uint_eq(nn_dataset_rows(few), 3);
    ck_assert_int_eq(row_of(few, 2), 2);
    ck_assert_uint_eq(nn_dataset_rows(all), ROWS);
    ck_assert_int_eq(row_of(all, ROWS - 1), ROWS - 1);
    nn_dataset_free(few);
    nn_dataset_free(all);
    free_parent(parent);
}
END_TEST

START_TEST(rows_that_do_not_exist_are_refused_everywhere)
{
    const size_t rows[2] = {0, ROWS};
    nn_real value[2];
    int32_t label[2];
    nn_dataset *parent = make_parent(), *view = nn_dataset_take(parent, 2);
    ck_assert_ptr_null(nn_dataset_subset(parent, rows, 2));
    test_message_has("indices[1] is row 203, which does not exist; there are 203");
    ck_assert_ptr_null(nn_dataset_subset(parent, rows, 0));
    ck_assert_ptr_null(nn_dataset_subset(NULL, rows, 1));
    ck_assert_ptr_null(nn_dataset_take(parent, 0));
    test_message_has("take: count is 0");
    ck_assert_int_eq(nn_dataset_row(view, 2, value, NULL), NN_EINVAL);
    test_message_has("row 2 does not exist; there are 2");
    ck_assert_int_eq(nn__dataset_read(parent, rows, 2, value, NULL, label), NN_EINVAL);
    test_message_has("row 203 does not exist; there are 203");
    nn_dataset_free(view);
    free_parent(parent);
}
END_TEST

/* How often each row of the parent occurs in the view, added to seen, and rows per class. */
static void count_rows(const nn_dataset *view, int *seen, int *per_class)
{
    int last = -1;
    for (size_t i = 0; i < nn_dataset_rows(view); i++) {
        int row = row_of(view, i);
        ck_assert_int_gt(row, last);
        last = row;
        seen[row]++;
        per_class[classes[row]]++;
    }
}

START_TEST(a_split_is_complete_disjoint_ascending_and_fair_to_each_class)
{
    static const double fractions[] = {0.01, 0.2, 0.25, 0.5, 0.77, 0.99};
    nn_dataset *parent = make_parent(), *first, *second;
    for (size_t f = 0; f < sizeof fractions / sizeof fractions[0]; f++) {
        int seen[ROWS] = {0}, kept[CLASSES] = {0}, cut[CLASSES] = {0};
        ck_assert_int_eq(nn_dataset_split(parent, fractions[f], 1, &first, &second), NN_OK);
        count_rows(first, seen, kept);
        count_rows(second, seen, cut);
        for (int i = 0; i < ROWS; i++)
            ck_assert_int_eq(seen[i], 1);
        for (int k = 0; k < CLASSES; k++)
            ck_assert_int_eq(cut[k], (int)floor((kept[k] + cut[k]) * fractions[f] + 0.5));
        nn_dataset_free(first);
        nn_dataset_free(second);
    }
    free_parent(parent);
}
END_TEST

static int same_rows(const nn_dataset *a, const nn_dataset *b)
{
    int same = nn_dataset_rows(a) == nn_dataset_rows(b);
    for (size_t i = 0; same && i < nn_dataset_rows(a); i++)
        same = row_of(a, i) == row_of(b, i);
    return same;
}

START_TEST(the_same_seed_cuts_the_same_way_and_another_differently)
{
    nn_dataset *parent = make_parent(), *first[3], *second[3];
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(nn_dataset_split(parent, 0.2, i == 2, &first[i], &second[i]), NN_OK);
    ck_assert(same_rows(first[0], first[1]));
    ck_assert(same_rows(second[0], second[1]));
    ck_assert(!same_rows(second[0], second[2]));
    for (int i = 0; i < 3; i++) {
        nn_dataset_free(first[i]);
        nn_dataset_free(second[i]);
    }
    free_parent(parent);
}
END_TEST

START_TEST(a_view_can_be_split)
{
    size_t rows[100];
    int seen[ROWS] = {0}, per_class[CLASSES] = {0};
    nn_dataset *parent = make_parent(), *first, *second;
    for (size_t i = 0; i < 100; i++)
        rows[i] = 2 * i;
    nn_dataset *even = nn_dataset_subset(parent, rows, 100);
    ck_assert_int_eq(nn_dataset_split(even, 0.3, 0, &first, &second), NN_OK);
    count_rows(first, seen, per_class);
    count_rows(second, seen, per_class);
    for (int i = 0; i < ROWS; i++)
        ck_assert_int_eq(seen[i], i % 2 == 0 && i < 200);
    nn_dataset_free(first);
    nn_dataset_free(second);
    nn_dataset_free(even);
    free_parent(parent);
}
END_TEST

START_TEST(rows_without_classes_are_split_as_one_class)
{
    nn_dataset *parent = make_parent(), *unlabelled = nn_arrays(x), *part[2];
    int seen[ROWS] = {0}, in_order = 1;
    ck_assert_int_eq(nn_dataset_split(unlabelled, 0.3, 7, &part[0], &part[1]), NN_OK);
    ck_assert_uint_eq(nn_dataset_rows(part[1]), (size_t)floor(ROWS * 0.3 + 0.5));
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < nn_dataset_rows(part[k]); i++) {
            nn_real value = -1;
            ck_assert_int_eq(nn_dataset_row(part[k], i, &value, NULL), NN_OK);
            seen[(int)value]++;
            in_order &= k == 0 || (int)value == (int)i;
        }
    for (int i = 0; i < ROWS; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert(!in_order);
    nn_dataset_free(part[0]);
    nn_dataset_free(part[1]);
    nn_dataset_free(unlabelled);
    free_parent(parent);
}
END_TEST

START_TEST(an_impossible_split_is_refused_and_writes_nothing)
{
    nn_dataset *parent = make_parent(), *first = parent, *second = parent;
    static const double fractions[] = {-0.1, 1.1, (double)NAN, 0, 1, 0.001};
    for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
        ck_assert_int_eq(nn_dataset_split(parent, fractions[i], 0, &first, &second), NN_EINVAL);
        test_message_has("split: fraction");
    }
    ck_assert_int_eq(nn_dataset_split(NULL, 0.5, 0, &first, &second), NN_EINVAL);
    ck_assert_int_eq(nn_dataset_split(parent, 0.5, 0, &first, NULL), NN_EINVAL);
    ck_assert_ptr_eq(first, parent);
    ck_assert_ptr_eq(second, parent);
    free_parent(parent);
}
END_TEST

static nn_dataset *make_split(void *arg)
{
    nn_dataset *first = NULL, *second = NULL;
    if (nn_dataset_split(arg, 0.2, 0, &first, &second) != NN_OK) {
        ck_assert_ptr_null(first);
        ck_assert_ptr_null(second);
        return NULL;
    }
    nn_dataset_free(second);
    return first;
}

static nn_dataset *make_take(void *arg)
{
    return nn_dataset_take(arg, 10);
}

START_TEST(failing_memory_leaves_nothing_behind)
{
    test_memory_begin();
    nn_dataset *parent = make_parent();
    sweep_allocations(make_split, parent, 7);
    sweep_allocations(make_take, parent, 2);
    free_parent(parent);
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *views_suite(void);
Suite *views_suite(void)
{
    return TEST_SUITE(
        "views", a_subset_shows_the_rows_in_the_order_given,
        a_view_of_a_view_shows_the_rows_of_the_first_dataset,
        reading_many_rows_of_a_view_allocates_nothing,
        values_of_many_rows_of_a_view_stand_at_their_rows, take_gives_the_first_rows_or_all,
        rows_that_do_not_exist_are_refused_everywhere,
        a_split_is_complete_disjoint_ascending_and_fair_to_each_class,
        the_same_seed_cuts_the_same_way_and_another_differently, a_view_can_be_split,
        rows_without_classes_are_split_as_one_class,
        an_impossible_split_is_refused_and_writes_nothing, failing_memory_leaves_nothing_behind);
}
