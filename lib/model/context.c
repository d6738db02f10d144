/* Making a context: programs, plans, one block of memory, and the passes with all their pointers. */
#include "model/context.h"

#include <string.h>

#include "base/options.h"
#include "kernels/kernels.h"

/* ---- The passes of one run ---- */

/* Pointers that all steps need together: x, dx, weights, gradients; and the inputs. */
static size_t run_pointers(const nn_model *model, const nn__program *program)
{
    size_t count = (size_t)program->input_count;
    for (int s = 0; s < program->step_count; s++) {
        const nn__step *step = &program->steps[s];
        count += 2 * (size_t)step->input_count;
        count += 2 * (size_t)model->nodes[step->node].weight_count;
        if (step->second_node >= 0)
            count += (size_t)model->nodes[step->second_node].weight_count;
    }
    return count;
}

static nn_real *block_at(const nn_context *context, const nn__plan *plan, int block)
{
    return block == NN__NO_BLOCK ? NULL
                                 : (nn_real *)(void *)(context->arena + plan->blocks[block].offset);
}

/* Pointers to a node's weights; returns the room left. */
static nn_real **node_weights(const nn_model *model, int node, nn_real **room)
{
    const nn__node *n = &model->nodes[node];
    for (int i = 0; i < n->weight_count; i++)
        *room++ = model->values + model->weights[n->first_weight + i].offset;
    return room;
}

static nn_real **run_weights(nn_context *context, nn_pass *pass, const nn__step *step,
                             nn_real **room)
{
    const nn_model *model = context->model;
    const nn__node *node = &model->nodes[step->node];
    pass->weights = room;
    room = node_weights(model, step->node, room);
    if (step->second_node >= 0)
        room = node_weights(model, step->second_node, room);
    pass->gradients = room;
    for (int i = 0; i < node->weight_count; i++) {
        const nn__weight *weight = &model->weights[node->first_weight + i];
        *room++ = context->gradients != NULL && weight->trainable && !node->frozen
                      ? context->gradients + weight->offset
                      : NULL;
    }
    return room;
}

/* The shapes that the step's layer sees: those of its node's inputs; an activation sees its
 * layer's output. */
static void run_shapes(const nn_model *model, const nn__step *step, nn_shape *shapes)
{
    const nn__node *node = &model->nodes[step->node];
    for (int i = 0; i < step->input_count; i++)
        shapes[i] = step->is_activation ? node->output : model->nodes[node->inputs[i]].output;
}

/* Sets the pointers of step s; returns the room left. */
static nn_real **run_step(nn_context *context, nn__run *run, int s, nn_real **room,
                          nn_shape *shapes)
{
    const nn__plan *plan = &run->plan;
    const nn__step *step = &run->program.steps[s];
    nn_pass *pass = &run->passes[s];
    nn_real **x = room, **dx = room + step->input_count;
    for (int i = 0; i < step->input_count; i++)
        x[i] = block_at(context, plan, plan->value[step->inputs[i]]);
    run_shapes(context->model, step, shapes);
    *pass = (nn_pass){
        .struct_size = sizeof *pass,
        .options = step->fused.first != NULL ? &step->fused : step->options,
        .training = run->program.training,
        .trainable = !context->model->nodes[step->node].frozen,
        .activation = step->activation,
        .x_activation = step->x_activation,
        .input_count = step->input_count,
        .node = (uint32_t)step->node,
        .x_shape = shapes,
        .y_shape = &context->model->nodes[step->last_node].output,
        .x = (const nn_real *const *)(void *)x,
        .y = block_at(context, plan, plan->value[step->output]),
        .dy = plan->backward[s] == 1 ? block_at(context, plan, plan->gradient[step->output]) : NULL,
        .dx = dx,
        .kept = block_at(context, plan, plan->kept[s]),
        .engine = &context->engine};
    return run_weights(context, pass, step, dx + step->input_count);
}

/* dx of step s: the value's gradient for its first reader in backward order, the step's block of
 * sums for the others. */
