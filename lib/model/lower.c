/*
 * Lowering: asks every layer for this mode and batch, leaves out what is the identity, gives
 * activations steps of their own, and lets the fusions put together what runs faster together.
 */
#include "model/lower.h"

#include <string.h>

void nn__program_free(nn__program *program)
{
    nn__free(program->steps);
    nn__free(program->values);
    nn__free(program->predictions);
    nn__free(program->inputs);
    memset(program, 0, sizeof *program);
}

/* Room for the most that a graph can become: per node a step and an activation, a value each. */
static nn_status program_alloc(nn__program *program, const nn_model *model)
{
    size_t nodes = (size_t)model->node_count, inputs = nodes;
    for (int i = 0; i < model->node_count; i++)
        inputs += (size_t)model->nodes[i].input_count;
    program->steps = nn__alloc_array(2 * nodes, sizeof(nn__step), "the steps");
    program->values = nn__alloc_array(2 * nodes, sizeof(nn__value), "the steps");
    program->inputs = nn__alloc_array(inputs, sizeof(int), "the steps");
    program->predictions =
        nn__alloc_array((size_t)model->head_count, sizeof(nn__prediction), "the steps");
    return program->steps && program->values && program->inputs && program->predictions ? NN_OK
                                                                                        : NN_ENOMEM;
}

static int program_value(nn__program *program, const nn_shape *shape)
{
    program->values[program->value_count].count = nn__shape_count(shape);
    return program->value_count++;
}

struct lowering {
    nn_model *model;
    nn__program *program;
    nn_shape *shapes; /* for infer                     */
    int *value_of;    /* the value of each node's output */
    int *next_input;  /* free room in program->inputs  */
};

static nn__step *lower_step(struct lowering *l, int node, const nn_layer_kind *kind,
                            const nn_infer *about, const int *inputs, int count)
{
    nn__program *program = l->program;
    nn__step *step = &program->steps[program->step_count++];
    *step = (nn__step){.kind = kind,
                       .options = l->model->nodes[node].layer->object.options,
                       .node = node,
                       .last_node = node,
                       .second_node = -1,
                       .weight_count = l->model->nodes[node].weight_count,
                       .input_count = count,
                       .inputs = l->next_input,
                       .x_shape = l->model->nodes[l->model->nodes[node].inputs[0]].output,
                       .about = *about};
    for (int i = 0; i < count; i++)
        step->inputs[i] = inputs[i];
    l->next_input += count;
    step->output = program_value(program, &l->model->nodes[node].output);
    return step;
}

static void lower_activation(struct lowering *l, int node, int activation)
{
    nn_infer about = {.struct_size = sizeof about,
                      .output = l->model->nodes[node].output,
                      .flags = NN_Y_OVER_X | NN_DX_OVER_DY};
    about.flags |= nn__activation_keeps_x(activation) ? NN_KEEPS_X : NN_KEEPS_Y;
    nn__step *step = lower_step(l, node, &nn__activation_step, &about, &l->value_of[node], 1);
    step->is_activation = 1;
    step->activation = activation;
    l->value_of[node] = step->output;
}

static nn_status lower_node(struct lowering *l, int index)
{
    const nn__node *node = &l->model->nodes[index];
    nn__program *program = l->program;
    nn_infer about;
    NN_TRY(
        nn__model_infer(l->model, index, program->training, program->batch, 0, l->shapes, &about));
    if (node->input_count == 0)
        ; /* the model's own: it has its value already */
    else if (about.flags & NN_IDENTITY)
        l->value_of[index] = l->value_of[node->inputs[0]];
    else {
        int inputs_first = 0; /* the values of the inputs, straight into the step's room */
        for (; inputs_first < node->input_count; inputs_first++)
            l->next_input[inputs_first] = l->value_of[node->inputs[inputs_first]];
        l->value_of[index] = lower_step(l, index, nn__layer_kind(node->layer), &about,
                                        l->next_input, node->input_count)
                                 ->output;
    }
    if (about.activation != NN_LINEAR)
        lower_activation(l, index, about.activation);
    return NN_OK;
}

/* The inputs are the first values, wherever their nodes stand. */
static void lower_inputs(struct lowering *l)
{
    for (int i = 0; i < l->model->node_count; i++)
        if (l->model->nodes[i].input_count == 0)
            l->value_of[i] = program_value(l->program, &l->model->nodes[i].output);
    l->program->input_count = l->program->value_count;
}

static void lower_outputs(struct lowering *l, int with_losses)
{
    for (int k = 0; k < l->model->head_count; k++) {
        const nn__head *head = &l->model->heads[k];
        l->program->predictions[k] = (nn__prediction){.value = l->value_of[head->node],
                                                      .loss = with_losses ? head->loss : NULL,
                                                      .weight = head->weight};
    }
    l->program->prediction_count = l->model->head_count;
}

static nn_status lower_all(struct lowering *l, int with_losses, int no_fusion)
{
    nn__program *program = l->program;
    lower_inputs(l);
    for (int i = 0; i < l->model->node_count; i++)
        NN_TRY(lower_node(l, i));
    lower_outputs(l, with_losses);
    nn__program_recount(program);
    if (!no_fusion)
        nn__fuse(program);
    return NN_OK;
}

nn_status nn__lower(nn_model *model, int training, int batch, int with_losses, int no_fusion,
                    nn__program *program)
{
    *program = (nn__program){.training = training, .batch = batch};
    struct lowering l = {.model = model, .program = program};
    nn_status status = program_alloc(program, model);
    l.shapes = nn__alloc_array((size_t)nn__model_most_inputs(model), sizeof *l.shapes, "the steps");
    l.value_of = nn__alloc_array((size_t)model->node_count, sizeof *l.value_of, "the steps");
    l.next_input = program->inputs;
    if (l.shapes == NULL || l.value_of == NULL)
        status = NN_ENOMEM;
    if (status == NN_OK)
        status = lower_all(&l, with_losses, no_fusion);
    nn__free(l.shapes);
    nn__free(l.value_of);
    if (status != NN_OK)
        nn__program_free(program);
    return status;
}
