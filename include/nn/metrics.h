/*
 * Metrics: what is reported beside the loss. A metric accumulates in double over the rows of an
 * epoch. A constructor gives the metric to the caller (NULL: NN_ENOMEM); nn_compile takes it, or
 * nn_metric_free frees it. Options may be NULL: all defaults. What is out of range is NN_EINVAL at
 * compile. Targets are values, or classes: these stand for one-hot rows, and for themselves where
 * the output is one number.
 *
 * Each is logged by its kind's name (Keras's) unless .name says another: two metrics of one model
 * have different names. Own metrics are tables of functions: nn_metric_kind in nn/extend.h.
 */
#ifndef NN_METRICS_H
#define NN_METRICS_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A metric: its kind's table and its options. */
typedef struct nn_metric nn_metric;

/* Frees a metric that was not handed to a model. NULL is fine. */
NN_API void nn_metric_free(nn_metric *metric);

/*
 * The same metric, counting rows by the weights of fit, evaluate or train_on_batch (sample_weight,
 * class_weight); without it a metric counts all rows alike. Keras's weighted_metrics. Give it a name
 * where the metric stands in the list without weights, too:
 *   nn_metrics(nn_accuracy(), nn_weighted(nn_accuracy(.name = "weighted_accuracy")))
 * NULL for NULL.
 */
NN_API nn_metric *nn_weighted(nn_metric *metric);

/* A counted list of metrics, made by nn_metrics(a, b, ...). A NULL in it is a failed constructor and
 * fails the compile with NN_ENOMEM; two metrics of one name with NN_EINVAL. */
typedef struct nn_metric_list {
    nn_metric *const *items; /* the metrics; taken */
    size_t count;            /* how many */
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
    const nn_metric_list *items; /* a list for each output */
    size_t count;                /* how many */
} nn_metric_lists;

/* ---- Accuracy ---------------------------------------------------------------------------------
 * The share of rows classified right. By shapes, as Keras resolves 'accuracy':
 *   classes as targets         argmax of the prediction equals the class
 *   one-hot rows as targets    argmax of the prediction equals argmax of the target
 *   predictions of one number  (p > 0.5) equals the target
 * Ties of argmax go to the lowest index. On outputs of several axes it is the share of the lines of
 * the last one.
 */
typedef struct nn_accuracy_options {
    size_t struct_size;
    const char *name; /* NULL: accuracy */
} nn_accuracy_options;
NN_API nn_metric *nn_accuracy_new(const nn_accuracy_options *options);

/* ---- BinaryAccuracy ---------------------------------------------------------------------------
 * The share of elements for which (p > threshold) equals the target.
 */
typedef struct nn_binary_accuracy_options {
    size_t struct_size;
    double threshold; /* 0..1; default 0.5; NN_ZERO is 0 */
    const char *name; /* NULL: binary_accuracy           */
} nn_binary_accuracy_options;
NN_API nn_metric *nn_binary_accuracy_new(const nn_binary_accuracy_options *options);

/* ---- TopKCategoricalAccuracy ------------------------------------------------------------------
 * The share of rows whose class is among the k largest predictions; all that tie with the k-th are.
 * Keras has two kinds for the two kinds of targets.
 */
typedef struct nn_top_k_categorical_accuracy_options {
    size_t struct_size;
    int k;            /* at least 1; default 5            */
    int reserved;     /* 0                                */
    const char *name; /* NULL: top_k_categorical_accuracy */
} nn_top_k_categorical_accuracy_options;
NN_API nn_metric *nn_top_k_categorical_accuracy_new(
    const nn_top_k_categorical_accuracy_options *options);

/* ---- Precision, Recall ------------------------------------------------------------------------
 * precision: true positives / predicted, recall: true positives / true, over all elements of all
 * rows; 0 where there are none. Predicted is what exceeds the threshold; with top_k, only the k
 * largest of a row, those above the threshold if one is given. True is a target that is not 0.
 */
typedef struct nn_precision_options {
    size_t struct_size;
    nn_maybe threshold; /* NN_SOME(0..1); default 0.5, with top_k none       */
    int top_k;          /* at least 1; 0: all                                */
    int reserved;       /* 0                                                 */
    nn_maybe class_id;  /* NN_SOME(3): this element of a row only; default all */
    const char *name;   /* NULL: precision, recall                           */
} nn_precision_options;
NN_API nn_metric *nn_precision_new(const nn_precision_options *options);
NN_API nn_metric *nn_recall_new(const nn_precision_options *options);

/* ---- F1Score, FBetaScore ----------------------------------------------------------------------
 * F = (1 + beta^2) precision recall / (beta^2 precision + recall), for each element of a row over
 * all rows, then averaged; f1_score has beta 1. Predicted is what exceeds the threshold; without
 * one, the largest of a row.
 */

/* How the numbers of several classes become one. */
typedef enum nn_average {
    NN_MACRO = 0,   /* their mean                                          */
    NN_MICRO = 1,   /* the number of all classes' counts together          */
    NN_WEIGHTED = 2 /* their mean, weighted by how often the class is true */
} nn_average;

