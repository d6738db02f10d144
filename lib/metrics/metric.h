/* What the metrics share: the object, and the list of kinds. */
#ifndef NN__METRICS_METRIC_H
#define NN__METRICS_METRIC_H

#include "base/base.h"
#include "base/registry.h"

struct nn_metric {
    nn__object object;
    int weighted; /* by the weights of rows, where there are some */
};

#define NN__KIND_OF(name) extern const nn_metric_kind nn__##name##_metric;
#include "metrics/kinds.def"
#undef NN__KIND_OF

/* All built-in kinds, ended by NULL. */
extern const nn_kind *const nn__metric_kinds[];

static inline const nn_metric_kind *nn__metric_kind(const nn_metric *metric)
{
    return (const nn_metric_kind *)(const void *)metric->object.kind;
}

/* Bytes of its state for predictions of that width; is this its output? Tables of an older version
 * lack these functions. */
size_t nn__metric_state_bytes(const nn_metric *metric, int width);
nn_status nn__metric_check(const nn_metric *metric, const nn_shape *prediction);

/* The caller's name for it, else its kind's. */
const char *nn__metric_name(const nn_metric *metric);

/* ---- What kinds share ---- */

/* A weighted mean over rows; 0 where there are none. */
typedef struct nn__mean {
    double sum, weight;
} nn__mean;
typedef double nn__metric_row(const nn_metric_pass *pass, size_t row);
void nn__mean_update(const nn_metric_pass *pass, nn__mean *mean, nn__metric_row *row);
double nn__mean_result(const void *options, const void *mean);
/* The mean over a row's elements of |p - y|, of (p - y)^2. */
double nn__absolute_error(const nn_metric_pass *pass, size_t row);
double nn__squared_error(const nn_metric_pass *pass, size_t row);

static inline double nn__metric_weight(const nn_metric_pass *pass, size_t row)
{
    return pass->weights != NULL ? pass->weights[row] : 1;
}

/* y[row][j] as a number: classes stand for one-hot rows, and for themselves where a prediction is
 * one number. */
static inline nn_real nn__metric_target(const nn_metric_pass *pass, size_t row, size_t j)
{
    if (pass->targets != NULL)
        return pass->targets[row * (size_t)pass->width + j];
    return pass->width == 1 ? (nn_real)pass->classes[row] : (nn_real)(pass->classes[row] == (int)j);
}

/* The first of the largest; NaN is never larger. */
size_t nn__metric_largest(const nn_real *x, size_t count);

#endif
