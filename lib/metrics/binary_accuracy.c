/* BinaryAccuracy: the share of elements for which (p > threshold) equals y. */
#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_binary_accuracy_options, name);

static const nn_option binary_accuracy_fields[] = {
    NN__OPTION(nn_binary_accuracy_options, DOUBLE, threshold, .fallback = 0.5, .maximum = 1),
    NN__OPTION(nn_binary_accuracy_options, STRING, name),
};

static double binary_accuracy_row(const nn_metric_pass *pass, size_t row)
{
    const nn_real threshold =
        (nn_real)((const nn_binary_accuracy_options *)pass->options)->threshold;
    const size_t width = (size_t)pass->width;
    double right = 0;
    for (size_t j = 0; j < width; j++)
        right += (pass->prediction[row * width + j] > threshold ? 1 : 0) ==
                 nn__metric_target(pass, row, j);
    return right / (double)width;
}

static void binary_accuracy_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, binary_accuracy_row);
}

const nn_metric_kind nn__binary_accuracy_metric = {
    .kind = NN__KIND(nn_metric_kind, "binary_accuracy", "BinaryAccuracy",
                     nn_binary_accuracy_options, binary_accuracy_fields),
    .better = NN_MAX,
    .state_size = sizeof(nn__mean),
    .update = binary_accuracy_update,
    .result = nn__mean_result,
};

nn_metric *nn_binary_accuracy_new(const nn_binary_accuracy_options *options)
{
    return nn_metric_new(&nn__binary_accuracy_metric, options);
}
