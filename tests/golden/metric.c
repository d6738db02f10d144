/*
 * Subject "metric": a metric over predictions x/0[n][shape] and targets (values, or classes as
 * integers), with sample_weight[n] or without. results[k] is what it shows after batch k, "batch"
 * rows each; here after an evaluation of that many rows.
 */
#include "golden.h"

#include "losses/loss.h"
#include "metrics/metric.h"

static nn_model *model_of(golden_case *c, const nn_shape *shape, int classes, int weighted)
{
    nn_model *model = nn_model_new();
    nn_node x = nn_model_input_new(model, shape->dims, shape->rank);
    golden_check(c, nn_model_output(model, nn_apply(nn_activation(NN_LINEAR), x)));
    nn_metric *metric =
        golden_object(c, golden_member(c, "metric"), sizeof(nn_metric), nn__metric_kinds);
    if (weighted)
        metric = nn_weighted(metric);
    golden_check(c, nn_compile(model, .optimizer = nn_sgd(),
                               .loss = classes ? nn_sparse_categorical_crossentropy()
                                               : nn_mean_squared_error(),
                               .metrics = nn_metrics(metric)));
    return model;
}

/* The metric over the first `rows` rows; its name in the logs is "metric". */
static double evaluate(golden_case *c, nn_model *model, const nn_dataset *data, size_t rows,
                       const nn_real *weights)
{
    const nn_logs *logs = NULL;
    nn_dataset *part = nn_dataset_take(data, rows);
    nn_tensor *w =
        weights == NULL ? NULL : nn_tensor_borrow_const(NN_F32, weights, NN_SHAPE((int)rows));
    golden_check(c, nn_evaluate(model, part, .batch_size = golden_int(c, "batch"), .result = &logs,
                                .sample_weight = w));
    double value = nn_logs_value(logs, "metric");
    nn_tensor_free(w);
    nn_dataset_free(part);
    return value;
}

void golden_metric(golden_case *c)
{
    const nn__tensor_info *x = golden_tensor(c, "x/0"), *y = golden_tensor(c, "targets");
    int classes = y->dtype == NN__I64, weighted = golden_has(c, "sample_weight");
    nn_shape shape = {.rank = x->rank - 1};
    for (int i = 1; i < x->rank; i++)
        shape.dims[i - 1] = (int)x->dims[i];
    nn_model *model = model_of(c, &shape, classes, weighted);
    nn_tensor *xs = golden_borrow(c, x, golden_reals(c, x));
    nn_tensor *ys =
        golden_borrow(c, y, classes ? (void *)golden_classes(c, y) : (void *)golden_reals(c, y));
    nn_dataset *data =
        nn_arrays(.x = xs, .y = ys, .classes = classes ? shape.dims[shape.rank - 1] : 0);
    const nn_real *weights = weighted ? golden_reals(c, golden_tensor(c, "sample_weight")) : NULL;
    size_t batch = (size_t)golden_int(c, "batch"), rows = (size_t)x->dims[0], count = 0;
    double *results = golden_alloc(c, rows / batch + 1, sizeof *results);
    for (size_t end = batch; end < rows + batch; end += batch)
        results[count++] = evaluate(c, model, data, end < rows ? end : rows, weights);
    golden_compare_doubles(c, results, count, "results");
    nn_dataset_free(data);
    nn_tensor_free(ys);
    nn_tensor_free(xs);
    nn_model_free(model);
}
