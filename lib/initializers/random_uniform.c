/* U(-value, value). */
#include "initializers/initializer.h"

void nn__random_uniform_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__draw_uniform(w, nn__shape_count(shape), value, random);
}
