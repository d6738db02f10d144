/* Zips: several datasets row by row, and views of them. */
#include "data/dataset.h"
#include "sweep.h"

enum { ROWS = 70, CLASSES = 3 };

/* Three datasets of as many rows: x of widths 2, 3 and 1; y classes, values of width 2, none. */
static struct {
    nn_real a[ROWS * 2], b[ROWS * 3], c[ROWS], values[ROWS * 2];
    int32_t classes[ROWS];
    nn_tensor *ta, *tb, *tc, *tvalues, *tclasses;
    nn_dataset *first, *second, *third;
} set;

static void set_open(void)
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < 3; j++)
            set.b[i * 3 + j] = (nn_real)(1000 + 10 * i + j);
        for (int j = 0; j < 2; j++) {
            set.a[i * 2 + j] = (nn_real)(10 * i + j);
            set.values[i * 2 + j] = (nn_real)(-10 * i - j);
        }
        set.c[i] = (nn_real)(i + 0.5);
        set.classes[i] = i % 7 % CLASSES;
    }
    set.ta = nn_tensor_borrow(NN_F32, set.a, NN_SHAPE(ROWS, 2));
    set.tb = nn_tensor_borrow(NN_F32, set.b, NN_SHAPE(ROWS, 3));
    set.tc = nn_tensor_borrow(NN_F32, set.c, NN_SHAPE(ROWS));
    set.tvalues = nn_tensor_borrow(NN_F32, set.values, NN_SHAPE(ROWS, 2));
    set.tclasses = nn_tensor_borrow(NN_I32, set.classes, NN_SHAPE(ROWS));
    set.first = nn_arrays(set.ta, set.tclasses);
    set.second = nn_arrays(set.tb, set.tvalues);
    set.third = nn_arrays(set.tc);
}

static void set_close(void)
{
    nn_dataset *const datasets[] = {set.first, set.second, set.third};
    nn_tensor *const tensors[] = {set.ta, set.tb, set.tc, set.tvalues, set.tclasses};
    for (int i = 0; i < 3; i++)
        nn_dataset_free(datasets[i]);
    for (int i = 0; i < 5; i++)
        nn_tensor_free(tensors[i]);
}

/* Reads rows as training does: part after part. x[i][count][..]; y and classes likewise. */
static void read_all(const nn_dataset *data, const size_t *rows, size_t count, nn_real *const *x,
                     nn_real *const *y, int32_t *const *classes)
{
    for (int p = 0; p < nn__dataset_part_count(data); p++) {
        nn__part part = nn__dataset_part(data, p);
        ck_assert_int_eq(nn__dataset_read_part(data, &part, rows, count, x[part.room],
                                               part.target < 0 ? NULL : y[part.target],
                                               part.target < 0 ? NULL : classes[part.target]),
                         NN_OK);
    }
}

/* Row `view` of data, a zip of third and second as inputs, second and first as targets, is `row`. */
static void check_rows(const nn_dataset *data, const size_t *view, const size_t *rows, size_t count)
{
    static nn_real x0[ROWS], x1[ROWS * 3], y0[ROWS * 2];
    static int32_t c1[ROWS];
    nn_real *const x[] = {x0, x1}, *const y[] = {y0, NULL};
    int32_t *const classes[] = {NULL, c1};
    read_all(data, view, count, x, y, classes);
    for (size_t i = 0; i < count; i++) {
        ck_assert_double_eq((double)x0[i], (double)set.c[rows[i]]);
        ck_assert(memcmp(x1 + i * 3, set.b + rows[i] * 3, 3 * sizeof *x1) == 0);
        ck_assert(memcmp(y0 + i * 2, set.values + rows[i] * 2, 2 * sizeof *y0) == 0);
        ck_assert_int_eq(c1[i], set.classes[rows[i]]);
    }
}

static nn_dataset *zip_of_four(void)
{
    nn_dataset *zip = nn_zip(.inputs = nn_datasets(set.third, set.second),
                             .targets = nn_datasets(set.second, set.first));
    ck_assert_msg(zip != NULL, "%s", nn_error_message());
    return zip;
}

