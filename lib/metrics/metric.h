/* What the metrics share: the object, and the list of kinds. */
#ifndef NN__METRICS_METRIC_H
#define NN__METRICS_METRIC_H

#include "base/base.h"
#include "base/registry.h"

struct nn_metric {
    nn__object object;
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

/* The caller's name for it, else its kind's. */
const char *nn__metric_name(const nn_metric *metric);

#endif