typedef struct nn_f1_score_options {
    size_t struct_size;
    int average;  /* an nn_average; default NN_MACRO (Keras: no average, which is no number) */
    int reserved; /* 0                                     */
    nn_maybe threshold; /* NN_SOME(0..1); default none           */
    const char *name;   /* NULL: f1_score                        */
} nn_f1_score_options;
NN_API nn_metric *nn_f1_score_new(const nn_f1_score_options *options);

typedef struct nn_fbeta_score_options {
    size_t struct_size;
    int average;        /* as above                */
    int reserved;       /* 0                       */
    double beta;        /* above 0; default 1      */
    nn_maybe threshold; /* as above                */
    const char *name;   /* NULL: fbeta_score       */
} nn_fbeta_score_options;
NN_API nn_metric *nn_fbeta_score_new(const nn_fbeta_score_options *options);

/* ---- AUC --------------------------------------------------------------------------------------
 * The area under the ROC or precision-recall curve of all elements, from evenly spaced thresholds as
 * in Keras; memory for two numbers per threshold. Predictions are cut to 0..1.
 */

/* The curve. */
typedef enum nn_auc_curve {
    NN_ROC = 0, /* true positive rate over false positive rate */
    NN_PR = 1   /* precision over recall                       */
} nn_auc_curve;

/* The height of the area between two thresholds. */
typedef enum nn_auc_summation {
    NN_INTERPOLATION = 0, /* the mean of both (NN_PR: Davis and Goadrich's formula) */
    NN_MINORING = 1,      /* the smaller one                                        */
    NN_MAJORING = 2       /* the larger one                                         */
} nn_auc_summation;

typedef struct nn_auc_options {
    size_t struct_size;
    int num_thresholds;   /* 2..1000000; default 200               */
    int curve;            /* an nn_auc_curve; default NN_ROC       */
    int summation_method; /* default NN_INTERPOLATION              */
    int from_logits;      /* 1: sigmoid is applied to predictions  */
    const char *name;     /* NULL: auc                             */
} nn_auc_options;
NN_API nn_metric *nn_auc_new(const nn_auc_options *options);

/* ---- Errors as metrics ------------------------------------------------------------------------
 * Over all elements of all rows: the mean of |p - y|, of (p - y)^2, and the root
 * of the latter. They are logged as mean_absolute_error, mean_squared_error,
 * root_mean_squared_error. (nn_mean_absolute_error and nn_mean_squared_error are the losses.)
 */
typedef struct nn_metric_options {
    size_t struct_size;
    const char *name; /* NULL: as above */
} nn_metric_options;
NN_API nn_metric *nn_mean_absolute_error_metric_new(const nn_metric_options *options);
NN_API nn_metric *nn_mean_squared_error_metric_new(const nn_metric_options *options);
NN_API nn_metric *nn_root_mean_squared_error_new(const nn_metric_options *options);

#ifndef __cplusplus
/* An nn_metric_list of these metrics. C only. */
#define nn_metrics(...)                                                                            \
    {                                                                                              \
        (nn_metric *[]){__VA_ARGS__}, sizeof((nn_metric *[]){__VA_ARGS__}) / sizeof(nn_metric *)   \
    }
/* An empty nn_metric_list. C only. */
#define nn_no_metrics()                                                                            \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
/* An nn_metric_lists of these lists, one for each output. C only. */
#define nn_output_metrics(...)                                                                     \
    {                                                                                              \
        (const nn_metric_list[]){__VA_ARGS__},                                                     \
            sizeof((const nn_metric_list[]){__VA_ARGS__}) / sizeof(nn_metric_list)                 \
    }

#define nn_accuracy(...) nn_accuracy_new(NN_OPTIONS(nn_accuracy_options, __VA_ARGS__))
#define nn_binary_accuracy(...)                                                                    \
    nn_binary_accuracy_new(NN_OPTIONS(nn_binary_accuracy_options, __VA_ARGS__))
#define nn_top_k_categorical_accuracy(...)                                                         \
    nn_top_k_categorical_accuracy_new(                                                             \
        NN_OPTIONS(nn_top_k_categorical_accuracy_options, __VA_ARGS__))
#define nn_precision(...) nn_precision_new(NN_OPTIONS(nn_precision_options, __VA_ARGS__))
#define nn_recall(...) nn_recall_new(NN_OPTIONS(nn_precision_options, __VA_ARGS__))
#define nn_f1_score(...) nn_f1_score_new(NN_OPTIONS(nn_f1_score_options, __VA_ARGS__))
#define nn_fbeta_score(...) nn_fbeta_score_new(NN_OPTIONS(nn_fbeta_score_options, __VA_ARGS__))
#define nn_auc(...) nn_auc_new(NN_OPTIONS(nn_auc_options, __VA_ARGS__))
#define nn_mean_absolute_error_metric(...)                                                         \
    nn_mean_absolute_error_metric_new(NN_OPTIONS(nn_metric_options, __VA_ARGS__))
#define nn_mean_squared_error_metric(...)                                                          \
    nn_mean_squared_error_metric_new(NN_OPTIONS(nn_metric_options, __VA_ARGS__))
#define nn_root_mean_squared_error(...)                                                            \
    nn_root_mean_squared_error_new(NN_OPTIONS(nn_metric_options, __VA_ARGS__))
#endif

#ifdef __cplusplus
}
#endif
#endif
