/* Ones. */
#include "initializers/initializer.h"

void nn__ones_fill(nn_real *w, size_t count, nn__fans fans, nn__random *random)
{
    (void)fans;
    (void)random;
    for (size_t i = 0; i < count; i++)
        w[i] = 1;
}
