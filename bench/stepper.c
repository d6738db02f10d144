#include "stepper.h"

stepper stepper_new(const struct network *network, int threads, int batch)
{
    stepper s = {.model = network_new(network, threads), .batch = batch};
    s.context = network_context(s.model, batch, 1);
    s.x = bench_alloc((size_t)batch * PICTURE);
    s.y = nn_tensor_new(NN_F32, NN_SHAPE(batch, CLASSES));
    if (s.y == NULL)
        bench_fail("%s", nn_error_message());
    bench_fill(s.x, (size_t)batch * PICTURE);
    for (int i = 0; i < batch; i++)
        ((nn_real *)nn_tensor_data(s.y))[i * CLASSES + i % CLASSES] = 1;
    return s;
}

void stepper_free(stepper *s)
{
    nn_context_free(s->context);
    nn_model_free(s->model);
    nn_tensor_free(s->y);
    nn__free(s->x);
}

void stepper_run(void *arg, int count)
{
    const stepper *s = arg;
    for (int i = 0; i < count; i++) {
        bench_check(nn_context_forward(s->context, s->x, s->batch, NULL));
        bench_check(nn_context_backward(s->context, s->y, NULL));
        bench_check(nn_context_update(s->context));
    }
}
