/* The common part of categorical_crossentropy.c and sparse_categorical_crossentropy.c. */
#include "losses/crossentropy.h"

#include "kernels/kernels.h"

/* Rows of c numbers with a loss each. */
static void crossentropy_rows(const nn_loss_pass *pass, int from_logits, double smoothing, size_t n,
                              size_t c)
{
    if (pass->fused || from_logits) {
        int keep = !pass->fused && pass->gradient != pass->prediction;
        nn__kernels->crossentropy_logits(pass->prediction, keep, pass->losses, pass->gradient,
                                         pass->targets, pass->classes, smoothing, pass->scale, n,
                                         c);
    } else {
        nn__kernels->crossentropy_probabilities(pass->losses, pass->gradient, pass->prediction,
                                                pass->targets, pass->classes, smoothing,
                                                pass->scale, n, c);
    }
}

void nn__crossentropy_run(const nn_loss_pass *pass, int from_logits, double smoothing)
{
    const size_t positions = nn__loss_positions(pass), c = (size_t)pass->width / positions;
    if (positions == 1) {
        crossentropy_rows(pass, from_logits, smoothing, (size_t)pass->rows, c);
        return;
    }
    double loss;
    nn_loss_pass part = *pass;
    part.losses = &loss;
    part.scale = pass->scale / (double)positions;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        pass->losses[i] = 0;
        for (size_t k = i * positions; k < (i + 1) * positions; k++) {
            part.prediction = pass->prediction + k * c;
            part.targets = pass->targets + k * c;
            part.gradient = pass->gradient == NULL ? NULL : pass->gradient + k * c;
            crossentropy_rows(&part, from_logits, smoothing, 1, c);
            pass->losses[i] += loss / (double)positions;
        }
    }
}
