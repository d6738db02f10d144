/*
 * The start of a product with bias, and the activation functions with their gradients. Their
 * formulas stand in nn/layers.h; which are derived from x and which from y in
 * layers/activations.def.
 *   softmax   y = exp(x - max) / sum         dx = y (dy - sum dy y), by rows, sums in double
 * NaN stays NaN forward. At a kink the gradient is that of the flatter side, and relu's of NaN 0.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/real.h"

#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123
#define SQRT_HALF 0.70710678118654752440    /* sqrt(1/2)      */
#define SQRT_2_PI 0.79788456080286535588    /* sqrt(2 / pi)   */
#define DENSITY_AT_0 0.39894228040143267794 /* 1 / sqrt(2 pi) */
#define CUBIC 0.044715

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

/* ---- Forward: y of x ---- */

static inline nn_real sigmoid(nn_real x)
{
    return 1 / (1 + nn__real_exp(-x));
}

static inline nn_real relu(nn_real x)
{
    return x < 0 ? 0 : x;
}

static inline nn_real leaky_relu(nn_real x)
{
    return x > 0 ? x : (nn_real)0.2 * x;
}

static inline nn_real clip(nn_real x, nn_real low, nn_real high)
{
    return x < low ? low : x > high ? high : x;
}

static inline nn_real relu6(nn_real x)
{
    return clip(x, 0, 6);
}

static inline nn_real elu(nn_real x)
{
    return x > 0 ? x : nn__real_expm1(x);
}

static inline nn_real selu(nn_real x)
{
    return x > 0 ? (nn_real)SELU_SCALE * x : (nn_real)SELU_SCALE_ALPHA * nn__real_expm1(x);
}

/* log(1 + exp(x)) without overflow; NaN stays. */
static inline nn_real softplus(nn_real x)
{
    return relu(x) + nn__real_log1p(nn__real_exp(x < 0 ? x : -x));
}

static inline nn_real softsign(nn_real x)
{
    return x / (1 + (x < 0 ? -x : x));
}

static inline nn_real hard_sigmoid(nn_real x)
{
    return clip(x + 3, 0, 6) / 6;
}

static inline nn_real log_sigmoid(nn_real x)
{
    return -softplus(-x);
}

static inline nn_real silu(nn_real x)
{
    return x / (1 + nn__real_exp(-x));
}

static inline nn_real hard_silu(nn_real x)
{
    return x * hard_sigmoid(x);
}

static inline nn_real gelu(nn_real x)
{
    return x / 2 * nn__real_erfc(x * (nn_real)-SQRT_HALF);
}

static inline nn_real gelu_tanh(nn_real x)
{
    nn_real u = (nn_real)SQRT_2_PI * (x + (nn_real)CUBIC * (x * x * x));
    return x / 2 * (1 + nn__real_tanh(u));
}

/* tanh(softplus(x)) = n / (n + 2) with e = exp(x), n = e (e + 2); 1 from x = 20 on. */
static inline nn_real mish(nn_real x)
{
    nn_real e = nn__real_exp(x < 20 ? x : 20), n = e * (e + 2);
    return x * (n / (n + 2));
}

/* Inlined with a constant f: a plain loop for each activation. */
static inline void map(nn_real *y, size_t n, nn_real f(nn_real x))
{
    for (size_t i = 0; i < n; i++)
        y[i] = f(y[i]);
}

void KERNEL(activate)(nn_real *y, int activation, size_t n)
{
    switch (activation) {
    case NN_RELU:
        map(y, n, relu);
        break;
    case NN_SIGMOID:
        map(y, n, sigmoid);
        break;
    case NN_TANH:
        map(y, n, nn__real_tanh);
        break;
    case NN_LEAKY_RELU:
        map(y, n, leaky_relu);
        break;
    case NN_RELU6:
        map(y, n, relu6);
        break;
    case NN_ELU:
        map(y, n, elu);
        break;
    case NN_SELU:
        map(y, n, selu);
        break;
    case NN_SOFTPLUS:
        map(y, n, softplus);
        break;
    case NN_SOFTSIGN:
        map(y, n, softsign);
        break;
    case NN_EXPONENTIAL:
        map(y, n, nn__real_exp);
        break;
    case NN_HARD_SIGMOID:
        map(y, n, hard_sigmoid);
        break;
    case NN_LOG_SIGMOID:
        map(y, n, log_sigmoid);
        break;
    case NN_SILU:
        map(y, n, silu);
        break;
    case NN_HARD_SILU:
        map(y, n, hard_silu);
        break;
    case NN_GELU:
        map(y, n, gelu);
        break;
    case NN_GELU_TANH:
        map(y, n, gelu_tanh);
        break;
    case NN_MISH:
        map(y, n, mish);
        break;
    default:
        break;
    }
}

/* ---- Backward: dx of dy, and of y where the slope can be told from it, else of x ---- */

static inline nn_real relu_slope(nn_real dy, nn_real y)
{
    return y > 0 ? dy : 0;
}

static inline nn_real sigmoid_slope(nn_real dy, nn_real y)
{
    return dy * (y * (1 - y));
}

