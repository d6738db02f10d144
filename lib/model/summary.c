/* What a model looks like: Keras's table, and the memory plan. */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
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

/* Slots of every parameter, the optimizer's scalars, and Keras's two: iterations, an int64, and the
 * rate where it follows no schedule. */
static size_t optimizer_numbers(nn_model *model)
{
    const nn_optimizer_kind *kind = nn__optimizer_kind(model->optimizer);
    size_t count = (size_t)model->updater.slot_count * nn_model_trainable_parameters(model) + 1 +
                   (model->updater.schedule == NULL);
    for (int i = 0; kind->scalars != NULL && kind->scalars[i] != NULL; i++)
        count++;
    return count;
}

/* ---- Rows, in Keras's order ---- */

/* In a chain every layer reads the one before it; it is shown as a Sequential, without the input. */
static int is_chain(const nn_model *model)
{
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].input_count != (i > 0) || (i > 0 && model->nodes[i].inputs[0] != i - 1))
            return 0;
    return 1;
}

struct ordering {
    int *depth; /* of a node: the longest way to an output; -1: none leads there       */
    int *visit; /* its number in a walk from the outputs that takes first inputs first */
    int *stack;
    int *order; /* the answer: nodes, the deepest first, equally deep ones as visited  */
};

static void order_depths(const nn_model *model, struct ordering *o)
{
    for (int i = 0; i < model->node_count; i++)
        o->depth[i] = o->visit[i] = -1;
    for (int k = 0; k < model->head_count; k++)
        o->depth[model->heads[k].node] = 0;
    for (int i = model->node_count - 1; i >= 0; i--)
        for (int k = 0; o->depth[i] >= 0 && k < model->nodes[i].input_count; k++) {
            int *before = &o->depth[model->nodes[i].inputs[k]];
            *before = *before > o->depth[i] ? *before : o->depth[i] + 1;
        }
}

static void order_visits(const nn_model *model, struct ordering *o)
{
    int waiting = 0, visits = 0;
    for (int k = model->head_count - 1; k >= 0; k--)
        o->stack[waiting++] = model->heads[k].node;
    while (waiting > 0) {
        int i = o->stack[--waiting];
        if (o->visit[i] >= 0)
            continue;
        o->visit[i] = visits++;
        for (int k = model->nodes[i].input_count - 1; k >= 0; k--)
            o->stack[waiting++] = model->nodes[i].inputs[k];
    }
}

/* Sorts by insertion; what does not lead to the output comes last. */
static void order_nodes(const nn_model *model, struct ordering *o)
{
    for (int i = 0; i < model->node_count; i++) {
        int at = i;
        for (; at > 0; at--) {
            int before = o->order[at - 1];
            if (o->depth[before] > o->depth[i] ||
                (o->depth[before] == o->depth[i] && o->visit[before] <= o->visit[i]))
                break;
            o->order[at] = before;
        }
        o->order[at] = i;
    }
}

/* Everything the rows need, one allocation each. */
struct rows {
    nn__summary_row *rows;
    char (*shapes)[NN__SUMMARY_SHAPE];
    char **connections;
    int *numbers; /* memory of the ordering */
    struct ordering ordering;
    int count;
};

static nn_status rows_alloc(struct rows *r, const nn_model *model)
{
    size_t nodes = (size_t)model->node_count, inputs = (size_t)model->head_count;
    for (int i = 0; i < model->node_count; i++)
        inputs += (size_t)model->nodes[i].input_count;
    r->rows = nn__alloc_array(nodes, sizeof *r->rows, "the summary");
    r->shapes = nn__alloc_array(nodes, sizeof *r->shapes, "the summary");
    r->connections = nn__alloc_array(nodes, sizeof *r->connections, "the summary");
    r->numbers = nn__alloc_array(3 * nodes + inputs, sizeof *r->numbers, "the summary");
    if (!r->rows || !r->shapes || !r->connections || !r->numbers)
        return NN_ENOMEM;
    r->ordering = (struct ordering){r->numbers, r->numbers + nodes, r->numbers + 3 * nodes,
                                    r->numbers + 2 * nodes};
    return NN_OK;
}

static void rows_free(struct rows *r)
{
    for (int i = 0; i < r->count; i++)
        nn__free(r->connections[i]);
    nn__free(r->rows);
    nn__free(r->shapes);
    nn__free(r->connections);
    nn__free(r->numbers);
}

