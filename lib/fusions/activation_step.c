/* A layer's activation as a step of its own: y = act(x), in place where x is not needed. */
#include <string.h>

#include "fusions/steps.h"
#include "kernels/kernels.h"
#include "layers/layer.h"

enum { CHUNK = 16384 };

struct chunks {
    size_t width; /* of a softmax row */
    size_t rows;  /* rows of width, or numbers where width is 1 */
    size_t step;  /* rows per task */
};

static struct chunks activation_chunks(const nn_pass *pass)
{
    struct chunks c = {1, (size_t)pass->rows * nn__shape_count(pass->y_shape), CHUNK};
    if (pass->activation == NN_SOFTMAX) {
        c.width = (size_t)pass->y_shape->dims[pass->y_shape->rank - 1];
        c.rows /= c.width;
        c.step = CHUNK / c.width + 1;
    }
    return c;
}

static size_t chunk_rows(const struct chunks *c, size_t first)
{
    return first + c->step < c->rows ? c->step : c->rows - first;
}

static void activation_forward_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct chunks *c = arg;
    size_t first = (size_t)index * c->step, rows = chunk_rows(c, first);
    nn_real *y = pass->y + first * c->width;
    const nn_real *x = pass->x[0] + first * c->width;
    (void)worker;
    if (x != y)
        memcpy(y, x, rows * c->width * sizeof *y);
    if (pass->activation == NN_SOFTMAX)
        nn__kernels->softmax(y, rows, c->width);
    else
        nn__kernels->activate(y, pass->activation, rows);
}

static void activation_backward_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct chunks *c = arg;
    size_t first = (size_t)index * c->step, rows = chunk_rows(c, first);
    const nn_real *y = pass->y + first * c->width, *dy = pass->dy + first * c->width;
    nn_real *dx = pass->dx[0] + first * c->width;
    (void)worker;
    if (pass->activation == NN_SOFTMAX) {
        nn__kernels->softmax_gradient(dx, dy, y, rows, c->width);
        return;
    }
    if (dx != dy)
        memcpy(dx, dy, rows * sizeof *dx);
    const nn_real *by = nn__activation_keeps_x(pass->activation) ? pass->x[0] + first : y;
    nn__kernels->activate_gradient(dx, by, pass->activation, rows);
}

static void activation_forward(const nn_pass *pass)
{
    struct chunks c = activation_chunks(pass);
    nn_parallel(pass, (int)((c.rows + c.step - 1) / c.step), activation_forward_chunk, &c);
}

static void activation_backward(const nn_pass *pass)
{
    struct chunks c = activation_chunks(pass);
    if (pass->dx[0] != NULL)
        nn_parallel(pass, (int)((c.rows + c.step - 1) / c.step), activation_backward_chunk, &c);
}

const nn_layer_kind nn__activation_step = {
    .kind = {.struct_size = sizeof(nn_layer_kind), .name = "activation_step"},
    .forward = activation_forward,
    .backward = activation_backward,
};
