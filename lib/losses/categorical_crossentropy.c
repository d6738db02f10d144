/* CategoricalCrossentropy: L = -sum y log p, targets y as one-hot rows; see nn/losses.h. */
#include "losses/crossentropy.h"

NN__NO_TAIL_PADDING(nn_crossentropy_options, label_smoothing);

static const nn_option categorical_crossentropy_fields[] = {
    NN__OPTION(nn_crossentropy_options, FLAG, from_logits),
    NN__OPTION(nn_crossentropy_options, DOUBLE, label_smoothing, .maximum = 1),
};

static void categorical_crossentropy_run(const nn_loss_pass *pass)
{
    const nn_crossentropy_options *o = pass->options;
    nn__crossentropy_run(pass, o->from_logits, o->label_smoothing);
}

const nn_loss_kind nn__categorical_crossentropy_loss = {
    .kind = NN__KIND(nn_loss_kind, "categorical_crossentropy", "CategoricalCrossentropy",
                     nn_crossentropy_options, categorical_crossentropy_fields),
    .takes_classes = 0,
    .fuses_with = NN_SOFTMAX,
    .run = categorical_crossentropy_run,
};

nn_loss *nn_categorical_crossentropy_new(const nn_crossentropy_options *options)
{
    return nn_loss_new(&nn__categorical_crossentropy_loss, options);
}
