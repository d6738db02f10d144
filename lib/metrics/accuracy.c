/*
 * Accuracy: the share of rows classified right, by the shapes of prediction and target as in
 * nn/metrics.h. The largest element is the first of equals; NaN is never larger.
 */
#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_accuracy_options, name);

static const nn_option accuracy_fields[] = {
    NN__OPTION(nn_accuracy_options, STRING, name),
};

typedef struct accuracy_state {
    double right, rows;
} accuracy_state;

static int accuracy_largest(const nn_real *x, int width)
{
    int largest = 0;
    for (int j = 1; j < width; j++)
        if (x[j] > x[largest])
            largest = j;
    return largest;
}

static int accuracy_row(const nn_metric_pass *pass, int row)
{
    const nn_real *p = pass->prediction + (size_t)row * (size_t)pass->width;
    if (pass->width == 1) {
        nn_real predicted = p[0] > (nn_real)0.5 ? 1 : 0;
        return predicted ==
               (pass->classes != NULL ? (nn_real)pass->classes[row] : pass->targets[row]);
    }
    int class =
        pass->classes != NULL
            ? pass->classes[row]
            : accuracy_largest(pass->targets + (size_t)row * (size_t)pass->width, pass->width);
    return accuracy_largest(p, pass->width) == class;
}

static void accuracy_update(const nn_metric_pass *pass, void *state)
{
    accuracy_state *sum = state;
    for (int row = 0; row < pass->rows; row++)
        sum->right += accuracy_row(pass, row);
    sum->rows += pass->rows;
}

static double accuracy_result(const void *options, const void *state)
{
    const accuracy_state *sum = state;
    (void)options;
    return sum->rows > 0 ? sum->right / sum->rows : 0;
}

const nn_metric_kind nn__accuracy_metric = {
    .kind = NN__KIND(nn_metric_kind, "accuracy", "Accuracy", nn_accuracy_options, accuracy_fields),
    .better = NN_MAX,
    .state_size = sizeof(accuracy_state),
    .update = accuracy_update,
    .result = accuracy_result,
};

nn_metric *nn_accuracy_new(const nn_accuracy_options *options)
{
    return nn_metric_new(&nn__accuracy_metric, options);
}
