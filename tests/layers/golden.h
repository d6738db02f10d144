/*
 * Golden values: a layer of one or more inputs against numbers from Keras. The gradient of y is, in
 * order of y's numbers, -3/2, -1, -1/2, 0, 1/2, 1, 3/2 and again.
 */
#ifndef NN__TESTS_LAYERS_GOLDEN_H
#define NN__TESTS_LAYERS_GOLDEN_H

#include "probe.h"

enum { GOLDEN_INPUTS = 3, GOLDEN_MOST = 256 };

typedef struct golden_weight {
    const char *name;       /* "layer_normalization/gamma" */
    const double *value;    /* what it is set to           */
    const double *gradient; /* NULL: it is state           */
    size_t count;
} golden_weight;

typedef struct golden {
    nn_layer *layer;
    int rows;
    nn_shape shapes[GOLDEN_INPUTS];
    const double *x[GOLDEN_INPUTS]; /* NULL: no further input */
    const double *y;
    const double *dx[GOLDEN_INPUTS];
    golden_weight weights[2];
    double bound; /* times the larger of the number and 1 */
    int threads;  /* 0 is 1                               */
} golden;

static inline void golden_close(const nn_real *have, const double *want, size_t count, double bound,
                                const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)have[i] - want[i]) <= bound * fmax(1, fabs(want[i]))))
            ck_abort_msg("%s: element %zu is %.9g, it should be %.9g", what, i, (double)have[i],
                         want[i]);
}

static inline void golden_set(nn_model *model, const char *name, const double *values, size_t count)
{
    nn_real reals[GOLDEN_MOST];
    for (size_t i = 0; i < count; i++)
        reals[i] = (nn_real)values[i];
    ck_assert_msg(nn_model_set_weight(model, name, reals, count) == NN_OK, "%s",
                  nn_error_message());
}

static inline void golden_gradient(nn_context *context, const char *name, const double *want,
                                   size_t count, double bound)
{
    nn_real have[GOLDEN_MOST];
    ck_assert_msg(nn_context_gradient(context, name, have, count) == NN_OK, "%s",
                  nn_error_message());
    golden_close(have, want, count, bound, name);
}

static inline void golden_check(const golden *g)
{
    static const char *const sources[] = {"source/value", "source_1/value", "source_2/value"};
    nn_node nodes[GOLDEN_INPUTS];
    nn_real y[GOLDEN_MOST], dy[GOLDEN_MOST], zeros[GOLDEN_MOST] = {0};
    nn_model *model = nn_model_new();
    nn_node input = nn_model_input(model, 1);
    size_t inputs = 0;
    for (; inputs < GOLDEN_INPUTS && g->x[inputs] != NULL; inputs++)
        nodes[inputs] = nn_apply(probe_source(g->rows, &g->shapes[inputs]), input);
    nn_model_output(model, nn_merge_new(g->layer, nodes, inputs));
    nn_model_set_threads(model, g->threads);
    ck_assert_msg(nn_compile(model, .optimizer = nn_sgd(), .loss = probe_dot()) == NN_OK, "%s",
                  nn_error_message());
    for (size_t i = 0; i < inputs; i++)
        golden_set(model, sources[i], g->x[i], (size_t)g->rows * probe_count(&g->shapes[i]));
    for (int i = 0; i < 2 && g->weights[i].name != NULL; i++)
        golden_set(model, g->weights[i].name, g->weights[i].value, g->weights[i].count);
    nn_context *context = nn_context(model, .batch_size = g->rows, .training = 1);
    size_t width = probe_count(nn_model_output_shape(model)), count = width * (size_t)g->rows;
    for (size_t i = 0; i < count; i++)
        dy[i] = (nn_real)((int)(i % 7) - 3) / 2;
    nn_tensor *targets = nn_tensor_borrow(NN_F32, dy, NN_SHAPE(g->rows, (int)width));
    ck_assert_int_eq(nn_context_forward(context, zeros, g->rows, y), NN_OK);
    golden_close(y, g->y, count, g->bound, "y");
    ck_assert_int_eq(nn_context_backward(context, targets, NULL), NN_OK);
    for (size_t i = 0; i < inputs; i++)
        golden_gradient(context, sources[i], g->dx[i], (size_t)g->rows * probe_count(&g->shapes[i]),
                        g->bound);
    for (int i = 0; i < 2 && g->weights[i].name != NULL && g->weights[i].gradient != NULL; i++)
        golden_gradient(context, g->weights[i].name, g->weights[i].gradient, g->weights[i].count,
                        g->bound);
    nn_tensor_free(targets);
    nn_context_free(context);
    nn_model_free(model);
}

/* A model of one layer whose build fails like this; takes the layer. */
static inline void golden_refused(nn_layer *layer, nn_shape x, nn_status status,
                                  const char *message)
{
    nn_model *model = nn_model_new();
    nn_node node = nn_model_input_new(model, x.dims, x.rank);
    nn_model_output(model, nn_apply(layer, node));
    ck_assert_int_eq(nn_model_build(model), status);
    test_message_has(message);
    nn_model_free(model);
}

#endif
