#include "lone.h"

#include "model/context.h"
#include "models.h"

const char *const direction_names[DIRECTIONS] = {"forward", "dW", "dX", "backward"};

static nn_real *const nothing[] = {NULL};

void lone_run(void *arg, int count)
{
    const lone_pass *d = arg;
    unsigned saved = nn__run_enter();
    for (int i = 0; i < count; i++)
        d->run(&d->pass);
    nn__run_leave(saved);
}

/* The last step's passes: forward's, and backward's. */
static void lone_passes(lone *l, const int x[3], int batch)
{
    nn__run *run = &l->context->runs[NN__TRAIN];
    const int last = run->program.step_count - 1;
    const nn_layer_kind *kind = run->program.steps[last].kind;
    const size_t count = (size_t)batch * (size_t)x[0] * (size_t)x[1] * (size_t)x[2];
    const nn_shape *output = &l->model->nodes[l->model->node_count - 1].output;
    int dims[NN_MAX_RANK + 1] = {batch};
    for (int i = 0; i < output->rank; i++)
        dims[i + 1] = output->dims[i];
    nn_tensor *y = nn_tensor_new(NN_F32, dims, output->rank + 1);
    nn_real *values = bench_alloc(count);
    if (y == NULL)
        bench_fail("%s", nn_error_message());
    bench_fill(values, count);
    bench_check(nn_context_forward(l->context, values, batch, NULL));
    l->directions[FORWARD] = (lone_pass){kind->forward, run->passes[last]};
    bench_check(nn_context_backward(l->context, y, NULL));
    for (int i = DW; i <= BACKWARD; i++)
        l->directions[i] = (lone_pass){kind->backward, run->passes[last]};
    l->directions[DW].pass.dx = nothing;
    l->directions[DX].pass.trainable = 0;
    nn_tensor_free(y);
    nn__free(values);
}

void lone_open(lone *l, nn_layer *layer, const int x[3], int batch, int threads)
{
    l->model = nn_sequential(nn_input(x[0], x[1], x[2]), nn_batch_norm(), layer);
    if (l->model == NULL)
        bench_fail("%s", nn_error_message());
    bench_check(nn_model_set_threads(l->model, threads));
    bench_check(nn_compile(l->model, .optimizer = nn_sgd(), .loss = nn_mean_squared_error()));
    l->context = nn_context(l->model, .batch_size = batch, .training = 1, .no_fusion = 1);
    if (l->context == NULL)
        bench_fail("%s", nn_error_message());
    lone_passes(l, x, batch);
}

void lone_close(lone *l)
{
    nn_context_free(l->context);
    nn_model_free(l->model);
}
