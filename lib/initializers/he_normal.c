/* He et al.'s variance 2 / fan_in, normal, cut at two deviations. */
#include "initializers/initializer.h"

void nn__he_normal_fill(nn_real *w, size_t count, nn__fans fans, nn__random *random)
{
    nn__draw_normal(w, count, 2 / fans.in, random);
}
