/* A model with two inputs and two outputs, and data for it. */
#ifndef NN__TESTS_TRAIN_TWO_H
#define NN__TESTS_TRAIN_TWO_H

#include "test.h"

enum { TWO_ROWS = 10, TWO_A = 4, TWO_B = 3, TWO_CLASSES = 3, TWO_VALUES = 2 };

/* Eighths from -1 to 1, the same as in the Keras program that made the golden numbers. */
static inline void two_numbers(nn_real *x, size_t count, uint32_t seed, double divisor)
{
    for (size_t i = 0; i < count; i++) {
        seed = (seed * 1103515245u + 12345u) % 2147483648u;
        x[i] = (nn_real)(((double)((seed >> 16) % 17) - 8) / 8 / divisor);
    }
}

typedef struct two_data {
    nn_real a[TWO_ROWS * TWO_A], b[TWO_ROWS * TWO_B], values[TWO_ROWS * TWO_VALUES];
    int32_t classes[TWO_ROWS];
    nn_tensor *ta, *tb, *tvalues, *tclasses;
    nn_dataset *left, *right, *zip;
} two_data;

static inline void two_open(two_data *t)
{
    two_numbers(t->a, TWO_ROWS * TWO_A, 1, 1);
    two_numbers(t->b, TWO_ROWS * TWO_B, 2, 1);
    two_numbers(t->values, TWO_ROWS * TWO_VALUES, 3, 1);
    for (int i = 0; i < TWO_ROWS; i++)
        t->classes[i] = (i * 7 + i / 3) % TWO_CLASSES;
    t->ta = nn_tensor_borrow(NN_F32, t->a, NN_SHAPE(TWO_ROWS, TWO_A));
    t->tb = nn_tensor_borrow(NN_F32, t->b, NN_SHAPE(TWO_ROWS, TWO_B));
    t->tvalues = nn_tensor_borrow(NN_F32, t->values, NN_SHAPE(TWO_ROWS, TWO_VALUES));
    t->tclasses = nn_tensor_borrow(NN_I32, t->classes, NN_SHAPE(TWO_ROWS));
    t->left = nn_arrays(t->ta, t->tclasses);
    t->right = nn_arrays(t->tb, t->tvalues);
    t->zip = nn_zip(nn_datasets(t->left, t->right), nn_datasets(t->left, t->right));
    ck_assert_msg(t->zip != NULL, "%s", nn_error_message());
}

static inline void two_close(two_data *t)
{
    nn_dataset_free(t->zip);
    nn_dataset_free(t->left);
    nn_dataset_free(t->right);
    nn_tensor_free(t->ta);
    nn_tensor_free(t->tb);
    nn_tensor_free(t->tvalues);
    nn_tensor_free(t->tclasses);
}

/* The graph; a failure is kept by the model. */
static inline nn_model *two_graph(void)
{
    nn_model *m = nn_model_new();
    nn_node a = nn_model_input(m, TWO_A), b = nn_model_input(m, TWO_B);
    nn_node left = nn_apply(nn_dense(5, NN_TANH, .name = "left"), a);
    nn_node right = nn_apply(nn_dense(5, NN_TANH, .name = "right"), b);
    nn_node sum = nn_merge(nn_add(.name = "sum"), left, right);
    nn_node label = nn_apply(nn_dense(TWO_CLASSES, NN_SOFTMAX, .name = "label"), sum);
    nn_node value = nn_apply(nn_dense(TWO_VALUES, .name = "value"), sum);
    if (m != NULL)
        nn_model_outputs(m, label, value);
    return m;
}

/* Compiled as in Keras, with its first weights. */
static inline nn_model *two_model(void)
{
    static const char *const names[] = {"left/kernel",  "left/bias",  "right/kernel", "right/bias",
                                        "label/kernel", "label/bias", "value/kernel", "value/bias"};
    static const size_t counts[] = {20, 5, 15, 5, 15, 3, 10, 2};
    nn_real values[20];
    nn_model *model = two_graph();
    nn_status status = nn_compile(
        model, .optimizer = nn_sgd(0.1, .momentum = 0.5),
        .losses = nn_losses(nn_sparse_categorical_crossentropy(), nn_mean_squared_error()),
        .loss_weights = nn_loss_weights(1, 0.25),
        .output_metrics = nn_output_metrics(nn_metrics(nn_accuracy()), nn_metrics(nn_accuracy())));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    for (int i = 0; i < 8; i++) {
        two_numbers(values, counts[i], (uint32_t)(10 + i), 2);
        ck_assert_msg(nn_model_set_weight(model, names[i], values, counts[i]) == NN_OK, "%s",
                      nn_error_message());
    }
    return model;
}

static inline int two_same(const nn_model *a, const nn_model *b)
{
    size_t count = nn_model_snapshot_count(a);
    nn_real *x = calloc(count, sizeof *x), *y = calloc(count, sizeof *y);
    ck_assert_uint_eq(count, nn_model_snapshot_count(b));
    nn_model_snapshot(a, x);
    nn_model_snapshot(b, y);
    int same = memcmp(x, y, count * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

#endif
