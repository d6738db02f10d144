/*
 * Accuracy: the share of rows classified right, by the shapes of prediction and target as in
 * nn/metrics.h; on outputs of several axes, of the lines of the last one.
 */
#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_accuracy_options, name);

static const nn_option accuracy_fields[] = {
    NN__OPTION(nn_accuracy_options, STRING, name),
};

/* One line of the last axis; y NULL: its class. */
static int accuracy_line(const nn_real *p, const nn_real *y, int class, size_t count)
{
    if (count == 1)
        return (p[0] > (nn_real)0.5 ? 1 : 0) == (y != NULL ? y[0] : (nn_real) class);
    size_t right = y != NULL ? nn__metric_largest(y, count) : (size_t) class;
    return nn__metric_largest(p, count) == right;
}

static double accuracy_row(const nn_metric_pass *pass, size_t row)
{
    const size_t width = (size_t)pass->width;
    const size_t count = pass->last_axis > 0 ? (size_t)pass->last_axis : width;
    double right = 0;
    for (size_t at = row * width; at < (row + 1) * width; at += count)
        right +=
            accuracy_line(pass->prediction + at, pass->targets != NULL ? pass->targets + at : NULL,
                          pass->targets != NULL ? 0 : pass->classes[row], count);
    return right / (double)(width / count);
}

static void accuracy_update(const nn_metric_pass *pass, void *state)
{
    nn__mean_update(pass, state, accuracy_row);
}

const nn_metric_kind nn__accuracy_metric = {
    .kind = NN__KIND(nn_metric_kind, "accuracy", "Accuracy", nn_accuracy_options, accuracy_fields),
    .better = NN_MAX,
    .state_size = sizeof(nn__mean),
    .update = accuracy_update,
    .result = nn__mean_result,
};

nn_metric *nn_accuracy_new(const nn_accuracy_options *options)
{
    return nn_metric_new(&nn__accuracy_metric, options);
}
