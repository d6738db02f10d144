/*
 * Numeric gradients: central differences of the loss by every trainable number of a model, against
 * what backward gives. In double, with h = 6e-6, the difference quotient itself is good to 1e-10.
 */
#ifndef NN__TESTS_GRADIENTS_NUMERIC_H
#define NN__TESTS_GRADIENTS_NUMERIC_H

#include "model/context.h"
#include "test.h"

typedef struct numeric {
    nn_model *model;
    nn_context *context;
    const nn_real *x;
    int rows;
    const nn_tensor *targets;
    double scale;                 /* of the loss that backward reports against the one it derives */
    const nn_real *const *inputs; /* several, in the place of x; or NULL */
    const nn_tensor *const *outputs; /* their targets                       */
} numeric;

static inline double numeric_loss(const numeric *n)
{
    double loss = 0;
    const nn_real *const *x = n->inputs != NULL ? n->inputs : &n->x;
    const nn_tensor *const *targets = n->inputs != NULL ? n->outputs : &n->targets;
    if (nn_context_forward_many(n->context, x, n->rows, NULL) != NN_OK ||
        nn_context_backward_many(n->context, targets, &loss) != NN_OK)
        ck_abort_msg("%s", nn_error_message());
    return loss * n->scale;
}

static inline double numeric_slope(const numeric *n, nn_real *place)
{
    const nn_real kept = *place;
    const double h = 6e-6;
    *place = kept + (nn_real)h;
    double above = numeric_loss(n);
    *place = kept - (nn_real)h;
    double below = numeric_loss(n);
    *place = kept;
    return (above - below) / (2 * h);
}

/* |g - numeric| / max(|g|, |numeric|, 1e-8) < 1e-6 for each weight. Returns the largest |g|. */
static inline double numeric_check(const numeric *n, const char *what)
{
    double largest = 0;
    for (int w = 0; w < n->model->weight_count; w++) {
        const nn__weight *weight = &n->model->weights[w];
        if (!weight->trainable)
            continue;
        nn_real *values = n->model->values + weight->offset;
        nn_real *g = calloc(weight->count, sizeof *g);
        double difference = 0, have = 0, want = 0;
        numeric_loss(n);
        ck_assert_int_eq(nn_context_gradient(n->context, weight->name, g, weight->count), NN_OK);
        for (size_t i = 0; i < weight->count; i++) {
            double slope = numeric_slope(n, &values[i]), error = (double)g[i] - slope;
            if (!(fabs(error) <= 1e-4 * fabs(slope) + 1e-7))
                ck_abort_msg("%s: %s[%zu]: backward gives %.12g, the quotient is %.12g", what,
                             weight->name, i, (double)g[i], slope);
            difference += error * error;
            have += (double)g[i] * (double)g[i];
            want += slope * slope;
        }
        double size = fmax(fmax(sqrt(have), sqrt(want)), 1e-8);
        ck_assert_msg(sqrt(difference) / size < 1e-6, "%s: %s: relative error %g", what,
                      weight->name, sqrt(difference) / size);
        largest = fmax(largest, sqrt(have));
        free(g);
    }
    return largest;
}

/* Distinct numbers between -1 and 1 in random order, 2 / count apart, none near 0: no kink is near
 * and no two are tied. */
static inline void numeric_grid(nn_real *x, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (nn_real)((2 * ((double)i + 0.37) / (double)count) - 1);
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)test_random_int(state, 0, (int)i - 1);
        nn_real kept = x[i - 1];
        x[i - 1] = x[j];
        x[j] = kept;
    }
}

#endif