static void run_dx(const nn_context *context, nn__run *run, int s, unsigned char *written)
{
    const nn__plan *plan = &run->plan;
    const nn__step *step = &run->program.steps[s];
    nn_real **pointers = run->pointers;
    nn_real **dx = pointers + (run->passes[s].dx - (nn_real *const *)pointers);
    char *sum = (char *)block_at(context, plan, plan->sum[s]);
    for (int i = 0; i < step->input_count; i++) {
        int value = step->inputs[i];
        int wanted = nn__plan_wants_gradient(plan, value) && run->passes[s].dy != NULL;
        dx[i] = !wanted          ? NULL
                : written[value] ? (nn_real *)(void *)sum
                                 : block_at(context, plan, plan->gradient[value]);
        if (wanted && written[value])
            sum += nn__plan_sum_bytes(&run->program, value);
        if (wanted)
            written[value] = 1;
    }
}

static void *context_alloc(nn_context *context, size_t bytes, const char *what)
{
    context->bytes = nn__add(context->bytes, bytes);
    return nn__alloc(bytes, what);
}

/* Bytes of what the step makes of the weights, for its run after run in inference. */
static size_t step_prepared(const nn__program *program, int s)
{
    const size_t bytes = program->training ? 0 : program->steps[s].about.prepared;
    return bytes > SIZE_MAX - 63 ? SIZE_MAX : (bytes + 63) / 64 * 64;
}

static nn_status run_alloc(nn_context *context, nn__run *run)
{
    const nn__program *program = &run->program;
    size_t inputs = 0, prepared = 0, pointers = run_pointers(context->model, program);
    for (int s = 0; s < program->step_count; s++) {
        inputs += (size_t)program->steps[s].input_count;
        prepared = nn__add(prepared, step_prepared(program, s));
    }
    if (prepared > 0) {
        run->prepared = context_alloc(context, prepared, "what is made of the weights");
        if (run->prepared == NULL)
            return NN_ENOMEM;
    }
    run->passes = nn__alloc_array((size_t)program->step_count, sizeof(nn_pass), "a context");
    run->pointers = nn__alloc_array(pointers, sizeof(nn_real *), "a context");
    run->x_shapes = nn__alloc_array(inputs, sizeof(nn_shape), "a context");
    run->work = nn__alloc_array((size_t)program->step_count, sizeof *run->work, "a context");
    return run->passes && run->pointers && run->x_shapes && run->work ? NN_OK : NN_ENOMEM;
}

/* Of a row: each matrix or kernel is gone through once for every position of the node's output. */
static double step_work(const nn_model *model, const nn__step *step, const nn_pass *pass)
{
    const nn__node *node = &model->nodes[step->node];
    const nn_shape *y = &node->output;
    const double outputs = (double)nn__shape_count(y);
    double work = outputs;
    for (int i = 0; i < step->input_count; i++)
        work += (double)nn__shape_count(&pass->x_shape[i]);
    for (int i = 0; i < node->weight_count && !step->is_activation; i++) {
        const nn__weight *weight = &model->weights[node->first_weight + i];
        if (weight->shape.rank > 1)
            work += (double)weight->count * outputs / y->dims[y->rank - 1];
    }
    return work;
}

static nn_status run_prepare(nn_context *context, nn__run *run)
{
    const nn__program *program = &run->program;
    NN_TRY(run_alloc(context, run));
    nn_real **room = run->pointers;
    char *prepared = run->prepared;
    nn_shape *shapes = run->x_shapes;
    run->inputs = room;
    for (int v = 0; v < program->input_count; v++)
        *room++ = block_at(context, &run->plan, run->plan.value[v]);
    for (int s = 0; s < program->step_count; s++) {
        room = run_step(context, run, s, room, shapes);
        const size_t bytes = step_prepared(program, s);
        run->work[s] = step_work(context->model, &program->steps[s], &run->passes[s]);
        run->passes[s].prepared = bytes > 0 ? prepared : NULL;
        prepared = bytes > 0 ? prepared + bytes : prepared;
        shapes += program->steps[s].input_count;
    }
    unsigned char *written = nn__alloc((size_t)program->value_count, "a context");
    if (written == NULL)
        return NN_ENOMEM;
    for (int k = 0; k < program->prediction_count; k++) /* by the losses */
        written[program->predictions[k].value] = 1;
    for (int s = program->step_count - 1; s >= 0 && program->training; s--)
        run_dx(context, run, s, written);
    nn__free(written);
    return NN_OK;
}

/* ---- The context ---- */

