/* Files with the caller's own kinds: layer, loss, metric and optimizer are handed to nn_load. */
#include "test.h"

/* ---- The kinds ---- */

typedef struct shift_options {
    size_t struct_size;
    double by;
    const char *name;
} shift_options;

static const nn_option shift_fields[] = {
    {.name = "by", .type = NN_OPTION_DOUBLE, .offset = offsetof(shift_options, by), .fallback = 1},
    {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(shift_options, name)},
};

static nn_status shift_infer(nn_infer *infer)
{
    infer->output = infer->inputs[0];
    return NN_OK;
}

static void shift_forward(const nn_pass *pass)
{
    const shift_options *o = pass->options;
    for (int i = 0; i < pass->rows * pass->y_shape->dims[0]; i++)
        pass->y[i] = pass->x[0][i] + (nn_real)o->by;
}

static void shift_backward(const nn_pass *pass)
{
    for (int i = 0; pass->dx[0] != NULL && i < pass->rows * pass->y_shape->dims[0]; i++)
        pass->dx[0][i] = pass->dy[i];
}

#define SHIFT_KIND(name_)                                                                          \
    {                                                                                              \
        .kind = {sizeof(nn_layer_kind), name_, "Shift", sizeof(shift_options), shift_fields, 2},   \
        .infer = shift_infer, .forward = shift_forward, .backward = shift_backward                 \
    }
static const nn_layer_kind shift_kind = SHIFT_KIND("shift"), flatten_kind = SHIFT_KIND("flatten");

typedef struct plain_options {
    size_t struct_size;
    double learning_rate;
} plain_options;

static void first_run(const nn_loss_pass *pass)
{
    for (int i = 0; i < pass->rows; i++) {
        double error = 0;
        for (int k = 0; k < pass->width; k++) {
            nn_real d = pass->prediction[i * pass->width + k] - pass->targets[i * pass->width + k];
            error += (double)d * (double)d;
            if (pass->gradient != NULL)
                pass->gradient[i * pass->width + k] = 2 * d * (nn_real)pass->scale;
        }
        pass->losses[i] = error;
    }
}

static const nn_loss_kind sum_kind = {
    .kind = {sizeof(nn_loss_kind), "sum_of_squares", "SumOfSquares", sizeof(plain_options), NULL,
             0},
    .run = first_run,
};

static void largest_update(const nn_metric_pass *pass, void *state)
{
    double *largest = state;
    for (int i = 0; i < pass->rows * pass->width; i++)
        *largest = fmax(*largest, (double)pass->prediction[i]);
}

static double largest_result(const void *options, const void *state)
{
    (void)options;
    return *(const double *)state;
}

static const nn_metric_kind largest_kind = {
    .kind = {sizeof(nn_metric_kind), "largest", "Largest", sizeof(plain_options), NULL, 0},
    .better = NN_MAX,
    .state_size = sizeof(double),
    .update = largest_update,
    .result = largest_result,
};

static const nn_option crawl_fields[] = {
    {.name = "learning_rate",
     .type = NN_OPTION_DOUBLE,
     .offset = offsetof(plain_options, learning_rate),
     .fallback = 0.01},
};
static const char *const crawl_slots[] = {"last", NULL};

static void crawl_begin(nn_update *u)
{
    u->coefficients[0] = (nn_real)u->learning_rate;
}

static void crawl_update(const nn_update *u)
{
    for (size_t i = 0; i < u->count; i++) {
        u->slots[0][i] = (u->slots[0][i] + u->gradients[i]) / 2;
        u->weights[i] -= u->coefficients[0] * u->slots[0][i];
    }
}

static const nn_optimizer_kind crawl_kind = {
    .kind = {sizeof(nn_optimizer_kind), "crawl", "Crawl", sizeof(plain_options), crawl_fields, 1},
    .slots = crawl_slots,
    .begin = crawl_begin,
    .update = crawl_update,
};

/* ---- A model of them ---- */

static nn_model *own_model(void)
{
    nn_model *model = nn_sequential(
        nn_input(3), nn_dense(4, NN_TANH),
        nn_layer_new(&shift_kind, NN_OPTIONS(shift_options, .by = 0.25)), nn_dense(2));
    nn_status status = nn_compile(
        model, .optimizer = nn_optimizer_new(&crawl_kind, NN_OPTIONS(plain_options, 0.1)),
        .loss = nn_loss_new(&sum_kind, NN_OPTIONS(plain_options, 0)),
        .metrics = nn_metrics(nn_metric_new(&largest_kind, NN_OPTIONS(plain_options, 0))));
    ck_assert_msg(status == NN_OK, "%s", nn_error_message());
    return model;
}

static double train(nn_model *model)
{
    nn_real x[6] = {1, -1, 0.5, 0.25, 2, -0.5}, y[4] = {1, 0, -1, 2};
    const nn_logs *logs;
    nn_tensor *xs = nn_tensor_borrow(NN_F32, x, NN_SHAPE(2, 3));
    nn_tensor *ys = nn_tensor_borrow(NN_F32, y, NN_SHAPE(2, 2));
    ck_assert_msg(nn_train_on_batch(model, xs, ys, &logs) == NN_OK, "%s", nn_error_message());
    ck_assert(nn_logs_has(logs, "largest"));
    nn_tensor_free(xs);
    nn_tensor_free(ys);
    return nn_logs_value(logs, "loss");
}

