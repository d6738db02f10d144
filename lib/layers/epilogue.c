#include "layers/epilogue.h"

#include "kernels/kernels.h"

int nn__epilogue_any(const nn__epilogue *e)
{
    return e->activation != NN_LINEAR || e->scale != NULL || e->then != NN_LINEAR ||
           e->pool_rows > 0;
}

void nn__epilogue_run(const nn__epilogue *e, nn_real *y, size_t n, size_t first, size_t c)
{
    if (e->activation != NN_LINEAR)
        nn__kernels->activate(y, e->activation, n * c);
    if (e->scale != NULL)
        nn__kernels->column_scale_shift(y, y, e->scale + first, e->shift + first, n, c);
    if (e->then != NN_LINEAR)
        nn__kernels->activate(y, e->then, n * c);
}

void nn__epilogue_pool(const nn__epilogue *e, nn_real *y, uint32_t *where, const nn_real *z,
                       int rows, int columns, int c)
{
    const nn__window window = {.h = rows,
                               .w = columns,
                               .c = c,
                               .kh = e->pool_rows,
                               .kw = e->pool_columns,
                               .sh = e->pool_rows,
                               .sw = e->pool_columns,
                               .dh = 1,
                               .dw = 1,
                               .oh = rows / e->pool_rows,
                               .ow = columns / e->pool_columns};
    nn__kernels->max_pool(y, where, z, &window, 0, window.oh);
}
