/*
 * Training: a convolution of few channels, its activation and the max pooling that follows, where
 * nobody wants the picture's gradient: the first layers of many networks. The convolution's outputs and
 * their gradients only exist row of tiles by row of tiles, in a worker's scratch; what goes to memory
 * is pooled.
 *
 *   forward   y and where = pool(act(bias + x * kernel))
 *   backward  dz = dy act'(y) in the place of dy;  dkernel from dz spread by `where`
 *
 * The cell that leads a window has the window's y, so act' can be told from there. Outputs are those of
 * the layers by themselves to the last bit.
 *
 * Kept: where[rows][oh][ow][c].
 */
#include "fusions/fusions.h"
#include "layers/conv2d.h"
#include "layers/max_pooling2d.h"

/* The pass as the convolution wants to see it. */
static nn_pass convolution(const nn_pass *pass)
{
    nn_pass own = *pass;
    own.options = ((const nn__fused_options *)pass->options)->first;
    return own;
}

static void conv2d_pool_forward(const nn_pass *pass)
{
    const nn__fused_options *options = pass->options;
    const nn_max_pool2d_options *pool = options->second;
    const nn_pass own = convolution(pass);
    nn__conv2d_forward(&own, &(nn__epilogue){.activation = pass->activation,
                                             .pool_rows = pool->pool[0],
                                             .pool_columns = pool->pool[1],
                                             .where = pass->kept});
}

/* The pooling's window, from its output. */
static nn__window pool_window(const nn_max_pool2d_options *pool, const nn_shape *y)
{
    return nn__max_pooling2d_window(
        pool, &(nn_shape){3, {y->dims[0] * pool->pool[0], y->dims[1] * pool->pool[1], y->dims[2]}});
}

static void conv2d_pool_backward(const nn_pass *pass)
{
    const nn__fused_options *options = pass->options;
    const nn__window window = pool_window(options->second, pass->y_shape);
    const nn_pass own = convolution(pass);
    nn__conv2d_backward(&own, &(nn__pooled_dy){pass->dy, pass->kept, &window});
}

static const nn_layer_kind conv2d_pool_step = {
    .kind = {.struct_size = sizeof(nn_layer_kind), .name = "conv2d_pool"},
    .forward = conv2d_pool_forward,
    .backward = conv2d_pool_backward,
};

/* Is nothing trained that stands before this value? */
static int is_untrained(const nn__program *program, int value)
{
    const int producer = program->values[value].producer;
    return producer < 0 || !program->steps[producer].about.backward;
}

static int fuses(const nn__program *program, const nn__step *layer, const nn__step *pool)
{
    if (layer->kind != &nn__conv2d_layer || pool->kind != &nn__max_pooling2d_layer ||
        !is_untrained(program, layer->inputs[0]))
        return 0;
    const nn__window window = nn__max_pooling2d_window(pool->options, &layer->about.output);
    return nn__conv2d_can_pool_training(layer->options, &layer->x_shape, program->batch, &window);
}

void nn__fuse_conv2d_pool(nn__program *program)
{
    for (int s = 1; s < program->step_count && program->training; s++) {
        const nn__step *pool = &program->steps[s];
        const nn__value *between = &program->values[pool->inputs[0]];
        if (between->producer < 0 || between->consumers != 1 ||
            nn__program_predicts(program, pool->inputs[0]))
            continue;
        nn__step *layer = &program->steps[between->producer];
        if (!fuses(program, layer, pool))
            continue;
        layer->kind = &conv2d_pool_step;
        layer->fused = (nn__fused_options){.first = layer->options, .second = pool->options};
        layer->last_node = pool->last_node;
        layer->about.kept = pool->about.kept;
        layer->about.output = pool->about.output;
        nn__step_join(program, between->producer, s);
        s--;
    }
}
