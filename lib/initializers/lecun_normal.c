/* LeCun's variance 1 / fan_in, normal, cut at two deviations. */
#include "initializers/initializer.h"

void nn__lecun_normal_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__fans fans = nn__fans_of(shape);
    (void)value;
    nn__scaled_normal(w, shape, 1 / fans.in, random);
}
