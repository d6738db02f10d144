#include "metrics/metric.h"

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

void nn_metric_free(nn_metric *metric)
{
    nn__object_free(metric);
}

const char *nn__metric_name(const nn_metric *metric)
{
    const char *name = nn__option_string(&metric->object, "name");
    return name != NULL ? name : metric->object.kind->name;
}
