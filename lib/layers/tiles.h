/*
 * What the layers of pictures share: how pixels are cut into tiles, pictures into groups and bands.
 * All cuts follow from shapes alone.
 *
 *   tile    some pixels of the batch, whichever pictures they lie in: a lowered matrix that stays in
 *           the second cache
 *   band    some rows of one picture, likewise
 *   group   some pictures: a task of backward, with sums of its own that are added as a fixed tree
 */
#ifndef NN__LAYERS_TILES_H
#define NN__LAYERS_TILES_H

#include "base/meter.h"
#include "kernels/kernels.h"
#include "layers/layer.h"

enum {
    NN__GROUPS = 8,
    NN__TILE_FLOATS = 131072,
    NN__TILE_LEAST = 32,
    NN__TILE_MOST = 512,
    NN__FORWARD_TASKS = 16,
    NN__BAND_LEAST = 4096 /* numbers */
};

static inline size_t nn__least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many tiles cover the pixels. */
static inline size_t nn__tiles(size_t pixels, size_t tile)
{
    return (pixels + tile - 1) / tile;
}

/* The most pixels of a tile whose lowered matrix has `depth` columns: a multiple of 4. */
int nn__tile_pixels(int depth);
/* `pixels` cut evenly into tiles of at most `most` (a multiple of 4, as is the answer), and into at
 * least `tasks` of them where they then still have NN__TILE_LEAST. */
size_t nn__tile_even(int most, size_t pixels, size_t tasks);
/* Rows of a band of pictures with `height` rows of `line` numbers, of which a run has `rows`. */
int nn__band_rows(int height, size_t line, int rows);

/* nn__work_begin for work that reads and writes so many numbers. */
static inline int nn__numbers_begin(nn_work kind, size_t numbers)
{
    return nn__work_begin(kind, numbers * sizeof(nn_real));
}

/* How many groups `rows` pictures are cut into, and the first picture of one. */
static inline int nn__groups(int rows)
{
    return rows < NN__GROUPS ? rows : NN__GROUPS;
}

static inline size_t nn__group_start(int rows, int group)
{
    return (size_t)rows * (size_t)group / (size_t)nn__groups(rows);
}

/* The window over x[h][w][c]; oh or ow is below 1 where it does not fit. */
nn__window nn__window_over(const nn_shape *x, const int kernel[2], const int strides[2],
                           const int dilation[2], int padding);

/* col[last - first][depth]: the lowered pixels [first, last) of the batch, for the channels
 * [first_c, first_c + count_c). */
void nn__lower_pixels(nn_real *col, const nn_real *x, const nn__window *w, int first_c, int count_c,
                      size_t first, size_t last);

/* dz = dy act'(z) of the pixels [first, last) of the batch, in the place of dy[..][f]; adds their sums
 * to db[f] unless that is NULL. */
void nn__pixels_dz(const nn_pass *pass, nn_real *db, size_t first, size_t last, size_t f);

/* A group's own sums db[f], set to zero; NULL where none are wanted. */
nn_real *nn__group_db(nn_real *db, int group, size_t f);

/* The way back: adds col to dx[h][w][c] of one picture, for its pixels [first, last). */
void nn__raise_pixels(nn_real *dx, const nn_real *col, const nn__window *w, int first_c,
                      int count_c, int first, int last);

/* gradient[count] = the sum of the groups' parts[group][count], as a tree; parts is overwritten. */
void nn__sum_groups(const nn_pass *pass, nn_real *gradient, nn_real *parts, size_t count);

/* NN_ESHAPE where the input is not a picture, NN_ENOTSUP where it is too large to number. */
nn_status nn__infer_picture(nn_infer *infer);
/* A trainable weight with its regularizer. */
nn_status nn__infer_regular(nn_infer *infer, const char *name, const int *dims, int rank,
                            nn_initializer initializer, nn_regularizer regularizer);

#endif
