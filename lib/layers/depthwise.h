/*
 * Depthwise convolution as DepthwiseConv2D and SeparableConv2D share it. Inside, the multiplier's
 * outputs lie apart, [m][c], so that a vector holds neighbouring channels of x; outside they are
 * Keras's [c][m]. With a multiplier of 1 both are one.
 */
#ifndef NN__LAYERS_DEPTHWISE_H
#define NN__LAYERS_DEPTHWISE_H

#include "layers/tiles.h"

typedef struct nn__depthwise {
    nn__window window;
    int multiplier;
    size_t c, pixel;         /* channels of x, and of the result: c multiplier        */
    size_t weights;          /* of the kernel: kh kw pixel                            */
    size_t line;             /* ow pixel: numbers in a row of the result              */
    size_t x_count, y_count; /* of a picture of x, and of the result                  */
    const nn_real *kernel;   /* [kh][kw][m][c]                                        */
    const nn_real *bias;     /* [m][c], what the sums begin with; NULL: zeros         */
} nn__depthwise;

/* Checks that the window fits and declares the depthwise kernel under this name. */
nn_status nn__depthwise_infer(nn_infer *infer, nn__depthwise *d, const char *name,
                              nn_initializer initializer, nn_regularizer regularizer);
/* The weights [kh][kw][c][m] and bias[c][m] (or NULL) turned into d->kernel and d->bias, in
 * memory[weights + pixel]; spare[pixel]. */
void nn__depthwise_weights(nn__depthwise *d, const nn_real *weights, const nn_real *bias,
                           nn_real *memory, nn_real *spare);
/* y[last - first][ow][c][m] of output rows [first, last) of a picture x; spare[pixel]. */
void nn__depthwise_forward(const nn__depthwise *d, nn_real *y, const nn_real *x, nn_real *spare,
                           int first, int last);
/* From dy[last - first][ow][c][m], which is overwritten: dkernel[kh][kw][m][c] += and dx[h][w][c]
 * +=, either of which may be NULL; spare[pixel]. */
void nn__depthwise_backward(const nn__depthwise *d, nn_real *dkernel, nn_real *dx, const nn_real *x,
                            nn_real *dy, nn_real *spare, int first, int last);
/* gradient[kh][kw][c][m] = the sum of the groups' parts[kh][kw][m][c]; spare[pixel]. */
void nn__depthwise_gradient(const nn_pass *pass, const nn__depthwise *d, nn_real *gradient,
                            nn_real *parts, nn_real *spare);

/* The numbers of a layer whose options o begin as theirs do, over x. */
#define NN__DEPTHWISE_OF(o, x)                                                                     \
    nn__depthwise_of(nn__window_over(x, (o)->kernel, (o)->strides, (o)->dilation, (o)->padding),   \
                     (o)->depth_multiplier)
nn__depthwise nn__depthwise_of(nn__window window, int multiplier);

#endif
