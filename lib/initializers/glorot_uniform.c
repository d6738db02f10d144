/*
 * Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
 * 2010: U(-l, l), l = sqrt(6 / (fan_in + fan_out)).
 */
#include "initializers/initializer.h"

void nn__glorot_uniform_fill(nn_real *w, size_t count, nn__fans fans, nn__random *random)
{
    nn__draw_uniform(w, count, 2 / (fans.in + fans.out), random);
}
