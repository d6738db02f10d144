/* What a model looks like: Keras's table, and the memory plan. */
#include <stdio.h>
#include <string.h>

#include "model/plan.h"
#include "model/summary_text.h"

static size_t node_parameters(const nn_model *model, int index)
{
    const nn__node *node = &model->nodes[index];
    size_t count = 0;
    for (int i = 0; i < node->weight_count; i++)
        count += model->weights[node->first_weight + i].count;
    return count;
}

/* Slots of every parameter, the optimizer's scalars, and Keras's two: iterations and rate. */
static size_t optimizer_numbers(nn_model *model)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(model->optimizer);
    size_t count = (size_t)model->slot_count * nn_model_trainable_parameters(model) + 2;
    for (int i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        count++;
    return count;
}

static nn_status print_summary(nn_model *model, nn__summary_row *rows,
                               char (*shapes)[NN__SUMMARY_SHAPE], FILE *stream)
{
    nn__summary summary = {.name = model->name, .rows = rows};
    for (int i = 0; i < model->node_count; i++) {
        const nn__node *node = &model->nodes[i];
        if (node->input_count == 0)
            continue;
        size_t row = summary.row_count++;
        rows[row] = (nn__summary_row){.name = node->name,
                                      .class_name = node->layer->object.kind->class_name,
                                      .shape = nn__summary_shape(&node->output, shapes[row]),
                                      .parameters = node_parameters(model, i)};
    }
    summary.trainable = nn_model_trainable_parameters(model);
    summary.frozen = nn_model_parameters(model) - summary.trainable;
    summary.trainable_bytes = summary.trainable * sizeof(float);
    summary.frozen_bytes = summary.frozen * sizeof(float);
    summary.has_optimizer = model->step > 0; /* Keras makes the slots with the first step */
    if (summary.has_optimizer) {
        summary.optimizer = optimizer_numbers(model);
        summary.optimizer_bytes = summary.optimizer * sizeof(float);
    }
    return nn__summary_print(&summary, stream);
}

nn_status nn_model_summary(nn_model *model, void *stream)
{
    NN_TRY(nn_model_build(model));
    if (stream == NULL)
        return nn_fail(NN_EINVAL, "summary: the stream is NULL");
    size_t count = (size_t)model->node_count;
    nn__summary_row *rows = nn__alloc_array(count, sizeof *rows, "the summary");
    char(*shapes)[NN__SUMMARY_SHAPE] = nn__alloc_array(count, sizeof *shapes, "the summary");
    nn_status status =
        rows != NULL && shapes != NULL ? print_summary(model, rows, shapes, stream) : NN_ENOMEM;
    nn__free(rows);
    nn__free(shapes);
    return status;
}

/* ---- The plan ---- */

static const char *block_owner(const nn_model *model, const nn__program *program,
                               const nn__block *block)
{
    return block->step < 0 ? nn__model_input(model, -1 - block->step)->name
                           : model->nodes[program->steps[block->step].node].name;
}

static nn_status print_plan(const nn_model *model, const nn__program *program, const nn__plan *plan,
                            FILE *out)
{
    size_t parameters = model->parameter_values * sizeof(nn_real);
    size_t state = (model->value_count - model->parameter_values) * sizeof(nn_real);
    int threads = nn__model_threads(model);
    size_t scratch = plan->scratch * (size_t)threads;
    size_t slots = (size_t)model->slot_count * parameters;
    fprintf(out, "Memory plan of \"%s\": training, batch %d, %d threads, %d steps\n", model->name,
            program->batch, threads, program->step_count);
    fprintf(out, "%-28s %-9s %12s %12s  %s\n", "layer", "block", "bytes", "offset", "life");
    for (int i = 0; i < plan->block_count; i++) {
        const nn__block *block = &plan->blocks[i];
        fprintf(out, "%-28s %-9s %12zu %12zu  %d..%d\n", block_owner(model, program, block),
                block->what, block->bytes, block->offset, block->first, block->last);
    }
    fprintf(out,
            "arena %zu bytes, scratch %d x %zu, parameters %zu, gradients %zu, state %zu, "
            "optimizer slots %zu\n",
            plan->bytes, threads, plan->scratch, parameters, parameters, state, slots);
    fprintf(out, "total %zu bytes\n", plan->bytes + scratch + 2 * parameters + state + slots);
    return ferror(out) ? nn_fail(NN_EIO, "the plan could not be written") : NN_OK;
}

nn_status nn_model_print_plan(nn_model *model, int batch_size, void *stream)
{
    nn__program program;
    nn__plan plan;
    NN_TRY(nn_model_build(model));
    if (stream == NULL || batch_size < 1)
        return nn_fail(NN_EINVAL, "plan: batch_size is %d or the stream is NULL", batch_size);
    NN_TRY(nn__lower(model, 1, batch_size, 1, model->no_fusion, &program));
    nn_status status = nn__plan_make(model, &program, &plan);
    if (status == NN_OK) {
        status = print_plan(model, &program, &plan, stream);
        nn__plan_free(&plan);
    }
    nn__program_free(&program);
    return status;
}
