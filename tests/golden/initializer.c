/*
 * Subject "initializer": "weight" of a "model" as it is first drawn. Both sides draw from the same
 * distribution, each its own numbers; so what is compared are statistics of both, and how far apart
 * two samples of one distribution are with a chance of less than 1e-9.
 *
 *   "count", "mean", "variance", "fourth"   of all of Keras's numbers; fourth central moment
 *   sample      some of them, sorted, evenly spread over all of them
 *   "limit"     no number is larger in size, and some come close; null where there is no limit
 *   "constant"  true: all are one number
 *   "gain"      the rows or columns, whichever are fewer, are orthogonal and of that length
 */
#include "golden.h"

typedef struct initial {
    golden_case *c;
    const nn_real *w; /* libnn's, sorted but for orthogonality */
    size_t count;
    const nn_shape *shape;
} initial;

static const double DEVIATIONS = 6.1;    /* of a normal distribution: two sides have 1e-9 */
static const double KOLMOGOROV = 3.2727; /* sqrt(-ln(1e-9 / 2) / 2)                       */

static double number(const golden_case *c, const char *name)
{
    double value = (double)NAN;
    nn__json_number(c->json, golden_member(c, name), &value);
    return value;
}

static void moments(const initial *i)
{
    double count = (double)i->count, mean = 0, variance = 0;
    double shares = 1 / count + 1 / number(i->c, "count");
    for (size_t k = 0; k < i->count; k++)
        mean += (double)i->w[k] / count;
    for (size_t k = 0; k < i->count; k++)
        variance += ((double)i->w[k] - mean) * ((double)i->w[k] - mean) / count;
    double keras = number(i->c, "variance"), fourth = number(i->c, "fourth");
    if (!(fabs(mean - number(i->c, "mean")) <= DEVIATIONS * sqrt(keras * shares)))
        ck_abort_msg("%s: the mean is %g, Keras has %g", i->c->name, mean, number(i->c, "mean"));
    if (!(fabs(variance - keras) <= DEVIATIONS * sqrt((fourth - keras * keras) * shares)))
        ck_abort_msg("%s: the variance is %g, Keras has %g", i->c->name, variance, keras);
}

/* A limit that is not reached by 1 - 92 / n of it has a chance below 1e-9, also where a normal
 * distribution is cut at two deviations: its density there is 0.226 of a uniform one's. */
static void range(const initial *i)
{
    double limit = number(i->c, "limit");
    double low = fabs((double)i->w[0]), high = fabs((double)i->w[i->count - 1]);
    double largest = low > high ? low : high;
    if (isnan(limit))
        return;
    if (!(largest <= limit * (1 + 0x1p-23) && largest >= limit * (1 - 92 / (double)i->count)))
        ck_abort_msg("%s: the largest number is %g, Keras's limit is %g", i->c->name, largest,
                     limit);
}

static size_t below(const initial *i, double value)
{
    size_t first = 0, last = i->count;
    while (first < last) {
        size_t middle = (first + last) / 2;
        if ((double)i->w[middle] < value)
            first = middle + 1;
        else
            last = middle;
    }
    return first;
}

/* Kolmogorov and Smirnov's test of two samples; Keras's is known at `tensor->count` places. */
static void distribution(const initial *i)
{
    const nn__tensor_info *tensor = golden_tensor(i->c, "sample");
    const double *sample = golden_doubles(i->c, tensor), places = (double)tensor->count;
    double count = (double)i->count, keras = number(i->c, "count"), furthest = 0;
    for (size_t k = 0; k < tensor->count; k++) {
        double here = (double)below(i, sample[k]) / count;
        furthest = fmax(furthest, fabs(here - (double)k / (places - 1)));
    }
    if (!(furthest <= KOLMOGOROV * sqrt(1 / count + 1 / keras) + 1 / places))
        ck_abort_msg("%s: the distributions are %g apart", i->c->name, furthest);
}

/* Dot products of n terms in float are off by sqrt(n) units, four deviations allowed. */
static void orthogonality(const initial *i, double gain)
{
    size_t columns = (size_t)i->shape->dims[i->shape->rank - 1], rows = i->count / columns;
    size_t vectors = rows < columns ? rows : columns, length = i->count / vectors;
    size_t step = rows < columns ? columns : 1, element = rows < columns ? 1 : columns;
    double unit = sizeof(nn_real) == sizeof(double) ? 0x1p-53 : 0x1p-24;
    for (size_t a = 0; a < vectors; a++)
        for (size_t b = 0; b <= a; b++) {
            double dot = 0, want = a == b ? gain * gain : 0;
            for (size_t e = 0; e < length; e++)
                dot += (double)i->w[a * step + e * element] * (double)i->w[b * step + e * element];
            if (!(fabs(dot - want) <= 4 * sqrt((double)length) * unit * gain * gain))
                ck_abort_msg("%s: vectors %zu and %zu have the product %.9g", i->c->name, a, b,
                             dot);
        }
}

static int ascending(const void *a, const void *b)
{
    const nn_real *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void golden_initializer(golden_case *c)
{
    const char *name = nn__json_string(c->json, golden_member(c, "weight"));
    nn_model *model = golden_model(c, 0, 1);
    const nn__weight *weight = nn__model_weight(model, name);
    ck_assert_msg(weight != NULL, "%s: no weight '%s'", c->name, name);
    nn_real *w = golden_alloc(c, weight->count, sizeof *w);
    memcpy(w, model->values + weight->offset, weight->count * sizeof *w);
    initial i = {c, w, weight->count, &weight->shape};
    if (!isnan(number(c, "gain")))
        orthogonality(&i, number(c, "gain"));
    qsort(w, i.count, sizeof *w, ascending);
    if (golden_int(c, "constant")) {
        const double *sample = golden_doubles(c, golden_tensor(c, "sample"));
        ck_assert((double)w[0] == sample[0] && (double)w[i.count - 1] == sample[0]);
    } else {
        moments(&i);
        range(&i);
        distribution(&i);
    }
    nn_model_free(model);
}
