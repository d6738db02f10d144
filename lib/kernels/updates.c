/*
 * Optimizer rules over one range of weights; the formulas stand in nn/optimizers.h and beside the
 * kernels' declarations. Weights, slots and gradients never overlap.
 */
#include "kernels/kernels.h"
#include "kernels/real.h"

void KERNEL(update_sgd)(nn_real *w, const nn_real *g, nn_real rate, size_t n)
{
    nn_real *restrict weight = w;
    for (size_t i = 0; i < n; i++)
        weight[i] -= rate * g[i];
}

void KERNEL(update_momentum)(nn_real *w, nn_real *v, const nn_real *g, nn_real rate, nn_real u,
                             int nesterov, size_t n)
{
    nn_real *restrict weight = w, *restrict velocity = v;
    const nn_real *restrict gradient = g;
    if (nesterov) {
        for (size_t i = 0; i < n; i++) {
            nn_real step = rate * gradient[i];
            velocity[i] = u * velocity[i] - step;
            weight[i] += u * velocity[i] - step;
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            velocity[i] = u * velocity[i] - rate * gradient[i];
            weight[i] += velocity[i];
        }
    }
}

void KERNEL(update_adam)(nn_real *w, nn_real *m, nn_real *v, const nn_real *g, nn_real a, nn_real b,
                         nn_real alpha, nn_real epsilon, size_t n)
{
    nn_real *restrict weight = w, *restrict mean = m, *restrict square = v;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        nn_real d = gradient[i];
        nn_real first = mean[i] + (d - mean[i]) * a;
        nn_real second = square[i] + (d * d - square[i]) * b;
        mean[i] = first;
        square[i] = second;
        weight[i] -= alpha * first / (nn__real_sqrt(second) + epsilon);
    }
}

void KERNEL(update_nadam)(nn_real *w, nn_real *m, nn_real *v, const nn_real *g, nn_real a,
                          nn_real b, nn_real cm, nn_real cg, nn_real bias, nn_real rate,
                          nn_real epsilon, size_t n)
{
    nn_real *restrict weight = w, *restrict mean = m, *restrict square = v;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        nn_real d = gradient[i];
        nn_real first = mean[i] + (d - mean[i]) * a;
        nn_real second = square[i] + (d * d - square[i]) * b;
        mean[i] = first;
        square[i] = second;
        nn_real look_ahead = cm * first + cg * d;
        weight[i] -= rate * look_ahead / (nn__real_sqrt(second / bias) + epsilon);
    }
}