static nn_status context_plan(nn_context *context, nn__mode mode, int batch, int no_fusion,
                              size_t *arena)
{
    nn_model *model = context->model;
    nn__run *run = &context->runs[mode];
    run->batch = batch;
    NN_TRY(
        nn__lower(model, mode == NN__TRAIN, batch, mode != NN__PREDICT, no_fusion, &run->program));
    NN_TRY(nn__plan_make(model, &run->program, &run->plan));
    if (run->plan.bytes > *arena)
        *arena = run->plan.bytes;
    if (run->plan.scratch > context->engine.scratch_bytes)
        context->engine.scratch_bytes = run->plan.scratch;
    return NN_OK;
}

/* The memory besides the arena: for as many rows as the largest mode takes. */
static nn_status context_alloc_batch(nn_context *context, int batch)
{
    const size_t rows = (size_t)batch;
    context->indices = context_alloc(context, nn__mul(rows, sizeof(size_t)), "a context");
    if (context->indices == NULL)
        return NN_ENOMEM;
    if (context->runs[NN__TRAIN].batch == 0 && context->runs[NN__EVALUATE].batch == 0)
        return NN_OK;
    const int count = context->model->head_count;
    context->outputs = nn__alloc_array((size_t)count, sizeof *context->outputs, "a context");
    if (context->outputs == NULL)
        return NN_ENOMEM;
    context->output_count = count;
    context->weights = context_alloc(context, nn__mul(rows, sizeof(double)), "a context");
    if (context->weights == NULL)
        return NN_ENOMEM;
    for (int k = 0; k < count; k++) {
        nn__output_rows *output = &context->outputs[k];
        const size_t bytes = nn__mul(nn__mul(rows, nn__context_width(context, k)), sizeof(nn_real));
        output->losses = context_alloc(context, nn__mul(rows, sizeof(double)), "a context");
        output->classes = context_alloc(context, nn__mul(rows, sizeof(int32_t)), "a context");
        output->targets = context_alloc(context, bytes, "a context");
        if (!output->losses || !output->classes || !output->targets)
            return NN_ENOMEM;
    }
    return nn__context_pieces(context);
}

static nn_status context_build(nn_context *context, const int batches[NN__MODES], int no_fusion)
{
    size_t arena = 0;
    int most = 0;
    for (int mode = 0; mode < NN__MODES; mode++) {
        if (batches[mode] == 0)
            continue;
        NN_TRY(context_plan(context, (nn__mode)mode, batches[mode], no_fusion, &arena));
        if (batches[mode] > most)
            most = batches[mode];
    }
    context->arena = context_alloc(context, arena, "activations and gradients");
    context->engine.scratch = context_alloc(
        context, nn__mul(context->engine.scratch_bytes, (size_t)context->engine.threads),
        "scratch of the workers");
    if (context->arena == NULL || context->engine.scratch == NULL)
        return NN_ENOMEM;
    if (batches[NN__TRAIN] > 0) {
        context->gradients =
            context_alloc(context, nn__mul(context->model->parameter_values, sizeof(nn_real)),
                          "gradients of the weights");
        if (context->gradients == NULL)
            return NN_ENOMEM;
    }
    NN_TRY(context_alloc_batch(context, most));
    for (int mode = 0; mode < NN__MODES; mode++)
        if (batches[mode] > 0)
            NN_TRY(run_prepare(context, &context->runs[mode]));
    return NN_OK;
}

nn_context *nn__context_make(nn_model *model, const int batches[NN__MODES], int threads,
                             int no_fusion)
{
    if (nn_model_build(model) != NN_OK)
        return NULL;
    nn_context *context = nn__alloc(sizeof *context, "a context");
    if (context == NULL)
        return NULL;
    context->model = model;
    context->compiled = model->compiled;
    context->trainable_changes = model->trainable_changes;
    context->engine.threads = threads > 0 ? threads : nn__model_threads(model);
    if (context_build(context, batches, no_fusion) != NN_OK) {
        nn_context_free(context);
        return NULL;
    }
    return context;
}

static nn_status context_profiles(nn_context *context)
{
    context->own_profiles = 1;
    for (int mode = 0; mode < NN__MODES; mode++) {
        nn__run *run = &context->runs[mode];
        if (run->batch > 0 && (run->profile = nn__profile_new(context, mode)) == NULL)
            return NN_ENOMEM;
    }
    return NN_OK;
}