/* "conv2d[0][0], add[0][0]": in libnn a layer is used once and has one output. */
static char *connections_text(const nn_model *model, const nn__node *node)
{
    size_t size = 2, length = 0;
    for (int k = 0; k < node->input_count; k++)
        size += strlen(model->nodes[node->inputs[k]].name) + sizeof ", [0][0]";
    char *text = nn__alloc(size, "the summary");
    if (text != NULL && node->input_count == 0)
        text[0] = '-';
    for (int k = 0; text != NULL && k < node->input_count; k++)
        length += (size_t)snprintf(text + length, size - length, "%s%s[0][0]", k > 0 ? ", " : "",
                                   model->nodes[node->inputs[k]].name);
    return text;
}

static nn_status rows_add(struct rows *r, const nn_model *model, int index,
                          const nn__summary *summary)
{
    const nn__node *node = &model->nodes[index];
    int row = r->count++;
    r->rows[row] = (nn__summary_row){.name = node->name,
                                     .class_name = node->layer->object.kind->class_name,
                                     .shape = nn__summary_shape(&node->output, r->shapes[row]),
                                     .parameters = node_parameters(model, index)};
    if (summary->with_trainable)
        r->rows[row].trainable = node->weight_count == 0 ? "-" : node->frozen ? "N" : "Y";
    if (summary->with_connections)
        r->rows[row].connections = r->connections[row] = connections_text(model, node);
    return summary->with_connections && r->connections[row] == NULL ? NN_ENOMEM : NN_OK;
}

static nn_status rows_fill(struct rows *r, const nn_model *model, const nn__summary *summary)
{
    NN_TRY(rows_alloc(r, model));
    if (summary->with_connections) {
        order_depths(model, &r->ordering);
        order_visits(model, &r->ordering);
        order_nodes(model, &r->ordering);
        for (int i = 0; i < model->node_count; i++)
            NN_TRY(rows_add(r, model, r->ordering.order[i], summary));
        return NN_OK;
    }
    for (int i = 1; i < model->node_count; i++)
        NN_TRY(rows_add(r, model, i, summary));
    return NN_OK;
}

/* ---- The summary ---- */

static void summary_totals(nn_model *model, nn__summary *summary)
{
    summary->trainable = nn_model_trainable_parameters(model);
    summary->frozen = nn_model_parameters(model) - summary->trainable;
    summary->trainable_bytes = summary->trainable * sizeof(float);
    summary->frozen_bytes = summary->frozen * sizeof(float);
    summary->has_optimizer = model->step > 0; /* Keras makes the slots with the first step */
    if (summary->has_optimizer) {
        summary->optimizer = optimizer_numbers(model);
        summary->optimizer_bytes = (summary->optimizer - 1) * sizeof(float) + sizeof(int64_t);
    }
}

static nn_status summary_check(const nn_summary_options *o)
{
    if (o->line_length != 0 && (o->line_length < 88 || o->line_length > 1000))
        return nn_fail(NN_EINVAL, "summary: line_length is %d, it must be 88..1000",
                       o->line_length);
    if (o->plan_batch < 0)
        return nn_fail(NN_EINVAL, "summary: plan_batch is %d", o->plan_batch);
    return NN_OK;
}

nn_status nn_model_print_summary(const nn_summary_options *options)
{
    nn_summary_options o;
    NN_TRY(nn__options_read(&o, sizeof o, options, "summary"));
    NN_TRY(summary_check(&o));
    NN_TRY(nn_model_build(o.model));
    FILE *stream = o.stream == NULL ? stdout : o.stream;
    nn__summary summary = {.name = o.model->name,
                           .width = o.line_length,
                           .with_connections = !is_chain(o.model),
                           .with_trainable = o.show_trainable};
    struct rows rows = {0};
    nn_status status = rows_fill(&rows, o.model, &summary);
    summary.rows = rows.rows;
    summary.row_count = (size_t)rows.count;
    summary_totals(o.model, &summary);
    if (status == NN_OK)
        status = nn__summary_print(&summary, stream);
    rows_free(&rows);
    if (status == NN_OK && o.plan_batch > 0)
        status = nn_model_print_plan(o.model, o.plan_batch, stream);
    return status;
}

nn_status nn_model_summary(nn_model *model, void *stream)
{
    NN_TRY(nn_model_build(model));
    if (stream == NULL)
        return nn_fail(NN_EINVAL, "summary: the stream is NULL");
    return nn_model_print_summary(&(nn_summary_options){
        .struct_size = sizeof(nn_summary_options), .model = model, .stream = stream});
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
    size_t slots = (size_t)model->updater.slot_count * parameters;
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
