/*
 * CosineSimilarity: L = -sum y' p' over the last axis, x' = x / max(|x|, 1e-7).
 *   dL/dp = -(y' - (y' . p') p') / |p|, and -y' / 1e-7 where |p| is smaller than that
 */
#include <math.h>

#include "losses/elements.h"

static const double LEAST = 1e-7;

static double norm(const nn_real *x, size_t c)
{
    double sum = 0;
    for (size_t j = 0; j < c; j++)
        sum += (double)x[j] * (double)x[j];
    return sqrt(sum);
}

static double cosine_similarity_position(nn_real *dp, const nn_real *p, const nn_real *y,
                                         double scale, size_t c)
{
    const double y_norm = fmax(norm(y, c), LEAST), length = norm(p, c);
    const double p_norm = fmax(length, LEAST);
    double cosine = 0;
    for (size_t j = 0; j < c; j++)
        cosine += (double)y[j] / y_norm * ((double)p[j] / p_norm);
    const double along = length >= LEAST ? cosine : 0;
    for (size_t j = 0; dp != NULL && j < c; j++) {
        double slope = ((double)y[j] / y_norm - along * (double)p[j] / p_norm) / p_norm;
        dp[j] = (nn_real)(-scale * slope);
    }
    return -cosine;
}

static void cosine_similarity_run(const nn_loss_pass *pass)
{
    nn__positions_run(pass, cosine_similarity_position);
}

const nn_loss_kind nn__cosine_similarity_loss = {
    .kind = {sizeof(nn_loss_kind), "cosine_similarity", "CosineSimilarity", sizeof(nn_loss_options),
             NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = cosine_similarity_run,
};

nn_loss *nn_cosine_similarity_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__cosine_similarity_loss, options);
}
