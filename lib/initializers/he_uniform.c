/* He et al., "Delving deep into rectifiers", 2015: U(-l, l), l = sqrt(6 / fan_in). */
#include "initializers/initializer.h"

void nn__he_uniform_fill(nn_real *w, size_t count, nn__fans fans, nn__random *random)
{
    nn__draw_uniform(w, count, 2 / fans.in, random);
}
