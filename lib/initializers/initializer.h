/*
 * First weights. Weight number k of a model draws from its own sequence of words, element 0, 1,
 * 2, ... of (seed, position 0, stream NN__FOR_WEIGHTS with number k); see base/random.h.
 *
 *   word -> unit      u = (word >> 8) 2^-24, in double: 0 <= u < 1
 *   uniform           element e takes word e:  w = (nn_real)(limit (2 u - 1))
 *   truncated normal  words are taken in pairs, u1 and u2:
 *                       r = sqrt(-2 log(u1 + 2^-24)), then r cos(2 pi u2), then r sin(2 pi u2)
 *                     (Box and Muller, 1958). Of these numbers, in this order, those within -2..2
 *                     are the elements times the deviation: w = (nn_real)(deviation z). What is
 *                     left of the last pair is not used.
 *   normal            the same, nothing is left out
 */
#ifndef NN__INITIALIZERS_INITIALIZER_H
#define NN__INITIALIZERS_INITIALIZER_H

#include "base/base.h"
#include "base/random.h"

/* fan_in and fan_out as Keras counts them: (n, n) of a vector; (rows, columns) of a matrix; with
 * more dimensions the last two, times all dimensions before them. */
typedef struct nn__fans {
    double in, out;
} nn__fans;
nn__fans nn__fans_of(const nn_shape *shape);

/* What a kind is: fills the weight w of that shape; value is its argument. */
typedef void nn__initializer_fill(nn_real *w, const nn_shape *shape, double value,
                                  nn__random *random);

/* Names by number, ended by NULL. */
extern const char *const nn__initializer_names[];

#define NN__KIND_OF(number, name, fallback) nn__initializer_fill nn__##name##_fill;
#include "initializers/kinds.def"
#undef NN__KIND_OF

/* The ways to draw. Numbers of the normal distribution beyond `cut` deviations are left out. */
void nn__draw_uniform(nn_real *w, size_t count, double limit, nn__random *random);
void nn__draw_normal(nn_real *w, size_t count, double deviation, double cut, nn__random *random);

/* Keras's VarianceScaling: of that variance, uniform or normal cut at two deviations. */
void nn__scaled_uniform(nn_real *w, const nn_shape *shape, double variance, nn__random *random);
void nn__scaled_normal(nn_real *w, const nn_shape *shape, double variance, nn__random *random);

/* Fills the weight w of that shape. The initializer is a known one, not NN_INIT_DEFAULT. */
void nn__initialize(nn_real *w, const nn_shape *shape, nn_initializer init, uint64_t seed,
                    uint32_t weight_number);

#endif
