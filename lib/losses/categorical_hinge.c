/*
 * CategoricalHinge: L = max(1 + max (1 - y) p - sum y p, 0) over the last axis. Several largest
 * (1 - y) p share the slope.
 */
#include "losses/elements.h"

static double categorical_hinge_position(nn_real *dp, const nn_real *p, const nn_real *y,
                                         double scale, size_t c)
{
    double right = 0, wrong = 0, ties = 0;
    for (size_t j = 0; j < c; j++) {
        double value = (1 - (double)y[j]) * (double)p[j];
        right += (double)y[j] * (double)p[j];
        ties = j == 0 || value > wrong ? 1 : ties + (value == wrong);
        wrong = j == 0 || value > wrong ? value : wrong;
    }
    const double loss = 1 + wrong - right;
    for (size_t j = 0; dp != NULL && j < c; j++) {
        double rest = 1 - (double)y[j], largest = rest * (double)p[j] == wrong ? rest / ties : 0;
        dp[j] = (nn_real)(loss >= 0 ? scale * (largest - (double)y[j]) : 0);
    }
    return loss > 0 ? loss : 0;
}

static void categorical_hinge_run(const nn_loss_pass *pass)
{
    nn__positions_run(pass, categorical_hinge_position);
}

const nn_loss_kind nn__categorical_hinge_loss = {
    .kind = {sizeof(nn_loss_kind), "categorical_hinge", "CategoricalHinge", sizeof(nn_loss_options),
             NULL, 0},
    .fuses_with = NN_LINEAR,
    .run = categorical_hinge_run,
};

nn_loss *nn_categorical_hinge_new(const nn_loss_options *options)
{
    return nn_loss_new(&nn__categorical_hinge_loss, options);
}
