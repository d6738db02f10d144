/*
 * Embedding: y[..][output_dim] = row x[..] of embeddings[input_dim][output_dim]; zeros where x is no
 * number of a row. Numbers come as nn_real, their fraction is cut off.
 *   dembeddings[id] = the sum of dy over all places with that id, in order;  dx = 0
 * Forward a task is a piece of the ids; backward a range of the table's rows, for which it goes
 * through all ids.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "layers/pointwise.h"

NN__NO_TAIL_PADDING(nn_embedding_options, name);

enum { ROWS_MOST = 1 << 24, RANGES = 16 };

static const nn_option embedding_fields[] = {
    NN__OPTION(nn_embedding_options, INT, input_dim, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = ROWS_MOST),
    NN__OPTION(nn_embedding_options, INT, output_dim, .rules = NN_REQUIRED, .minimum = 1,
               .maximum = 1 << 24),
    NN__OPTION(nn_embedding_options, INITIALIZER, embeddings_initializer,
               .fallback = NN_INIT_RANDOM_UNIFORM),
    NN__OPTION(nn_embedding_options, REGULARIZER, embeddings_regularizer),
    NN__OPTION(nn_embedding_options, STRING, name),
};

static nn_status embedding_infer(nn_infer *infer)
{
    const nn_embedding_options *o = infer->options;
    const nn_shape *x = &infer->inputs[0];
    char text[NN__SHAPE_TEXT];
    if (x->rank + 1 >= NN_MAX_RANK)
        return nn_infer_fail(infer, NN_ESHAPE, "the input %s has no room for one more axis",
                             nn__shape_text(x, text, sizeof text));
    infer->output = *x;
    infer->output.dims[infer->output.rank++] = o->output_dim;
    infer->flags = NN_KEEPS_X;
    NN_TRY(nn_infer_weight(infer, "embeddings", (const int[]){o->input_dim, o->output_dim}, 2,
                           o->embeddings_initializer, 1));
    return nn_infer_regularize(infer, o->embeddings_regularizer);
}

/* Ids of a task. */
static size_t embedding_step(const nn_embedding_options *o)
{
    return (size_t)(NN__PIECE / o->output_dim + 1);
}

static void embedding_forward_task(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_embedding_options *o = pass->options;
    const size_t n = nn__pass_count(pass, &pass->x_shape[0]), step = embedding_step(o);
    const size_t first = (size_t)index * step, c = (size_t)o->output_dim;
    (void)arg;
    (void)worker;
    nn__kernels->take_rows(pass->y + first * c, pass->x[0] + first, pass->weights[0],
                           n - first < step ? n - first : step, (size_t)o->input_dim, c);
}

static void embedding_forward(const nn_pass *pass)
{
    const size_t n = nn__pass_count(pass, &pass->x_shape[0]), step = embedding_step(pass->options);
    nn_parallel(pass, (int)((n - 1) / step + 1), embedding_forward_task, NULL);
}

static int embedding_ranges(const nn_embedding_options *o)
{
    return o->input_dim < RANGES ? o->input_dim : RANGES;
}

static void embedding_backward_range(const nn_pass *pass, void *arg, int index, int worker)
{
    const nn_embedding_options *o = pass->options;
    const size_t rows = (size_t)o->input_dim, ranges = (size_t)embedding_ranges(o);
    (void)arg;
    (void)worker;
    nn__kernels->add_to_rows(pass->gradients[0], pass->x[0], pass->dy,
                             nn__pass_count(pass, &pass->x_shape[0]), rows, (size_t)o->output_dim,
                             rows * (size_t)index / ranges, rows * (size_t)(index + 1) / ranges);
}

static void embedding_backward(const nn_pass *pass)
{
    if (pass->trainable)
        nn_parallel(pass, embedding_ranges(pass->options), embedding_backward_range, NULL);
    if (pass->dx[0] != NULL)
        memset(pass->dx[0], 0, nn__pass_count(pass, &pass->x_shape[0]) * sizeof(nn_real));
}

const nn_layer_kind nn__embedding_layer = {
    .kind =
        NN__KIND(nn_layer_kind, "embedding", "Embedding", nn_embedding_options, embedding_fields),
    .infer = embedding_infer,
    .forward = embedding_forward,
    .backward = embedding_backward,
};

nn_layer *nn_embedding_new(const nn_embedding_options *options)
{
    return nn_layer_new(&nn__embedding_layer, options);
}