START_TEST(a_row_has_every_x_and_every_y)
{
    size_t rows[ROWS];
    nn_real x[3];
    set_open();
    nn_dataset *zip = zip_of_four();
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = ROWS - 1 - i;
    check_rows(zip, rows, rows, ROWS);
    ck_assert_uint_eq(nn_dataset_rows(zip), ROWS);
    ck_assert_uint_eq(nn_dataset_input_count(zip), 2);
    ck_assert_uint_eq(nn_dataset_target_count(zip), 2);
    ck_assert_int_eq(nn_dataset_shape(zip)->dims[0], 1);
    ck_assert_int_eq(nn_dataset_shape_at(zip, 1)->dims[0], 3);
    ck_assert_ptr_null(nn_dataset_shape_at(zip, 2));
    ck_assert_int_eq(nn_dataset_row_at(zip, 1, 4, x), NN_OK);
    ck_assert_double_eq((double)x[2], 1042);
    ck_assert_int_eq(nn_dataset_row_at(zip, 2, 4, x), NN_EINVAL);
    test_message_has("input 2 does not exist; there are 2");
    ck_assert_int_eq(nn_dataset_row_at(zip, 1, ROWS, x), NN_EINVAL);
    test_message_has("row 70 does not exist");
    nn_dataset_free(zip);
    set_close();
}
END_TEST

START_TEST(where_one_x_and_one_y_are_meant_they_are_the_first)
{
    nn_real x[3], y[2];
    const size_t row = 5;
    int label = 0;
    set_open();
    nn_dataset *zip = zip_of_four();
    ck_assert_int_eq(nn_dataset_row(zip, 5, x, &label), NN_OK);
    ck_assert_double_eq((double)x[0], 5.5);
    ck_assert_int_eq(label, -1); /* the first target is values */
    ck_assert_int_eq(nn__dataset_read(zip, &row, 1, x, y, NULL), NN_ENOTSUP);
    nn_dataset_free(zip);
    zip = nn_zip(nn_datasets(set.second), nn_datasets(set.first));
    ck_assert_int_eq(nn_dataset_classes(zip), CLASSES);
    ck_assert_int_eq(nn_dataset_row(zip, 5, x, &label), NN_OK);
    ck_assert_int_eq(label, set.classes[5]);
    int32_t class;
    ck_assert_int_eq(nn__dataset_read(zip, &row, 1, x, NULL, &class), NN_OK);
    ck_assert_double_eq((double)x[1], 1051);
    ck_assert_int_eq(class, set.classes[5]);
    nn_dataset_free(zip);
    set_close();
}
END_TEST

START_TEST(one_dataset_may_stand_several_times)
{
    nn_real x0[2], x1[2], x2[2];
    nn_real *const x[] = {x0, x1, x2};
    int32_t c0, c1;
    int32_t *const classes[] = {&c0, &c1};
    nn_real *const y[] = {NULL, NULL};
    const size_t row = 9;
    set_open();
    nn_dataset *zip =
        nn_zip(nn_datasets(set.first, set.first, set.first), nn_datasets(set.first, set.first));
    ck_assert_int_eq(nn__dataset_part_count(zip), 3); /* each target goes along with an x */
    read_all(zip, &row, 1, x, y, classes);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq((double)x[i][1], 91);
    ck_assert_int_eq(c0, set.classes[9]);
    ck_assert_int_eq(c1, set.classes[9]);
    nn_dataset_free(zip);
    set_close();
}
END_TEST

START_TEST(views_show_rows_with_all_their_parts)
{
    size_t odd[ROWS / 2], all[ROWS / 2];
    set_open();
    nn_dataset *zip = zip_of_four();
    for (size_t i = 0; i < ROWS / 2; i++) {
        odd[i] = 2 * i + 1;
        all[i] = i;
    }
    nn_dataset *view = nn_dataset_subset(zip, odd, ROWS / 2), *few = nn_dataset_take(view, 4);
    check_rows(view, all, odd, ROWS / 2);
    check_rows(few, all, odd, 4);
    ck_assert_uint_eq(nn_dataset_target_count(few), 2);
    nn_dataset *other = nn_zip(nn_datasets(few, few)); /* a zip of views of a zip is too much */
    ck_assert_ptr_null(other);
    test_message_has("inputs[0] has several x or y itself");
    nn_dataset_free(few);
    nn_dataset_free(view);
    nn_dataset_free(zip);
    set_close();
}
END_TEST