nn_context *nn_context_new(const nn_context_options *options)
{
    nn_context_options o;
    if (nn__options_read(&o, sizeof o, options, "context") != NN_OK)
        return NULL;
    if (o.batch_size < 0 || o.threads < 0 || o.threads > NN__MAX_THREADS) {
        nn_fail(NN_EINVAL, "context: batch_size %d or threads %d (0..%d) is out of range",
                o.batch_size, o.threads, NN__MAX_THREADS);
        return NULL;
    }
    if (nn__model_check(o.model) != NN_OK)
        return NULL;
    if (o.training && o.model->compiled == 0) {
        nn_fail(NN_ESTATE, "context: the model must be compiled to train");
        return NULL;
    }
    int batch = o.batch_size > 0 ? o.batch_size : 32;
    int batches[NN__MODES] = {[NN__TRAIN] = o.training ? batch : 0, [NN__PREDICT] = batch};
    nn_context *context = nn__context_make(o.model, batches, o.threads, o.no_fusion);
    if (context == NULL || !o.profile || context_profiles(context) == NN_OK)
        return context;
    nn_context_free(context);
    return NULL;
}

const nn_profile *nn_context_profile(nn_context *context, nn_profiled what)
{
    if (context == NULL || !context->own_profiles || (unsigned)what >= NN__MODES)
        return NULL;
    nn__profile *profile = context->runs[what].profile;
    return profile != NULL ? nn__profile_numbers(profile) : NULL;
}

/* One block: pointers, outputs, indices, numbers of inputs and targets, classes. */
nn_status nn__context_ahead(nn_context *context)
{
    nn__rows *ahead = &context->ahead;
    const size_t inputs = (size_t)context->model->input_count;
    const size_t outputs = (size_t)context->output_count;
    size_t rows = 0, reals = 0;
    if (ahead->inputs != NULL)
        return NN_OK;
    for (int mode = 0; mode < NN__MODES; mode++)
        if ((size_t)context->runs[mode].batch > rows)
            rows = (size_t)context->runs[mode].batch;
    for (size_t i = 0; i < inputs; i++)
        reals += nn__context_input_width(context, (int)i);
    for (size_t k = 0; k < outputs; k++)
        reals += nn__context_width(context, (int)k);
    ahead->inputs =
        context_alloc(context,
                      nn__add(inputs * sizeof *ahead->inputs + outputs * sizeof *ahead->outputs,
                              nn__mul(rows, nn__add(nn__mul(reals, sizeof(nn_real)),
                                                    sizeof(size_t) + outputs * sizeof(int32_t)))),
                      "a batch that is read ahead");
    if (ahead->inputs == NULL)
        return NN_ENOMEM;
    ahead->outputs = (nn__output_rows *)(void *)(ahead->inputs + inputs);
    ahead->indices = (size_t *)(void *)(ahead->outputs + outputs);
    nn_real *room = (nn_real *)(void *)(ahead->indices + rows);
    int32_t *classes = (int32_t *)(void *)(room + rows * reals);
    for (size_t i = 0; i < inputs; i++) {
        ahead->inputs[i] = room;
        room += rows * nn__context_input_width(context, (int)i);
    }
    for (size_t k = 0; k < outputs; k++) {
        ahead->outputs[k].targets = room;
        ahead->outputs[k].classes = classes + k * rows;
        room += rows * nn__context_width(context, (int)k);
    }
    return NN_OK;
}

void nn_context_free(nn_context *context)
{
    if (context == NULL)
        return;
    for (int mode = 0; mode < NN__MODES; mode++) {
        nn__run *run = &context->runs[mode];
        nn__program_free(&run->program);
        nn__plan_free(&run->plan);
        nn__free(run->passes);
        nn__free(run->pointers);
        nn__free(run->x_shapes);
        if (context->own_profiles)
            nn__free(run->profile);
        nn__free(run->work);
        nn__free(run->prepared);
    }
    nn__free(context->arena);
    nn__free(context->engine.scratch);
    nn__free(context->gradients);
    for (int k = 0; k < context->output_count; k++) {
        nn__free(context->outputs[k].targets);
        nn__free(context->outputs[k].classes);
        nn__free(context->outputs[k].losses);
    }
    nn__free(context->outputs);
    nn__free(context->ahead.inputs);
    nn__free(context->pieces);
    nn__free(context->indices);
    nn__free(context->weights);
    nn__free(context);
}

size_t nn_context_bytes(const nn_context *context)
{
    return context->bytes;
}

size_t nn__context_input_width(const nn_context *context, int input)
{
    return nn__shape_count(&nn__model_input(context->model, input)->output);
}

size_t nn__context_width(const nn_context *context, int output)
{
    return nn__shape_count(&nn__model_output(context->model, output)->output);
}
