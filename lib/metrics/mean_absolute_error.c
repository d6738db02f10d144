/* MeanAbsoluteError as a metric: the mean of |p - y|. */
#include "metrics/metric.h"

static const nn_option mean_absolute_error_fields[] = {
    NN__OPTION(nn_metric_options, STRING, name),
};

static void mean_absolute_error_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, nn__absolute_error);
}

const nn_metric_kind nn__mean_absolute_error_metric = {
    .kind = NN__KIND(nn_metric_kind, "mean_absolute_error", "MeanAbsoluteError", nn_metric_options,
                     mean_absolute_error_fields),
    .better = NN_MIN,
    .state_size = sizeof(nn__mean),
    .update = mean_absolute_error_update,
    .result = nn__mean_result,
};

nn_metric *nn_mean_absolute_error_metric_new(const nn_metric_options *options)
{
    return nn_metric_new(&nn__mean_absolute_error_metric, options);
}
