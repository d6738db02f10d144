/* MeanSquaredError as a metric: the mean of (p - y)^2. */
#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_metric_options, name);

static const nn_option mean_squared_error_fields[] = {
    NN__OPTION(nn_metric_options, STRING, name),
};

static void mean_squared_error_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, nn__squared_error);
}

const nn_metric_kind nn__mean_squared_error_metric = {
    .kind = NN__KIND(nn_metric_kind, "mean_squared_error", "MeanSquaredError", nn_metric_options,
                     mean_squared_error_fields),
    .better = NN_MIN,
    .state_size = sizeof(nn__mean),
    .update = mean_squared_error_update,
    .result = nn__mean_result,
};

nn_metric *nn_mean_squared_error_metric_new(const nn_metric_options *options)
{
    return nn_metric_new(&nn__mean_squared_error_metric, options);
}
