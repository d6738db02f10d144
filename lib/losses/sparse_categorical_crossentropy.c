/*
 * SparseCategoricalCrossentropy: L = -log p[class], targets as class numbers; see nn/losses.h. Rows
 * of the class to ignore have no loss, and those that are left are weighed up to the whole batch:
 * the mean is one over the rows that are left. Keras computes it from the probabilities then.
 */
#include <string.h>

#include "kernels/kernels.h"
#include "losses/crossentropy.h"

NN__NO_TAIL_PADDING(nn_sparse_crossentropy_options, ignore_class);

static const nn_option sparse_categorical_crossentropy_fields[] = {
    NN__OPTION(nn_sparse_crossentropy_options, FLAG, from_logits),
    NN__OPTION(nn_sparse_crossentropy_options, MAYBE, ignore_class),
};

static nn_status sparse_categorical_crossentropy_check(const void *options, const char *name,
                                                       const nn_shape *prediction)
{
    const nn_sparse_crossentropy_options *o = options;
    char text[NN__SHAPE_TEXT];
    if (o->ignore_class.present && (double)(int32_t)o->ignore_class.value != o->ignore_class.value)
        return nn_fail(NN_EINVAL,
                       "sparse_categorical_crossentropy: ignore_class is %g, no class number",
                       o->ignore_class.value);
    if (prediction->rank == 1)
        return NN_OK;
    return nn_fail(NN_ESHAPE,
                   "%s: sparse_categorical_crossentropy needs a vector, the output is %s", name,
                   nn__shape_text(prediction, text, sizeof text));
}

static int is_ignored(const nn_loss_pass *pass, size_t row)
{
    const nn_sparse_crossentropy_options *o = pass->options;
    return (double)pass->classes[row] == o->ignore_class.value;
}

/* The rows that are not ignored, one by one, not fused. */
static void run_rest(const nn_loss_pass *pass, double weight)
{
    const nn_sparse_crossentropy_options *o = pass->options;
    const size_t c = (size_t)pass->width;
    nn_loss_pass row = *pass;
    row.rows = 1;
    row.fused = 0;
    row.scale = pass->scale * weight;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        row.prediction = pass->prediction + i * c;
        row.classes = pass->classes + i;
        row.losses = pass->losses + i;
        row.gradient = pass->gradient == NULL ? NULL : pass->gradient + i * c;
        if (!is_ignored(pass, i)) {
            nn__crossentropy_run(&row, o->from_logits, 0);
            row.losses[0] *= weight;
            continue;
        }
        row.losses[0] = 0;
        if (row.gradient != NULL)
            memset(row.gradient, 0, c * sizeof *row.gradient);
    }
}

static void sparse_categorical_crossentropy_run(const nn_loss_pass *pass)
{
    const nn_sparse_crossentropy_options *o = pass->options;
    const size_t n = (size_t)pass->rows, c = (size_t)pass->width;
    size_t left = 0;
    if (!o->ignore_class.present) {
        nn__crossentropy_run(pass, o->from_logits, 0);
        return;
    }
    for (size_t i = 0; i < n; i++)
        left += !is_ignored(pass, i);
    if (pass->fused)
        nn__kernels->softmax(pass->prediction, n, c);
    run_rest(pass, left > 0 ? (double)n / (double)left : 0);
    if (pass->fused && pass->gradient != NULL)
        nn__kernels->softmax_gradient(pass->gradient, pass->gradient, pass->prediction, n, c);
}

const nn_loss_kind nn__sparse_categorical_crossentropy_loss = {
    .kind =
        NN__KIND(nn_loss_kind, "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy",
                 nn_sparse_crossentropy_options, sparse_categorical_crossentropy_fields),
    .takes_classes = 1,
    .fuses_with = NN_SOFTMAX,
    .check = sparse_categorical_crossentropy_check,
    .run = sparse_categorical_crossentropy_run,
};

nn_loss *nn_sparse_categorical_crossentropy_new(const nn_sparse_crossentropy_options *options)
{
    return nn_loss_new(&nn__sparse_categorical_crossentropy_loss, options);
}
