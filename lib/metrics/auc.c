/*
 * AUC: the area under the curve of n thresholds that lie evenly in 0..1, the first and last a little
 * outside. Elements are counted in the interval between two thresholds in which they lie:
 *   bucket t holds p in (t / (n - 1), (t + 1) / (n - 1)], bucket 0 also p = 0
 * so tp and fp of threshold t are the sums of the buckets t, t + 1, ...
 *
 * ROC: x = fp / negatives, y = tp / positives. PR: x = recall, y = precision. The area is summed
 * over the intervals [a, b] between neighbours: (x_a - x_b) times the mean, the smaller or the larger
 * of y_a and y_b. PR with interpolation takes precision as linear in tp and fp (Davis and Goadrich,
 * The relationship between precision-recall and ROC curves, 2006, section 4):
 *   slope (tp_a - tp_b + (tp_b - slope p_b) log(p_a / p_b)) / positives
 *   where p = tp + fp and slope = (tp_a - tp_b) / (p_a - p_b)
 */
#include <math.h>

#include "metrics/metric.h"

NN__NO_TAIL_PADDING(nn_auc_options, name);

static const char *const curve_names[] = {"ROC", "PR", NULL};
static const char *const summation_names[] = {"interpolation", "minoring", "majoring", NULL};

static const nn_option auc_fields[] = {
    NN__OPTION(nn_auc_options, INT, num_thresholds, .fallback = 200, .minimum = 2,
               .maximum = 1000000),
    NN__OPTION(nn_auc_options, CHOICE, curve, .choices = curve_names),
    NN__OPTION(nn_auc_options, CHOICE, summation_method, .choices = summation_names),
    NN__OPTION(nn_auc_options, FLAG, from_logits),
    NN__OPTION(nn_auc_options, STRING, name),
};

/* What lies in a bucket, or above a threshold. */
typedef struct auc_counts {
    double positives, negatives;
} auc_counts;

static size_t auc_state_bytes(const void *options, int width)
{
    const nn_auc_options *o = options;
    (void)width;
    return (size_t)(o->num_thresholds - 1) * sizeof(auc_counts);
}

static size_t auc_bucket(const nn_auc_options *o, nn_real p)
{
    if (o->from_logits)
        p = (nn_real)(1 / (1 + exp(-(double)p)));
    p = p > 0 ? (p < 1 ? p : 1) : 0; /* NaN is 0 */
    double bucket = ceil((double)(p * (nn_real)(o->num_thresholds - 1))) - 1;
    return bucket > 0 ? (size_t)bucket : 0;
}

static void auc_update(const nn_metric_pass *pass, void *state)
{
    const size_t width = (size_t)pass->width;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        const double weight = nn__metric_weight(pass, i);
        for (size_t j = 0; j < width; j++) {
            auc_counts *bucket =
                (auc_counts *)state + auc_bucket(pass->options, pass->prediction[i * width + j]);
            if (nn__metric_target(pass, i, j) != 0)
                bucket->positives += weight;
            else
                bucket->negatives += weight;
        }
    }
}

static double share(double part, double whole)
{
    return whole != 0 ? part / whole : 0;
}

/* PR with interpolation, times the number of positives. */
static double auc_precision(auc_counts a, auc_counts b)
{
    const double a_all = a.positives + a.negatives, b_all = b.positives + b.negatives;
    const double change = a.positives - b.positives, slope = share(change, fmax(a_all - b_all, 0));
    const double ratio = a_all > 0 && b_all > 0 ? a_all / b_all : 1;
    return slope * (change + (b.positives - slope * b_all) * log(ratio));
}

static double auc_interval(const nn_auc_options *o, auc_counts a, auc_counts b, auc_counts total)
{
    if (o->curve == NN_PR && o->summation_method == NN_INTERPOLATION)
        return share(auc_precision(a, b), total.positives);
    double xa = share(a.negatives, total.negatives), xb = share(b.negatives, total.negatives);
    double ya = share(a.positives, total.positives), yb = share(b.positives, total.positives);
    if (o->curve == NN_PR) {
        xa = ya;
        xb = yb;
        ya = share(a.positives, a.positives + a.negatives);
        yb = share(b.positives, b.positives + b.negatives);
    }
    const double height = o->summation_method == NN_MINORING   ? fmin(ya, yb)
                          : o->summation_method == NN_MAJORING ? fmax(ya, yb)
                                                               : (ya + yb) / 2;
    return (xa - xb) * height;
}

static double auc_result(const void *options, const void *state)
{
    const nn_auc_options *o = options;
    const auc_counts *buckets = state;
    auc_counts total = {0, 0}, b = {0, 0};
    double area = 0;
    for (int t = 0; t < o->num_thresholds - 1; t++) {
        total.positives += buckets[t].positives;
        total.negatives += buckets[t].negatives;
    }
    for (int t = o->num_thresholds - 2; t >= 0; t--) {
        auc_counts a = {b.positives + buckets[t].positives, b.negatives + buckets[t].negatives};
        area += auc_interval(o, a, b, total);
        b = a;
    }
    return area;
}

const nn_metric_kind nn__auc_metric = {
    .kind = NN__KIND(nn_metric_kind, "auc", "AUC", nn_auc_options, auc_fields),
    .better = NN_MAX,
    .update = auc_update,
    .result = auc_result,
    .state_bytes = auc_state_bytes,
};

nn_metric *nn_auc_new(const nn_auc_options *options)
{
    return nn_metric_new(&nn__auc_metric, options);
}
