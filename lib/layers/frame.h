/* ZeroPadding2D and Cropping2D: a picture inside a larger one; each is the other's adjoint. */
#ifndef NN__LAYERS_FRAME_H
#define NN__LAYERS_FRAME_H

#include "layers/tiles.h"

/* inner[h][w][c] lies in outer[..][..][c], `top` rows and `left` columns from its corner. */
typedef struct nn__frame {
    const nn_shape *inner, *outer;
    int top, left;
    int pads; /* y is the outer one */
} nn__frame;

/* From x to y, and from dy to dx; a task is one picture. */
void nn__frame_forward(const nn_pass *pass, nn__frame *frame);
void nn__frame_backward(const nn_pass *pass, nn__frame *frame);

#endif