START_TEST(own_kinds_are_read_and_training_goes_on)
{
    const char *path = test_path("own.nn");
    nn_real want[26], have[26];
    nn_model *loaded = NULL, *model = own_model();
    train(model);
    ck_assert_int_eq(nn_model_save(model, path), NN_OK);
    ck_assert_msg(nn_load(path, &loaded, .layers = nn_kinds(&shift_kind.kind),
                          .optimizers = nn_kinds(&crawl_kind.kind),
                          .losses = nn_kinds(&sum_kind.kind),
                          .metrics = nn_kinds(&largest_kind.kind)) == NN_OK,
                  "%s", nn_error_message());
    ck_assert(train(model) == train(loaded));
    ck_assert(train(model) == train(loaded));
    ck_assert_uint_eq(nn_model_snapshot_count(model), nn_model_snapshot_count(loaded));
    for (size_t i = 0; i < nn_model_weight_count(model); i++) {
        const char *name = nn_model_weight_name(model, i);
        size_t count = 1;
        const nn_shape *shape = nn_model_weight_shape(model, name);
        for (int k = 0; k < shape->rank; k++)
            count *= (size_t)shape->dims[k];
        ck_assert_int_eq(nn_model_get_weight(model, name, want, count), NN_OK);
        ck_assert_int_eq(nn_model_get_weight(loaded, name, have, count), NN_OK);
        ck_assert_mem_eq(want, have, count * sizeof *want);
    }
    nn_model_free(model);
    nn_model_free(loaded);
}
END_TEST

START_TEST(a_kind_that_is_not_handed_over_is_named)
{
    const char *path = test_path("own.nn");
    nn_model *loaded = NULL, *model = own_model();
    ck_assert_int_eq(nn_model_save(model, path), NN_OK);
    ck_assert_int_eq(nn_model_load(path, &loaded), NN_ENOTSUP);
    test_message_has("'shift'");
    ck_assert_int_eq(nn_load(path, &loaded, .layers = nn_kinds(&shift_kind.kind)), NN_ENOTSUP);
    test_message_has("'largest'");
    ck_assert_int_eq(nn_load(path, &loaded, .layers = nn_kinds(&shift_kind.kind),
                             .metrics = nn_kinds(&largest_kind.kind),
                             .losses = nn_kinds(&sum_kind.kind)),
                     NN_ENOTSUP);
    test_message_has("'crawl'");
    ck_assert_ptr_null(loaded);
    nn_model_free(model);
}
END_TEST

/* A table in the wrong list would be read as what it is not. */
START_TEST(tables_of_another_sort_are_refused)
{
    nn_model *loaded = NULL;
    ck_assert_int_eq(nn_load("x", &loaded, .layers = nn_kinds(&shift_kind.kind, &crawl_kind.kind)),
                     NN_EINVAL);
    test_message_has("load: layers 1 is NULL or no table of that sort");
    ck_assert_int_eq(nn_load("x", &loaded, .losses = nn_kinds(NULL)), NN_EINVAL);
    test_message_has("losses 0");
    ck_assert_int_eq(nn_load("x", &loaded, .metrics = {NULL, 1}), NN_EINVAL);
    ck_assert_int_eq(nn_load("x", NULL), NN_EINVAL);
    ck_assert_int_eq(nn_load(NULL, &loaded), NN_EINVAL);
    ck_assert_int_eq(nn_model_load_as(&(nn_load_options){.path = "x"}), NN_EINVAL);
}
END_TEST

/* As custom_objects: the caller's kind of a built-in name is taken. */
START_TEST(the_callers_kind_comes_before_the_librarys)
{
    nn_real x[2] = {1, 2}, y[2];
    nn_model *loaded = NULL;
    nn_model *model = nn_sequential(
        nn_input(2), nn_layer_new(&flatten_kind, NN_OPTIONS(shift_options, .by = NN_ZERO)));
    ck_assert_int_eq(nn_model_save(model, test_path("flat.nn")), NN_OK);
    ck_assert_msg(nn_load(test_path("flat.nn"), &loaded, .layers = nn_kinds(&flatten_kind.kind)) ==
                      NN_OK,
                  "%s", nn_error_message());
    nn_context *context = nn_context(loaded, .batch_size = 1);
    ck_assert_int_eq(nn_context_predict(context, x, 1, y), NN_OK);
    ck_assert(y[0] == 1 && y[1] == 2); /* and the zero of `by` has stayed one */
    nn_context_free(context);
    nn_model_free(model);
    nn_model_free(loaded);
}
END_TEST

Suite *load_kinds_suite(void);
Suite *load_kinds_suite(void)
{
    return TEST_SUITE("load_kinds", own_kinds_are_read_and_training_goes_on,
                      a_kind_that_is_not_handed_over_is_named, tables_of_another_sort_are_refused,
                      the_callers_kind_comes_before_the_librarys);
}
