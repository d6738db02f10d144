/*
 * Inference: a convolution or dense layer with what follows it. Batch normalization is then a scale
 * and a shift of each channel, which the layer's epilogue applies, with an activation before or
 * behind them and a max pooling whose windows divide the picture: the whole picture is never
 * written.
 *
 *   conv2d, dense   [activation]  [batch_normalization  [activation]]  [max_pooling2d]
 *
 * The same kernels run in the same order over the same numbers as in the layers by themselves, so
 * the bits are theirs.
 *
 * Prepared: what the layer prepares, then scale[c], shift[c]; made anew when weights change.
 */
#include "fusions/fusions.h"
#include "layers/batch_normalization.h"
#include "layers/conv2d.h"
#include "layers/dense.h"
#include "layers/max_pooling2d.h"

static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t channels(const nn_shape *shape)
{
    return (size_t)shape->dims[shape->rank - 1];
}

/* The pass as the layer wants to see it, and its epilogue. */
static nn__epilogue begin(const nn_pass *pass, nn_pass *own)
{
    const nn__fused_options *options = pass->options;
    nn__epilogue e = {.activation = pass->activation, .then = options->then};
    *own = *pass;
    own->options = options->first;
    if (options->first_bytes == 0)
        own->prepared = NULL;
    if (options->second != NULL) {
        const size_t c = channels(pass->y_shape);
        nn_real *scale = (nn_real *)(void *)((char *)pass->prepared + options->first_bytes);
        if (pass->renew)
            nn__batch_norm_moving_factors(options->second, pass->weights + options->first_weights,
                                          scale, scale + c, c);
        e.scale = scale;
        e.shift = scale + c;
    }
    if (options->third != NULL) {
        const nn_max_pool2d_options *pool = options->third;
        e.pool_rows = pool->pool[0];
        e.pool_columns = pool->pool[1];
    }
    return e;
}

static void conv2d_folded_forward(const nn_pass *pass)
{
    nn_pass own;
    nn__epilogue e = begin(pass, &own);
    nn__conv2d_forward(&own, &e);
}

static void dense_folded_forward(const nn_pass *pass)
{
    nn_pass own;
    nn__epilogue e = begin(pass, &own);
    nn__dense_forward(&own, &e);
}

static const nn_layer_kind conv2d_folded = {
    .kind = {.struct_size = sizeof(nn_layer_kind), .name = "conv2d_folded"},
    .forward = conv2d_folded_forward,
};

static const nn_layer_kind dense_folded = {
    .kind = {.struct_size = sizeof(nn_layer_kind), .name = "dense_folded"},
    .forward = dense_folded_forward,
};

/* The one step that reads the output of step s; -1 where there are others or it is a prediction. */
static int only_reader(const nn__program *program, int s)
{
    const int value = program->steps[s].output;
    if (program->values[value].consumers != 1 || nn__program_predicts(program, value))
        return -1;
    for (int r = s + 1; r < program->step_count; r++)
        if (program->steps[r].inputs[0] == value)
            return program->steps[r].input_count == 1 ? r : -1;
    return -1;
}

/* May the max pooling follow in the same tile? */
static int pools(const nn__step *step, const nn__step *pool)
{
    const nn__window window = nn__max_pooling2d_window(pool->options, &step->about.output);
    return step->kind == &nn__conv2d_layer && nn__conv2d_can_pool(step->options, &window);
}

/* Takes `reader` into `step` if it may come next; 1 if so. */
static int fold(nn__step *step, const nn__step *reader)
{
    nn__fused_options *f = &step->fused;
    if (reader->kind == &nn__batch_normalization_layer && f->second == NULL && f->third == NULL) {
        f->second = reader->options;
        f->first_weights = step->weight_count;
        step->second_node = reader->node;
        step->about.prepared =
            f->first_bytes + 2 * channels(&reader->about.output) * sizeof(nn_real);
        return 1;
    }
    if (reader->is_activation && reader->activation != NN_SOFTMAX && f->second != NULL &&
        f->then == NN_LINEAR && f->third == NULL) {
        f->then = reader->activation;
        return 1;
    }
    if (reader->kind != &nn__max_pooling2d_layer || f->third != NULL || !pools(step, reader))
        return 0;
    f->third = reader->options;
    step->about.scratch += nn__conv2d_pooled_scratch(step->options);
    return 1;
}

void nn__fuse_folding(nn__program *program)
{
    for (int s = 0; s < program->step_count && !program->training; s++) {
        nn__step *step = &program->steps[s];
        if (step->kind != &nn__conv2d_layer && step->kind != &nn__dense_layer)
            continue;
        step->fused.first_bytes = round_up(step->about.prepared);
        for (int r = only_reader(program, s); r >= 0; r = only_reader(program, s)) {
            const nn__step reader = program->steps[r];
            if (!fold(step, &reader))
                break;
            step->fused.first = step->options;
            step->last_node = reader.last_node;
            step->about.output = reader.about.output;
            nn__step_join(program, s, r);
        }
        if (step->fused.first != NULL)
            step->kind = step->kind == &nn__conv2d_layer ? &conv2d_folded : &dense_folded;
    }
}
