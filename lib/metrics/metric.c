#include "metrics/metric.h"

#include <math.h>

const nn_kind *const nn__metric_kinds[] = {
#define NN__KIND_OF(name) &nn__##name##_metric.kind,
#include "metrics/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn_metric *nn_metric_new(const nn_metric_kind *kind, const void *options)
{
    return nn__object_new(sizeof(nn_metric), &kind->kind, options);
}

nn_metric *nn_weighted(nn_metric *metric)
{
    if (metric != NULL)
        metric->weighted = 1;
    return metric;
}

void nn_metric_free(nn_metric *metric)
{
    nn__object_free(metric);
}

const char *nn__metric_name(const nn_metric *metric)
{
    const char *name = nn__option_string(&metric->object, "name");
    return name != NULL ? name : metric->object.kind->name;
}

/* Does the kind's table reach as far as this field, and is it set? */
#define KIND_HAS(kind_, field)                                                                     \
    ((kind_)->kind.struct_size >= offsetof(nn_metric_kind, field) + sizeof((kind_)->field) &&      \
     (kind_)->field != NULL)

size_t nn__metric_state_bytes(const nn_metric *metric, int width)
{
    const nn_metric_kind *kind = nn__metric_kind(metric);
    return KIND_HAS(kind, state_bytes) ? kind->state_bytes(metric->object.options, width)
                                       : kind->state_size;
}

nn_status nn__metric_check(const nn_metric *metric, const nn_shape *prediction)
{
    const nn_metric_kind *kind = nn__metric_kind(metric);
    if (!KIND_HAS(kind, check))
        return NN_OK;
    return kind->check(metric->object.options, nn__metric_name(metric), prediction);
}

void nn__mean_update(const nn_metric_pass *pass, nn__mean *mean, nn__metric_row *row)
{
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        const double weight = nn__metric_weight(pass, i);
        mean->sum += weight * row(pass, i);
        mean->weight += weight;
    }
}

static double difference(const nn_metric_pass *pass, size_t row, size_t j)
{
    return (double)pass->prediction[row * (size_t)pass->width + j] -
           (double)nn__metric_target(pass, row, j);
}

double nn__absolute_error(const nn_metric_pass *pass, size_t row)
{
    double sum = 0;
    for (size_t j = 0; j < (size_t)pass->width; j++)
        sum += fabs(difference(pass, row, j));
    return sum / pass->width;
}

double nn__squared_error(const nn_metric_pass *pass, size_t row)
{
    double sum = 0;
    for (size_t j = 0; j < (size_t)pass->width; j++) {
        const double d = difference(pass, row, j);
        sum += d * d;
    }
    return sum / pass->width;
}

double nn__mean_result(const void *options, const void *state)
{
    const nn__mean *mean = state;
    (void)options;
    return mean->weight != 0 ? mean->sum / mean->weight : 0;
}

size_t nn__metric_largest(const nn_real *x, size_t count)
{
    size_t largest = 0;
    for (size_t j = 1; j < count; j++)
        if (x[j] > x[largest])
            largest = j;
    return largest;
}
