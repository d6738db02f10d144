#include "test.h"

/* The input is the output: row i of x says what is predicted. */
static nn_model *mirror(int width)
{
    return nn_sequential(nn_input(width), nn_flatten());
}

START_TEST(rows_are_true_classes_and_columns_predicted_ones)
{
    enum { ROWS = 70 }; /* more than two batches */
    nn_real x[ROWS * 3], one_hot[ROWS * 3] = {0};
    int32_t y[ROWS];
    uint64_t counts[9], want[9] = {0}, state = 3;
    for (size_t i = 0; i < ROWS; i++) {
        size_t predicted = (size_t)test_random_int(&state, 0, 2);
        y[i] = test_random_int(&state, 0, 2);
        for (size_t j = 0; j < 3; j++)
            x[3 * i + j] = j == predicted;
        one_hot[3 * i + (size_t)y[i]] = 1;
        want[3 * (size_t)y[i] + predicted]++;
    }
    nn_tensor *rows = nn_tensor_borrow(NN_F32, x, NN_SHAPE(ROWS, 3));
    nn_tensor *targets[] = {nn_tensor_borrow(NN_I32, y, NN_SHAPE(ROWS)),
                            nn_tensor_borrow(NN_F32, one_hot, NN_SHAPE(ROWS, 3))};
    nn_model *model = mirror(3);
    for (int i = 0; i < 3; i++) {
        nn_dataset *data = nn_arrays(rows, targets[i == 1], .one_hot = i == 2);
        memset(counts, 0xff, sizeof counts);
        ck_assert_int_eq(nn_confusion_matrix(model, data, counts, 3), NN_OK);
        ck_assert_mem_eq(counts, want, sizeof want);
        nn_dataset_free(data);
    }
    nn_model_free(model);
    nn_tensor_free(targets[0]);
    nn_tensor_free(targets[1]);
    nn_tensor_free(rows);
}
END_TEST

START_TEST(one_output_has_two_classes)
{
    nn_real x[] = {(nn_real)0.5, (nn_real)0.6, 1, 0, (nn_real)0.2}, y[] = {0, 0, 1, 1, 1};
    const uint64_t want[] = {1, 1, 2, 1};
    uint64_t counts[4];
    nn_tensor *rows = nn_tensor_borrow(NN_F32, x, NN_SHAPE(5));
    nn_tensor *targets = nn_tensor_borrow(NN_F32, y, NN_SHAPE(5));
    nn_dataset *data = nn_arrays(rows, targets);
    nn_model *model = mirror(1);
    ck_assert_int_eq(nn_confusion_matrix(model, data, counts, 2), NN_OK);
    ck_assert_mem_eq(counts, want, sizeof want);
    ck_assert_int_eq(nn_confusion_matrix(model, data, counts, 1), NN_ESHAPE);
    test_message_has("confusion_matrix: 1 classes, the model has 2");
    ck_assert_int_eq(nn_confusion_matrix(model, data, NULL, 2), NN_EINVAL);
    nn_dataset_free(data);
    data = nn_arrays(rows);
    ck_assert_int_eq(nn_confusion_matrix(model, data, counts, 2), NN_ESHAPE);
    test_message_has("no targets of that kind");
    nn_dataset_free(data);
    nn_model_free(model);
    nn_tensor_free(rows);
    nn_tensor_free(targets);
}
END_TEST

START_TEST(other_outputs_than_one_vector_are_told)
{
    nn_real x[12] = {0};
    uint64_t counts[4];
    nn_tensor *rows = nn_tensor_borrow(NN_F32, x, NN_SHAPE(1, 4));
    nn_tensor *pictures = nn_tensor_borrow(NN_F32, x, NN_SHAPE(1, 2, 3, 2));
    nn_dataset *data[] = {nn_arrays(rows, rows), nn_arrays(pictures, pictures)};
    nn_model *two = nn_model_new(), *wide = nn_sequential(nn_input(2, 3, 2), nn_dense(2));
    nn_node input = nn_model_input(two, 4);
    nn_model_outputs(two, nn_apply(nn_dense(2), input), nn_apply(nn_dense(2), input));
    ck_assert_int_eq(nn_confusion_matrix(two, data[0], counts, 2), NN_ESHAPE);
    test_message_has("needs one output of one axis, the model has 2 of 1");
    ck_assert_int_eq(nn_confusion_matrix(wide, data[1], counts, 12), NN_ESHAPE);
    test_message_has("needs one output of one axis, the model has 1 of 3");
    nn_model_free(two), nn_model_free(wide);
    nn_dataset_free(data[0]), nn_dataset_free(data[1]);
    nn_tensor_free(rows), nn_tensor_free(pictures);
}
END_TEST

START_TEST(a_class_outside_the_table_names_its_row)
{
    nn_real x[] = {1, 0, 0, 1, 1, 0};
    int32_t y[] = {0, 2, 1};
    uint64_t counts[4];
    nn_tensor *rows = nn_tensor_borrow(NN_F32, x, NN_SHAPE(3, 2));
    nn_tensor *targets = nn_tensor_borrow(NN_I32, y, NN_SHAPE(3));
    nn_dataset *data = nn_arrays(rows, targets);
    nn_model *model = mirror(2);
    ck_assert_int_eq(nn_confusion_matrix(model, data, counts, 2), NN_EINVAL);
    test_message_has("confusion_matrix: row 1: class 2 is outside 0..1");
    nn_dataset_free(data);
    nn_model_free(model);
    nn_tensor_free(rows);
    nn_tensor_free(targets);
}
END_TEST

Suite *confusion_suite(void);
Suite *confusion_suite(void)
{
    return TEST_SUITE("confusion", rows_are_true_classes_and_columns_predicted_ones,
                      one_output_has_two_classes, other_outputs_than_one_vector_are_told,
                      a_class_outside_the_table_names_its_row);
}
