/* Compiled once per level, as the library's kernels are; see peak.h. */
#include "peak.h"

#include "kernels/kernels.h"
#include "kernels/lanes.h"

/* More than a processor's units have under way at once, and not more than it has registers: two
 * units with a latency of four or five need ten. */
enum { CHAINS = 12 };

static nn_real peak_multiply_adds(nn_real by, nn_real plus, size_t count)
{
    const lanes factor = zeros() + by, term = zeros() + plus;
    lanes chains[CHAINS], sum = zeros();
    nn_real total = 0;
    for (int v = 0; v < CHAINS; v++)
        chains[v] = zeros() + (nn_real)v;
    for (size_t i = 0; i < count; i++)
        for (int v = 0; v < CHAINS; v++)
            chains[v] = chains[v] * factor + term;
    for (int v = 0; v < CHAINS; v++)
        sum += chains[v];
    for (int i = 0; i < LANES; i++)
        total += sum[i];
    return total;
}

static void peak_triad(nn_real *restrict a, const nn_real *restrict b, const nn_real *restrict c,
                       nn_real by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + by * c[i];
}

extern const peak_level KERNEL(peak_level);
const peak_level KERNEL(peak_level) = {
    .multiply_adds = peak_multiply_adds, .width = CHAINS * LANES, .triad = peak_triad};
