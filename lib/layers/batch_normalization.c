/*
 * BatchNormalization along the last axis of x[m][c], m = rows times all other axes.
 *   forward   y = x s + t,  s = gamma rstd,  t = beta - mean s,  rstd = 1 / sqrt(variance + epsilon)
 *   backward  with the batch's statistics, xhat = (x - mean) rstd:
 *               dbeta = sum dy,  dgamma = sum dy xhat
 *               dx = gamma rstd (dy - dbeta / m - xhat dgamma / m) = a dy + b x + d
 *             with the moving statistics, which are constant: dx = gamma rstd dy
 *             With the batch's, the slope of the activation before is multiplied in where that is asked.
 * The batch's statistics are used in training unless the layer is frozen; variance is biased.
 *
 * Kept for backward: mean[c], rstd[c]. A part is whole rows with PIECE elements or more; every part
 * has its own moments or sums in double, joined in the order of the parts.
 */
#include <math.h>

#include "kernels/kernels.h"
#include "layers/batch_normalization.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_batch_norm_options, gamma_regularizer);

static const nn_option batch_normalization_fields[] = {
    NN__OPTION(nn_batch_norm_options, DOUBLE, momentum, .fallback = 0.99, .minimum = 0,
               .maximum = 1),
    NN__OPTION(nn_batch_norm_options, DOUBLE, epsilon, .fallback = 1e-3, .minimum = 0,
               .maximum = 1e30),
    NN__OPTION(nn_batch_norm_options, FLAG, no_center),
    NN__OPTION(nn_batch_norm_options, FLAG, no_scale),
    NN__OPTION(nn_batch_norm_options, INITIALIZER, beta_initializer, .fallback = NN_INIT_ZEROS),
    NN__OPTION(nn_batch_norm_options, INITIALIZER, gamma_initializer, .fallback = NN_INIT_ONES),
    NN__OPTION(nn_batch_norm_options, STRING, name),
    NN__OPTION(nn_batch_norm_options, REGULARIZER, beta_regularizer),
    NN__OPTION(nn_batch_norm_options, REGULARIZER, gamma_regularizer),
};

static nn__batch_norm_run batch_norm_cut(const nn_shape *x, int rows)
{
    nn__batch_norm_run run = {.rows = rows, .c = (size_t)x->dims[x->rank - 1]};
    size_t count = nn__shape_count(x);
    run.lines = count / run.c;
    run.rows_per_part = count < NN__PIECE ? (int)((NN__PIECE + count - 1) / count) : 1;
    run.parts = (rows - 1) / run.rows_per_part + 1;
    return run;
}

size_t nn__batch_norm_part_bytes(const nn_shape *x)
{
    nn__batch_norm_run run = batch_norm_cut(x, 1);
    return (size_t)run.rows_per_part * run.lines * run.c * sizeof(nn_real);
}

/* Weights: gamma, beta, moving_mean, moving_variance; NULL where the layer has none. */
enum { GAMMA, BETA, MEAN, VARIANCE };

static nn_real *batch_norm_pick(const nn_batch_norm_options *o, nn_real *const *list, int which)
{
    int index = which - (o->no_scale ? 1 : 0) - (o->no_center && which > BETA ? 1 : 0);
    if ((which == GAMMA && o->no_scale) || (which == BETA && o->no_center))
        return NULL;
    return list[index];
}

