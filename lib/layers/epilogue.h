/*
 * What follows a layer's own sums z, done to a tile of them while it is in cache:
 *
 *   y = pool(then(scale activation(z) + shift))
 *
 * The steps run one after the other over the tile with the kernels that the layers use when they are
 * run by themselves, so the bits are theirs.
 */
#ifndef NN__LAYERS_EPILOGUE_H
#define NN__LAYERS_EPILOGUE_H

#include "nn/extend.h"

typedef struct nn__epilogue {
    int activation;               /* of z                                               */
    const nn_real *scale, *shift; /* one for each column; NULL: none                    */
    int then;                     /* the activation that follows them                   */
    int pool_rows, pool_columns;  /* window of a max pooling that divides y; 0: none    */
    uint32_t *where;              /* its leaders, as y, for backward; NULL: not wanted  */
} nn__epilogue;

/* Is there anything to do? */
int nn__epilogue_any(const nn__epilogue *e);
/* All but the pooling, in place, to y[n][c], whose first column is number `first`. */
void nn__epilogue_run(const nn__epilogue *e, nn_real *y, size_t n, size_t first, size_t c);
/* y[rows / pool_rows][columns / pool_columns][c] from z[rows][columns][c]; divisible. `where` as y,
 * or NULL. */
void nn__epilogue_pool(const nn__epilogue *e, nn_real *y, uint32_t *where, const nn_real *z,
                       int rows, int columns, int c);

#endif