static inline nn_real tanh_slope(nn_real dy, nn_real y)
{
    return dy * (1 - y * y);
}

static inline nn_real leaky_relu_slope(nn_real dy, nn_real y)
{
    return y > 0 ? dy : (nn_real)0.2 * dy;
}

static inline nn_real relu6_slope(nn_real dy, nn_real y)
{
    return y > 0 && y < 6 ? dy : 0;
}

static inline nn_real elu_slope(nn_real dy, nn_real y)
{
    return y > 0 ? dy : dy * (y + 1);
}

static inline nn_real selu_slope(nn_real dy, nn_real y)
{
    return dy * (y < 0 ? y + (nn_real)SELU_SCALE_ALPHA : (nn_real)SELU_SCALE);
}

static inline nn_real softplus_slope(nn_real dy, nn_real y)
{
    return -dy * nn__real_expm1(-y);
}

static inline nn_real softsign_slope(nn_real dy, nn_real y)
{
    nn_real rest = 1 - (y < 0 ? -y : y);
    return dy * (rest * rest);
}

static inline nn_real exponential_slope(nn_real dy, nn_real y)
{
    return dy * y;
}

static inline nn_real hard_sigmoid_slope(nn_real dy, nn_real y)
{
    return y > 0 && y < 1 ? dy / 6 : 0;
}

static inline nn_real log_sigmoid_slope(nn_real dy, nn_real y)
{
    return -dy * nn__real_expm1(y);
}

static inline nn_real silu_slope(nn_real dy, nn_real x)
{
    nn_real s = sigmoid(x);
    return dy * (s * (1 + x * (1 - s)));
}

static inline nn_real hard_silu_slope(nn_real dy, nn_real x)
{
    return dy * clip((2 * x + 3) / 6, x > -3 ? -1 : 0, x < 3 ? 2 : 1);
}

static inline nn_real gelu_slope(nn_real dy, nn_real x)
{
    nn_real z = clip(x, -40, 40), density = nn__real_exp(z * z / -2) * (nn_real)DENSITY_AT_0;
    return dy * (nn__real_erfc(z * (nn_real)-SQRT_HALF) / 2 + z * density);
}

static inline nn_real gelu_tanh_slope(nn_real dy, nn_real x)
{
    nn_real z = clip(x, -40, 40), square = z * z;
    nn_real t = nn__real_tanh((nn_real)SQRT_2_PI * z * (1 + (nn_real)CUBIC * square));
    nn_real du = (nn_real)SQRT_2_PI * (1 + 3 * (nn_real)CUBIC * square);
    return dy * ((1 + t + z * (1 - t * t) * du) / 2);
}

/* w = n / (n + 2) as in mish; dw/dx = 4 e (e + 1) / (n + 2)^2. */
static inline nn_real mish_slope(nn_real dy, nn_real x)
{
    nn_real z = x < 20 ? x : 20, e = nn__real_exp(z), n = e * (e + 2);
    return dy * ((n + z * (4 * e * (e + 1) / (n + 2))) / (n + 2));
}

static inline void map_slope(nn_real *restrict dy, const nn_real *restrict by, size_t n,
                             nn_real f(nn_real dy, nn_real by))
{
    for (size_t i = 0; i < n; i++)
        dy[i] = f(dy[i], by[i]);
}

void KERNEL(activate_gradient)(nn_real *dy, const nn_real *by, int activation, size_t n)
{
    switch (activation) {
    case NN_RELU:
        map_slope(dy, by, n, relu_slope);
        break;
    case NN_SIGMOID:
        map_slope(dy, by, n, sigmoid_slope);
        break;
    case NN_TANH:
        map_slope(dy, by, n, tanh_slope);
        break;
    case NN_LEAKY_RELU:
        map_slope(dy, by, n, leaky_relu_slope);
        break;
    case NN_RELU6:
        map_slope(dy, by, n, relu6_slope);
        break;
    case NN_ELU:
        map_slope(dy, by, n, elu_slope);
        break;
    case NN_SELU:
        map_slope(dy, by, n, selu_slope);
        break;
    case NN_SOFTPLUS:
        map_slope(dy, by, n, softplus_slope);
        break;
    case NN_SOFTSIGN:
        map_slope(dy, by, n, softsign_slope);
        break;
    case NN_EXPONENTIAL:
        map_slope(dy, by, n, exponential_slope);
        break;
    case NN_HARD_SIGMOID:
        map_slope(dy, by, n, hard_sigmoid_slope);
        break;
    case NN_LOG_SIGMOID:
        map_slope(dy, by, n, log_sigmoid_slope);
        break;
    case NN_SILU:
        map_slope(dy, by, n, silu_slope);
        break;
    case NN_HARD_SILU:
        map_slope(dy, by, n, hard_silu_slope);
        break;
    case NN_GELU:
        map_slope(dy, by, n, gelu_slope);
        break;
    case NN_GELU_TANH:
        map_slope(dy, by, n, gelu_tanh_slope);
        break;
    case NN_MISH:
        map_slope(dy, by, n, mish_slope);
        break;
    default:
        break;
    }
}

/* ---- Softmax ---- */

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
