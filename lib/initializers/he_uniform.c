/* He et al., "Delving deep into rectifiers", 2015: U(-l, l), l = sqrt(6 / fan_in). */
#include "initializers/initializer.h"

void nn__he_uniform_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__fans fans = nn__fans_of(shape);
    (void)value;
    nn__scaled_uniform(w, shape, 2 / fans.in, random);
}
