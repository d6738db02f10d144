/*
 * Normal noise. Elements 4 b .. 4 b + 3 of a batch's stream take the four words of counter b
 * (base/random.h), two words for two numbers (Box and Muller, 1958):
 *   u1 = ((w0 >> 8) + 1) 2^-24, u2 = (w1 >> 8) 2^-24,  r = sqrt(-2 log(u1))
 *   r cos(2 pi u2), r sin(2 pi u2)
 */
#include <math.h>

#include "base/random.h"
#include "kernels/kernels.h"

static void normal_pair(double pair[2], uint32_t w0, uint32_t w1)
{
    const double two_pi = 6.28318530717958647692, unit = 1 / 16777216.0;
    double r = sqrt(-2 * log(((double)(w0 >> 8) + 1) * unit));
    double angle = two_pi * ((double)(w1 >> 8) * unit);
    pair[0] = r * cos(angle);
    pair[1] = r * sin(angle);
}

void KERNEL(gaussian_noise)(nn_real *y, const nn_real *x, double stddev, uint64_t seed,
                            uint32_t position, uint32_t stream, uint64_t first, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t words[4];
        double normal[4];
        nn__philox(seed, (first + i) / 4, position, stream, words);
        normal_pair(normal, words[0], words[1]);
        normal_pair(normal + 2, words[2], words[3]);
        for (size_t j = (size_t)((first + i) % 4); j < 4 && i < n; j++, i++)
            y[i] = x[i] + (nn_real)(stddev * normal[j]);
    }
}
