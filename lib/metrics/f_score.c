/*
 * FBetaScore and F1Score: per element of the output, over all rows, with e = 1e-7 as in Keras,
 *   precision = tp / (tp + fp + e), recall = tp / (tp + fn + e)
 *   F = (1 + beta^2) precision recall / (beta^2 precision + recall + e)
 * and the mean of them, or one F of the sums. Predicted is what exceeds the threshold; without one,
 * the largest of a row, unless it is 0.
 */
#include <math.h>

#include "metrics/f_score.h"

const char *const nn__average_names[] = {"macro", "micro", "weighted", NULL};

static const double E = 1e-7;

/* counts[width][3]: sums of p y, p (1 - y), y where p is 0 or 1 */
typedef struct f_state {
    double width;
    double counts[];
} f_state;

enum { BOTH, PREDICTED_ONLY, TRUE };

size_t nn__f_score_state_bytes(const void *options, int width)
{
    (void)options;
    return sizeof(f_state) + nn__mul(3 * sizeof(double), (size_t)width);
}

static int is_predicted(const nn_maybe *threshold, nn_real p, nn_real largest)
{
    if (threshold->present)
        return p > (nn_real)threshold->value;
    return p >= largest && fabs((double)p) > 1e-9;
}

void nn__f_score_update(const nn_metric_pass *pass, const nn_maybe *threshold, void *state)
{
    const size_t width = (size_t)pass->width;
    f_state *f = state;
    f->width = pass->width;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        const nn_real *p = pass->prediction + i * width;
        const nn_real largest = p[nn__metric_largest(p, width)];
        const double weight = nn__metric_weight(pass, i);
        for (size_t j = 0; j < width; j++) {
            const double y = (double)nn__metric_target(pass, i, j);
            double *counts = f->counts + 3 * j;
            counts[TRUE] += weight * y;
            if (!is_predicted(threshold, p[j], largest))
                continue;
            counts[BOTH] += weight * y;
            counts[PREDICTED_ONLY] += weight * (1 - y);
        }
    }
}

static double f_of(const double *counts, double beta)
{
    const double precision = counts[BOTH] / (counts[BOTH] + counts[PREDICTED_ONLY] + E);
    const double recall = counts[BOTH] / (counts[TRUE] + E);
    return (1 + beta * beta) * precision * recall / (beta * beta * precision + recall + E);
}

double nn__f_score_result(const void *state, int average, double beta)
{
    const f_state *f = state;
    double all[3] = {0}, macro = 0, weighted = 0;
    for (size_t j = 0; j < (size_t)f->width; j++) {
        const double *counts = f->counts + 3 * j, score = f_of(counts, beta);
        for (int k = 0; k < 3; k++)
            all[k] += counts[k];
        macro += score / f->width;
        weighted += score * counts[TRUE];
    }
    return average == NN_MICRO      ? f_of(all, beta)
           : average == NN_WEIGHTED ? weighted / (all[TRUE] + E)
                                    : macro;
}

nn_status nn__f_score_check_threshold(const nn_maybe *threshold, const char *name)
{
    if (!threshold->present || (threshold->value >= 0 && threshold->value <= 1))
        return NN_OK;
    return nn_fail(NN_EINVAL, "%s: threshold is %g, it must be 0..1", name, threshold->value);
}
