/* RootMeanSquaredError: the root of the mean of (p - y)^2 over all rows. */
#include <math.h>

#include "metrics/metric.h"

static const nn_option root_mean_squared_error_fields[] = {
    NN__OPTION(nn_metric_options, STRING, name),
};

static void root_mean_squared_error_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, nn__squared_error);
}

static double root_mean_squared_error_result(const void *options, const void *state)
{
    return sqrt(nn__mean_result(options, state));
}

const nn_metric_kind nn__root_mean_squared_error_metric = {
    .kind = NN__KIND(nn_metric_kind, "root_mean_squared_error", "RootMeanSquaredError",
                     nn_metric_options, root_mean_squared_error_fields),
    .better = NN_MIN,
    .state_size = sizeof(nn__mean),
    .update = root_mean_squared_error_update,
    .result = root_mean_squared_error_result,
};

nn_metric *nn_root_mean_squared_error_new(const nn_metric_options *options)
{
    return nn_metric_new(&nn__root_mean_squared_error_metric, options);
}
