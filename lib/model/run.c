/* Running: forward, loss, backward, update. Nothing here allocates or fails. */
#include <string.h>

#include "kernels/kernels.h"
#include "model/context.h"

unsigned nn__run_enter(void)
{
    nn__gemm_enter();
    return nn__float_mode_enter();
}

void nn__run_leave(unsigned saved)
{
    nn__float_mode_leave(saved);
    nn__gemm_leave();
}

/* ---- What passes offer to layers ---- */

struct parallel {
    const nn_pass *pass;
    nn_task *task;
    void *arg;
};

static void parallel_task(void *arg, int index, int worker)
{
    const struct parallel *p = arg;
    p->task(p->pass, p->arg, index, worker);
}

void nn_parallel(const nn_pass *pass, int tasks, nn_task *task, void *arg)
{
    const nn__engine *engine = pass->engine;
    struct parallel p = {pass, task, arg};
    nn__pool_run(engine->threads, tasks, parallel_task, &p);
}

void *nn_scratch(const nn_pass *pass, int worker)
{
    const nn__engine *engine = pass->engine;
    return engine->scratch + (size_t)worker * engine->scratch_bytes;
}

/* ---- Forward ---- */

nn_real *nn__context_input(nn_context *context, nn__mode mode)
{
    const nn__plan *plan = &context->runs[mode].plan;
    return (nn_real *)(void *)(context->arena + plan->blocks[plan->value[0]].offset);
}

static nn_real *prediction(const nn_context *context)
{
    const nn__run *run = &context->runs[context->mode];
    int block = run->plan.value[run->program.prediction];
    return (nn_real *)(void *)(context->arena + run->plan.blocks[block].offset);
}

const nn_real *nn__context_prediction(const nn_context *context)
{
    return prediction(context);
}

static void *partials(const nn_context *context, const nn__plan *plan, int block)
{
    return block == NN__NO_BLOCK ? NULL : context->arena + plan->blocks[block].offset;
}

void nn__context_forward(nn_context *context, nn__mode mode, int rows)
{
    nn__run *run = &context->runs[mode];
    context->rows = rows;
    context->mode = mode;
    for (int s = 0; s < run->program.step_count; s++) {
        nn_pass *pass = &run->passes[s];
        pass->rows = rows;
        pass->seed = context->model->seed;
        pass->step = context->model->step;
        pass->partials = partials(context, &run->plan, run->plan.forward_partials[s]);
        run->program.steps[s].kind->forward(pass);
    }
}

/* ---- Loss ---- */

void nn__context_loss(nn_context *context)
{
    const nn__run *run = &context->runs[context->mode];
    const nn_loss *loss = run->program.loss;
    const nn_loss_kind *kind = nn__loss_kind(loss);
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = loss->object.options,
                         .rows = context->rows,
                         .width = (int)nn__context_width(context),
                         .prediction = prediction(context),
                         .targets = kind->takes_classes ? NULL : context->targets,
                         .classes = kind->takes_classes ? context->classes : NULL,
                         .losses = context->losses,
                         .scale = 1.0 / context->rows,
                         .fused = run->program.loss_fused};
    if (context->mode == NN__TRAIN) {
        int block = run->plan.gradient[run->program.prediction];
        pass.gradient = (nn_real *)(void *)(context->arena + run->plan.blocks[block].offset);
    }
    kind->run(&pass);
}

/* ---- Backward ---- */

enum { CHUNK = 16384 };

struct sum {
    nn_real *y;
    const nn_real *a;
    size_t count;
};

static void sum_chunk(const nn_pass *pass, void *arg, int index, int worker)
{
    const struct sum *sum = arg;
    size_t first = (size_t)index * CHUNK;
    size_t count = first + CHUNK < sum->count ? CHUNK : sum->count - first;
    (void)pass;
    (void)worker;
    nn__kernels->add(sum->y + first, sum->a + first, count);
}

