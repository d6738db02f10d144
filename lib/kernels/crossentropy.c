/*
 * Losses of rows and their gradients; formulas in nn/losses.h. Exponentials are nn_real's, sums and
 * logarithms are double. Terms whose target is 0 are left out (not multiplied by 0), so one-hot
 * targets and classes give the same numbers, also beside infinite logits. Targets y are read as
 * y keep + share, keep = 1 - smoothing, share = smoothing / c.
 */
#include "kernels/kernels.h"
#include "kernels/real.h"

typedef struct smooth {
    nn_real keep, share;
} smooth;

static smooth smooth_of(double smoothing, size_t c)
{
    return (smooth){(nn_real)(1 - smoothing), (nn_real)(smoothing / (double)c)};
}

static nn_real largest_of(const nn_real *z, size_t c)
{
    nn_real largest = z[0];
    for (size_t j = 1; j < c; j++)
        largest = z[j] > largest ? z[j] : largest;
    return largest;
}

/* sum_y and sum y (z - largest) of one row; y are targets, or one-hot at `class`. */
static double target_dot(const nn_real *z, nn_real largest, const nn_real *y, smooth mix,
                         int32_t class, size_t c, double *sum_y)
{
    double dot = 0;
    *sum_y = 0;
    if (y == NULL) {
        *sum_y = 1;
        return (double)(z[class] - largest);
    }
    for (size_t j = 0; j < c; j++) {
        nn_real target = y[j] * mix.keep + mix.share;
        if (target != 0) {
            *sum_y += (double)target;
            dot += (double)target * (double)(z[j] - largest);
        }
    }
    return dot;
}

/* e[j] = exp(z[j] - largest), where e is wanted; returns their sum. */
static double exponentials(nn_real *e, const nn_real *z, nn_real largest, size_t c)
{
    double sum = 0;
    for (size_t j = 0; j < c; j++) {
        nn_real value = nn__real_exp(z[j] - largest);
        sum += (double)value;
        if (e != NULL)
            e[j] = value;
    }
    return sum;
}

/* dz = scale (p - y); dz may be p. */
static void logits_gradient(nn_real *dz, const nn_real *p, const nn_real *y, smooth mix,
                            int32_t class, nn_real scale, size_t c)
{
    if (y != NULL) {
        for (size_t j = 0; j < c; j++)
            dz[j] = scale * (p[j] - (y[j] * mix.keep + mix.share));
    } else {
        nn_real winner = scale * (p[class] - 1);
        for (size_t j = 0; j < c; j++)
            dz[j] = scale * p[j];
        dz[class] = winner;
    }
}

void KERNEL(crossentropy_logits)(nn_real *z, int keep_logits, double *losses, nn_real *dz,
                                 const nn_real *targets, const int32_t *classes, double smoothing,
                                 double scale, size_t n, size_t c)
{
    const smooth mix = smooth_of(smoothing, c);
    for (size_t i = 0; i < n; i++, z += c) {
        const nn_real *y = targets != NULL ? targets + i * c : NULL;
        int32_t class = targets != NULL ? 0 : classes[i];
        nn_real *gradient = dz != NULL ? dz + i * c : NULL;
        nn_real *p = keep_logits ? gradient : z;
        nn_real largest = largest_of(z, c);
        double sum_y, dot = target_dot(z, largest, y, mix, class, c, &sum_y);
        double sum = exponentials(p, z, largest, c);
        losses[i] = sum_y * log(sum) - dot;
        if (p == NULL)
            continue;
        nn_real divisor = (nn_real)sum;
        for (size_t j = 0; j < c; j++)
            p[j] /= divisor;
        if (gradient != NULL)
            logits_gradient(gradient, p, y, mix, class, (nn_real)scale, c);
    }
}

static const double SMALL = 1e-7, LARGE = 1 - 1e-7;

static double clip(double p)
{
    return p < SMALL ? SMALL : p > LARGE ? LARGE : p;
}

/* 1 where clip lets the gradient through. */
static int inside(double p)
{
    return p >= SMALL && p <= LARGE;
}

/*
 * q = p / s, s = sum p; L = -sum y log clip(q).
 * g_j = dL/dq_j = -y_j / q_j inside the clip, else 0;  dL/dp_j = (g_j - sum_k g_k q_k) / s
 * so sum_k g_k q_k = -(sum of y inside the clip).
 */
static double categorical_row(nn_real *dp, const nn_real *p, const nn_real *y, smooth mix,
                              double scale, size_t c)
{
    double sum = 0, loss = 0, inner = 0;
    for (size_t j = 0; j < c; j++)
        sum += (double)p[j];
    for (size_t j = 0; j < c; j++) {
        double q = (double)p[j] / sum, target = (double)(y[j] * mix.keep + mix.share);
        if (target != 0)
            loss -= target * log(clip(q));
        inner += inside(q) ? target : 0;
    }
    for (size_t j = 0; dp != NULL && j < c; j++) {
        double q = (double)p[j] / sum, target = (double)(y[j] * mix.keep + mix.share);
        double g = inside(q) ? -target / q : 0;
        dp[j] = (nn_real)(scale * (g + inner) / sum);
    }
    return loss;
}

/* r = clip(p); L = log sum r - log r_k;  dL/dp_j = 1 / sum r - [j = k] / r_k inside the clip. */
static double sparse_row(nn_real *dp, const nn_real *p, int32_t class, double scale, size_t c)
{
    double sum = 0, right = clip((double)p[class]);
    for (size_t j = 0; j < c; j++)
        sum += clip((double)p[j]);
    for (size_t j = 0; dp != NULL && j < c; j++) {
        double g = 1 / sum - (j == (size_t) class ? 1 / right : 0);
        dp[j] = inside((double)p[j]) ? (nn_real)(scale * g) : 0;
    }
    return log(sum) - log(right);
}

/* dp may be p: a row's last pass reads each element before it writes it. */
void KERNEL(crossentropy_probabilities)(double *losses, nn_real *dp, const nn_real *p,
                                        const nn_real *targets, const int32_t *classes,
                                        double smoothing, double scale, size_t n, size_t c)
{
    const smooth mix = smooth_of(smoothing, c);
    for (size_t i = 0; i < n; i++) {
        nn_real *gradient = dp != NULL ? dp + i * c : NULL;
        if (targets != NULL)
            losses[i] = categorical_row(gradient, p + i * c, targets + i * c, mix, scale, c);
        else
            losses[i] = sparse_row(gradient, p + i * c, classes[i], scale, c);
    }
}

/* L = sum (p - y)^2 / c;  dp = 2 scale (p - y) / c; dp may be p. */
void KERNEL(squared_error)(double *losses, nn_real *dp, const nn_real *p, const nn_real *targets,
                           double scale, size_t n, size_t c)
{
    nn_real factor = (nn_real)(2 * scale / (double)c);
    for (size_t i = 0; i < n; i++) {
        const nn_real *row = p + i * c, *y = targets + i * c;
        double sum = 0;
        for (size_t j = 0; j < c; j++) {
            double difference = (double)row[j] - (double)y[j];
            sum += difference * difference;
        }
        losses[i] = sum / (double)c;
        for (size_t j = 0; dp != NULL && j < c; j++)
            dp[i * c + j] = factor * (row[j] - y[j]);
    }
}
