/* What FBetaScore and F1Score share. */
#ifndef NN__METRICS_F_SCORE_H
#define NN__METRICS_F_SCORE_H

#include "metrics/metric.h"

extern const char *const nn__average_names[];

size_t nn__f_score_state_bytes(const void *options, int width);
void nn__f_score_update(const nn_metric_pass *pass, const nn_maybe *threshold, void *state);
double nn__f_score_result(const void *state, int average, double beta);
nn_status nn__f_score_check_threshold(const nn_maybe *threshold, const char *name);

#endif
