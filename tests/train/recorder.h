/* A callback of the test's own that notes every hook, and small data to train on. */
#ifndef NN__TESTS_TRAIN_RECORDER_H
#define NN__TESTS_TRAIN_RECORDER_H

#include "test.h"

/* ---- The callback ---- */

enum { NOTES = 8192 };

/* What happens at a place of the trace: `act` is called after a hook has been noted. */
typedef nn_status recorder_act(const char *hook, nn_event *event);

static char notes[NOTES]; /* "train_begin; epoch_begin 0; ..." */
static recorder_act *act;

static nn_status note(const char *hook, int number, nn_event *event)
{
    size_t used = strlen(notes);
    if (number < 0)
        snprintf(notes + used, NOTES - used, "%s; ", hook);
    else
        snprintf(notes + used, NOTES - used, "%s %d; ", hook, number);
    return act == NULL ? NN_OK : act(hook, event);
}

static nn_status on_train_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("train_begin", -1, event);
}
static nn_status on_train_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("train_end", -1, event);
}
static nn_status on_epoch_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("epoch_begin", event->epoch, event);
}
static nn_status on_epoch_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("epoch_end", event->epoch, event);
}
static nn_status on_batch_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("batch_begin", event->step, event);
}
static nn_status on_batch_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("batch_end", event->step, event);
}
static nn_status on_test_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("test_begin", -1, event);
}
static nn_status on_test_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("test_end", -1, event);
}
static nn_status on_test_batch_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("test_batch_begin", event->step, event);
}
static nn_status on_test_batch_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("test_batch_end", event->step, event);
}
static nn_status on_predict_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("predict_begin", -1, event);
}
static nn_status on_predict_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("predict_end", -1, event);
}
static nn_status on_predict_batch_begin(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("predict_batch_begin", event->step, event);
}
static nn_status on_predict_batch_end(nn_callback *callback, nn_event *event)
{
    (void)callback;
    return note("predict_batch_end", event->step, event);
}

typedef struct recorder_options {
    size_t struct_size;
} recorder_options;

/* Notes begin anew; what = NULL: only note. */
static inline nn_callback *recorder(recorder_act *what)
{
    static const nn_callback_kind kind = {
        .kind = {sizeof(nn_callback_kind), "recorder", "Recorder", sizeof(recorder_options), NULL,
                 0},
        .train_begin = on_train_begin,
        .train_end = on_train_end,
        .epoch_begin = on_epoch_begin,
        .epoch_end = on_epoch_end,
        .train_batch_begin = on_batch_begin,
        .train_batch_end = on_batch_end,
        .test_begin = on_test_begin,
        .test_end = on_test_end,
        .test_batch_begin = on_test_batch_begin,
        .test_batch_end = on_test_batch_end,
        .predict_begin = on_predict_begin,
        .predict_end = on_predict_end,
        .predict_batch_begin = on_predict_batch_begin,
        .predict_batch_end = on_predict_batch_end,
    };
    recorder_options options = {.struct_size = sizeof options};
    notes[0] = '\0';
    act = what;
    return nn_callback_new(&kind, &options);
}

/* ---- Data: rows of WIDTH numbers, classes 0..CLASSES-1 ---- */

enum { WIDTH = 6, CLASSES = 4, MOST_ROWS = 128 };

typedef struct rows {
    nn_real x[MOST_ROWS * WIDTH];
    int32_t classes[MOST_ROWS];
    int count;
    nn_tensor *tx, *ty;
    nn_dataset *data;
} rows;

static inline void rows_open(rows *r, int count, uint64_t seed, int one_hot)
{
    memset(r, 0, sizeof *r);
    r->count = count;
    test_fill_reals(r->x, (size_t)count * WIDTH, &seed);
    for (int i = 0; i < count; i++)
        r->classes[i] = i < CLASSES ? i : test_random_int(&seed, 0, CLASSES - 1);
    r->tx = nn_tensor_borrow(NN_F32, r->x, NN_SHAPE(count, WIDTH));
    r->ty = nn_tensor_borrow(NN_I32, r->classes, NN_SHAPE(count));
    r->data = nn_arrays(r->tx, r->ty, .one_hot = one_hot);
    ck_assert_msg(r->data != NULL, "%s", nn_error_message());
}

static inline void rows_close(rows *r)
{
    nn_dataset_free(r->data);
    nn_tensor_free(r->tx);
    nn_tensor_free(r->ty);
}

/* A small classifier, compiled for class targets; learning rate 0 changes nothing. */
static inline nn_model *small_model(double rate)
{
    nn_model *model = nn_sequential(nn_input(WIDTH), nn_dense(5, NN_TANH), nn_batch_norm(),
                                    nn_dense(CLASSES, NN_SOFTMAX));
    nn_model_set_seed(model, 9);
    nn_model_set_threads(model, 2);
    nn_status status = nn_compile(
        model, .optimizer = nn_sgd(.learning_rate = rate, .momentum = 0.5),
        .loss = nn_sparse_categorical_crossentropy(), .metrics = nn_metrics(nn_accuracy()));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return model;
}

static inline nn_real *snapshot(const nn_model *model)
{
    nn_real *values = calloc(nn_model_snapshot_count(model), sizeof *values);
    nn_model_snapshot(model, values);
    return values;
}

static inline int same_weights(const nn_model *a, const nn_model *b)
{
    nn_real *x = snapshot(a), *y = snapshot(b);
    int same = nn_model_snapshot_count(a) == nn_model_snapshot_count(b) &&
               memcmp(x, y, nn_model_snapshot_count(a) * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

#endif
