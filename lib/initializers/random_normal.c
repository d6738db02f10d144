/* Normal with deviation `value`. */
#include <math.h>

#include "initializers/initializer.h"

void nn__random_normal_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    nn__draw_normal(w, nn__shape_count(shape), value, (double)INFINITY, random);
}
