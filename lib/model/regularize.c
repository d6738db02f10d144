/*
 * Regularizers: l1 sum |w| + l2 sum w^2 of each weight that has one and is trained, once per batch.
 * Weights are cut into pieces of PIECE elements, a task each; the pieces' sums are added in their
 * order, so the number of threads does not show.
 */
#include "kernels/kernels.h"
#include "model/context.h"

enum { PIECE = 16384 };

static int is_regularized(const nn__weight *weight)
{
    return weight->trainable && (weight->regularizer.l1 != 0 || weight->regularizer.l2 != 0);
}

static int is_frozen(const nn_model *model, const nn__weight *weight)
{
    return model->nodes[weight->node].frozen;
}

nn_status nn__context_pieces(nn_context *context)
{
    const nn_model *model = context->model;
    size_t count = 0, at = 0;
    for (int i = 0; i < model->weight_count; i++)
        if (is_regularized(&model->weights[i]))
            count += (model->weights[i].count + PIECE - 1) / PIECE;
    if (count == 0)
        return NN_OK;
    context->pieces = nn__alloc_array(count, sizeof *context->pieces, "regularizers");
    if (context->pieces == NULL)
        return NN_ENOMEM;
    context->bytes += count * sizeof *context->pieces;
    context->piece_count = (int)count;
    for (int i = 0; i < model->weight_count; i++) {
        size_t length = is_regularized(&model->weights[i]) ? model->weights[i].count : 0;
        for (size_t first = 0; first < length; first += PIECE)
            context->pieces[at++] = (nn__penalty_piece){
                i, first, length - first < PIECE ? length - first : PIECE, {0, 0}};
    }
    return NN_OK;
}

static void sums_task(void *arg, int index, int worker)
{
    nn_context *context = arg;
    const nn_model *model = context->model;
    nn__penalty_piece *piece = &context->pieces[index];
    const nn__weight *weight = &model->weights[piece->weight];
    (void)worker;
    if (!is_frozen(model, weight))
        nn__kernels->penalty_sums(piece->sums, model->values + weight->offset + piece->first,
                                  piece->count);
}

double nn__context_penalty(nn_context *context)
{
    const nn_model *model = context->model;
    double penalty = 0;
    if (context->piece_count == 0)
        return 0;
    nn__pool_run(context->engine.threads, context->piece_count, sums_task, context);
    for (int i = 0; i < context->piece_count; i++) {
        const nn__penalty_piece *piece = &context->pieces[i];
        const nn__weight *weight = &model->weights[piece->weight];
        if (!is_frozen(model, weight))
            penalty +=
                weight->regularizer.l1 * piece->sums[0] + weight->regularizer.l2 * piece->sums[1];
    }
    return penalty;
}

static void gradient_task(void *arg, int index, int worker)
{
    const nn_context *context = arg;
    const nn_model *model = context->model;
    const nn__penalty_piece *piece = &context->pieces[index];
    const nn__weight *weight = &model->weights[piece->weight];
    size_t at = weight->offset + piece->first;
    (void)worker;
    if (!is_frozen(model, weight))
        nn__kernels->penalty_gradient(context->gradients + at, model->values + at,
                                      (nn_real)weight->regularizer.l1,
                                      (nn_real)weight->regularizer.l2, piece->count);
}

void nn__context_penalty_gradient(nn_context *context)
{
    if (context->piece_count > 0)
        nn__pool_run(context->engine.threads, context->piece_count, gradient_task, context);
}
