#include "predictor.h"

predictor predictor_new(nn_context *context, int batch)
{
    predictor p = {context, bench_alloc((size_t)batch * PICTURE),
                   bench_alloc((size_t)batch * CLASSES), batch};
    bench_fill(p.x, (size_t)batch * PICTURE);
    return p;
}

void predictor_free(predictor *p)
{
    nn_context_free(p->context);
    nn__free(p->x);
    nn__free(p->y);
}

void predictor_run(void *arg, int count)
{
    const predictor *p = arg;
    for (int i = 0; i < count; i++)
        bench_check(nn_context_predict(p->context, p->x, p->batch, p->y));
}
