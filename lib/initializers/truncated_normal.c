/* Normal with deviation `value`, cut at two deviations and not rescaled. */
#include "initializers/initializer.h"

void nn__truncated_normal_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__draw_normal(w, nn__shape_count(shape), value, 2, random);
}
