/* CategoricalCrossentropy: L = -sum y log p, targets y as one-hot rows; see nn/losses.h. */
#include "losses/crossentropy.h"

static nn_status categorical_crossentropy_check(const void *options, const char *name,
                                                const nn_shape *prediction)
{
    (void)options;
    return nn__crossentropy_check("categorical_crossentropy", name, prediction);
}

const nn_loss_kind nn__categorical_crossentropy_loss = {
    .kind = NN__KIND(nn_loss_kind, "categorical_crossentropy", "CategoricalCrossentropy",
                     nn_crossentropy_options, nn__crossentropy_fields),
    .takes_classes = 0,
    .fuses_with = NN_SOFTMAX,
    .check = categorical_crossentropy_check,
    .run = nn__crossentropy_run,
};

nn_loss *nn_categorical_crossentropy_new(const nn_crossentropy_options *options)
{
    return nn_loss_new(&nn__categorical_crossentropy_loss, options);
}
