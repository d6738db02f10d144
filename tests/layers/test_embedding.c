/* Embedding against Keras 3.15 on TensorFlow 2.21, and against plain loops. */
#include "golden.h"

#include "model/context.h"

START_TEST(it_is_that_of_keras)
{
    static const double ids[] = {1, 4, 1, 0, 3, 3, 1, 2};
    static const double table[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    static const double zeros[8] = {0};
    static const double y[] = {3, 4,  5,  12, 13, 14, 3, 4, 5, 0, 1, 2,
                               9, 10, 11, 9,  10, 11, 3, 4, 5, 6, 7, 8};
    static const double dtable[] = {-0.5, 0, 0.5, 0.5,  -1.5, 0,   -1.5, -1,
                                    -0.5, 0, 1,   -1.5, 0,    0.5, 1};
    golden_check(&(golden){.layer = nn_embedding(5, 3),
                           .rows = 2,
                           .shapes = {{1, {4}}},
                           .x = {ids},
                           .y = y,
                           .dx = {zeros},
                           .weights = {{"embedding/embeddings", table, dtable, 15}},
                           .bound = 0});
}
END_TEST

enum { ROWS = 9, LENGTH = 70, IDS = 37, C = 11, N = ROWS * LENGTH };

/* Integers, where float is exact; some ids outside the table. */
static void check_embedding(int threads)
{
    static const nn_shape shape = {2, {LENGTH / 7, 7}};
    static nn_real x[N], y[N * C], dy[N * C], table[IDS * C], dtable[IDS * C], dx[N];
    static double want_y[N * C], want_dtable[IDS * C];
    uint64_t state = 31;
    probe p;
    ck_assert_int_eq(probe_open(&p, nn_embedding(IDS, C), ROWS, &shape, threads, 0), NN_OK);
    test_fill_integers(dy, N * C, 3, &state);
    test_fill_integers(table, IDS * C, 9, &state);
    memset(want_dtable, 0, sizeof want_dtable);
    for (int i = 0; i < N; i++) {
        int id = test_random_int(&state, -2, IDS + 1);
        x[i] = (nn_real)id + (nn_real)(id >= 0 && i % 3 == 0 ? 0.75 : 0);
        for (int j = 0; j < C; j++) {
            int known = id >= 0 && id < IDS;
            want_y[i * C + j] = known ? (double)table[id * C + j] : 0;
            if (known)
                want_dtable[id * C + j] += (double)dy[i * C + j];
        }
    }
    probe_set(&p, "source/value", x, N);
    probe_set(&p, "embedding/embeddings", table, IDS * C);
    probe_forward(&p, y);
    probe_backward(&p, dy);
    probe_gradient(&p, "source/value", dx, N);
    probe_gradient(&p, "embedding/embeddings", dtable, IDS * C);
    probe_same(y, want_y, N * C, "y");
    probe_same(dtable, want_dtable, IDS * C, "dtable");
    for (int i = 0; i < N; i++)
        ck_assert(dx[i] == 0);
    probe_close(&p);
}

START_TEST(forward_and_backward_are_exact_for_any_number_of_threads)
{
    check_embedding(1);
    check_embedding(3);
}
END_TEST

START_TEST(what_is_no_id_gives_zeros)
{
    const nn_real x[7] = {-0.5f, -1, 3, 1e30f, -(nn_real)INFINITY, (nn_real)INFINITY, (nn_real)NAN};
    nn_real y[14];
    nn_model *model =
        nn_sequential(nn_input(7), nn_embedding(3, 2, .embeddings_initializer = NN_ONES));
    nn_context *context = nn_context(model, .batch_size = 1);
    ck_assert_int_eq(nn_context_predict(context, x, 1, y), NN_OK);
    for (int i = 0; i < 14; i++)
        ck_assert(y[i] == 0);
    nn_context_free(context);
    nn_model_free(model);
}
END_TEST

/* Ids as a program has them: bytes and int32. */
START_TEST(it_learns_from_bytes_and_integers)
{
    static unsigned char bytes[64 * 2];
    static int32_t wholes[64 * 2], classes[64];
    for (int i = 0; i < 64; i++) {
        bytes[2 * i] = (unsigned char)(i % 8);
        bytes[2 * i + 1] = (unsigned char)(i / 8);
        classes[i] = (i % 8 + i / 8) % 2;
    }
    for (int i = 0; i < 128; i++)
        wholes[i] = bytes[i];
    nn_tensor *x = nn_tensor_borrow(NN_U8, bytes, NN_SHAPE(64, 2));
    nn_tensor *y = nn_tensor_borrow(NN_I32, classes, NN_SHAPE(64));
    nn_tensor *same = nn_tensor_borrow(NN_I32, wholes, NN_SHAPE(64, 2));
    nn_dataset *data = nn_arrays(x, y);
    nn_model *model = nn_sequential(nn_input(2), nn_embedding(8, 4), nn_flatten(),
                                    nn_dense(16, NN_RELU), nn_dense(2, NN_SOFTMAX));
    ck_assert_int_eq(nn_compile(model, .optimizer = nn_adam(.learning_rate = 0.02),
                                .loss = nn_sparse_categorical_crossentropy(),
                                .metrics = nn_metrics(nn_accuracy())),
                     NN_OK);
    ck_assert_int_eq(nn_fit(model, data, .epochs = 60, .batch_size = 16), NN_OK);
    const nn_logs *logs;
    ck_assert_int_eq(nn_train_on_batch(model, same, y, &logs), NN_OK);
    ck_assert_double_eq(nn_logs_value(logs, "accuracy"), 1);
    nn_model_free(model);
    nn_dataset_free(data);
    nn_tensor_free(x);
    nn_tensor_free(y);
    nn_tensor_free(same);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    golden_refused(nn_embedding(), (nn_shape){1, {3}}, NN_EINVAL,
                   "embedding: input_dim must be given");
    golden_refused(nn_embedding(5), (nn_shape){1, {3}}, NN_EINVAL, "output_dim must be given");
    golden_refused(nn_embedding(16777217, 1), (nn_shape){1, {3}}, NN_EINVAL,
                   "input_dim is 16777217, it must be at least 1 and at most 16777216");
    golden_refused(nn_embedding(5, 2), (nn_shape){7, {1, 1, 1, 1, 1, 1, 3}}, NN_ESHAPE,
                   "has no room for one more axis");
}
END_TEST

Suite *embedding_suite(void);
Suite *embedding_suite(void)
{
    return TEST_SUITE(
        "embedding", it_is_that_of_keras, forward_and_backward_are_exact_for_any_number_of_threads,
        what_is_no_id_gives_zeros, it_learns_from_bytes_and_integers, what_cannot_be_is_refused);
}
