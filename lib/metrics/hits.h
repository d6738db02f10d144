/* What Precision and Recall count: elements predicted and true, of one class or of all. */
#ifndef NN__METRICS_HITS_H
#define NN__METRICS_HITS_H

#include "metrics/metric.h"

extern const nn_option nn__hits_fields[4];

typedef struct nn__hits {
    double true_positives, false_positives, positives; /* positives: of the targets */
} nn__hits;

void nn__hits_update(const nn_metric_pass *pass, void *state);
/* class_id is one of the output's elements. */
nn_status nn__hits_check(const void *options, const char *name, const nn_shape *prediction);

#endif
