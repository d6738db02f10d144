/*
 * A layer followed by an elementwise activation: the layer applies it to each tile while the tile
 * is in cache, forward and backward, and y is the only copy that is kept.
 */
#include "fusions/fusions.h"
#include "layers/layer.h"

void nn__fuse_epilogue(nn__program *program)
{
    for (int s = 1; s < program->step_count; s++) {
        const nn__step *step = &program->steps[s];
        if (!step->is_activation || step->activation == NN_SOFTMAX)
            continue;
        if (program->training && nn__activation_keeps_x(step->activation))
            continue; /* backward wants z, of which the layer would keep nothing */
        const nn__value *z = &program->values[step->inputs[0]];
        if (z->producer < 0 || z->consumers > 1 || nn__program_predicts(program, step->inputs[0]))
            continue; /* somebody else wants z */
        nn__step *layer = &program->steps[z->producer];
        if (layer->is_activation || layer->activation != NN_LINEAR ||
            !(layer->about.flags & NN_EPILOGUE))
            continue;
        layer->activation = step->activation;
        layer->about.flags |= NN_KEEPS_Y;
        nn__step_remove(program, s--);
    }
}
