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

void KERNEL(update_amsgrad)(nn_real *w, nn_real *m, nn_real *v, nn_real *h, const nn_real *g,
                            nn_real a, nn_real b, nn_real alpha, nn_real epsilon, size_t n)
{
    nn_real *restrict weight = w, *restrict mean = m, *restrict square = v, *restrict largest = h;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        nn_real d = gradient[i];
        nn_real first = mean[i] + (d - mean[i]) * a;
        nn_real second = square[i] + (d * d - square[i]) * b;
        nn_real most = largest[i] > second ? largest[i] : second;
        mean[i] = first;
        square[i] = second;
        largest[i] = most;
        weight[i] -= alpha * first / (nn__real_sqrt(most) + epsilon);
    }
}

void KERNEL(update_rmsprop)(nn_real *w, nn_real *v, nn_real *m, nn_real *a, const nn_real *g,
                            nn_real rate, nn_real rho, nn_real rest, nn_real u, nn_real epsilon,
                            size_t n)
{
    nn_real *restrict weight = w, *restrict square = v, *restrict momentum = m, *restrict mean = a;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n && m == NULL; i++) {
        square[i] = rho * square[i] + rest * (gradient[i] * gradient[i]);
        weight[i] -= rate * gradient[i] / nn__real_sqrt(square[i] + epsilon);
    }
    for (size_t i = 0; i < n && m != NULL && a == NULL; i++) {
        square[i] = rho * square[i] + rest * (gradient[i] * gradient[i]);
        momentum[i] = u * momentum[i] + rate * gradient[i] / nn__real_sqrt(square[i] + epsilon);
        weight[i] -= momentum[i];
    }
    for (size_t i = 0; i < n && a != NULL; i++) {
        square[i] = rho * square[i] + rest * (gradient[i] * gradient[i]);
        mean[i] = rho * mean[i] + rest * gradient[i];
        nn_real spread = square[i] - mean[i] * mean[i] + epsilon;
        momentum[i] = u * momentum[i] + rate * gradient[i] / nn__real_sqrt(spread);
        weight[i] -= momentum[i];
    }
}

void KERNEL(update_adamax)(nn_real *w, nn_real *m, nn_real *u, const nn_real *g, nn_real a,
                           nn_real b, nn_real rate, nn_real bias, nn_real epsilon, size_t n)
{
    nn_real *restrict weight = w, *restrict mean = m, *restrict largest = u;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        nn_real d = gradient[i], size = d < 0 ? -d : d, former = b * largest[i];
        mean[i] += (d - mean[i]) * a;
        largest[i] = former > size ? former : size;
        weight[i] -= rate * mean[i] / (bias * (largest[i] + epsilon));
    }
}

void KERNEL(update_adagrad)(nn_real *w, nn_real *a, const nn_real *g, nn_real rate, nn_real epsilon,
                            size_t n)
{
    nn_real *restrict weight = w, *restrict sum = a;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        sum[i] += gradient[i] * gradient[i];
        weight[i] -= rate * gradient[i] / nn__real_sqrt(sum[i] + epsilon);
    }
}

void KERNEL(update_lion)(nn_real *w, nn_real *m, const nn_real *g, nn_real rate, nn_real b1,
                         nn_real rest1, nn_real b2, nn_real rest2, size_t n)
{
    nn_real *restrict weight = w, *restrict mean = m;
    const nn_real *restrict gradient = g;
    for (size_t i = 0; i < n; i++) {
        nn_real way = mean[i] * b1 + gradient[i] * rest1;
        nn_real sign = way > 0 ? 1 : way < 0 ? -1 : way; /* of NaN: NaN */
        weight[i] -= rate * sign;
        mean[i] = mean[i] * b2 + gradient[i] * rest2;
    }
}
