/*
 * The start of a product with bias, and the activation functions with their gradients.
 *   relu      y = x < 0 ? 0 : x              dx = y > 0 ? dy : 0
 *   sigmoid   y = 1 / (1 + exp(-x))          dx = dy y (1 - y)
 *   tanh                                     dx = dy (1 - y^2)
 *   softmax   y = exp(x - max) / sum         dx = y (dy - sum dy y), by rows, sums in double
 * NaN stays NaN forward; relu's gradient is 0 there, as where y is 0.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/real.h"

enum { COPY = 1024 }; /* elements copied at a time: they stay in the first cache */

void KERNEL(fill_rows)(nn_real *y, const nn_real *bias, size_t n, size_t c)
{
    size_t total = n * c, filled = c;
    if (n == 0)
        return;
    memcpy(y, bias, c * sizeof *y);
    size_t limit = c < COPY ? COPY / c * c : c;
    while (filled < total) {
        size_t count = filled < limit ? filled : limit;
        if (count > total - filled)
            count = total - filled;
        memcpy(y + filled, y, count * sizeof *y);
        filled += count;
    }
}

static void sigmoid(nn_real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = 1 / (1 + nn__real_exp(-y[i]));
}

void KERNEL(activate)(nn_real *y, int activation, size_t n)
{
    switch (activation) {
    case NN_RELU:
        for (size_t i = 0; i < n; i++)
            y[i] = y[i] < 0 ? 0 : y[i];
        break;
    case NN_SIGMOID:
        sigmoid(y, n);
        break;
    case NN_TANH:
        for (size_t i = 0; i < n; i++)
            y[i] = nn__real_tanh(y[i]);
        break;
    default:
        break;
    }
}

void KERNEL(activate_gradient)(nn_real *dy, const nn_real *y, int activation, size_t n)
{
    nn_real *restrict d = dy;
    const nn_real *restrict a = y;
    switch (activation) {
    case NN_RELU:
        for (size_t i = 0; i < n; i++)
            d[i] = a[i] > 0 ? d[i] : 0;
        break;
    case NN_SIGMOID:
        for (size_t i = 0; i < n; i++)
            d[i] *= a[i] * (1 - a[i]);
        break;
    case NN_TANH:
        for (size_t i = 0; i < n; i++)
            d[i] *= 1 - a[i] * a[i];
        break;
    default:
        break;
    }
}

static void softmax_row(nn_real *y, size_t c)
{
    nn_real largest = y[0];
    for (size_t j = 1; j < c; j++)
        largest = y[j] > largest ? y[j] : largest;
    double sum = 0;
    for (size_t j = 0; j < c; j++) {
        y[j] = nn__real_exp(y[j] - largest);
        sum += (double)y[j];
    }
    nn_real divisor = (nn_real)sum;
    for (size_t j = 0; j < c; j++)
        y[j] /= divisor;
}

void KERNEL(softmax)(nn_real *y, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++)
        softmax_row(y + i * c, c);
}

void KERNEL(softmax_gradient)(nn_real *dx, const nn_real *dy, const nn_real *y, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, dx += c, dy += c, y += c) {
        double sum = 0;
        for (size_t j = 0; j < c; j++)
            sum += (double)dy[j] * (double)y[j];
        nn_real dot = (nn_real)sum;
        for (size_t j = 0; j < c; j++)
            dx[j] = y[j] * (dy[j] - dot);
    }
}
