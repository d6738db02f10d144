/*
 * Subject "streams": numbers of libnn's random streams as tests/golden/philox.py draws them, each
 * kind by itself.
 *
 *   "seed"
 *   weights   first values of the weight "weight" by glorot_uniform
 *   mask      what the dropout layer of node "node" and rate "rate" keeps in step "step"
 *   order     the rows of epoch "epoch"
 */
#include "golden.h"

#include "base/random.h"
#include "initializers/initializer.h"
#include "kernels/kernels.h"

static void compare_weights(golden_case *c, uint64_t seed)
{
    const nn__tensor_info *tensor = golden_tensor(c, "weights");
    nn_shape shape = {.rank = tensor->rank};
    for (int i = 0; i < tensor->rank; i++)
        shape.dims[i] = (int)tensor->dims[i];
    nn_real *have = golden_alloc(c, (size_t)tensor->count, sizeof *have);
    nn__initialize(have, &shape, (nn_initializer){.kind = NN_INIT_GLOROT_UNIFORM}, seed,
                   (uint32_t)golden_int(c, "weight"));
    golden_compare(c, have, (size_t)tensor->count, "weights");
}

static void compare_mask(golden_case *c, uint64_t seed)
{
    double rate = 0;
    const size_t count = (size_t)golden_tensor(c, "mask")->count;
    nn_real *x = golden_alloc(c, count, sizeof *x);
    double *have = golden_alloc(c, count, sizeof *have);
    unsigned char *mask = golden_alloc(c, count, 1);
    nn__json_number(c->json, golden_member(c, "rate"), &rate);
    nn__kernels->dropout(x, mask, x, rate, seed, (uint32_t)golden_int(c, "step"),
                         nn__stream(NN__FOR_MASKS, (uint32_t)golden_int(c, "node")), 0, count);
    for (size_t i = 0; i < count; i++)
        have[i] = mask[i];
    golden_compare_doubles(c, have, count, "mask");
}

static void compare_order(golden_case *c, uint64_t seed)
{
    const size_t count = (size_t)golden_tensor(c, "order")->count;
    size_t *order = golden_alloc(c, count, sizeof *order);
    double *have = golden_alloc(c, count, sizeof *have);
    nn__random random =
        nn__random_begin(seed, (uint32_t)golden_int(c, "epoch"), nn__stream(NN__FOR_SHUFFLE, 0));
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    nn__random_shuffle(&random, order, count);
    for (size_t i = 0; i < count; i++)
        have[i] = (double)order[i];
    golden_compare_doubles(c, have, count, "order");
}

void golden_streams(golden_case *c)
{
    int64_t seed = 0;
    nn__json_integer(c->json, golden_member(c, "seed"), &seed);
    compare_weights(c, (uint64_t)seed);
    compare_mask(c, (uint64_t)seed);
    compare_order(c, (uint64_t)seed);
}