START_TEST(a_split_goes_by_the_first_targets_classes)
{
    nn_dataset *rest, *share;
    int label;
    set_open();
    nn_dataset *zip =
        nn_zip(nn_datasets(set.third, set.second), nn_datasets(set.first, set.second));
    ck_assert_msg(nn_dataset_split(zip, 0.5, 1, &rest, &share) == NN_OK, "%s", nn_error_message());
    int counts[2][CLASSES] = {{0}};
    for (size_t i = 0; i < nn_dataset_rows(rest); i++) {
        ck_assert_int_eq(nn_dataset_row(rest, i, NULL, &label), NN_OK);
        counts[0][label]++;
    }
    for (size_t i = 0; i < nn_dataset_rows(share); i++) {
        ck_assert_int_eq(nn_dataset_row(share, i, NULL, &label), NN_OK);
        counts[1][label]++;
    }
    for (int k = 0; k < CLASSES; k++)
        ck_assert_int_le(abs(counts[0][k] - counts[1][k]), 1);
    nn_dataset_free(rest);
    nn_dataset_free(share);
    nn_dataset_free(zip);
    set_close();
}
END_TEST

static void refused(nn_dataset *zip, const char *message)
{
    ck_assert_ptr_null(zip);
    test_message_has(message);
}

START_TEST(what_cannot_be_zipped_is_told)
{
    set_open();
    nn_dataset *few = nn_dataset_take(set.first, 5);
    refused(nn_zip(.targets = nn_datasets(set.first)), "inputs must name at least one");
    refused(nn_zip(nn_datasets(NULL)), "inputs[0] is NULL");
    refused(nn_zip(nn_datasets(set.first), nn_datasets(set.second, NULL)), "targets[1] is NULL");
    refused(nn_zip(nn_datasets(set.first, few)), "inputs[1] has 5 rows, inputs[0] has 70");
    refused(nn_zip(nn_datasets(set.first), nn_datasets(set.third)), "targets[0] has no targets");
    refused(nn_zip(nn_datasets(set.first), nn_datasets(set.second)),
            "the x of targets[0], which is read, too, is larger than every input");
    nn_dataset_free(few);
    set_close();
}
END_TEST

static nn_status same(void *user, size_t row, const nn_real *x, nn_real *mapped)
{
    (void)user;
    (void)row;
    mapped[0] = x[0];
    return NN_OK;
}

START_TEST(a_zip_is_made_of_mapped_and_concatenated_parts_not_the_other_way)
{
    set_open();
    nn_dataset *zip = zip_of_four();
    const nn_dataset *twice[] = {zip, zip};
    refused(nn_dataset_map(zip, NULL, same, NULL), "map: the dataset has several inputs");
    refused(nn_dataset_concatenate(twice, 2), "concatenate: dataset 0 has several inputs");
    nn_dataset *third = nn_dataset_map(set.third, NULL, same, NULL);
    nn_dataset *mapped = nn_zip(nn_datasets(third, set.second), nn_datasets(set.second, set.first));
    ck_assert_msg(mapped != NULL, "%s", nn_error_message());
    const size_t rows[] = {0, 3, ROWS - 1};
    check_rows(mapped, rows, rows, 3);
    nn_dataset_free(mapped);
    nn_dataset_free(third);
    nn_dataset_free(zip);
    set_close();
}
END_TEST

static nn_dataset *make_zip(void *arg)
{
    (void)arg;
    return nn_zip(nn_datasets(set.third, set.second), nn_datasets(set.second, set.first));
}

START_TEST(a_zip_survives_failing_allocations)
{
    test_memory_begin();
    set_open();
    sweep_allocations(make_zip, NULL, 4);
    set_close();
    ck_assert_int_eq(test_memory_live(), 0);
    test_memory_end();
}
END_TEST

Suite *zip_suite(void);
Suite *zip_suite(void)
{
    return TEST_SUITE("zip", a_row_has_every_x_and_every_y,
                      where_one_x_and_one_y_are_meant_they_are_the_first,
                      one_dataset_may_stand_several_times, views_show_rows_with_all_their_parts,
                      a_split_goes_by_the_first_targets_classes, what_cannot_be_zipped_is_told,
                      a_zip_is_made_of_mapped_and_concatenated_parts_not_the_other_way,
                      a_zip_survives_failing_allocations);
}