static nn_status batch_norm_infer(nn_infer *infer)
{
    const nn_batch_norm_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    int dims[1] = {x->dims[x->rank - 1]};
    nn_initializer zeros = NN_ZEROS, ones = NN_ONES;
    if (!o->no_scale) {
        NN_TRY(nn_infer_weight(infer, "gamma", dims, 1, o->gamma_initializer, 1));
        NN_TRY(nn_infer_regularize(infer, o->gamma_regularizer));
    }
    if (!o->no_center) {
        NN_TRY(nn_infer_weight(infer, "beta", dims, 1, o->beta_initializer, 1));
        NN_TRY(nn_infer_regularize(infer, o->beta_regularizer));
    }
    NN_TRY(nn_infer_weight(infer, "moving_mean", dims, 1, zeros, 0));
    NN_TRY(nn_infer_weight(infer, "moving_variance", dims, 1, ones, 0));
    nn__batch_norm_run run = batch_norm_cut(x, infer->batch);
    infer->output = *x;
    infer->partials = nn__mul(
        nn__add(nn__mul((size_t)run.parts + 1, 2 * sizeof(double)), 5 * sizeof(nn_real)), run.c);
    int batch_statistics = infer->training && infer->trainable;
    infer->flags = NN_DX_OVER_DY | (batch_statistics ? NN_KEEPS_X | NN_SLOPES_DX : NN_Y_OVER_X);
    if (batch_statistics)
        infer->kept = 2 * run.c * sizeof(nn_real);
    return NN_OK;
}

size_t nn__batch_norm_lines(const nn__batch_norm_run *run, int part, size_t *first)
{
    int row = part * run->rows_per_part;
    int rows = run->rows - row < run->rows_per_part ? run->rows - row : run->rows_per_part;
    *first = (size_t)row * run->lines;
    return (size_t)rows * run->lines;
}

static const nn_real *batch_norm_whole_dy(const nn_pass *pass, const nn__batch_norm_run *run,
                                          int part, int worker)
{
    size_t first;
    (void)worker;
    nn__batch_norm_lines(run, part, &first);
    return pass->dy + first * run->c;
}

static nn__pooled_dy batch_norm_dy(const nn_pass *pass, const nn__batch_norm_run *run, int part,
                                   int worker)
{
    return (nn__pooled_dy){.dy = run->whole_dy_of_part(pass, run, part, worker)};
}

static nn_task batch_norm_apply_task;

nn__batch_norm_run nn__batch_norm_begin(const nn_pass *pass)
{
    nn__batch_norm_run run = batch_norm_cut(&pass->x_shape[0], pass->rows);
    size_t c = run.c;
    run.part_sums = pass->partials;
    run.total = run.part_sums + 2 * c * (size_t)run.parts;
    run.factors = (nn_real *)(void *)(run.total + 2 * c);
    run.mean = pass->kept != NULL ? (nn_real *)pass->kept : run.factors + 3 * c;
    run.rstd = run.mean + c;
    run.apply = batch_norm_apply_task;
    run.dy_of_part = batch_norm_dy;
    run.whole_dy_of_part = batch_norm_whole_dy;
    return run;
}

/* ---- Forward ---- */

static void batch_norm_moments_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__batch_norm_run *run = arg;
    size_t first, n = nn__batch_norm_lines(run, index, &first), c = run->c;
    double *moments = run->part_sums + 2 * c * (size_t)index;
    (void)worker;
    nn__kernels->column_moments(moments, moments + c, pass->x[0] + first * c, n, c);
}

/* Joins the parts' moments by Chan's formula, in order: total becomes mean and m2 of all. */
static void batch_norm_join(const nn__batch_norm_run *run)
{
    size_t c = run->c, before = 0;
    double *mean = run->total, *m2 = mean + c;
    for (size_t j = 0; j < 2 * c; j++)
        run->total[j] = 0;
    for (int part = 0; part < run->parts; part++) {
        size_t first, n = nn__batch_norm_lines(run, part, &first);
        const double *moments = run->part_sums + 2 * c * (size_t)part;
        double share = (double)n / (double)(before + n), weight = share * (double)before;
        for (size_t j = 0; j < c; j++) {
            double delta = moments[j] - mean[j];
            mean[j] += delta * share;
            m2[j] += moments[c + j] + delta * delta * weight;
        }
        before += n;
    }
}

static void batch_norm_average(nn_real *moving, double batch, double momentum)
{
    *moving = (nn_real)((double)*moving * momentum + batch * (1 - momentum));
}

