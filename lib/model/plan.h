/*
 * The memory plan: where every number of a run lies, before anything is allocated.
 *
 * Time runs through a run: step s goes forward at time s, all losses at time S (the number of steps),
 * step s goes backward at time 2S - s. A block lives from its first writing to its last reading;
 * blocks whose lives do not meet may share memory.
 *
 *      bytes ^
 *            |  +--------- conv2d y ----------+
 *            |  +- partials-+   +--- pool y ---+---- d(pool y) ---+
 *            |  +-----+     +---------------------+    +---------+
 *            +----------------------------------------------------> time
 *               0     1     2  ...  S (loss)  ...           2S
 *
 * Values that a layer may overwrite (y over x, dx over dy) share one block for their united lives.
 */
#ifndef NN__MODEL_PLAN_H
#define NN__MODEL_PLAN_H

#include "model/lower.h"

typedef struct nn__block {
    size_t bytes;
    size_t offset;    /* in the arena; a multiple of 64 */
    int first, last;  /* life, both included; first > last: not used */
    const char *what; /* "y", "dy", "kept", "partials", ... for printing */
    int step;         /* whose; -1 - i: of the model's input i         */
} nn__block;

enum { NN__NO_BLOCK = -1 };

/* Numbers of blocks, NN__NO_BLOCK where there is none. */
typedef struct nn__plan {
    nn__block *blocks;
    int block_count;
    int *value;    /* [values]                                                      */
    int *gradient; /* [values]: NN__NO_BLOCK where nobody wants it                  */
    int *kept;     /* [steps]                                                       */
    int *backward; /* [steps]: 1 where the step goes backward: something at it or
                      before it is trained, and it reaches the loss                 */
    int *forward_partials, *backward_partials; /* [steps]                           */
    int *sum;       /* [steps]: further gradients of values with several readers are
                       written here one behind the other, then added                */
    int *loss_sum;  /* [predictions]: the same for a value that is several outputs  */
    size_t bytes;   /* of the arena            */
    size_t scratch; /* bytes for one worker    */
    int *numbers;   /* memory of the arrays    */
} nn__plan;

/* Does the gradient of this value matter: is there anything to train before it? */
int nn__plan_wants_gradient(const nn__plan *plan, int value);

/* Bytes of one of the gradients in a step's block of sums. */
size_t nn__plan_sum_bytes(const nn__program *program, int value);

nn_status nn__plan_make(const nn_model *model, const nn__program *program, nn__plan *plan);
void nn__plan_free(nn__plan *plan);

#endif
