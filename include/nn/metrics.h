/*
 * Metrics: what is reported beside the loss. A metric accumulates in double over the rows of an
 * epoch. A constructor gives the metric to the caller; nn_compile takes it.
 */
#ifndef NN_METRICS_H
#define NN_METRICS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nn_metric nn_metric;

/* Frees a metric that was not handed to a model. NULL is fine. */
NN_API void nn_metric_free(nn_metric *metric);

/* A counted list of metrics, made by nn_metrics(a, b, ...). A NULL in it is a failed constructor and
 * fails the compile with NN_ENOMEM; two metrics of one name with NN_EINVAL. */
typedef struct nn_metric_list {
    nn_metric *const *items;
    size_t count;
} nn_metric_list;

/*
 * For a model with several outputs: a list of metrics for each of them, in their order. Names need to
 * differ within an output only, since each log begins with the name of the output's layer.
 *
 *   .output_metrics = nn_output_metrics(nn_metrics(nn_accuracy()), nn_no_metrics())
 *
 * nn_no_metrics() is an empty list, for an output that is not measured. The logs of an output named
 * label are then label_loss, label_accuracy, val_label_loss, val_label_accuracy, as in Keras. A
 * metric that stands in two lists is NN_EINVAL, and so are fewer or more lists than outputs.
 * nn_compile takes all of the metrics, also when it fails.
 *
 * Of a model with one output, .metrics is the list.
 */
typedef struct nn_metric_lists {
    const nn_metric_list *items;
    size_t count;
} nn_metric_lists;

/*
 * The share of rows classified right. By shapes, as Keras resolves 'accuracy':
 *   classes as targets         argmax of the prediction equals the class
 *   one-hot rows as targets    argmax of the prediction equals argmax of the target
 *   predictions of one number  (p > 0.5) equals the target
 * Ties of argmax go to the lowest index.
 */
typedef struct nn_accuracy_options {
    size_t struct_size;
    const char *name; /* NULL: accuracy */
} nn_accuracy_options;
/* Options may be NULL: all defaults. NULL: NN_ENOMEM. The caller's until nn_compile takes it, or
 * nn_metric_free frees it. */
NN_API nn_metric *nn_accuracy_new(const nn_accuracy_options *options);

#ifndef __cplusplus
#define nn_metrics(...)                                                                            \
    {                                                                                              \
        (nn_metric *[]){__VA_ARGS__}, sizeof((nn_metric *[]){__VA_ARGS__}) / sizeof(nn_metric *)   \
    }
#define nn_no_metrics()                                                                            \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define nn_output_metrics(...)                                                                     \
    {                                                                                              \
        (const nn_metric_list[]){__VA_ARGS__},                                                     \
            sizeof((const nn_metric_list[]){__VA_ARGS__}) / sizeof(nn_metric_list)                 \
    }
#define nn_accuracy(...) nn_accuracy_new(NN_OPTIONS(nn_accuracy_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
