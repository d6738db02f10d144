/* The common part of categorical_crossentropy.c and sparse_categorical_crossentropy.c. */
#include "losses/crossentropy.h"

#include "kernels/kernels.h"

NN__NO_TAIL_PADDING(nn_crossentropy_options, reserved);

const nn_option nn__crossentropy_fields[1] = {
    NN__OPTION(nn_crossentropy_options, FLAG, from_logits),
};

nn_status nn__crossentropy_check(const char *kind, const char *name, const nn_shape *prediction)
{
    char text[NN__SHAPE_TEXT];
    if (prediction->rank == 1)
        return NN_OK;
    return nn_fail(NN_ESHAPE, "%s: %s needs a vector, the output is %s", name, kind,
                   nn__shape_text(prediction, text, sizeof text));
}

void nn__crossentropy_run(const nn_loss_pass *pass)
{
    const nn_crossentropy_options *o = pass->options;
    size_t n = (size_t)pass->rows, c = (size_t)pass->width;
    if (pass->fused || o->from_logits) {
        int keep = !pass->fused && pass->gradient != pass->prediction;
        nn__kernels->crossentropy_logits(pass->prediction, keep, pass->losses, pass->gradient,
                                         pass->targets, pass->classes, pass->scale, n, c);
    } else {
        nn__kernels->crossentropy_probabilities(pass->losses, pass->gradient, pass->prediction,
                                                pass->targets, pass->classes, pass->scale, n, c);
    }
}
