/* The same value everywhere. */
#include "initializers/initializer.h"

void nn__constant_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    (void)random;
    for (size_t i = 0, count = nn__shape_count(shape); i < count; i++)
        w[i] = (nn_real)value;
}
