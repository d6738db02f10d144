/*
 * Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
 * 2010: U(-l, l), l = sqrt(6 / (fan_in + fan_out)).
 */
#include "initializers/initializer.h"

void nn__glorot_uniform_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__fans fans = nn__fans_of(shape);
    (void)value;
    nn__scaled_uniform(w, shape, 2 / (fans.in + fans.out), random);
}
