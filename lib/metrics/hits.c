/* The common part of precision.c and recall.c. */
#include "metrics/hits.h"

#include <limits.h>
#include <math.h>

NN__NO_TAIL_PADDING(nn_precision_options, name);

const nn_option nn__hits_fields[4] = {
    NN__OPTION(nn_precision_options, MAYBE, threshold),
    NN__OPTION(nn_precision_options, INT, top_k, .maximum = INT_MAX),
    NN__OPTION(nn_precision_options, MAYBE, class_id),
    NN__OPTION(nn_precision_options, STRING, name),
};

nn_status nn__hits_check(const void *options, const char *name, const nn_shape *prediction)
{
    const nn_precision_options *o = options;
    const double id = o->class_id.value, width = (double)nn__shape_count(prediction);
    if (o->threshold.present && !(o->threshold.value >= 0 && o->threshold.value <= 1))
        return nn_fail(NN_EINVAL, "%s: threshold is %g, it must be 0..1", name, o->threshold.value);
    if (o->class_id.present && !(id >= 0 && id < width && id == floor(id)))
        return nn_fail(NN_EINVAL, "%s: class_id is %g, the output has %g elements", name, id,
                       width);
    return NN_OK;
}

static int counts(const nn_precision_options *o, size_t j)
{
    return !o->class_id.present || (double)j == o->class_id.value;
}

static void hit(nn__hits *hits, const nn_metric_pass *pass, size_t row, size_t j)
{
    const double weight = nn__metric_weight(pass, row);
    if (nn__metric_target(pass, row, j) != 0)
        hits->true_positives += weight;
    else
        hits->false_positives += weight;
}

/* The k largest, the first of equals first: each is the largest of those after the former. */
static void hits_top(nn__hits *hits, const nn_metric_pass *pass, size_t row, nn_real threshold)
{
    const nn_precision_options *o = pass->options;
    const size_t width = (size_t)pass->width;
    const nn_real *p = pass->prediction + row * width;
    const nn_real *last = NULL;
    for (int k = 0; k < o->top_k; k++) {
        size_t best = width;
        for (size_t j = 0; j < width; j++) {
            int after = last == NULL || p[j] < *last || (p[j] == *last && p + j > last);
            if (after && (best == width || p[j] > p[best]))
                best = j;
        }
        if (best == width)
            return;
        if (counts(o, best) && p[best] > threshold)
            hit(hits, pass, row, best);
        last = p + best;
    }
}

void nn__hits_update(const nn_metric_pass *pass, void *state)
{
    const nn_precision_options *o = pass->options;
    const size_t width = (size_t)pass->width;
    const nn_real threshold = o->threshold.present ? (nn_real)o->threshold.value
                              : o->top_k > 0       ? (nn_real)-INFINITY
                                                   : (nn_real)0.5;
    nn__hits *hits = state;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        for (size_t j = 0; j < width; j++) {
            if (!counts(o, j))
                continue;
            if (nn__metric_target(pass, i, j) != 0)
                hits->positives += nn__metric_weight(pass, i);
            if (o->top_k == 0 && pass->prediction[i * width + j] > threshold)
                hit(hits, pass, i, j);
        }
        if (o->top_k > 0)
            hits_top(hits, pass, i, threshold);
    }
}
