/*
 * Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 * networks", 2013: the Q of a QR decomposition of a normal matrix, R's diagonal positive. That Q is
 * what Gram and Schmidt's process makes of the columns, so it is made in place, without memory: each
 * vector is freed from those before it, twice for the last digit, and divided by its length. Sums
 * are double. Where the matrix is wider than high, the vectors are its rows.
 */
#include <math.h>

#include "initializers/initializer.h"

/* `count` vectors of `length` elements; element e of vector v is w[v * vector + e * element]. */
struct vectors {
    nn_real *w;
    size_t count, length, vector, element;
};

enum { BLOCK = 64 }; /* vectors that one is freed from at a time */

/* v -= sum over the vectors u in [first, last) of (u . v) u */
static void vectors_free(const struct vectors *a, nn_real *v, size_t first, size_t last)
{
    double dots[BLOCK] = {0};
    const nn_real *block = a->w + first * a->vector;
    for (size_t e = 0; e < a->length; e++)
        for (size_t u = 0; u < last - first; u++)
            dots[u] += (double)block[u * a->vector + e * a->element] * (double)v[e * a->element];
    for (size_t e = 0; e < a->length; e++) {
        double sum = 0;
        for (size_t u = 0; u < last - first; u++)
            sum += dots[u] * (double)block[u * a->vector + e * a->element];
        v[e * a->element] = (nn_real)((double)v[e * a->element] - sum);
    }
}

static void vectors_scale(const struct vectors *a, nn_real *v)
{
    double squares = 0;
    for (size_t e = 0; e < a->length; e++)
        squares += (double)v[e * a->element] * (double)v[e * a->element];
    if (squares == 0)
        return;
    for (size_t e = 0; e < a->length; e++)
        v[e * a->element] = (nn_real)((double)v[e * a->element] / sqrt(squares));
}

void nn__orthogonal_fill(nn_real *w, const nn_shape *shape, double value, nn__random *random)
{
    size_t columns = (size_t)shape->dims[shape->rank - 1], count = nn__shape_count(shape);
    size_t rows = count / columns;
    struct vectors a = {w, columns, rows, 1, columns};
    if (rows < columns)
        a = (struct vectors){w, rows, columns, columns, 1};
    nn__draw_normal(w, count, 1, (double)INFINITY, random);
    for (size_t k = 0; k < a.count; k++) {
        nn_real *v = w + k * a.vector;
        for (int pass = 0; pass < 2; pass++) {
            for (size_t first = 0; first < k; first += BLOCK)
                vectors_free(&a, v, first, first + BLOCK < k ? first + BLOCK : k);
            vectors_scale(&a, v);
        }
    }
    for (size_t i = 0; i < count; i++)
        w[i] = (nn_real)(value * (double)w[i]);
}
