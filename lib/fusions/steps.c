#include "fusions/fusions.h"

#include <string.h>

void nn__program_recount(nn__program *program)
{
    for (int v = 0; v < program->value_count; v++) {
        program->values[v].producer = -1;
        program->values[v].consumers = 0;
    }
    for (int s = 0; s < program->step_count; s++) {
        const nn__step *step = &program->steps[s];
        program->values[step->output].producer = s;
        for (int i = 0; i < step->input_count; i++)
            program->values[step->inputs[i]].consumers++;
    }
}

int nn__program_predicts(const nn__program *program, int value)
{
    int count = 0;
    for (int k = 0; k < program->prediction_count; k++)
        count += program->predictions[k].value == value;
    return count;
}

static void step_delete(nn__program *program, int index)
{
    program->step_count--;
    memmove(&program->steps[index], &program->steps[index + 1],
            (size_t)(program->step_count - index) * sizeof(nn__step));
    nn__program_recount(program);
}

void nn__step_remove(nn__program *program, int index)
{
    const int from = program->steps[index].output, to = program->steps[index].inputs[0];
    for (int s = index + 1; s < program->step_count; s++)
        for (int i = 0; i < program->steps[s].input_count; i++)
            if (program->steps[s].inputs[i] == from)
                program->steps[s].inputs[i] = to;
    for (int k = 0; k < program->prediction_count; k++)
        if (program->predictions[k].value == from)
            program->predictions[k].value = to;
    step_delete(program, index);
}

void nn__step_join(nn__program *program, int first, int second)
{
    program->steps[first].output = program->steps[second].output;
    step_delete(program, second);
}

void nn__fuse(nn__program *program)
{
    static void (*const fusions[])(nn__program *) = {
#define NN__FUSION(name) nn__fuse_##name,
#include "fusions/kinds.def"
#undef NN__FUSION
    };
    for (size_t i = 0; i < NN__COUNT(fusions); i++)
        fusions[i](program);
}
