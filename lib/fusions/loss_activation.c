/*
 * A final activation into the loss that follows it: softmax into cross-entropy, sigmoid into binary
 * cross-entropy (a loss names the one it can be run with: fuses_with). The loss is computed from the
 * activation's inputs z, where the gradient is act(z) - y and nothing overflows or is clipped, as
 * Keras does on TensorFlow. It leaves act(z) in place of z, for the metrics.
 */
#include "fusions/fusions.h"

/* May the activation before the prediction become part of its loss? */
static int fuses(const nn__program *program, const nn__prediction *prediction)
{
    const nn__value *p = &program->values[prediction->value];
    int fuses_with =
        prediction->loss == NULL ? NN_LINEAR : nn__loss_kind(prediction->loss)->fuses_with;
    if (fuses_with == NN_LINEAR || prediction->loss_fused || p->producer < 0 || p->consumers > 0 ||
        nn__program_predicts(program, prediction->value) > 1)
        return 0;
    const nn__step *step = &program->steps[p->producer];
    if (!step->is_activation || step->activation != fuses_with)
        return 0;
    /* Nobody else may want z, which the loss overwrites. */
    const nn__value *z = &program->values[step->inputs[0]];
    int z_is_kept = z->producer >= 0 && (program->steps[z->producer].about.flags & NN_KEEPS_Y) != 0;
    return z->consumers == 1 && !z_is_kept && !nn__program_predicts(program, step->inputs[0]);
}

void nn__fuse_loss_activation(nn__program *program)
{
    for (int k = 0; k < program->prediction_count; k++) {
        nn__prediction *prediction = &program->predictions[k];
        if (!fuses(program, prediction))
            continue;
        nn__step_remove(program, program->values[prediction->value].producer);
        prediction->loss_fused = 1;
    }
}