/* mean and rstd of the batch, and the moving averages after it. */
static void batch_norm_batch_statistics(const nn_pass *pass, nn__batch_norm_run *run)
{
    const nn_batch_norm_options *o = pass->options;
    nn_real *moving_mean = batch_norm_pick(o, pass->weights, MEAN);
    nn_real *moving_variance = batch_norm_pick(o, pass->weights, VARIANCE);
    double m = (double)run->rows * (double)run->lines;
    nn_parallel(pass, run->parts, batch_norm_moments_task, run);
    batch_norm_join(run);
    for (size_t j = 0; j < run->c; j++) {
        double mean = run->total[j], variance = run->total[run->c + j] / m;
        run->mean[j] = (nn_real)mean;
        run->rstd[j] = (nn_real)(1 / sqrt(variance + o->epsilon));
        batch_norm_average(&moving_mean[j], mean, o->momentum);
        batch_norm_average(&moving_variance[j], variance, o->momentum);
    }
}

/* rstd[c] of the moving variance. */
static void batch_norm_moving_rstd(const nn_batch_norm_options *o, nn_real *const *weights,
                                   nn_real *rstd, size_t c)
{
    const nn_real *moving_variance = batch_norm_pick(o, weights, VARIANCE);
    for (size_t j = 0; j < c; j++)
        rstd[j] = (nn_real)(1 / sqrt((double)moving_variance[j] + o->epsilon));
}

static void batch_norm_moving_statistics(const nn_pass *pass, nn__batch_norm_run *run)
{
    const nn_real *moving_mean = batch_norm_pick(pass->options, pass->weights, MEAN);
    for (size_t j = 0; j < run->c; j++)
        run->mean[j] = moving_mean[j];
    batch_norm_moving_rstd(pass->options, pass->weights, run->rstd, run->c);
}

/* s[c] and t[c] of y = x s + t; s may be rstd. */
static void batch_norm_factors(const nn_batch_norm_options *o, nn_real *const *weights, nn_real *s,
                               nn_real *t, const nn_real *mean, const nn_real *rstd, size_t c)
{
    const nn_real *gamma = batch_norm_pick(o, weights, GAMMA);
    const nn_real *beta = batch_norm_pick(o, weights, BETA);
    for (size_t j = 0; j < c; j++) {
        s[j] = gamma != NULL ? gamma[j] * rstd[j] : rstd[j];
        t[j] = (beta != NULL ? beta[j] : 0) - mean[j] * s[j];
    }
}

void nn__batch_norm_moving_factors(const nn_batch_norm_options *options, nn_real *const *weights,
                                   nn_real *scale, nn_real *shift, size_t c)
{
    batch_norm_moving_rstd(options, weights, scale, c);
    batch_norm_factors(options, weights, scale, shift, batch_norm_pick(options, weights, MEAN),
                       scale, c);
}

static void batch_norm_apply_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__batch_norm_run *run = arg;
    size_t first, n = nn__batch_norm_lines(run, index, &first), c = run->c;
    (void)worker;
    nn__kernels->column_scale_shift(pass->y + first * c, pass->x[0] + first * c, run->factors,
                                    run->factors + c, n, c);
}

void nn__batch_norm_forward(const nn_pass *pass, nn__batch_norm_run *run)
{
    if (pass->training && pass->trainable)
        batch_norm_batch_statistics(pass, run);
    else
        batch_norm_moving_statistics(pass, run);
    batch_norm_factors(pass->options, pass->weights, run->factors, run->factors + run->c, run->mean,
                       run->rstd, run->c);
    nn_parallel(pass, run->parts, run->apply, run);
}

static void batch_norm_forward(const nn_pass *pass)
{
    nn__batch_norm_run run = nn__batch_norm_begin(pass);
    nn__batch_norm_forward(pass, &run);
}

/* ---- Backward ---- */

static void batch_norm_sums_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__batch_norm_run *run = arg;
    size_t first, n = nn__batch_norm_lines(run, index, &first), c = run->c;
    double *sums = run->part_sums + 2 * c * (size_t)index;
    const nn__pooled_dy dy = run->dy_of_part(pass, run, index, worker);
    nn__kernels->batch_norm_sums(sums, sums + c, &dy, pass->x[0] + first * c, run->mean, run->rstd,
                                 n, c);
}

