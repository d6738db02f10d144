/*
 * A model from inside: nodes, weights, what compile adds. See lower.h for steps, plan.h for memory,
 * context.h for a run.
 */
#ifndef NN__MODEL_MODEL_H
#define NN__MODEL_MODEL_H

#include <stdatomic.h>

#include "base/base.h"
#include "layers/layer.h"
#include "losses/loss.h"
#include "metrics/metric.h"
#include "model/update.h"
#include "nn/model.h"
#include "nn/train.h"
#include "optimizers/optimizer.h"

enum { NN__MESSAGE = 1024 };

typedef struct nn__node {
    nn_layer *layer;
    char *name;  /* given at the build                    */
    int *inputs; /* nodes                                 */
    int input_count;
    nn_shape output; /* without the row dimension             */
    int first_weight, weight_count;
    int frozen; /* 1: its weights are not trained                            */
    int active; /* something is trained here or before: backward gets here   */
} nn__node;

/* A weight: a segment of the model's block of values. Parameters (trainable) come first in the
 * block, state after them; every segment begins at a multiple of 64 bytes. */
typedef struct nn__weight {
    char *name; /* "conv2d/kernel" */
    int node;
    int trainable;
    nn_shape shape;
    nn_initializer initializer;
    nn_regularizer regularizer;
    size_t count;
    size_t offset;      /* in values                                */
    double rate_factor; /* of its learning rate                     */
    int no_decay;       /* 1: excluded from weight decay            */
} nn__weight;

/* An output: the node, and what compile gives it. */
typedef struct nn__head {
    int node;
    nn_loss *loss; /* NULL before the compile */
    double weight; /* of the loss in the sum of all outputs' */
    nn_metric **metrics;
    size_t metric_count;
} nn__head;

struct nn_model {
    nn_status status; /* the first failure, with its message */
    char message[NN__MESSAGE];

    char *name;
    uint64_t seed;
    int threads;           /* 0: the default                                   */
    int trainable_changes; /* how often freezing changed: contexts remember theirs */

    nn__node *nodes;
    int node_count, node_capacity;
    int last;        /* node that nn_model_add continues; -1: none            */
    int input_count; /* nodes without inputs, in their order the model's own */
    nn__head *heads; /* the outputs, in order                                 */
    int head_count;
    int heads_declared; /* 0: the output is the last layer of the chain */
    int built;

    nn__weight *weights;
    int weight_count, weight_capacity;
    nn_real *values;         /* all weights, one block                     */
    atomic_ullong changes;   /* how often they may have changed            */
    size_t parameter_values; /* length of its trainable part, with padding */
    size_t value_count;      /* its whole length                           */

    /* What compile adds. */
    nn_optimizer *optimizer;
    int no_fusion;
    double learning_rate;
    uint64_t step; /* batches trained; updates: divided by updater.batches */
    nn__updater updater;
    double scalars[NN_MAX_SCALARS];
    int compiled;             /* number of the compile; 0: never             */
    nn_status compile_status; /* of the last try, with its message */
    char compile_message[NN__MESSAGE];

    /* What training keeps here; made and freed by lib/train through `release`. */
    struct nn__training *training;
    void (*release_training)(struct nn__training *training);
    atomic_int stop; /* a request to end the run that is going on */
};

/* NN_OK, or the model's remembered failure raised anew; NN_EINVAL where model is NULL. */
nn_status nn__model_check(const nn_model *model);
/* Remembers status with the thread's message if it is the model's first failure; returns it. */
nn_status nn__model_keep(nn_model *model, nn_status status);
/* Takes a layer, whatever happens: appends a node with these inputs; -1 on failure, kept. */
int nn__model_append(nn_model *model, nn_layer *layer, const int *inputs, int count);
int nn__model_threads(const nn_model *model);
/* The node of input 0..input_count-1, and of output 0..head_count-1. */
const nn__node *nn__model_input(const nn_model *model, int index);
const nn__node *nn__model_output(const nn_model *model, int index);
/* Frees what compile gave an output. */
void nn__head_clear(nn__head *head);
/* Called after weights were written: what inference made of them is made anew. */
void nn__model_changed(nn_model *model);
/* The end of a weight's segment, padding included: where the next one begins. */
size_t nn__weight_end(const nn__weight *weight);
const nn__weight *nn__model_weight(const nn_model *model, const char *name);

/* ---- trainable.c ---- */

/* Does the optimizer change weights of this node? */
int nn__node_trains(const nn_model *model, int node);
/* The node of that name in a built model; -1 with NN_ENOTFOUND raised, what begins the message. */
int nn__model_node(const nn_model *model, const char *name, const char *what);
/* marks[node] = 1 for the node and all that it is made from, else 0. */
void nn__model_mark_before(const nn_model *model, int node, unsigned char *marks);
/* Sets `active` of all nodes. */
void nn__model_activate(nn_model *model);

/* ---- infer.c ---- */

/* Where nn_infer_weight puts what it hears: at the build, into the model; later, nowhere. */
struct nn__infer_engine {
    nn_model *model;
    int node;
    int collect;
};
/* Asks a node's layer; fills about. The inputs' shapes are those of the build and live in `shapes`
 * (room for input_count of them, at least 1). */
nn_status nn__model_infer(nn_model *model, int node, int training, int batch, int collect,
                          nn_shape *shapes, nn_infer *about);
/* The most inputs of any node, at least 1. */
int nn__model_most_inputs(const nn_model *model);

#endif