/* Adds the gradients that the step wrote beside those of the values' first readers. */
static void backward_sums(const nn_context *context, const nn__run *run, int s)
{
    const nn__step *step = &run->program.steps[s];
    const nn_pass *pass = &run->passes[s];
    const nn_real *beside = partials(context, &run->plan, run->plan.sum[s]);
    for (int i = 0; beside != NULL && i < step->input_count; i++) {
        if (pass->dx[i] != beside)
            continue;
        int value = step->inputs[i];
        struct sum sum = {partials(context, &run->plan, run->plan.gradient[value]), beside,
                          run->program.values[value].count * (size_t)context->rows};
        nn_parallel(pass, (int)((sum.count + CHUNK - 1) / CHUNK), sum_chunk, &sum);
    }
}

void nn__context_backward(nn_context *context)
{
    nn__run *run = &context->runs[NN__TRAIN];
    for (int s = run->program.step_count - 1; s >= 0; s--) {
        nn_pass *pass = &run->passes[s];
        if (pass->dy == NULL)
            continue;
        pass->partials = partials(context, &run->plan, run->plan.backward_partials[s]);
        run->program.steps[s].kind->backward(pass);
        backward_sums(context, run, s);
    }
}

/* ---- Update ---- */

struct update {
    const nn_optimizer_kind *kind;
    nn_update whole;
    int slots;
};

static void update_chunk(void *arg, int index, int worker)
{
    const struct update *u = arg;
    nn_update part = u->whole;
    size_t first = (size_t)index * CHUNK;
    (void)worker;
    part.count = first + CHUNK < u->whole.count ? CHUNK : u->whole.count - first;
    part.weights += first;
    part.gradients += first;
    for (int i = 0; i < u->slots; i++)
        part.slots[i] += first;
    u->kind->update(&part);
}

void nn__context_step(nn_context *context)
{
    nn_model *model = context->model;
    struct update u = {.kind = nn__optimizer_kind(model->optimizer),
                       .slots = model->slot_count,
                       .whole = {.struct_size = sizeof u.whole,
                                 .options = model->optimizer->object.options,
                                 .learning_rate = model->learning_rate,
                                 .step = model->step + 1,
                                 .scalars = model->scalars,
                                 .count = model->parameter_values,
                                 .weights = model->values,
                                 .gradients = context->gradients}};
    for (int i = 0; i < u.slots; i++)
        u.whole.slots[i] = model->slots + (size_t)i * model->parameter_values;
    u.kind->begin(&u.whole);
    nn__pool_run(context->engine.threads, (int)((u.whole.count + CHUNK - 1) / CHUNK), update_chunk,
                 &u);
    model->step++;
}

/* ---- The caller's rows ---- */

nn_status nn__context_run(nn_context *context, nn__mode mode, const nn_real *x, int rows,
                          nn_real *y)
{
    NN_TRY(nn__model_check(context->model));
    const nn__run *run = &context->runs[mode];
    if (x == NULL || rows < 1 || rows > run->batch)
        return nn_fail(NN_EINVAL, "context: %d rows, from 1 to %d are possible",
                       x == NULL ? 0 : rows, run->batch);
    unsigned saved = nn__run_enter();
    memcpy(nn__context_input(context, mode), x,
           run->program.values[0].count * (size_t)rows * sizeof *x);
    nn__context_forward(context, mode, rows);
    if (y != NULL)
        memcpy(y, prediction(context), nn__context_width(context) * (size_t)rows * sizeof *y);
    nn__run_leave(saved);
    return NN_OK;
}

nn_status nn_context_predict(nn_context *context, const nn_real *x, int rows, nn_real *y)
{
    if (context == NULL || y == NULL)
        return nn_fail(NN_EINVAL, "context: %s is NULL", context == NULL ? "it" : "y");
    return nn__context_run(context, NN__PREDICT, x, rows, y);
}
