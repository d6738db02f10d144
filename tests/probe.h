/*
 * A layer under test inside a real model:  input -> source -> layer -> dot.
 *
 *   source  a layer whose output is its weight value[rows][...], so that x is set as a weight and
 *           dx is read as that weight's gradient
 *   dot     a loss, L = sum p t, so that dy are the targets
 *
 * Both are kinds of the test's own, made with the public tables only.
 */
#ifndef NN__TESTS_PROBE_H
#define NN__TESTS_PROBE_H

#include "test.h"

/* ---- source ---- */

typedef struct probe_source_options {
    size_t struct_size;
    nn_shape shape;
    int rows;
    const char *name;
} probe_source_options;

static nn_status probe_source_infer(nn_infer *infer)
{
    const probe_source_options *o = infer->options;
    nn_initializer ones = NN_ONES;
    int dims[NN_MAX_RANK] = {o->rows};
    for (int i = 0; i < o->shape.rank; i++)
        dims[i + 1] = o->shape.dims[i];
    infer->output = o->shape;
    return nn_infer_weight(infer, "value", dims, o->shape.rank + 1, ones, 1);
}

static size_t probe_count(const nn_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->dims[i];
    return count;
}

static void probe_source_forward(const nn_pass *pass)
{
    memcpy(pass->y, pass->weights[0],
           (size_t)pass->rows * probe_count(pass->y_shape) * sizeof(nn_real));
}

static void probe_source_backward(const nn_pass *pass)
{
    memcpy(pass->gradients[0], pass->dy,
           (size_t)pass->rows * probe_count(pass->y_shape) * sizeof(nn_real));
}

/* A name of NULL is "source", counted. */
static inline nn_layer *probe_source_named(int rows, const nn_shape *shape, const char *name)
{
    static const nn_option fields[] = {
        {.name = "name", .type = NN_OPTION_STRING, .offset = offsetof(probe_source_options, name)},
    };
    static const nn_layer_kind kind = {
        .kind = {sizeof(nn_layer_kind), "source", "Source", sizeof(probe_source_options), fields,
                 1},
        .infer = probe_source_infer,
        .forward = probe_source_forward,
        .backward = probe_source_backward,
    };
    probe_source_options options = {
        .struct_size = sizeof options, .shape = *shape, .rows = rows, .name = name};
    return nn_layer_new(&kind, &options);
}

static inline nn_layer *probe_source(int rows, const nn_shape *shape)
{
    return probe_source_named(rows, shape, NULL);
}

/* ---- dot ---- */

typedef struct probe_dot_options {
    size_t struct_size;
} probe_dot_options;

static void probe_dot_run(const nn_loss_pass *pass)
{
    for (int i = 0; i < pass->rows; i++) {
        double sum = 0;
        for (int j = 0; j < pass->width; j++) {
            size_t at = (size_t)i * (size_t)pass->width + (size_t)j;
            sum += (double)pass->prediction[at] * (double)pass->targets[at];
            if (pass->gradient != NULL)
                pass->gradient[at] = pass->targets[at];
        }
        pass->losses[i] = sum;
    }
}

static inline nn_loss *probe_dot(void)
{
    static const nn_loss_kind kind = {
        .kind = {sizeof(nn_loss_kind), "dot", "Dot", sizeof(probe_dot_options), NULL, 0},
        .run = probe_dot_run,
    };
    probe_dot_options options = {.struct_size = sizeof options};
    return nn_loss_new(&kind, &options);
}

/* ---- The model around one layer ---- */

typedef struct probe {
    nn_model *model;
    nn_context *context;
    int rows;
    size_t x_count, y_count; /* numbers of all rows */
    const nn_shape *y_shape;
    nn_real *zeros;
} probe;

/* Takes the layer. Where the model cannot be built: the status, with nothing to close. */
static inline nn_status probe_open(probe *p, nn_layer *layer, int rows, const nn_shape *x,
                                   int threads, int no_fusion)
{
    *p = (probe){.rows = rows, .x_count = (size_t)rows * probe_count(x)};
    p->model = nn_sequential(nn_input(1), probe_source(rows, x), layer);
    ck_assert_ptr_nonnull(p->model);
    nn_model_set_threads(p->model, threads);
    nn_status status = nn_compile(p->model, .optimizer = nn_sgd(), .loss = probe_dot());
    if (status != NN_OK) {
        nn_model_free(p->model);
        return status;
    }
    p->context = nn_context(p->model, .batch_size = rows, .training = 1, .no_fusion = no_fusion);
    ck_assert_msg(p->context != NULL, "%s", nn_error_message());
    p->y_shape = nn_model_output_shape(p->model);
    p->y_count = (size_t)rows * probe_count(p->y_shape);
    p->zeros = calloc((size_t)rows, sizeof(nn_real));
    return NN_OK;
}

static inline void probe_close(probe *p)
{
    nn_context_free(p->context);
    nn_model_free(p->model);
    free(p->zeros);
}

/* Weight number `index` after x, e.g. "conv2d/kernel"; NULL where there is none. */
static inline const char *probe_weight(probe *p, size_t index)
{
    return nn_model_weight_name(p->model, index + 1);
}

static inline void probe_set(probe *p, const char *name, const nn_real *values, size_t count)
{
    ck_assert_msg(nn_model_set_weight(p->model, name, values, count) == NN_OK, "%s",
                  nn_error_message());
}

static inline void probe_gradient(probe *p, const char *name, nn_real *values, size_t count)
{
    ck_assert_msg(nn_context_gradient(p->context, name, values, count) == NN_OK, "%s",
                  nn_error_message());
}

/* y[rows][...] in training mode; x as last set by probe_set(p, "source/value", ...). */
static inline void probe_forward(probe *p, nn_real *y)
{
    ck_assert_msg(nn_context_forward(p->context, p->zeros, p->rows, y) == NN_OK, "%s",
                  nn_error_message());
}

/* Returns the sum over all rows of sum p t. */
static inline double probe_backward(probe *p, const nn_real *dy)
{
    double loss = 0;
    nn_tensor *targets =
        nn_tensor_borrow_const(NN_F32, dy, NN_SHAPE(p->rows, (int)(p->y_count / (size_t)p->rows)));
    ck_assert_msg(nn_context_backward(p->context, targets, &loss) == NN_OK, "%s",
                  nn_error_message());
    nn_tensor_free(targets);
    return loss * p->rows;
}

/* Fails at the first number that differs. */
static inline void probe_same(const nn_real *have, const double *want, size_t count,
                              const char *what)
{
    for (size_t i = 0; i < count; i++)
        if ((double)have[i] != want[i]) /* ck_assert_msg would write to a pipe for each */
            ck_abort_msg("%s: element %zu is %.17g, it should be %.17g", what, i, (double)have[i],
                         want[i]);
}

/* How many of the numbers are not zero. */
static inline size_t probe_nonzero(const double *x, size_t count)
{
    size_t nonzero = 0;
    for (size_t i = 0; i < count; i++)
        nonzero += x[i] != 0;
    return nonzero;
}

#endif
