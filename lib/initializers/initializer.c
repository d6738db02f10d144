/* Initializers by number, and what they share: fans and drawing. See initializer.h. */
#include "initializers/initializer.h"

#include <math.h>

static const struct {
    nn__initializer_fill *fill;
    double fallback; /* the value where none is given */
} initializers[] = {
#define NN__KIND_OF(number, name, fallback) [NN_INIT_##number] = {nn__##name##_fill, fallback},
#include "initializers/kinds.def"
#undef NN__KIND_OF
};

const char *const nn__initializer_names[] = {
    "default",
#define NN__KIND_OF(number, name, fallback) [NN_INIT_##number] = #name,
#include "initializers/kinds.def"
#undef NN__KIND_OF
    NULL,
};

nn__fans nn__fans_of(const nn_shape *shape)
{
    int rank = shape->rank;
    double field = 1;
    for (int i = 0; i + 2 < rank; i++)
        field *= shape->dims[i];
    if (rank < 2)
        return (nn__fans){shape->dims[0], shape->dims[0]};
    return (nn__fans){field * shape->dims[rank - 2], field * shape->dims[rank - 1]};
}

static double draw_unit(nn__random *random)
{
    return (double)(nn__random_word(random) >> 8) / 16777216.0;
}

void nn__draw_uniform(nn_real *w, size_t count, double limit, nn__random *random)
{
    for (size_t i = 0; i < count; i++)
        w[i] = (nn_real)(limit * (2 * draw_unit(random) - 1));
}

static const double TWO_PI = 6.28318530717958647692;

void nn__draw_normal(nn_real *w, size_t count, double deviation, double cut, nn__random *random)
{
    for (size_t i = 0; i < count;) {
        double u1 = draw_unit(random) + 1 / 16777216.0, u2 = draw_unit(random);
        double r = sqrt(-2 * log(u1)), pair[2] = {r * cos(TWO_PI * u2), r * sin(TWO_PI * u2)};
        for (int k = 0; k < 2 && i < count; k++)
            if (fabs(pair[k]) <= cut)
                w[i++] = (nn_real)(deviation * pair[k]);
    }
}

/* The deviation of a normal distribution after it is cut at two deviations. */
static const double CUT_DEVIATION = 0.87962566103423978;

void nn__scaled_uniform(nn_real *w, const nn_shape *shape, double variance, nn__random *random)
{
    nn__draw_uniform(w, nn__shape_count(shape), sqrt(3 * variance), random);
}

void nn__scaled_normal(nn_real *w, const nn_shape *shape, double variance, nn__random *random)
{
    nn__draw_normal(w, nn__shape_count(shape), sqrt(variance) / CUT_DEVIATION, 2, random);
}

void nn__initialize(nn_real *w, const nn_shape *shape, nn_initializer init, uint64_t seed,
                    uint32_t weight_number)
{
    nn__random random = nn__random_begin(seed, 0, nn__stream(NN__FOR_WEIGHTS, weight_number));
    int absent = init.value == 0 && !signbit(init.value);
    initializers[init.kind].fill(w, shape, absent ? initializers[init.kind].fallback : init.value,
                                 &random);
}
