/*
 * Steps: what a model runs. Lowering a graph gives one step per layer, in order, and one more where
 * a layer's activation is a step of its own. Layers that are the identity (Flatten; Dropout in
 * inference) give none: their output is their input's value. Fusions rewrite the list; names,
 * weights, summary and files never notice.
 *
 *   values       numbers between steps, `count` per row; the first ones are the model's inputs
 *   steps        inputs (values) -> output (value), in an order in which inputs come first
 *   predictions  the values that are the model's outputs, each with its loss; the losses follow the
 *                last step, so all of them are there at that time
 */
#ifndef NN__FUSIONS_STEPS_H
#define NN__FUSIONS_STEPS_H

#include "base/base.h"
#include "losses/loss.h"

typedef struct nn__value {
    size_t count;  /* numbers per row                  */
    int producer;  /* step that writes it; -1: input   */
    int consumers; /* inputs of steps that read it     */
} nn__value;

/* What a step made of several layers hands to its functions as pass->options. */
typedef struct nn__fused_options {
    const void *first, *second, *third; /* the layers' options; first NULL: not fused    */
    size_t first_bytes;                 /* that the first layer keeps, or has prepared   */
    int first_weights;                  /* of pass->weights, before second_node's        */
    int then;                           /* the activation that follows the second        */
} nn__fused_options;

typedef struct nn__step {
    const nn_layer_kind *kind;
    const void *options;
    int node;          /* of the model: its name, inputs' shapes, weights               */
    int second_node;   /* whose weights follow the node's own in a pass; -1: nobody's     */
    int weight_count;  /* of the node                                                     */
    int last_node;     /* whose output shape the step's is; another one where fused     */
    int is_activation; /* the node's activation as a step of its own                    */
    int activation;    /* which: of an activation step, or taken into the layer's own    */
    int x_activation;  /* the one of the first input's step, whose slope is taken here    */
    int dz_given;      /* its own slope is taken by the reader: dy is dz                  */
    int input_count;
    int *inputs;      /* values */
    int output;       /* value  */
    nn_shape x_shape; /* of the node's first input */
    nn_infer about;   /* the layer's answers for this mode and batch */
    nn__fused_options fused;
} nn__step;

/* An output of the model. Steps may read its value, too, and two outputs may have the same one. */
typedef struct nn__prediction {
    int value;
    int loss_fused;      /* the loss runs together with the activation before it */
    const nn_loss *loss; /* NULL: none                                           */
    double weight;       /* of the loss in the sum of all                        */
} nn__prediction;

typedef struct nn__program {
    int training;
    int batch;
    int step_count, value_count;
    int input_count; /* the values 0..input_count-1 are the model's inputs */
    int prediction_count;
    nn__step *steps;
    nn__value *values;
    nn__prediction *predictions;
    int *inputs; /* memory of all steps' inputs */
} nn__program;

/* The activation as a step: elementwise or softmax, in place, gradient from y or from x. */
extern const nn_layer_kind nn__activation_step;

/* Takes step `index` out of the list: readers of its output read its first input instead. */
void nn__step_remove(nn__program *program, int index);
/* The step `first` becomes the one step for itself and the later step `second`, its only reader:
 * it writes second's output. */
void nn__step_join(nn__program *program, int first, int second);
/* How many of the model's outputs the value is. */
int nn__program_predicts(const nn__program *program, int value);
/* Counts consumers and producers anew. */
void nn__program_recount(nn__program *program);

/* Runs every fusion of the list over the program. */
void nn__fuse(nn__program *program);

#endif
