/*
 * TopKCategoricalAccuracy and its sparse form: the share of rows whose class is among the k largest
 * predictions. As in TensorFlow, all that tie with the k-th are among them, and rows with a number
 * that is not finite count as wrong.
 */
#include <limits.h>
#include <math.h>

#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_top_k_categorical_accuracy_options, name);

static const nn_option top_k_categorical_accuracy_fields[] = {
    NN__OPTION(nn_top_k_categorical_accuracy_options, INT, k, .fallback = 5, .minimum = 1,
               .maximum = INT_MAX),
    NN__OPTION(nn_top_k_categorical_accuracy_options, STRING, name),
};

static double top_k_categorical_accuracy_row(const nn_metric_pass *pass, size_t row)
{
    const int k = ((const nn_top_k_categorical_accuracy_options *)pass->options)->k;
    const size_t width = (size_t)pass->width;
    const nn_real *p = pass->prediction + row * width;
    const size_t right = pass->targets != NULL
                             ? nn__metric_largest(pass->targets + row * width, width)
                             : (size_t)pass->classes[row];
    int larger = 0;
    for (size_t j = 0; j < width; j++) {
        if (right >= width || !isfinite(p[j]))
            return 0;
        larger += p[j] > p[right];
    }
    return larger < k;
}

static void top_k_categorical_accuracy_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, top_k_categorical_accuracy_row);
}

const nn_metric_kind nn__top_k_categorical_accuracy_metric = {
    .kind = NN__KIND(nn_metric_kind, "top_k_categorical_accuracy", "TopKCategoricalAccuracy",
                     nn_top_k_categorical_accuracy_options, top_k_categorical_accuracy_fields),
    .better = NN_MAX,
    .state_size = sizeof(nn__mean),
    .update = top_k_categorical_accuracy_update,
    .result = nn__mean_result,
};

nn_metric *nn_top_k_categorical_accuracy_new(const nn_top_k_categorical_accuracy_options *options)
{
    return nn_metric_new(&nn__top_k_categorical_accuracy_metric, options);
}
