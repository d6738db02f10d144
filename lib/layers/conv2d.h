/* Conv2D from inside: what its ways of computing share. */
#ifndef NN__LAYERS_CONV2D_H
#define NN__LAYERS_CONV2D_H

#include "kernels/kernels.h"
#include "layers/epilogue.h"
#include "layers/layer.h"

/* The numbers of one layer on one shape. */
typedef struct nn__conv2d {
    nn__window window; /* of x, giving y                                            */
    nn__window mirror; /* of dz, giving dx; for the gather                          */
    int filters, groups;
    int group_c, group_f;
    int depth;                   /* kh kw group_c: rows of the kernel as a matrix             */
    int mirror_depth;            /* kh kw filters                                             */
    int pixels;                  /* oh ow                                                     */
    int tile;                    /* the most pixels of a tile                                 */
    size_t forward_tile;         /* of this run                                               */
    size_t lowered;              /* numbers of scratch before a pooled tile's z               */
    const nn__epilogue *after;   /* of this run, forward                                      */
    const nn__pooled_dy *pooled; /* of this run, backward: dy is that of a max pooling      */
    int gather;                  /* the way of dx                                             */
    int plain;                   /* x is already its own lowered matrix: 1x1, stride 1        */
} nn__conv2d;

/* Forward with this epilogue: y = after(bias + x * kernel). */
void nn__conv2d_forward(const nn_pass *pass, const nn__epilogue *after);
/* Backward; with `pooled`, y and dy are those of a max pooling that follows, and no dx is wanted. */
void nn__conv2d_backward(const nn_pass *pass, const nn__pooled_dy *pooled);
/* May this max pooling of the layer's output be part of the epilogue? Bytes of scratch that it takes
 * besides the layer's. In training only some may, of which backward then knows, too. */
int nn__conv2d_can_pool(const nn_conv2d_options *o, const nn__window *pool);
size_t nn__conv2d_pooled_scratch(const nn_conv2d_options *o);
int nn__conv2d_can_pool_training(const nn_conv2d_options *o, const nn_shape *x, int rows,
                                 const nn__window *pool);

/* What a layer computes, each by a way of its own; inference has the kernel's transformation. */
enum { NN__CONV_FORWARD, NN__CONV_DW, NN__CONV_DX, NN__CONV_INFERENCE };

/* The way of one of them for so many rows, an nn_conv_algorithm: the one that was asked for, or by
 * the rule of nn/layers.h. */
int nn__conv2d_way(const nn_conv2d_options *o, const nn_shape *x, int rows, int what);

/* Filters with those that fill up the last panel of NN__PANEL_COLUMNS. */
static inline size_t nn__conv2d_whole_filters(size_t f)
{
    const size_t columns = NN__PANEL_COLUMNS;
    return (f + columns - 1) / columns * columns;
}

/* Numbers with those that fill up the last line of the cache: what follows in a worker's scratch begins
 * at a line, or else every other vector would lie across two. */
static inline size_t nn__conv2d_whole_lines(size_t numbers)
{
    const size_t line = 64 / sizeof(nn_real);
    return nn__add(numbers, line - 1) / line * line;
}

/* ---- conv2d_way.c ---- */

/* The way with the least work. Where it is Winograd's, it is so for more rows, too. */
int nn__conv2d_least_work(const nn__conv2d *g, int rows, int what);
/* Is the direct way that of the least work for any number of rows, Winograd left aside? */
int nn__conv2d_direct_may_pay(const nn__conv2d *g, int what);

/* ---- conv2d_direct.c ---- */

/* Can the direct way compute this layer? */
int nn__conv2d_direct_can(const nn__conv2d *g);
/* Numbers of scratch of a worker. */
size_t nn__conv2d_direct_scratch(const nn__conv2d *g);
/* y = after(bias + x * kernel) of all rows; g->after says how. */
void nn__conv2d_direct_forward(const nn_pass *pass, const nn__conv2d *g);
/* dz of the pictures [begin, end), band by band, with its sums added to db (nn__pixels_dz), and
 * dw[depth][filters] of them; in the calling worker's scratch. */
void nn__conv2d_direct_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *db,
                          nn_real *scratch, size_t begin, size_t end);

/* ---- conv2d_winograd.c ---- */

/* One convolution y = after(bias + x * kernel): forward's, or dx's with dz, the mirrored window and
 * the turned kernel. */
typedef struct nn__winograd {
    nn_real *y;
    const nn_real *x, *u, *bias; /* u: the transformed kernel; bias NULL: none */
    const nn__window *window;
    int filters;
    const nn__epilogue *after; /* NULL: nothing */
} nn__winograd;

/* Can it compute this layer? */
int nn__conv2d_winograd_can(const nn__conv2d *g);
/* u of kernel[3][3][c][f], and its numbers; numbers from one of its 36 matrices to the next. */
size_t nn__conv2d_winograd_kernel(int c, int f);
size_t nn__conv2d_winograd_matrix(size_t c, size_t f);
void nn__conv2d_winograd_transform(const nn_pass *pass, nn_real *u, const nn_real *kernel, int c,
                                   int f);
/* Numbers of scratch of a worker for f filters over this window. */
size_t nn__conv2d_winograd_scratch(const nn__window *w, int f);
void nn__conv2d_winograd(const nn_pass *pass, const nn__winograd *job);
/* pass->gradients[0], and db unless that is NULL, from x and dz in pass->dy, in memory of so many
 * numbers for so many rows. */
size_t nn__conv2d_winograd_dw_memory(const nn__conv2d *g, int rows);
void nn__conv2d_winograd_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *db, nn_real *memory);

/* ---- conv2d_few.c: Winograd's way where there are few channels ---- */

int nn__conv2d_is_few(const nn__window *w);
/* Numbers of scratch of a worker. */
size_t nn__conv2d_few_scratch(const nn__window *w, int filters);
/* As nn__conv2d_winograd. */
void nn__conv2d_few(const nn_pass *pass, const nn__winograd *job);
/* As nn__conv2d_direct_dw. With g->pooled, dy and y are those of a max pooling that follows. */
void nn__conv2d_few_dw(const nn_pass *pass, const nn__conv2d *g, nn_real *dw, nn_real *db,
                       nn_real *scratch, size_t begin, size_t end);

#endif
