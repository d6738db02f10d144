/* Recall: the true positives among what is true; 0 where there is nothing. */
#include "metrics/hits.h"

static double recall_result(const void *options, const void *state)
{
    const nn__hits *hits = state;
    const double all = hits->positives;
    (void)options;
    return all != 0 ? hits->true_positives / all : 0;
}

const nn_metric_kind nn__recall_metric = {
    .kind = NN__KIND(nn_metric_kind, "recall", "Recall", nn_precision_options, nn__hits_fields),
    .better = NN_MAX,
    .state_size = sizeof(nn__hits),
    .update = nn__hits_update,
    .result = recall_result,
    .check = nn__hits_check,
};

nn_metric *nn_recall_new(const nn_precision_options *options)
{
    return nn_metric_new(&nn__recall_metric, options);
}
