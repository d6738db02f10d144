/* Running: forward, loss, backward. Nothing here allocates or fails. */
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
    nn__pool_run_turned(engine->turned, pass->alone ? 1 : engine->threads, tasks, parallel_task,
                        &p);
}

void *nn_scratch(const nn_pass *pass, int worker)
{
    const nn__engine *engine = pass->engine;
    return engine->scratch + (size_t)worker * engine->scratch_bytes;
}

/* ---- Forward ---- */

/* Multiplications, or numbers read and written, below which waking a worker costs more than it saves:
 * a few microseconds. */
enum { ALONE = 1 << 16 };

static void *block_at(const nn_context *context, const nn__plan *plan, int block)
{
    return block == NN__NO_BLOCK ? NULL : context->arena + plan->blocks[block].offset;
}

static nn_real *prediction(const nn_context *context, int output)
{
    const nn__run *run = &context->runs[context->mode];
    return block_at(context, &run->plan, run->plan.value[run->program.predictions[output].value]);
}

const nn_real *nn__context_prediction(const nn_context *context, int output)
{
    return prediction(context, output);
}

void nn__context_forward(nn_context *context, nn__mode mode, int rows)
{
    nn__run *run = &context->runs[mode];
    const uint64_t changes = atomic_load(&context->model->changes);
    const int renew = run->changes != changes;
    context->rows = rows;
    context->mode = mode;
    context->engine.turned ^= 1;
    run->changes = changes;
    nn__profile_count(run->profile, rows);
    for (int s = 0; s < run->program.step_count; s++) {
        nn_pass *pass = &run->passes[s];
        pass->activation = run->program.steps[s].activation;
        pass->rows = rows;
        pass->renew = renew;
        pass->alone = run->work[s] * (double)rows < ALONE;
        pass->seed = context->model->seed;
        pass->step = context->model->step;
        pass->partials = block_at(context, &run->plan, run->plan.forward_partials[s]);
        nn__profile_at(run->profile, s, rows);
        run->program.steps[s].kind->forward(pass);
    }
    if (mode == NN__TRAIN) /* moving averages */
        nn__model_changed(context->model);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
}

/* ---- Sums of gradients ---- */

enum { CHUNK = 16384 };

struct sum {
    nn_real *y;
    const nn_real *a;
    size_t count;
};

static void sum_chunk(void *arg, int index, int worker)
{
    const struct sum *sum = arg;
    size_t first = (size_t)index * CHUNK;
    size_t count = first + CHUNK < sum->count ? CHUNK : sum->count - first;
    (void)worker;
    nn__kernels->add(sum->y + first, sum->a + first, count);
}

/* Adds what was written beside the gradient of a value to it. */
static void add_gradient(const nn_context *context, const nn__run *run, int value,
                         const nn_real *beside)
{
    struct sum sum = {block_at(context, &run->plan, run->plan.gradient[value]), beside,
                      run->program.values[value].count * (size_t)context->rows};
    nn__pool_run(context->engine.threads, (int)((sum.count + CHUNK - 1) / CHUNK), sum_chunk, &sum);
}

/* ---- Loss ---- */

/* dL/dp of output k goes to the gradient of its value; where another output of the same value was
 * there before, beside it. NULL where nothing before it is trained. */
static nn_real *loss_gradient(const nn_context *context, const nn__run *run, int k)
{
    const nn__plan *plan = &run->plan;
    const int block = plan->loss_sum[k] != NN__NO_BLOCK
                          ? plan->loss_sum[k]
                          : plan->gradient[run->program.predictions[k].value];
    return block_at(context, plan, block);
}

/* A row's weight multiplies its loss and its gradient. */
static void weigh_rows(const nn_context *context, const nn_loss_pass *pass)
{
    const size_t width = (size_t)pass->width;
    for (size_t i = 0; i < (size_t)pass->rows; i++) {
        const nn_real weight = (nn_real)context->weights[i];
        pass->losses[i] *= context->weights[i];
        for (size_t j = i * width; pass->gradient != NULL && j < (i + 1) * width; j++)
            pass->gradient[j] *= weight;
    }
}

static void context_loss_of(nn_context *context, const nn__run *run, int k)
{
    const nn__prediction *p = &run->program.predictions[k];
    const nn__output_rows *output = &context->outputs[k];
    const nn_shape *shape = &nn__model_output(context->model, k)->output;
    const nn_loss_kind *kind = nn__loss_kind(p->loss);
    nn_loss_pass pass = {.struct_size = sizeof pass,
                         .options = p->loss->object.options,
                         .rows = context->rows,
                         .width = (int)nn__context_width(context, k),
                         .prediction = prediction(context, k),
                         .targets = kind->takes_classes ? NULL : output->targets,
                         .classes = kind->takes_classes ? output->classes : NULL,
                         .losses = output->losses,
                         .scale = p->weight * (1.0 / context->rows),
                         .fused = p->loss_fused,
                         .last_axis = shape->dims[shape->rank - 1]};
    if (context->mode == NN__TRAIN)
        pass.gradient = loss_gradient(context, run, k);
    kind->run(&pass);
    if (context->weighted)
        weigh_rows(context, &pass);
    if (pass.gradient != NULL && run->plan.loss_sum[k] != NN__NO_BLOCK)
        add_gradient(context, run, p->value, pass.gradient);
}

