/* LeCun et al., "Efficient backprop", 1998: U(-l, l), l = sqrt(3 / fan_in). */
#include "initializers/initializer.h"

void nn__lecun_uniform_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__fans fans = nn__fans_of(shape);
    (void)value;
    nn__scaled_uniform(w, shape, 1 / fans.in, random);
}
