/* SparseCategoricalCrossentropy: L = -log p[class], targets as class numbers; see nn/losses.h. */
#include "losses/crossentropy.h"

static nn_status sparse_categorical_crossentropy_check(const void *options, const char *name,
                                                       const nn_shape *prediction)
{
    (void)options;
    return nn__crossentropy_check("sparse_categorical_crossentropy", name, prediction);
}

const nn_loss_kind nn__sparse_categorical_crossentropy_loss = {
    .kind =
        NN__KIND(nn_loss_kind, "sparse_categorical_crossentropy", "SparseCategoricalCrossentropy",
                 nn_crossentropy_options, nn__crossentropy_fields),
    .takes_classes = 1,
    .fuses_with = NN_SOFTMAX,
    .check = sparse_categorical_crossentropy_check,
    .run = nn__crossentropy_run,
};

nn_loss *nn_sparse_categorical_crossentropy_new(const nn_crossentropy_options *options)
{
    return nn_loss_new(&nn__sparse_categorical_crossentropy_loss, options);
}