void nn__context_loss(nn_context *context)
{
    const nn__run *run = &context->runs[context->mode];
    nn__profile_at(run->profile, run->program.step_count, context->rows);
    context->penalty = nn__context_penalty(context);
    for (int k = 0; k < run->program.prediction_count; k++)
        context_loss_of(context, run, k);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
}

double nn__context_mean_loss(const nn_context *context, int output)
{
    double sum = 0;
    for (int i = 0; i < context->rows; i++)
        sum += context->outputs[output].losses[i];
    return sum / context->rows;
}

/* ---- Backward ---- */

/* Adds the gradients that the step wrote beside those of the values' first readers. */
static void backward_sums(const nn_context *context, const nn__run *run, int s)
{
    const nn__step *step = &run->program.steps[s];
    const nn_pass *pass = &run->passes[s];
    if (run->plan.sum[s] == NN__NO_BLOCK)
        return;
    for (int i = 0; i < step->input_count; i++) {
        const int value = step->inputs[i];
        const nn_real *own = block_at(context, &run->plan, run->plan.gradient[value]);
        if (pass->dx[i] != NULL && pass->dx[i] != own)
            add_gradient(context, run, value, pass->dx[i]);
    }
}

void nn__context_backward(nn_context *context)
{
    nn__run *run = &context->runs[NN__TRAIN];
    const int steps = run->program.step_count;
    for (int s = steps - 1; s >= 0; s--) {
        nn_pass *pass = &run->passes[s];
        if (pass->dy == NULL)
            continue;
        if (run->program.steps[s].dz_given)
            pass->activation = NN_LINEAR;
        pass->partials = block_at(context, &run->plan, run->plan.backward_partials[s]);
        nn__profile_at(run->profile, 2 * steps - s, context->rows);
        run->program.steps[s].kind->backward(pass);
        backward_sums(context, run, s);
    }
    nn__profile_at(run->profile, steps, 0);
    nn__context_penalty_gradient(context);
    nn__profile_at(run->profile, NN__AT_OTHER, 0);
}

/* ---- The caller's rows ---- */

nn_status nn__context_run(nn_context *context, nn__mode mode, const nn_real *const *x, int rows,
                          nn_real *const *y)
{
    const nn__run *run = &context->runs[mode];
    if (rows < 1 || rows > run->batch)
        return nn_fail(NN_EINVAL, "context: %d rows, from 1 to %d are possible", rows, run->batch);
    for (int v = 0; v < run->program.input_count; v++)
        if (x == NULL || x[v] == NULL)
            return nn_fail(NN_EINVAL, "context: x of input %d (%s) is NULL", v,
                           nn__model_input(context->model, v)->name);
    unsigned saved = nn__run_enter();
    nn__profile_start(run->profile);
    nn__profile_at(run->profile, NN__AT_DATA, rows);
    for (int v = 0; v < run->program.input_count; v++)
        memcpy(run->inputs[v], x[v], run->program.values[v].count * (size_t)rows * sizeof(nn_real));
    nn__context_forward(context, mode, rows);
    for (int k = 0; y != NULL && k < run->program.prediction_count; k++)
        if (y[k] != NULL)
            memcpy(y[k], prediction(context, k),
                   nn__context_width(context, k) * (size_t)rows * sizeof(nn_real));
    nn__profile_stop(run->profile);
    nn__run_leave(saved);
    return NN_OK;
}

nn_status nn__context_check_single(const nn_context *context, const char *what)
{
    const nn_model *model = context->model;
    NN_TRY(nn__model_check(model));
    if (model->input_count == 1 && model->head_count == 1)
        return NN_OK;
    return nn_fail(NN_EINVAL, "context: the model has %d inputs and %d outputs; use %s_many",
                   model->input_count, model->head_count, what);
}

nn_status nn_context_predict(nn_context *context, const nn_real *x, int rows, nn_real *y)
{
    if (context == NULL || y == NULL)
        return nn_fail(NN_EINVAL, "context: %s is NULL", context == NULL ? "it" : "y");
    NN_TRY(nn__context_check_single(context, "nn_context_predict"));
    return nn__context_run(context, NN__PREDICT, &x, rows, &y);
}

nn_status nn_context_predict_many(nn_context *context, const nn_real *const *x, int rows,
                                  nn_real *const *y)
{
    if (context == NULL || y == NULL)
        return nn_fail(NN_EINVAL, "context: %s is NULL", context == NULL ? "it" : "y");
    NN_TRY(nn__model_check(context->model));
    return nn__context_run(context, NN__PREDICT, x, rows, y);
}
