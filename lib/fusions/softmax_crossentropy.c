/*
 * Softmax followed by cross-entropy: the loss is computed from softmax's inputs, where its gradient
 * is softmax(z) - y and nothing overflows or is clipped, as Keras does on TensorFlow. The loss
 * leaves the probabilities in place of z, for the metrics.
 */
#include "fusions/fusions.h"

void nn__fuse_softmax_crossentropy(nn__program *program)
{
    if (program->loss == NULL || program->loss_fused)
        return;
    int fuses_with = nn__loss_kind(program->loss)->fuses_with;
    int last = program->values[program->prediction].producer;
    if (fuses_with == NN_LINEAR || last < 0)
        return;
    const nn__step *step = &program->steps[last];
    if (!step->is_activation || step->activation != fuses_with ||
        program->values[program->prediction].consumers > 0)
        return;
    const nn__value *z = &program->values[step->inputs[0]];
    if (z->consumers > 1 ||
        (z->producer >= 0 && (program->steps[z->producer].about.flags & NN_KEEPS_Y)))
        return; /* somebody else still wants z, which the loss overwrites */
    nn__step_remove(program, last);
    program->loss_fused = 1;
}