/* total becomes sum dy and sum dy xhat: the gradients of beta and gamma. */
static void batch_norm_gradients(const nn_pass *pass, nn__batch_norm_run *run)
{
    const nn_batch_norm_options *o = pass->options;
    nn_real *dgamma = batch_norm_pick(o, pass->gradients, GAMMA);
    nn_real *dbeta = batch_norm_pick(o, pass->gradients, BETA);
    size_t c = run->c;
    nn_parallel(pass, run->parts, batch_norm_sums_task, run);
    for (size_t j = 0; j < 2 * c; j++)
        run->total[j] = 0;
    for (int part = 0; part < run->parts; part++)
        for (size_t j = 0; j < 2 * c; j++)
            run->total[j] += run->part_sums[2 * c * (size_t)part + j];
    for (size_t j = 0; dbeta != NULL && j < c; j++)
        dbeta[j] = (nn_real)run->total[j];
    for (size_t j = 0; dgamma != NULL && j < c; j++)
        dgamma[j] = (nn_real)run->total[c + j];
}

/* dx = a dy + b x + d; b and d are 0 where the statistics are constant. */
static void batch_norm_dx_factors(const nn_pass *pass, nn__batch_norm_run *run, int constant)
{
    const nn_real *gamma = batch_norm_pick(pass->options, pass->weights, GAMMA);
    size_t c = run->c;
    double m = (double)run->rows * (double)run->lines;
    nn_real *a = run->factors, *b = a + c, *d = b + c;
    for (size_t j = 0; j < c; j++) {
        double rstd = (double)run->rstd[j], s = gamma != NULL ? (double)gamma[j] * rstd : rstd;
        double slope = constant ? 0 : -s * rstd * run->total[c + j] / m;
        double level = constant ? 0 : -s * run->total[j] / m;
        a[j] = (nn_real)s;
        b[j] = (nn_real)slope;
        d[j] = (nn_real)(level - slope * (double)run->mean[j]);
    }
}

static void batch_norm_dx_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__batch_norm_run *run = arg;
    size_t first, n = nn__batch_norm_lines(run, index, &first), c = run->c;
    const nn__pooled_dy dy = run->dy_of_part(pass, run, index, worker);
    nn__kernels->batch_norm_dx(pass->dx[0] + first * c, &dy, pass->x[0] + first * c, run->factors,
                               run->factors + c, run->factors + 2 * c, pass->x_activation, n, c);
}

/* dx = a dy; x is not read, nor kept where the layer is frozen. */
static void batch_norm_dx_constant_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn__batch_norm_run *run = arg;
    size_t first, n = nn__batch_norm_lines(run, index, &first), c = run->c;
    nn__kernels->column_scale_shift(pass->dx[0] + first * c,
                                    run->whole_dy_of_part(pass, run, index, worker), run->factors,
                                    run->factors + c, n, c);
}

void nn__batch_norm_backward(const nn_pass *pass, nn__batch_norm_run *run)
{
    int constant = !pass->training || !pass->trainable;
    if (pass->trainable)
        batch_norm_gradients(pass, run);
    if (pass->dx[0] == NULL)
        return;
    if (constant && pass->kept == NULL)
        batch_norm_moving_statistics(pass, run); /* as forward had them */
    batch_norm_dx_factors(pass, run, constant);
    nn_parallel(pass, run->parts, constant ? batch_norm_dx_constant_task : batch_norm_dx_task, run);
}

static void batch_norm_backward(const nn_pass *pass)
{
    nn__batch_norm_run run = nn__batch_norm_begin(pass);
    nn__batch_norm_backward(pass, &run);
}

const nn_layer_kind nn__batch_normalization_layer = {
    .kind = NN__KIND(nn_layer_kind, "batch_normalization", "BatchNormalization",
                     nn_batch_norm_options, batch_normalization_fields),
    .infer = batch_norm_infer,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
};

nn_layer *nn_batch_norm_new(const nn_batch_norm_options *options)
{
    return nn_layer_new(&nn__batch_normalization_layer, options);
}
