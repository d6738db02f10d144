/* Conv2D from inside: what its two ways of computing share. */
#ifndef NN__LAYERS_CONV2D_H
#define NN__LAYERS_CONV2D_H

#include "kernels/kernels.h"
#include "layers/layer.h"

/* The numbers of one layer on one shape. */
typedef struct nn__conv2d {
    nn__window window; /* of x, giving y                                            */
    nn__window mirror; /* of dz, giving dx; for the gather                          */
    int filters, groups;
    int group_c, group_f;
    int depth;           /* kh kw group_c: rows of the kernel as a matrix             */
    int mirror_depth;    /* kh kw filters                                             */
    int pixels;          /* oh ow                                                     */
    int tile;            /* the most pixels of a tile                                 */
    size_t forward_tile; /* of this run                                            */
    int gather;          /* the way of dx                                             */
    int plain;           /* x is already its own lowered matrix: 1x1, stride 1        */
    int direct;          /* without lowering, see conv2d_direct.c                     */
} nn__conv2d;

/* Can the direct way compute this layer? And is it the faster one? */
int nn__conv2d_direct_can(const nn__conv2d *g);
int nn__conv2d_direct_should(const nn__conv2d *g);
/* Numbers of scratch of a worker. */
size_t nn__conv2d_direct_scratch(const nn__conv2d *g);
/* y = act(bias + x * kernel) of all rows. */
void nn__conv2d_direct_forward(const nn_pass *pass, const nn__conv2d *g);
/* dw[depth][filters] of the pictures [begin, end) in the calling worker's scratch. */
void nn__conv2d_direct_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *scratch,
                          size_t begin, size_t end);

#endif
