/*
 * Training: a layer with an activation, and a reader that goes through x and dx anyway (NN_SLOPES_DX):
 * it multiplies dx by the activation's slope on the way, which saves the layer reading y and dy and
 * writing dz. The same numbers are multiplied, so the bits are the same.
 */
#include "fusions/fusions.h"

/* Is the reader the only one whose gradient the layer gets? */
static int is_alone(const nn__program *program, int value)
{
    return program->values[value].producer >= 0 && program->values[value].consumers == 1 &&
           !nn__program_predicts(program, value);
}

void nn__fuse_slope(nn__program *program)
{
    for (int s = 0; s < program->step_count; s++) {
        nn__step *reader = &program->steps[s];
        if (!(reader->about.flags & NN_SLOPES_DX) || !is_alone(program, reader->inputs[0]))
            continue;
        nn__step *layer = &program->steps[program->values[reader->inputs[0]].producer];
        if (layer->is_activation || layer->activation == NN_LINEAR)
            continue;
        reader->x_activation = layer->activation;
        layer->dz_given = 1;
    }
}
